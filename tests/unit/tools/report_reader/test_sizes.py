"""Sizes: units, axes, bounds, parts, and what they were before."""

import pytest

from tests.unit.tools.report_reader.reading import found, only, sizes
from tools.report_reader import ReportReader


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7 mm nodule.", {"diameter": "7 mm"}),
        ("0.7 cm nodule.", {"diameter": "7 mm"}),
        ("7-mm nodule.", {"diameter": "7 mm"}),
        ("Nodule measuring 7mm.", {"diameter": "7 mm"}),
        ("7 x 5 mm nodule.", {"long_axis": "7 mm", "short_axis": "5 mm"}),
        ("7mm x 5mm nodule.", {"long_axis": "7 mm", "short_axis": "5 mm"}),
        ("Nodule, 7 by 5 mm.", {"long_axis": "7 mm", "short_axis": "5 mm"}),
        ("Nodule of 5 x 7 mm.", {"long_axis": "7 mm", "short_axis": "5 mm"}),
        ("1.2 x 0.8 x 1.5 cm nodule.",
         {"long_axis": "15 mm", "short_axis": "12 mm", "third_axis": "8 mm"}),
        ("Nodule: AP 12 mm, transverse 9 mm.", {"long_axis": "12 mm", "short_axis": "9 mm"}),
        ("Nodule between 5 and 7 mm.", {"diameter": "5 to 7 mm"}),
        ("A 5-7 mm nodule.", {"diameter": "5 to 7 mm"}),
        ("Nodule measuring up to 8 mm.", {"diameter": "8 mm"}),
        ("Nodule <4 mm.", {"diameter": "< 4 mm"}),
        ("Nodule less than 4 mm.", {"diameter": "< 4 mm"}),
        ("Subcentimeter nodule.", {"diameter": "< 10 mm"}),
        ("Nodule of approximately 6 mm.", {"diameter": "6 mm"}),
        ("Nodule with a mean diameter of 6.5 mm.", {"mean_diameter": "6.5 mm"}),
        ("Nodule with an average diameter 6.5 mm.", {"mean_diameter": "6.5 mm"}),
        ("Nodule with a volume of 120 mm3.", {"volume": "120 mm3"}),
        ("Nodule, 120 mm^3.", {"volume": "120 mm3"}),
        ("Nodule, 120 cubic mm.", {"volume": "120 mm3"}),
        ("Nodule, 1.2 cc.", {"volume": "1200 mm3"}),
        ("Nodule, 1.2 mL.", {"volume": "1200 mm3"}),
        ("12 mm part-solid nodule with a 4 mm solid component.",
         {"diameter": "12 mm", "solid_diameter": "4 mm"}),
        ("12 mm part-solid nodule, solid component measuring 5 mm.",
         {"diameter": "12 mm", "solid_diameter": "5 mm"}),
        ("8 mm nodule, previously 5 mm.", {"diameter": "8 mm", "prior_diameter": "5 mm"}),
        ("8 mm nodule (was 5 mm).", {"diameter": "8 mm", "prior_diameter": "5 mm"}),
        ("Nodule is 8 mm compared to 5 mm.", {"diameter": "8 mm", "prior_diameter": "5 mm"}),
        ("Nodule increased from 5 to 8 mm.", {"diameter": "8 mm", "prior_diameter": "5 mm"}),
        ("8 mm nodule (prior 5 x 4 mm on 1/2/2024).",
         {"diameter": "8 mm", "prior_long_axis": "5 mm", "prior_short_axis": "4 mm"}),
        ("5 mm (0.5 cm) nodule.", {"diameter": "5 mm"}),
        ("5 mm (0.7 cm) nodule.", {"diameter": "5 to 7 mm"}),
    ],
)  # fmt: skip
def test_size_of_a_nodule(reader: ReportReader, text: str, expected: dict[str, str]) -> None:
    finding = only(reader, text, "pulmonary_nodule")
    assert sizes(finding) == expected


def test_contradictory_units_are_named(reader: ReportReader) -> None:
    finding = only(reader, "5 mm (0.7 cm) nodule.", "pulmonary_nodule")
    assert finding.measurements[0].method.startswith("unit_conflict")
    assert finding.measurements[0].value is None


def test_sizes_go_to_their_own_lesion(reader: ReportReader) -> None:
    text = "7 mm nodule in the right upper lobe and a 12 mm nodule in the left lower lobe."
    nodules = found(reader, text, "pulmonary_nodule")
    assert [(n.location, sizes(n)) for n in nodules] == [
        ("right upper lobe", {"diameter": "7 mm"}),
        ("left lower lobe", {"diameter": "12 mm"}),
    ]


def test_a_distance_is_no_size(reader: ReportReader) -> None:
    finding = only(reader, "Endotracheal tube tip 4 cm above the carina.", "endotracheal_tube")
    assert sizes(finding) == {"distance": "40 mm"}
    nodule = only(reader, "Nodule 4 cm above the carina.", "pulmonary_nodule")
    assert nodule.measurements == ()


def test_slice_thickness_is_no_size(reader: ReportReader) -> None:
    text = "TECHNIQUE: 1.25 mm slices.\nFINDINGS: Solid nodule."
    assert only(reader, text, "pulmonary_nodule").measurements == ()


def test_time_since_the_earlier_study(reader: ReportReader) -> None:
    text = "7 mm nodule, previously 5 mm 6 months ago."
    assert sizes(only(reader, text, "pulmonary_nodule"))["prior_interval"] == "6 mo"


def test_a_number_of_the_patient(reader: ReportReader) -> None:
    text = "63 year old woman."
    ages = [m for f in found(reader, text, "patient") for m in f.measurements]
    assert [(m.kind, str(m)) for m in ages] == [("age", "63 a")]


def test_a_percentage(reader: ReportReader) -> None:
    text = "Bone marrow aspirate: blasts 24% of all nucleated cells."
    found_sizes = [sizes(f) for f in found(reader, text, "marrow_specimen")]
    assert {"blast_percentage": "24 %"} in found_sizes
