"""The plain version translated by a model behind a server."""

import re
from typing import Any

import pytest

from agents.vlm.models import (
    PlannerEntry,
    PlannerRefused,
    PlannerStopped,
    PlannerUnavailable,
    resolve_planner,
)
from agents.vlm.translating import can_translate, translate
from tests.openai_server import Reply, openai_server
from tools import Cancellation

TEXT = """This text was written by a program. It is not advice.

What was found:
- a spot in the lung on the left, 7 mm in size
- a spot in the lung on the right, 4 mm in size"""
GERMAN = {
    1: "Diesen Text hat ein Programm geschrieben.", 2: "Er ist kein Rat.",
    3: "Was gefunden wurde:", 4: "- ein Fleck in der linken Lunge, 7 mm groß",
    5: "ein Fleck in der rechten Lunge, 4 mm groß",
}  # fmt: skip


def numbered(lines: dict[int, str]) -> str:
    return "\n".join(f"{n} | {words}" for n, words in lines.items())


def test_each_sentence_stands_beside_its_translation() -> None:
    with openai_server(["<think>1 | Unsinn</think>" + numbered(GERMAN)]) as server:
        made = translate(TEXT, "de", resolve_planner(server.url))
        asked = str(server.requests[0].body["messages"])
    assert made.model == "scripted"
    assert made.left_out == 0
    assert [s.translated for s in made.sentences][:2] == [GERMAN[1], GERMAN[2]]
    assert made.sentences[4].translated == f"- {GERMAN[5]}"
    assert [s.begins for s in made.sentences] == [True, False, True, True, True]
    assert "German" in asked
    assert "4 | - a spot in the lung on the left, 7 mm in size" in asked


def test_a_sentence_that_says_otherwise_is_left_out_and_the_others_stay() -> None:
    wrong = {**GERMAN, 4: "ein Fleck in der rechten Lunge, 7 mm groß", 2: "Er ist ein Rat."}
    with openai_server([numbered(wrong)]) as server:
        made = translate(TEXT, "de", resolve_planner(server.url))
    assert [bool(s.translated) for s in made.sentences] == [True, False, True, False, True]
    assert made.sentences[3].why == "only one of the two says “left”"


def test_the_items_of_a_list_are_not_shown_without_its_title() -> None:
    text = "What was found:\n- air\nWhat was not found:\n- water\n- blood\nNot clear yet:\n- bone"
    said = "1|Gefunden:\n2|Luft\n3|Gefunden:\n4|Wasser\n5|Blut\n6|Noch nicht klar:\n7|Knochen"
    with openai_server([said]) as server:
        made = translate(text, "de", resolve_planner(server.url))
    shown = [s.translated for s in made.sentences]
    assert shown == ["Gefunden:", "- Luft", "", "", "", "Noch nicht klar:", "- Knochen"]
    assert made.sentences[3].why == "what stands before it was left out"


@pytest.mark.parametrize(
    "answer", ["", "Certainly!", "9 | Hallo", "1 | Hallo\n1 | Welt", '{"1": "Hallo"}', "1 |\n2"]
)
def test_an_answer_that_cannot_be_read_translates_nothing(answer: str) -> None:
    with openai_server([answer]) as server:
        made = translate(TEXT, "de", resolve_planner(server.url))
    assert made.left_out == len(made.sentences)


def test_long_texts_are_translated_in_parts_and_names_stay_here() -> None:
    def echo(body: dict[str, Any]) -> Reply:
        lines = re.findall(r"^(\d+) \| (.*)$", body["messages"][-1]["content"], re.MULTILINE)
        return Reply(text="\n".join(f"{n} | Zeile {words[5:]}" for n, words in lines))

    text = "\n".join([f"Line {n}" for n in range(30)] + ["Name: John Miller, MRN 1234567"])
    with openai_server(echo) as server:
        made = translate(text, "de", resolve_planner(server.url))
        sent = str([r.body for r in server.requests])
        assert len(server.requests) == 3
    assert made.sentences[29].translated == "Zeile 29"
    assert "1234567" not in sent


def test_a_translation_is_called_off() -> None:
    cancelled = Cancellation()
    cancelled.cancel()
    with openai_server([numbered(GERMAN)]) as server, pytest.raises(PlannerStopped):
        translate(TEXT, "de", resolve_planner(server.url), cancelled)


def test_a_model_that_fails_or_is_in_another_house_is_said() -> None:
    with openai_server([Reply(status=400)]) as server, pytest.raises(PlannerRefused):
        translate(TEXT, "de", resolve_planner(server.url))
    with openai_server() as server:
        gone = PlannerEntry(name="p", kind="endpoint", base_url=server.url, model="m", retries=0)
    with pytest.raises(PlannerUnavailable):
        translate(TEXT, "de", gone)
    with pytest.raises(PlannerRefused, match="images_leave_the_house"):
        translate(TEXT, "de", resolve_planner("https://8.8.8.8/v1#m"))


def test_a_model_that_is_told_things_in_few_words_is_not_asked() -> None:
    assert not can_translate(resolve_planner("router"))
    assert can_translate(resolve_planner("http://127.0.0.1/v1"))
