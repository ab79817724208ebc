"""Wording of thyroid ultrasound and liver CT/MR that decided cases turned on."""

import pytest

from dxtrace.clinical import Case, Presence, Report, Source
from dxtrace.knowledge import load_knowledge
from tests.unit.tools.report_reader.reading import found, only
from tools.report_claims import ReportClaimReader
from tools.report_reader import ReportReader


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("arterial phase hyperenhancement", {"nonrim_aphe": True}),
        ("no arterial phase hyperenhancement", {"nonrim_aphe": False}),
        ("rim arterial phase hyperenhancement", {"rim_aphe": True}),
        ("non-rim APHE and non-peripheral washout",
         {"nonrim_aphe": True, "nonperipheral_washout": True}),
        ("peripheral washout", {"peripheral_washout": True}),
        ("questionable washout", {"nonperipheral_washout": False}),
        ("APHE yes, washout no, capsule yes",
         {"nonrim_aphe": True, "nonperipheral_washout": False, "enhancing_capsule": True}),
        ("APHE (+), washout (-)", {"nonrim_aphe": True, "nonperipheral_washout": False}),
    ],
)  # fmt: skip
def test_major_features(reader: ReportReader, text: str, expected: dict[str, bool]) -> None:
    observation = only(
        reader, f"Cirrhosis. 15 mm segment 6 observation: {text}.", "liver_observation"
    )
    features = {k: v for k, v in observation.attributes.items() if isinstance(v, bool)}
    assert features == expected


@pytest.mark.parametrize(
    ("text", "months"),
    [
        ("18 mm, previously 12 mm 6 months ago", 6),
        ("18 mm. It measured 12 mm on the MRI six months ago", 6),
        ("18 mm, previously measuring 12 mm, over 5 months", 5),
    ],
)
def test_growth_since_the_prior(reader: ReportReader, text: str, months: int) -> None:
    observation = only(reader, f"Segment 5 liver observation of {text}.", "liver_observation")
    sizes = {m.kind: m.value for m in observation.measurements}
    assert sizes == {"diameter": 18, "prior_diameter": 12, "prior_interval": months}


def test_template_lines_are_one_nodule_each(reader: ReportReader) -> None:
    text = (
        "THYROID US\nNodule 1\nSize: 16 mm\nComposition: Solid\nEchogenicity: Isoechoic\n"
        "Nodule 2\nSize: 9 mm\nComposition: Cystic\nEchogenicity: Anechoic"
    )
    nodules = found(reader, text, "thyroid_nodule")
    assert [n.attributes["composition"] for n in nodules] == ["solid", "cystic"]
    assert len({n.lesion for n in nodules}) == 2


def test_condition_is_not_a_size(reader: ReportReader) -> None:
    text = "Left thyroid nodule, 12 mm, solid. FNA is recommended if it reaches 15 mm."
    assert [m.value for m in only(reader, text, "thyroid_nodule").measurements] == [12]


def test_report_without_findings_heading_has_a_body(reader: ReportReader) -> None:
    nodule = only(reader, "Clinical: lump. Solid right thyroid nodule of 21 mm.", "thyroid_nodule")
    assert nodule.source is Source.REPORT_FINDINGS
    assert nodule.presence is Presence.PRESENT


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("IMPRESSION: TR4 nodule. FNA recommended.", ["TR4"]),
        ("IMPRESSION: TR2 nodule. TR1: benign. TR2: not suspicious. TR3: mildly suspicious, FNA if "
         "2.5 cm. TR4: moderately suspicious. TR5: highly suspicious.", ["TR2"]),
        ("IMPRESSION: EU-TIRADS 5, ACR TI-RADS 4.", ["TR4"]),
        ("IMPRESSION: 5 points, TR4.", ["TR4"]),
    ],
)  # fmt: skip
def test_claimed_levels(text: str, levels: list[str]) -> None:
    knowledge = load_knowledge()
    claims = ReportClaimReader(knowledge, ReportReader(knowledge)).claims_of(
        Case(id="levels", reports=(Report(text=text),)), ()
    )
    assert [c.value for c in claims if c.concept == "ti_rads.level"] == levels
