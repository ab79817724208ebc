"""What ``dxtrace doctor`` says of models as planners."""

from pathlib import Path

from agents.vlm.models import (
    ROUTER,
    Abilities,
    PlannerEntry,
    configured_planners,
    planners_file,
    probe,
    resolve_planner,
)
from apps.exit_status import ExitStatus, UsageError

_LONGEST_TRY_S = 60.0


def list_planners() -> None:
    """Print the configured models; of them, endpoints are tried."""
    found, place = configured_planners(), planners_file()
    if not place.exists():
        print(f"configured planners: none ({place} is not there)")
    print(
        f"planner {ROUTER}: comes along, to try the way through a model "
        f"(dxtrace doctor --planner {ROUTER} loads and tries it)"
    )
    for name, problem in found.problems.items():
        print(f"planner {name} cannot be used: {problem}")
    for entry in found.entries.values():
        if entry.kind == "endpoint":
            _print_abilities(entry)
        else:
            print(f"planner {entry.name}: {entry.kind} {entry.model}{_not_tried(entry)}")


def try_planner(name: str) -> ExitStatus:
    """Reach or load a model, and print what it can do.

    Args:
        name: as ``--planner`` takes it.

    Raises:
        UsageError: if it means no model.
    """
    try:
        entry = resolve_planner(name)
    except ValueError as error:
        raise UsageError(str(error)) from None
    abilities = _print_abilities(entry)
    return ExitStatus.OK if abilities.reached.state == "yes" else ExitStatus.CASE_FAILED


def _not_tried(entry: PlannerEntry) -> str:
    if entry.kind == "hosted":
        return f" (dxtrace doctor --planner {entry.name} asks it)"
    if not Path(entry.model).is_dir():
        return ": there is no such folder"
    return f" (dxtrace doctor --planner {entry.name} loads and tries it)"


def _print_abilities(entry: PlannerEntry) -> Abilities:
    quick = {"retries": 0, "timeout_s": min(entry.timeout_s, _LONGEST_TRY_S)}
    found = probe(entry.model_copy(update=quick))
    if found.reached.state != "yes":
        print(f"planner {entry.name} cannot be reached: {found.reached.reason}")
        return found
    where = f" at {entry.base_url}" if entry.base_url else ""
    print(f"planner {entry.name}: {found.model}{where}, {found.context_tokens:,} tokens of context")
    if len(found.served) > 1:
        print(f"  also serves: {', '.join(m for m in found.served if m != found.model)}")
    for what, ability in (
        ("sees images", found.images),
        ("calls tools", found.tools),
        ("writes JSON", found.json_object),
    ):
        print(f"  {what}: {ability.state} ({ability.reason})")
    return found
