"""A conversation: answers, follow-ups, corrections, questions back, stopping, restarts."""

import errno
import threading
from pathlib import Path
from unittest.mock import Mock

import pytest

from apps.chat.conversation import Conversation
from apps.chat.desk import Desk
from apps.chat.examples import copy_example
from apps.chat.options import ChatOptions
from apps.chat.record import Choices
from apps.chat.refusals import NotNowError
from apps.chat.sessions import SessionStore
from apps.chat.uploads import paste
from apps.chat.views.talk import show_running
from dxtrace.clinical import CallRequest, Correction, Measurement, Presence, Source, Trace
from tests.processes import wait_until
from tests.unit.apps.chat.conftest import VISITOR

ROOM = 1_000_000
EXAMPLES = Path(__file__).parents[4] / "examples"
CT = (EXAMPLES / "chest_ct_report.txt").read_text()
RADIOGRAPH = (EXAMPLES / "chest_radiograph_report.txt").read_text()


def done(conversation: Conversation) -> Conversation:
    wait_until(lambda: conversation.running is None, "the turn ends")
    return conversation


def begun(store: SessionStore, desk: Desk, text: str, question: str = "") -> Conversation:
    session = store.create(VISITOR)
    paste(text, session.arriving, session.brought, ROOM)
    conversation = desk.conversation(session)
    conversation.bring(question)
    return done(conversation)


def anew(conversation: Conversation, options: ChatOptions) -> Conversation:
    """The same session in another server."""
    return Desk(options).conversation(conversation.session)


def test_a_report_is_answered_and_asked_further_also_after_a_restart(
    store: SessionStore, desk: Desk, options: ChatOptions
) -> None:
    conversation = begun(store, desk, CT)
    [turn] = conversation.turns
    assert turn.result is not None
    assert "Fleischner" in turn.result.answer.text
    assert [s["step"] for s in turn.steps][:2] == ["intake", "plan"]
    later = anew(conversation, options)
    assert later.turns[0].result == turn.result
    assert later.case == conversation.case
    later.ask("Is there a pleural effusion?")
    done(later)
    assert later.result is not None
    assert later.result.answer.text.startswith("No: pleural effusion is absent")
    trace = later.trace
    assert isinstance(trace, Trace)
    trace.verify()
    assert sum(e.kind == "answer" for e in trace.entries) == 2


def test_a_correction_is_checked_at_once_named_in_the_trace_and_changes_are_said(
    store: SessionStore, desk: Desk
) -> None:
    conversation = begun(store, desk, CT, "Is there a pleural effusion?")
    assert conversation.result is not None
    finding = next(
        f
        for f in conversation.result.findings
        if f.concept == "pleural_effusion" and f.source is Source.REPORT_FINDINGS
    )
    changed = Correction(finding=finding.id, by="Dr. A", presence=Presence.PRESENT)
    conversation.correct((changed,), "Dr. A")
    turn = done(conversation).turns[-1]
    assert turn.result is not None
    assert turn.result.changes
    assert turn.result.corrections == (changed,)
    assert conversation.record.by == "Dr. A"
    assert conversation.trace is not None
    said = [e.data for e in conversation.trace.entries if e.kind == "correction"]
    assert said[0]["by"] == "Dr. A"


def test_what_the_graph_asks_is_asked_and_the_answer_goes_on(
    store: SessionStore, desk: Desk, options: ChatOptions
) -> None:
    conversation = begun(store, desk, RADIOGRAPH)
    assert conversation.pending is not None
    with pytest.raises(NotNowError, match="expected one of yes, no, got 'perhaps'"):
        conversation.reply("perhaps")
    later = anew(conversation, options)
    assert later.pending == conversation.pending
    for _ in range(5):
        if later.pending is None:
            break
        later.reply("no")
        done(later)
    assert later.pending is None
    assert later.result is not None
    assert later.result.status == "answered"
    with pytest.raises(NotNowError, match="Nothing is asked"):
        later.reply("yes")


