"""Which statements speak of one lesion, where it is, how many there are."""

import pytest

from dxtrace.clinical import Laterality
from tests.unit.tools.report_reader.reading import found, only, sizes
from tools.report_reader import ReportReader

NODULE = "pulmonary_nodule"


def test_a_sentence_that_goes_on_about_the_nodule(reader: ReportReader) -> None:
    text = "The nodule is solid with spiculated margins. It measures 7 mm."
    nodule = only(reader, text, NODULE)
    assert nodule.attributes["composition"] == "solid"
    assert nodule.attributes["spiculated"] is True
    assert sizes(nodule) == {"diameter": "7 mm"}


def test_impression_speaks_of_the_same_lesion(reader: ReportReader) -> None:
    text = (
        "FINDINGS: There is a 7 mm solid nodule in the right upper lobe. A 4 mm nodule is seen in "
        "the left lower lobe. IMPRESSION: 1. RUL nodule, 7 mm. 2. Left lower lobe nodule."
    )
    first, second, claimed_first, claimed_second = found(reader, text, NODULE)
    assert first.lesion == claimed_first.lesion
    assert second.lesion == claimed_second.lesion
    assert first.lesion != second.lesion


def test_a_contradicting_size_is_still_the_same_lesion(reader: ReportReader) -> None:
    text = "FINDINGS: 7 mm nodule in the right upper lobe. IMPRESSION: RUL nodule measuring 9 mm."
    stated, claimed = found(reader, text, NODULE)
    assert stated.lesion == claimed.lesion
    assert (sizes(stated), sizes(claimed)) == ({"diameter": "7 mm"}, {"diameter": "9 mm"})


@pytest.mark.parametrize(
    "text",
    [
        "Nodule 1: 7 mm, right upper lobe. Nodule 2: 5 mm, left lower lobe.",
        "#1: 7 mm nodule, right upper lobe. #2: 5 mm nodule, left lower lobe.",
        "7 mm RUL nodule; 5 mm LLL nodule.",
        "1. 7 mm nodule in the right upper lobe.\n2. 5 mm nodule in the left lower lobe.",
    ],
)
def test_two_lesions(reader: ReportReader, text: str) -> None:
    nodules = found(reader, text, NODULE)
    assert len({n.lesion for n in nodules}) == 2
    assert [n.location for n in nodules] == ["right upper lobe", "left lower lobe"]
    assert [sizes(n) for n in nodules] == [{"diameter": "7 mm"}, {"diameter": "5 mm"}]


def test_two_sites_are_two_lesions(reader: ReportReader) -> None:
    nodules = found(reader, "Nodules in the right upper and left lower lobes.", NODULE)
    assert [n.location for n in nodules] == ["right upper lobe", "left lower lobe"]
    assert len({n.lesion for n in nodules}) == 2
    assert [n.attributes.get("lobe") for n in nodules] == ["rul", "lll"]


@pytest.mark.parametrize(
    ("text", "count", "is_open"),
    [
        ("Three solid nodules.", 3, None),
        ("2 solid nodules in the right lung.", 2, None),
        ("Multiple pulmonary nodules.", 2, True),
        ("Several nodules.", 2, True),
        ("Scattered nodules.", 2, True),
        ("Pulmonary nodules are seen.", 2, True),
        ("A 3 mm nodule.", None, None),
    ],
)
def test_counts(reader: ReportReader, text: str, count: int | None, is_open: bool | None) -> None:
    attributes = only(reader, text, NODULE).attributes
    assert attributes.get("count") == count
    assert attributes.get("count_open") == is_open


def test_structured_thyroid_report(reader: ReportReader) -> None:
    text = (
        "THYROID ULTRASOUND\nNodule 1: Right lobe, mid pole, 1.2 x 0.8 x 1.5 cm. "
        "Composition: solid. Echogenicity: hypoechoic. Margins: smooth."
    )
    nodule = only(reader, text, "thyroid_nodule")
    assert nodule.attributes["composition"] == "solid"
    assert nodule.attributes["echogenicity"] == "hypoechoic"
    assert nodule.laterality is Laterality.RIGHT
    assert found(reader, text, NODULE) == []


def test_features_of_a_liver_observation(reader: ReportReader) -> None:
    text = (
        "MRI LIVER. Segment 7 observation measuring 22 mm with nonrim arterial phase "
        "hyperenhancement and no washout."
    )
    observation = only(reader, text, "liver_observation")
    assert observation.attributes["nonrim_aphe"] is True
    assert observation.attributes["nonperipheral_washout"] is False
    assert observation.location == "segment 7"


@pytest.mark.parametrize(
    ("text", "concept", "side"),
    [
        ("Small right pleural effusion.", "pleural_effusion", Laterality.RIGHT),
        ("Pleural effusion on the left.", "pleural_effusion", Laterality.LEFT),
        ("Bilateral pleural effusions.", "pleural_effusion", Laterality.BILATERAL),
        ("Right greater than left effusions.", "pleural_effusion", Laterality.BILATERAL),
        ("Middle lobe atelectasis.", "atelectasis", Laterality.RIGHT),
        ("Lingular atelectasis.", "atelectasis", Laterality.LEFT),
        ("Bibasilar atelectasis.", "atelectasis", Laterality.BILATERAL),
        ("Right effusion and atelectasis.", "atelectasis", Laterality.RIGHT),
        ("Effusion and atelectasis in the left base.", "pleural_effusion", Laterality.LEFT),
        ("Small right effusion and left lower lobe atelectasis.", "atelectasis", Laterality.LEFT),
        ("Opacity in the left base, likely atelectasis.", "atelectasis", Laterality.LEFT),
        ("Opacities in the right upper and left lower lobes.", "pulmonary_opacity",
         Laterality.BILATERAL),
        ("Left pacemaker with leads in the right atrium.", "pacemaker", Laterality.LEFT),
        ("The left lung is clear. Right effusion.", "pleural_effusion", Laterality.RIGHT),
    ],
)  # fmt: skip
def test_side(reader: ReportReader, text: str, concept: str, side: Laterality) -> None:
    assert {f.laterality for f in found(reader, text, concept)} == {side}


def test_severity_goes_to_its_noun(reader: ReportReader) -> None:
    text = "Small right effusion and severe cardiomegaly."
    assert only(reader, text, "pleural_effusion").attributes["severity"] == "mild"
    assert only(reader, text, "cardiomegaly").attributes["severity"] == "severe"
