"""Sides that head what follows: one eye after the other."""

import pytest

from dxtrace.clinical import Laterality, Presence
from tests.unit.tools.report_reader.reading import found, only
from tools.report_reader import ReportReader


@pytest.mark.parametrize(
    "text",
    [
        "OD: Microaneurysms, no haemorrhages. No new vessels. OS: Dot haemorrhages.",
        "Right eye: Microaneurysms, no haemorrhages. No new vessels. Left eye: Dot haemorrhages.",
        "OD:\nMicroaneurysms. No haemorrhages.\nNo new vessels.\nOS:\nDot haemorrhages.",
        "OD - Microaneurysms, no haemorrhages. No new vessels. OS - Dot haemorrhages.",
    ],
)
def test_a_side_as_heading_holds_until_the_next(reader: ReportReader, text: str) -> None:
    absent, present = found(reader, text, "intraretinal_hemorrhages")
    assert (absent.presence, absent.laterality) == (Presence.ABSENT, Laterality.RIGHT)
    assert (present.presence, present.laterality) == (Presence.PRESENT, Laterality.LEFT)
    assert only(reader, text, "neovascularization").laterality is Laterality.RIGHT


def test_a_heading_ends_with_its_line(reader: ReportReader) -> None:
    text = "Right lung: small effusion.\nNo pneumothorax."
    assert only(reader, text, "pneumothorax").laterality is None


def test_a_side_of_its_own_is_kept(reader: ReportReader) -> None:
    text = "OD: microaneurysms in both eyes."
    assert only(reader, text, "microaneurysms").laterality is Laterality.BILATERAL


def test_new_vessels_are_denied_by_no_new_vessels(reader: ReportReader) -> None:
    assert only(reader, "Fundus: no new vessels.", "neovascularization").presence is Presence.ABSENT


def test_the_longer_phrase_says_what_a_number_is(reader: ReportReader) -> None:
    text = "Bone marrow: blasts 24% of non-erythroid cells."
    kinds = {m.kind for f in found(reader, text, "marrow_specimen") for m in f.measurements}
    assert kinds == {"blast_percentage_of_non_erythroid"}


def test_regions_never_spoken_of_are_left_out(reader: ReportReader) -> None:
    text = "The lungs are clear. Image quality is insufficient. Clot seen in the tube."
    assert not found(reader, text, "marrow_specimen")
