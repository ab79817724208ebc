"""What changed since the prior study, by the numbers and by the words."""

from collections.abc import Iterable, Iterator

from agents.intent import Intent
from dxtrace.clinical import (
    Conclusion,
    Context,
    Finding,
    Measurement,
    Presence,
    VerdictKind,
)
from dxtrace.knowledge import Knowledge
from dxtrace.knowledge.units import ends_in_unit

_SIZES = ("mean_diameter", "diameter", "largest_dimension", "long_axis", "volume")


def comparison_conclusions(
    knowledge: Knowledge, findings: Iterable[Finding], intents: Iterable[Intent]
) -> tuple[Conclusion, ...]:
    """One conclusion for each finding that is said to have changed or has a prior size.

    Sizes decide where both are known; otherwise the report's own word does.
    """
    asked = {i.concept for i in intents if i.kind == "comparison" and i.concept}
    wanted = asked.union(*(knowledge.vocabulary.descendants.get(c, frozenset()) for c in asked))
    known = knowledge.vocabulary.concepts
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        concept = known.get(finding.concept)
        compared = concept is not None and concept.kind in ("finding", "lesion")
        if not compared or finding.context not in (Context.CURRENT, Context.PRIOR):
            continue
        if not asked or finding.concept in wanted:
            groups.setdefault((finding.concept, finding.lesion or ""), []).append(finding)
    return tuple(c for group in groups.values() for c in _compare(knowledge, group))


def _compare(knowledge: Knowledge, group: list[Finding]) -> Iterator[Conclusion]:
    concept = group[0].concept
    found = _measured_change(group) or _worded_change(group) or _appearance(group)
    if found is None:
        return
    value, because = found
    name = knowledge.vocabulary.concepts[concept].name
    yield Conclusion(
        concept=f"{concept}.change", value=value, verdict=VerdictKind.ENTAILED, because=because,
        title=f"Change of {name.lower()}", lesion=group[0].lesion,
    )  # fmt: skip


def _worded_change(group: list[Finding]) -> tuple[str, tuple[str, ...]] | None:
    """The change that the current report itself states, if it states one."""
    stated = [f for f in group if f.context is Context.CURRENT and f.attributes.get("change")]
    words = {str(f.attributes["change"]) for f in stated if f.presence is Presence.PRESENT}
    if len(words) != 1 or any(f.presence is Presence.ABSENT for f in group if f not in stated
                              and f.context is Context.CURRENT):  # fmt: skip
        return None
    return words.pop(), tuple(f.id for f in stated)


def _appearance(group: list[Finding]) -> tuple[str, tuple[str, ...]] | None:
    """What the two reports say of presence: there now and not then, or the other way round.

    A lesion that only one of the reports describes says nothing: it may go by another name there.
    """
    now, before = (
        {f.presence for f in group if f.context is context and not f.is_doubted}
        for context in (Context.CURRENT, Context.PRIOR)
    )
    ids = tuple(f.id for f in group)
    if now == {Presence.PRESENT} and before == {Presence.ABSENT}:
        return "new", ids
    if now == {Presence.ABSENT} and before == {Presence.PRESENT}:
        return "resolved", ids
    return None


def _measured_change(group: list[Finding]) -> tuple[str, tuple[str, ...]] | None:
    for kind in _SIZES:
        now = [(f, m) for f in group for m in f.measurements if m.kind == kind
               and f.context is Context.CURRENT]  # fmt: skip
        before = [(f, m) for f in group for m in f.measurements
                  if m.kind == f"prior_{kind}"
                  or (f.context is Context.PRIOR and m.kind == kind)]  # fmt: skip
        if any(len({str(m) for _, m in found}) != 1 for found in (now, before)):
            continue  # not measured, or two sizes that nobody knows to choose from
        value = _size_change(now[0][1], before[0][1])
        if value is not None:
            return value, tuple(dict.fromkeys((now[0][0].id, before[0][0].id)))
    return None


def _size_change(now: Measurement, before: Measurement) -> str | None:
    """The change between two sizes; None if one of them has an open end."""
    low, high = ends_in_unit(now, now.unit)
    old_low, old_high = ends_in_unit(before, now.unit)
    if low is None or high is None or old_low is None or old_high is None:
        return None
    if low > old_high:
        return f"increased from {before} to {now}"
    if high < old_low:
        return f"decreased from {before} to {now}"
    return f"unchanged at {now} (prior {before})"
