"""Which planners the page offers, and whether the one that was chosen can be asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.chat.refusals import NotNowError
from graphs.workbench import PATHWAY

if TYPE_CHECKING:
    from agents.vlm.models.entry import PlannerEntry
    from apps.chat.options import ChatOptions
    from apps.chat.record import Choices


@dataclass(frozen=True, slots=True)
class OfferedPlanner:
    """A planner in the list.

    Attributes:
        name: what it is chosen by.
        title: what a visitor reads.
        is_chosen: whether it plans for this session.
    """

    name: str
    title: str
    is_chosen: bool


def offered_planners(options: ChatOptions, choices: Choices) -> list[OfferedPlanner]:
    """The planners of the list: the built-in ones, those of ``planners.yaml``, the chosen one.

    Args:
        options: the server's own planner.
        choices: the session's.
    """
    from agents.vlm.models import ROUTER, configured_planners

    entries = configured_planners().entries
    titles = {
        PATHWAY: f"{PATHWAY} (built in, needs no model)",
        ROUTER: f"{ROUTER} (a small model; it knows no medicine)",
        **{name: _title(entry) for name, entry in entries.items()},
    }
    chosen = choices.planner or options.planner
    return [
        OfferedPlanner(name, titles.get(name, name), name == chosen)
        for name in dict.fromkeys((options.planner, *titles, chosen))
    ]


def planner_problems() -> dict[str, str]:
    """The entries of ``planners.yaml`` that cannot be used, with the reason."""
    from agents.vlm.models import configured_planners

    return dict(configured_planners().problems)


def chosen_planner(
    listed: str, address: str, model: str, *, options: ChatOptions, before: str
) -> str:
    """The planner that a visitor wants, if it can be asked.

    Args:
        listed: its name in the list.
        address: of a model that is in no list, as ``--planner`` takes it; goes first.
        model: which one, if that address serves several.
        options: whether visitors may name an address.
        before: the planner so far, which is not looked for anew.

    Returns:
        Its name; empty for the server's own.

    Raises:
        NotNowError: if there is none, it cannot be asked, or a case would leave the house.
    """
    wanted = _spelled(address.strip(), model.strip()) or listed
    if wanted in ("", options.planner):
        return ""
    if wanted == before:
        return wanted
    if address.strip() and not options.may_name_planners:
        raise NotNowError("Only the planners of the list can be chosen on this server.")
    if not address.strip() and wanted not in _listed():
        raise NotNowError(f"There is no planner {wanted!r}.")
    if wanted != PATHWAY:
        _refuse_unusable(wanted)
    return wanted


def _spelled(address: str, model: str) -> str:
    """An address and a model as ``--planner`` takes them."""
    if not model:
        return address
    if not address.startswith(("http://", "https://")) or "#" in address:
        raise NotNowError("A model is named beside an address that begins with http:// or https://")
    return f"{address}#{model}"


def _listed() -> tuple[str, ...]:
    from agents.vlm.models import ROUTER, configured_planners

    return (PATHWAY, ROUTER, *configured_planners().entries)


def _refuse_unusable(name: str) -> None:
    from agents.vlm import check_planner
    from agents.vlm.models import (
        PlannerError,
        PlannerUnavailable,
        refuse_unreachable,
        resolve_planner,
    )

    try:
        check_planner(name)
        refuse_unreachable(resolve_planner(name))
    except ValueError as error:
        raise NotNowError(str(error)) from None
    except PlannerUnavailable as error:
        raise NotNowError(f"This planner cannot be reached: {error}") from None
    except PlannerError as error:
        raise NotNowError(f"This planner cannot be used: {error}") from None


def _title(entry: PlannerEntry) -> str:
    place = entry.base_url or entry.model
    outside = "; it may get cases outside of this house" if entry.images_leave_the_house else ""
    return f"{entry.name} ({place}{outside})"