def test_who_asks_further_instead_of_answering_gets_an_answer(
    store: SessionStore, desk: Desk
) -> None:
    conversation = begun(store, desk, RADIOGRAPH)
    assert conversation.pending is not None
    conversation.choose(Choices(asks=False))
    conversation.ask("Is there a pneumothorax?")
    turn = done(conversation).turns[-1]
    assert turn.error == ""
    assert turn.result is not None
    assert turn.result.status == "answered"


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00\x01", b"{", b"\0" * 100])
def test_what_is_no_case_is_refused_in_words_and_the_next_one_is_taken(
    store: SessionStore, desk: Desk, content: bytes
) -> None:
    session = store.create(VISITOR)
    (session.arriving / "thing.json").write_bytes(content)
    conversation = desk.conversation(session)
    conversation.bring()
    assert conversation.refused
    assert str(session.folder) not in conversation.refused
    assert conversation.running is None
    assert conversation.turns == []
    paste(CT, session.arriving, session.brought, ROOM)
    conversation.bring()
    assert done(conversation).result is not None
    assert conversation.refused == ""


def test_nothing_is_asked_of_no_case_and_nothing_empty(store: SessionStore, desk: Desk) -> None:
    conversation = desk.conversation(store.create(VISITOR))
    with pytest.raises(NotNowError, match="Bring a case first"):
        conversation.ask("Is there a nodule?")
    with pytest.raises(NotNowError, match="Write a question first"):
        conversation.ask("  \n ")


def test_a_review_that_a_killed_server_left_goes_on(
    store: SessionStore, desk: Desk, options: ChatOptions
) -> None:
    conversation = begun(store, desk, CT)
    record = conversation.record.model_copy(
        update={"running": "question", "words": "Is there a pneumothorax?"}
    )
    conversation.session.write_record(record)
    later = anew(conversation, options)
    later.go_on()
    turn = done(later).turns[-1]
    assert turn.words == "Is there a pneumothorax?"
    assert turn.result is not None
    assert "pneumothorax" in turn.result.answer.text
    assert later.record.running is None


def test_an_expert_that_was_switched_off_is_not_asked(store: SessionStore, desk: Desk) -> None:
    session = store.create(VISITOR)
    paste(CT, session.arriving, session.brought, ROOM)
    conversation = desk.conversation(session)
    conversation.choose(Choices(without=frozenset({"guideline_search"}), max_steps=1))
    conversation.bring("Which follow-up does the Fleischner Society recommend?")
    result = done(conversation).result
    assert result is not None
    assert "guideline_search" not in {t.name for t in result.tools}


def test_the_log_says_what_kind_of_error_it_was_and_nothing_of_the_case(
    store: SessionStore,
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("Hans Muller has a nodule")

    monkeypatch.setattr("graphs.reviewing.review_with_trace", broken)
    conversation = begun(store, desk, CT)
    assert conversation.turns[-1].error.startswith("This failed in the program (KeyError)")
    assert "KeyError" in caplog.text
    assert "Muller" not in caplog.text
    assert conversation.session.id not in caplog.text


def pulmonary_nodule(conversation: Conversation) -> str:
    assert conversation.result is not None
    return next(f.id for f in conversation.result.findings if f.concept == "pulmonary_nodule")


def of_size(finding: str, mm: object) -> tuple[Correction, ...]:
    size = Measurement.model_validate({"kind": "diameter", "value": mm, "unit": "mm"})
    return (Correction(finding=finding, by="Dr. A", measurements=(size,)),)


@pytest.mark.parametrize("mm", [-3, 0, "1e9", 10**26])
def test_a_size_that_nothing_has_is_refused(store: SessionStore, desk: Desk, mm: object) -> None:
    conversation = begun(store, desk, CT)
    with pytest.raises(NotNowError, match="expected"):
        conversation.correct(of_size(pulmonary_nodule(conversation), mm), "Dr. A")
    assert len(conversation.turns) == 1


def test_a_turn_that_fails_in_the_middle_leaves_the_session_as_it_was(
    store: SessionStore, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = begun(store, desk, CT)
    with monkeypatch.context() as patched:
        patched.setattr(
            "graphs.nodes.said_before", Mock(side_effect=RuntimeError("Muller_Hans.txt"))
        )
        conversation.correct(of_size(pulmonary_nodule(conversation), 4), "Dr. A")
        failed = done(conversation).turns[-1]
    assert "RuntimeError" in failed.error
    assert "Muller" not in failed.error
    conversation.ask("Is there a pleural effusion?")
    turn = done(conversation).turns[-1]
    assert turn.error == ""
    assert turn.result is not None
    assert turn.result.corrections == ()
    conversation.correct(of_size(pulmonary_nodule(conversation), 5), "Dr. A")
    assert done(conversation).turns[-1].error == ""
    assert conversation.trace is not None
    conversation.trace.verify()


def killed_while(
    conversation: Conversation, options: ChatOptions, **record: object
) -> Conversation:
    """The session in another server, as one leaves it that is killed before it has begun."""
    session = conversation.session
    session.write_record(session.read_record().model_copy(update=record))
    later = anew(conversation, options)
    later.go_on()
    return done(later)


def test_a_correction_outlives_the_server(
    store: SessionStore, desk: Desk, options: ChatOptions
) -> None:
    conversation = begun(store, desk, CT)
    changes = of_size(pulmonary_nodule(conversation), 4)
    later = killed_while(conversation, options, running="correction", corrections=changes)
    turn = later.turns[-1]
    assert turn.error == ""
    assert turn.result is not None
    assert turn.result.corrections == changes
    assert later.record.corrections == ()


def test_a_reply_outlives_the_server(store: SessionStore, desk: Desk, options: ChatOptions) -> None:
    conversation = begun(store, desk, RADIOGRAPH)
    asked = conversation.pending
    assert asked is not None
    later = killed_while(conversation, options, running="reply", words="no", reply_to=asked.text)
    turn = later.turns[-1]
    assert (turn.error, turn.reply_to) == ("", asked.text)
    assert later.pending != asked


def test_what_was_called_off_is_asked_again_by_the_next_question(
    store: SessionStore, desk: Desk
) -> None:
    session = store.create(VISITOR)
    copy_example("nodule-ct", session.arriving)
    conversation = desk.conversation(session)
    conversation.bring()
    wait_until(lambda: bool(conversation.running and conversation.running.steps), "it has begun")
    conversation.stop()
    stopped = done(conversation).result
    assert stopped is not None
    assert [t.reason for t in stopped.tools if t.name == "ct_lung_nodules"] == ["cancelled"]
    conversation.ask("Is there a pulmonary nodule?")
    answered = done(conversation).result
    assert answered is not None
    assert [t.outcome for t in answered.tools if t.name == "ct_lung_nodules"] == ["ok"]
    assert answered.answer.text.startswith("Yes: pulmonary nodule is present")
    assert conversation.trace is not None
    conversation.trace.verify()


def test_a_full_disk_is_said_and_the_session_goes_on(
    store: SessionStore, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = begun(store, desk, CT)
    with monkeypatch.context() as patched:
        full = OSError(errno.ENOSPC, "No space left", "/state/Muller_Hans.txt")
        patched.setattr("apps.chat.conversation.write_turn", Mock(side_effect=full))
        conversation.ask("Is there a pleural effusion?")
        lost = done(conversation).turns[-1]
    assert "disk is full" in lost.error
    conversation.ask("Is there a pleural effusion?")
    assert done(conversation).turns[-1].result is not None
    assert [bool(t.error) for t in conversation.turns] == [False, True, False]


def test_asking_while_it_is_reviewed_says_so(store: SessionStore, desk: Desk) -> None:
    session = store.create(VISITOR)
    paste(CT, session.arriving, session.brought, ROOM)
    conversation = desk.conversation(session)
    conversation.bring()
    running = conversation.running
    if running is not None:
        with pytest.raises(NotNowError, match="under way"):
            conversation.ask("Is there a nodule?")
    done(conversation)


def test_who_waits_sees_how_many_are_before_them_and_can_stop_without_a_turn(
    store: SessionStore, desk: Desk
) -> None:
    ended = threading.Event()
    for _ in range(desk.options.workers + 2):
        desk.line.join(ended.wait)
    try:
        session = store.create(VISITOR)
        paste(CT, session.arriving, session.brought, ROOM)
        conversation = desk.conversation(session)
        conversation.bring()
        wait_until(lambda: conversation.before == 2, "the first take their places")
        assert "Waiting for a free place: 2 before you" in show_running(conversation)

        conversation.stop()

        [turn] = done(conversation).turns
        assert turn.stopped
        assert turn.result is not None
    finally:
        ended.set()


def test_what_is_pointed_at_is_asked_of_the_expert(
    store: SessionStore, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = CallRequest(tool="an_expert")
    monkeypatch.setattr("apps.chat.conversation.prompt_request", lambda *_: request)
    conversation = begun(store, desk, CT)

    conversation.prompt("series-1", "point", [[1, 2, 3]])

    turn = done(conversation).turns[-1]
    assert turn.result is not None, turn.error
    assert ("an_expert", "no such tool") in [(t.name, t.reason) for t in turn.result.tools]
