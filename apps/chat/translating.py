"""The plain version in the visitor's language, by the model that plans for the session."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from pydantic import ValidationError

from apps.chat.refusals import NotNowError
from apps.chat.watching import Bell
from dxtrace.atomic_write import write_atomically
from dxtrace.clinical.base import Frozen
from graphs.workbench import PATHWAY
from tools import Cancellation

if TYPE_CHECKING:
    from agents.vlm.models import PlannerEntry
    from agents.vlm.translating import Translation
    from apps.chat.sessions import Session
    from apps.chat.waiting_line import WaitingLine

log = logging.getLogger(__name__)
_FILE = "translation.json"
_OWNER_ONLY = 0o600


class KeptTranslation(Frozen):
    """What a session keeps of a translation.

    Attributes:
        turn: number of the turn whose answer was translated; later ones say something else.
        written: the translation, as JSON.
    """

    turn: int
    written: str


class Translating:
    """The translation of a session's latest plain version.

    Args:
        session: its folder keeps the translation.
        bell: rings when it has moved on.

    Attributes:
        language: the one that is being written; empty if none is.
        refused: why the last one could not be had.
    """

    def __init__(self, session: Session, bell: Bell) -> None:
        self._session, self._bell = session, bell
        self._cancellation = Cancellation()
        self.language, self.refused = "", ""

    def begin(
        self, text: str, language: str, planner: str, *, turn: int, line: WaitingLine
    ) -> None:
        """Begin to translate.

        Args:
            text: the plain version.
            language: code of the language.
            planner: who plans for the session.
            turn: number of the turn that the text is of.
            line: where it waits for its turn.

        Raises:
            NotNowError: if one is being written, or nobody can.
        """
        if self.language:
            raise NotNowError("A translation is being written: wait for it, or stop it.")
        entry = translator(planner)
        if entry is None:
            raise NotNowError("The planner of this session is no model that could translate.")
        if language not in languages():
            raise NotNowError(f"Expected one of {', '.join(languages())}, got {language!r}.")
        self._cancellation, self.language, self.refused = Cancellation(), language, ""
        line.join(partial(self._work, text, language, entry, turn))
        self._bell.ring()

    def stop(self) -> None:
        """Stop what is being written."""
        self._cancellation.cancel()

    def of_turn(self, turn: int) -> Translation | None:
        """The translation of a turn's plain version; None if there is none.

        Args:
            turn: its number.
        """
        from agents.vlm.translating import Translation

        try:
            kept = KeptTranslation.model_validate_json((self._session.folder / _FILE).read_bytes())
            return Translation.model_validate_json(kept.written) if kept.turn == turn else None
        except (OSError, ValidationError):
            return None

    def _work(self, text: str, language: str, entry: PlannerEntry, turn: int) -> None:
        from agents.vlm.models import PlannerError, PlannerStopped
        from agents.vlm.translating import translate

        try:
            made = translate(text, language, entry, self._cancellation)
            kept = KeptTranslation(turn=turn, written=made.model_dump_json())
            path = self._session.folder / _FILE
            write_atomically(path, kept.model_dump_json(), mode=_OWNER_ONLY)
        except PlannerStopped:
            pass  # whoever stopped it knows
        except PlannerError as error:
            self.refused = f"The translation could not be had: {error}"
        except Exception as error:  # noqa: BLE001 - its message may quote the case
            log.warning("a translation failed: %s", type(error).__name__)
            self.refused = f"The translation could not be had: {type(error).__name__}"
        finally:
            self.language = ""
            self._bell.ring()


def languages() -> dict[str, str]:
    """The languages that can be compared with English: what they call themselves, by code."""
    from agents.translated_words import translation_words

    return {code: words.name for code, words in translation_words().languages.items()}


def translator(planner: str) -> PlannerEntry | None:
    """The model that plans, if it can be asked to translate.

    Args:
        planner: its name.
    """
    if planner == PATHWAY:
        return None
    from agents.vlm.models import resolve_planner
    from agents.vlm.translating import can_translate

    try:
        entry = resolve_planner(planner)
    except ValueError:
        return None
    return entry if can_translate(entry) else None
