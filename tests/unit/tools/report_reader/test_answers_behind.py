"""A form's answers: a name, some mark, and what is said of it."""

import pytest

from dxtrace.clinical import Presence
from tests.unit.tools.report_reader.reading import only
from tools.report_reader import ReportReader

NAME = "pneumothorax"


@pytest.mark.parametrize(
    "text",
    [
        "Pneumothorax - no",
        "Pneumothorax – no.",  # noqa: RUF001 - a typographic dash is what is tried
        "Pneumothorax -- none",
        "Pneumothorax: no",
        "Pneumothorax (no)",
        "Pneumothorax [no]",
        "Pneumothorax = no",
        'Pneumothorax: "no"',
        "Pneumothorax: [no]",
        "Pneumothorax, no.",
        "Pneumothorax; no",
        "Pneumothorax ... no",
        "Pneumothorax… none",
        "Pneumothorax? No.",
        "Pneumothorax: neg",
        "Pneumothorax - negative",
        "Pneumothorax: false",
        "Pneumothorax: nothing seen",
        "Pneumothorax - not seen",
        "Pneumothorax - not identified.",
        "Pneumothorax - none seen",
        "Pneumothorax - no evidence.",
        "Pneumothorax - absent; effusion - small",
        "Pneumothorax:\nNo",
        "Pneumothorax:\n- None\nEffusion:\n- Small",
        "Pneumothorax (-)",
        "Pneumothorax and effusion: no",
        "Pneumothorax, fracture and effusion - none",
        "Pneumothorax - no, effusion - yes",
        "Effusion: yes Pneumothorax: no",
        "Pneumothorax: no Effusion: yes",
    ],
)
def test_denied(reader: ReportReader, text: str) -> None:
    assert only(reader, text, NAME).presence is Presence.ABSENT


@pytest.mark.parametrize(
    "text",
    [
        "Pneumothorax - yes",
        "Pneumothorax (yes)",
        "Pneumothorax (+)",
        "Pneumothorax [x]",
        "[x] Pneumothorax [ ] Effusion",
        "Pneumothorax - no change",
        "Pneumothorax: unchanged",
        "Pneumothorax - small, effusion - none",
        "Pneumothorax: yes Effusion: no",
        "Pneumothorax - yes, effusion - no",
        "Pneumothorax; effusion: no",
        "Right lung - pneumothorax, left lung - none",
        "Pneumothorax. No effusion.",
    ],
)
def test_stated(reader: ReportReader, text: str) -> None:
    assert only(reader, text, NAME).presence is Presence.PRESENT


@pytest.mark.parametrize(
    "text",
    [
        "Pneumothorax [ ]",
        "Pneumothorax: -",
        "Pneumothorax: N",
        "Pneumothorax: n/a",
        "Pneumothorax - unknown",
        "Pneumothorax - not assessed",
        "[ ] Pneumothorax [x] Effusion",
    ],
)
def test_unknown(reader: ReportReader, text: str) -> None:
    assert only(reader, text, NAME).presence is Presence.UNKNOWN


@pytest.mark.parametrize("text", ["Pneumothorax: ?", "Pneumothorax (?)", "Pneumothorax - possible"])
def test_open(reader: ReportReader, text: str) -> None:
    assert only(reader, text, NAME).presence is Presence.INDETERMINATE
