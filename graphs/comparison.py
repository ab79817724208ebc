"""What changed since the prior study, by the numbers and by the words."""

from collections.abc import Iterable, Iterator

from agents.intent import Intent
from dxtrace.clinical import Conclusion, Context, Finding, Presence, VerdictKind
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
    current = [f for f in findings if f.context in (Context.CURRENT, Context.PRIOR)]
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in current:
        if not asked or finding.concept in wanted:
            groups.setdefault((finding.concept, finding.lesion or ""), []).append(finding)
    return tuple(c for group in groups.values() for c in _compare(knowledge, group))


def _compare(knowledge: Knowledge, group: list[Finding]) -> Iterator[Conclusion]:
    concept = group[0].concept
    word = next((f.attributes["change"] for f in group if "change" in f.attributes), None)
    measured = _measured_change(group)
    if measured is None and word is None:
        return
    value, because = measured or (str(word), tuple(f.id for f in group if "change" in f.attributes))
    if any(f.presence is Presence.ABSENT for f in group) and measured is None:
        return
    name = (
        knowledge.vocabulary.concepts[concept].name
        if concept in knowledge.vocabulary.concepts
        else concept
    )
    yield Conclusion(
        concept=f"{concept}.change", value=value, verdict=VerdictKind.ENTAILED, because=because,
        title=f"Change of {name.lower()}", lesion=group[0].lesion,
    )  # fmt: skip


def _measured_change(group: list[Finding]) -> tuple[str, tuple[str, ...]] | None:
    for kind in _SIZES:
        now = next(((f, m) for f in group for m in f.measurements if m.kind == kind
                    and f.context is Context.CURRENT), None)  # fmt: skip
        before = next(((f, m) for f in group for m in f.measurements
                       if m.kind == f"prior_{kind}"
                       or (f.context is Context.PRIOR and m.kind == kind)), None)  # fmt: skip
        if now is None or before is None:
            continue
        low, high = ends_in_unit(now[1], now[1].unit)
        old_low, old_high = ends_in_unit(before[1], now[1].unit)
        if None in (low, high, old_low, old_high):
            continue
        ids = tuple(dict.fromkeys((now[0].id, before[0].id)))
        if low is not None and old_high is not None and low > old_high:
            return f"increased from {before[1]} to {now[1]}", ids
        if high is not None and old_low is not None and high < old_low:
            return f"decreased from {before[1]} to {now[1]}", ids
        return f"unchanged at {now[1]} (prior {before[1]})", ids
    return None
