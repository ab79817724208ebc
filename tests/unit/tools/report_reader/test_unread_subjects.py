"""What is spoken of and not understood stays open; what is pending or unseen is not absent."""

import pytest

from dxtrace.clinical import Presence
from tools.report_reader import ReportReader

UNREAD = [
    ("Microaneurysms. Haemorrhaging beyond the arcades.", "intraretinal_hemorrhages"),
    ("Microaneurysms. Blotches in all fields.", "intraretinal_hemorrhages"),
    ("Cotton wool spots. Venous calibre changes.", "venous_beading"),
    ("Microaneurysms. Beads along the superior vein.", "venous_beading"),
    ("Microaneurysms. Microvascular changes within the retina.", "irma"),
    ("Microaneurysms. The macula is not in focus.", "retinal_thickening"),
    ("Microaneurysms. The macula could not be assessed.", "hard_exudates"),
    ("Microaneurysms. Blood in front of the retina.", "preretinal_hemorrhage"),
    ("Blasts 11 % of all nucleated cells. Awaiting fusion panel.", "core_fusion"),
]
PENDING = [
    ("PML::RARA result pending.", "pml_rara"),
    ("FISH for t(8;21) is still outstanding.", "runx1_runx1t1"),
    ("Molecular studies for CBFB::MYH11 are pending.", "cbfb_myh11"),
    ("RUNX1::RUNX1T1 testing to follow.", "runx1_runx1t1"),
    ("PML::RARA and CBFB::MYH11 have not yet been reported.", "cbfb_myh11"),
    ("Core binding factor fusions awaited.", "core_fusion"),
]
UNSEEN = [
    "The inferonasal quadrant could not be assessed because of cataract.",
    "Superotemporal quadrant obscured by vitreous opacity.",
    "The nasal quadrants are not gradable.",
    "No view of the inferotemporal quadrant.",
    "Unable to assess the superonasal quadrant.",
]


def _presence(reader: ReportReader, text: str, concept: str) -> set[Presence]:
    return {f.presence for f in reader.read(text).findings if f.concept == concept}


@pytest.mark.parametrize(("text", "concept"), UNREAD)
def test_a_subject_that_no_phrase_reads_is_left_open(
    reader: ReportReader, text: str, concept: str
) -> None:
    assert _presence(reader, text, concept) == {Presence.UNKNOWN}


@pytest.mark.parametrize(("text", "concept"), PENDING)
def test_a_pending_result_is_neither_there_nor_absent(
    reader: ReportReader, text: str, concept: str
) -> None:
    said = f"Blasts 11 % of all nucleated marrow cells. {text}"
    assert _presence(reader, said, concept) == {Presence.UNKNOWN}


@pytest.mark.parametrize("text", UNSEEN)
def test_a_quadrant_that_was_not_seen_is_said_to_be_so(reader: ReportReader, text: str) -> None:
    said = f"More than 20 haemorrhages in each of three quadrants. {text}"
    assert _presence(reader, said, "unseen_quadrant") == {Presence.PRESENT}


def test_a_denied_subject_stays_silent(reader: ReportReader) -> None:
    assert _presence(reader, "Microaneurysms. No exudation.", "hard_exudates") == set()


def test_disc_haemorrhage_is_no_intraretinal_haemorrhage(reader: ReportReader) -> None:
    said = "Microaneurysms. Disc haemorrhage at 6 o'clock."
    assert _presence(reader, said, "intraretinal_hemorrhages") == set()
