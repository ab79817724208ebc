"""What a visitor can do on the page, by the names that its buttons have."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from agents.plain_language import plain_answer
from apps.chat.conversation import Conversation
from apps.chat.desk import Desk
from apps.chat.examples import copy_example
from apps.chat.planners import chosen_planner
from apps.chat.record import Choices
from apps.chat.refusals import NotNowError
from apps.chat.sessions import Session, SessionStore
from apps.chat.uploads import paste
from apps.chat.views.findings import size_in_mm
from dxtrace.clinical import Correction, Finding, Measurement
from dxtrace.knowledge import load_knowledge

_LONGEST_NAME = 80
_SIZE = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})?")


class Actions:
    """What buttons do.

    Args:
        store: all sessions.
        desk: their conversations.
    """

    def __init__(self, store: SessionStore, desk: Desk) -> None:
        self._store, self._desk = store, desk

    def do(
        self, name: str, session: Session | None, visitor: str, data: dict[str, Any]
    ) -> Session | None:
        """Do one thing.

        Args:
            name: what; anything unknown does nothing.
            session: the visitor's session; None if there is none yet.
            visitor: the visitor's cookie.
            data: what the page sent with it.

        Returns:
            The session to show.

        Raises:
            NotNowError: if it cannot be done; the message is for the visitor.
            NoSessionError: if the session is gone.
        """
        if name == "new":
            return None
        if name == "remove":
            self._remove(session)
            return None
        if name in ("example", "paste", "settings"):
            session = session or self._store.create(visitor)
        if session is None:
            raise NotNowError("Bring a case first.")
        conversation = self._desk.conversation(session)
        known: dict[str, Callable[[Session, Conversation, dict[str, Any]], None]] = {
            "brought": self._brought, "example": self._example, "paste": self._paste,
            "ask": self._ask, "reply": self._reply, "correct": self._correct,
            "settings": self._settings, "prompt": self._prompt, "translate": self._translate,
        }  # fmt: skip
        if name in known:
            known[name](session, conversation, data)
        return session

    def _remove(self, session: Session | None) -> None:
        if session is not None:
            self._desk.forget(session)
            self._store.remove(session)

    @staticmethod
    def _brought(session: Session, conversation: Conversation, data: dict[str, Any]) -> None:
        del session
        conversation.bring(_text(data, "question"))

    @staticmethod
    def _example(session: Session, conversation: Conversation, data: dict[str, Any]) -> None:
        if not copy_example(_text(data, "name"), session.arriving):
            raise NotNowError("There is no such example.")
        conversation.bring(_text(data, "question"))

    def _paste(self, session: Session, conversation: Conversation, data: dict[str, Any]) -> None:
        text = _field(data, "text")
        if not text.strip():
            raise NotNowError("Paste the text of a report first.")
        paste(text, session.arriving, session.brought, self._desk.rooms.left(session))
        conversation.bring(_text(data, "question"))

    @staticmethod
    def _ask(session: Session, conversation: Conversation, data: dict[str, Any]) -> None:
        del session
        conversation.ask(_text(data, "words"))

    @staticmethod
    def _reply(session: Session, conversation: Conversation, data: dict[str, Any]) -> None:
        del session
        conversation.reply(_text(data, "words") if "words" in data else _field(data, "words"))

    @staticmethod
    def _correct(session: Session, conversation: Conversation, data: dict[str, Any]) -> None:
        del session
        by = _field(data, "by").strip()[:_LONGEST_NAME] or conversation.record.by
        if not by:
            raise NotNowError("Say first who corrects: the trace keeps it.")
        result, wanted = conversation.result, _text(data, "finding")
        finding = next((f for f in result.findings if f.id == wanted), None) if result else None
        if finding is None:
            raise NotNowError("There is no such finding any more.")
        conversation.correct((_correction(finding, data, by),), by)

    @staticmethod
    def _prompt(session: Session, conversation: Conversation, data: dict[str, Any]) -> None:
        del session
        at = data.get("at")
        corners = [c for c in at if isinstance(c, list)] if isinstance(at, list) else []
        conversation.prompt(_text(data, "series"), _text(data, "kind"), corners)

    def _translate(
        self, session: Session, conversation: Conversation, data: dict[str, Any]
    ) -> None:
        del session
        last = conversation.turns[-1].result if conversation.turns else None
        if last is None or conversation.is_at_work:
            raise NotNowError("There is no answer to translate just now.")
        conversation.translating.begin(
            plain_answer(load_knowledge(), last), _field(data, "language"), conversation.planner,
            turn=len(conversation.turns) - 1, line=self._desk.line,
        )  # fmt: skip

    def _settings(self, session: Session, conversation: Conversation, data: dict[str, Any]) -> None:
        del session
        fields = data.get("fields")
        before = conversation.record.choices.planner
        planner = chosen_planner(
            _field(data, "planner"), _field(data, "endpoint"), _field(data, "model"),
            options=self._desk.options, before=before,
        )  # fmt: skip
        conversation.choose(
            _choices(fields if isinstance(fields, dict) else {}, planner, self._desk)
        )


def _correction(finding: Finding, data: dict[str, Any], by: str) -> Correction:
    """What the fields of a finding's row say otherwise than the finding."""
    if _text(data, "rejected"):
        return Correction(finding=finding.id, by=by, rejected=True)
    presence, side = _field(data, "presence"), _field(data, "side")
    size, shown = _field(data, "size").strip().replace(",", "."), size_in_mm(finding)
    said: dict[str, Any] = {"finding": finding.id, "by": by}
    if presence and presence != finding.presence:
        said["presence"] = presence
    if side and side != finding.laterality:
        said["laterality"] = side
    try:
        if size and size != shown["value"]:
            if not _SIZE.fullmatch(size):
                raise NotNowError("Not understood: expected a size in mm, such as 6.5.")
            said["measurements"] = (
                Measurement.model_validate({"kind": shown["kind"], "value": size, "unit": "mm"}),
            )
        if len(said) == len(("finding", "by")):
            raise NotNowError("Nothing was changed.")
        return Correction.model_validate(said)
    except ValidationError as error:
        raise NotNowError(f"Not understood: {error.errors()[0]['msg']}.") from None


def _choices(fields: dict[str, Any], planner: str, desk: Desk) -> Choices:
    """The settings of a form.

    Raises:
        NotNowError: saying which is wrong.
    """
    off = {k.removeprefix("expert:") for k, v in fields.items()
           if k.startswith("expert:") and v is False}  # fmt: skip
    known = {tool.card.name for tool in desk.bench(frozenset()).registry}
    said = {
        "planner": planner,
        "max_steps": fields.get("max_steps") or None,
        "time_limit_s": fields.get("time_limit_s") or None,
        "without": frozenset(off & known),
        "asks": fields.get("asks") is not False,
    }
    try:
        return Choices.model_validate(said)
    except ValidationError as error:
        wrong = error.errors()[0]
        raise NotNowError(f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}.") from None


def _text(data: dict[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""


def _field(data: dict[str, Any], key: str) -> str:
    fields = data.get("fields")
    return _text(fields, key) if isinstance(fields, dict) else ""
