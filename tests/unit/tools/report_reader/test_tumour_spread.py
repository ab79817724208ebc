"""Where a lung tumour grows and spreads to: lists of structures, stations and organs."""

import pytest

from dxtrace.clinical import Presence
from tests.unit.tools.report_reader.reading import found
from tools.report_reader import ReportReader

NOT_INVADED = [
    ("The diaphragm, chest wall and mediastinum are not invaded.", "mediastinal_invasion"),
    ("The diaphragm, chest wall and mediastinum are not invaded.", "diaphragm_invasion"),
    ("The chest wall and the parietal pleura are not involved.", "chest_wall_invasion"),
    ("Neither the chest wall nor the mediastinum is invaded.", "chest_wall_invasion"),
    ("Neither the chest wall nor the mediastinum is invaded.", "mediastinal_invasion"),
    ("Chest wall and diaphragm spared.", "diaphragm_invasion"),
    ("Heart, great vessels, trachea and vertebrae: not involved.", "vertebral_invasion"),
    ("Chest wall: not invaded.", "chest_wall_invasion"),
    ("Parietal pericardium and phrenic nerve not infiltrated.", "parietal_pericardium_invasion"),
    ("It does not invade the aorta, the trachea or a vertebral body.", "tracheal_invasion"),
]
INVADED = [
    ("The tumour invades the chest wall, the diaphragm is not invaded.", "chest_wall_invasion"),
    ("It invades the chest wall and the great vessels are not involved.", "chest_wall_invasion"),
    ("The diaphragm, oesophagus and vertebrae are clearly invaded.", "oesophageal_invasion"),
    ("Diaphragm: infiltrated.", "diaphragm_invasion"),
    ("Left main bronchus tumour, 2 cm.", "main_bronchus_involvement"),
]


@pytest.mark.parametrize(("text", "concept"), NOT_INVADED)
def test_structures_that_are_spared(reader: ReportReader, text: str, concept: str) -> None:
    assert {f.presence for f in found(reader, text, concept)} == {Presence.ABSENT}


@pytest.mark.parametrize(("text", "concept"), INVADED)
def test_structures_that_are_invaded(reader: ReportReader, text: str, concept: str) -> None:
    assert {f.presence for f in found(reader, text, concept)} == {Presence.PRESENT}


def test_doubt_within_the_statement_leaves_the_invasion_open(reader: ReportReader) -> None:
    (finding,) = found(reader, "The chest wall is possibly invaded.", "chest_wall_invasion")

    assert finding.presence is Presence.INDETERMINATE


@pytest.mark.parametrize(
    ("text", "stations"),
    [
        ("Metastatic nodes in the AP window (station 5) and left paratracheal (4L).", {"5", "4L"}),
        ("Avid nodes at 4R, station 7 and 10R.", {"4R", "7"}),
        ("Nodes at 5 and 6 are metastatic.", {"5", "6"}),
        ("Enlarged nodes in the right paratracheal and subcarinal regions.", {"4R", "7"}),
    ],
)
def test_listed_stations_share_what_is_said_of_them(
    reader: ReportReader, text: str, stations: set[str]
) -> None:
    nodes = found(reader, text, "mediastinal_node")
    told = {s for f in nodes for s in f.attributes.get("stations", ())}

    assert told == stations
    assert all(f.attributes.get("malignant") or f.attributes.get("enlarged") for f in nodes)


@pytest.mark.parametrize(
    "text",
    [
        "Subcarinal and left lower paratracheal stations negative.",
        "Stations 4L and 7: no tumour.",
        "4R and 7 tumour free.",
        "Stations 2R and 4R showed lymphocytes only.",
    ],
)
def test_stations_without_tumour(reader: ReportReader, text: str) -> None:
    nodes = found(reader, text, "mediastinal_node")

    assert nodes
    assert all(f.attributes["malignant"] is False for f in nodes)


@pytest.mark.parametrize(
    "text",
    [
        "One FDG-avid right hilar node (10R), proven metastasis by EBUS.",
        "Station 7: metastasis proven by EBUS.",
        "No metastases in liver, adrenals or bones.",
        "Liver, brain and bones are free of metastases.",
    ],
)
def test_nodes_and_single_organs_say_nothing_of_distant_spread(
    reader: ReportReader, text: str
) -> None:
    assert found(reader, text, "distant_metastasis") == []


def test_several_metastases_in_one_organ_are_a_group(reader: ReportReader) -> None:
    (finding,) = found(reader, "Metastases in the sacrum.", "bone_metastasis")

    assert finding.attributes["count"] == 2
