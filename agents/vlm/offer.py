"""What a model is offered in a case: the experts that fit it, and the facts that it may ask for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from agents.planner import Situation
from agents.vlm.pointing import PointingError, with_indices
from dxtrace.clinical import Arguments, CallRequest
from expert_models import ModelCard
from expert_models.card import EMBEDDING
from tools import ToolRegistry

if TYPE_CHECKING:
    from agents.vlm.sight import Picture

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]")
_LONGEST_NAME = 64
_SHOWN = 12
_FIELDS = frozenset(Arguments.model_fields)


class UnreadableCallError(ValueError):
    """A call that names no expert on offer, or asks it for what it does not do."""


@dataclass(frozen=True)
class Offer:
    """The experts and facts that a model may ask for.

    Attributes:
        cards: cards of the experts that fit the case, in the order of the registry.
        facts: the facts that are missing, as ``concept.attribute``.
        pictures: what it sees: places may be given in them.
    """

    cards: tuple[ModelCard, ...] = ()
    facts: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()

    @property
    def takes_places(self) -> bool:
        """Whether an expert takes places, and pictures are there to give them in."""
        return bool(self.pictures) and any(takes_places(card) for card in self.cards)

    @cached_property
    def by_name(self) -> dict[str, ModelCard]:
        """Cards by the name that a model calls them by."""
        return {call_name(card): card for card in self.cards}

    def card(self, name: str) -> ModelCard:
        """The card of the expert that a model means.

        Raises:
            UnreadableCallError: if there is none; the message lists those on offer.
        """
        wanted = name.strip().lower()
        for given, card in self.by_name.items():
            if wanted in (given.lower(), card.name.lower()):
                return card
        known = ", ".join(list(self.by_name)[:_SHOWN]) or "none in this case"
        raise UnreadableCallError(f"there is no expert {name[:_LONGEST_NAME]!r}; on offer: {known}")

    def call(self, name: str, arguments: dict[str, Any]) -> CallRequest:
        """A call as a model wrote it.

        Args:
            name: the expert.
            arguments: by the names of :class:`Arguments`.

        Raises:
            UnreadableCallError: if there is no such expert, or it is not asked for like that.
        """
        card = self.card(name)
        given = {k: v for k, v in arguments.items() if v not in (None, "", [], {})}
        strange = sorted(set(given) - _FIELDS)
        if strange:
            expected = ", ".join(argument_fields(card)) or "no arguments"
            raise UnreadableCallError(
                f"{name}: unknown argument {strange[0][:_LONGEST_NAME]!r}; expected {expected}"
            )
        try:
            read = Arguments.model_validate(with_indices(given, self.pictures))
        except PointingError as error:
            raise UnreadableCallError(f"{name}: {error}") from None
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise UnreadableCallError(f"{name}: {place}: {first['msg']}") from None
        return CallRequest(tool=card.name, arguments=read)


def offer_in(situation: Situation, registry: ToolRegistry) -> Offer:
    """What fits a case; what reads the case by itself was called before and is not on offer."""
    return Offer(
        cards=tuple(
            tool.card
            for tool in registry
            if "*" not in tool.card.produces
            and tool.card.task != EMBEDDING
            and tool.unfit(situation.case) is None
        ),
        facts=tuple(m.concept for m in situation.missing),
    )


def takes_places(card: ModelCard) -> bool:
    """Whether an expert is asked for points or boxes."""
    return not {"points", "boxes"}.isdisjoint(card.prompts)


def call_name(card: ModelCard) -> str:
    """A card's name in the characters that function names may have."""
    return _NOT_IN_NAMES.sub("_", card.name)[:_LONGEST_NAME]


def argument_fields(card: ModelCard) -> tuple[str, ...]:
    """The arguments that an expert takes."""
    return (*(("classes",) if card.arguments else ()), *card.prompts)
