"""What the words around a finding make of it: present, absent, open; now, then, or not meant.

The method follows ConText (Harkema H et al. J Biomed Inform 2009;42(5):839-851): triggers with a
direction and a reach, ended by the next trigger or the end of the clause.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from dxtrace.clinical.states import Context, Presence
from tools.report_reader.answers import answers_all, belongs_to_next, signed
from tools.report_reader.rules import Trigger
from tools.report_reader.sentences import MeaningHit, Scan

_WORD = re.compile(r"\w[\w.'-]*")
_NEXT_ITEM = re.compile(r"\s*(?:[,/]|and\b|or\b)")
_AFFIRMED = re.compile(r"\?\W*(?:yes|present|positive)\b")
_DECIDING = frozenset({"absent", "uncertain", "present"})
_ENUMERATION = re.compile(r"[\s,]*(?:\b(?:and/or|and|or|nor)\b|[/&+])\s*")
_JOINED = re.compile(r"\bn?or\b")
_COMMAS = re.compile(r"[\s,]*(?:(?:\b(?:and/or|and|or|nor)\b|[/&+])\s*)?")
_CONTEXTS = (
    ("family", Context.FAMILY),
    ("hypothetical", Context.HYPOTHETICAL),
    ("history", Context.HISTORY),
    ("prior", Context.PRIOR),
)


@dataclass(frozen=True, slots=True)
class Assertion:
    """How a mention is meant; an ``alternative`` is one of two ("A versus B")."""

    presence: Presence
    context: Context | None
    probable: bool = False
    alternative: bool = False


def assess(scan: Scan, hit: MeaningHit) -> Assertion:
    """Presence and context of a phrase by the triggers that reach it.

    Returns:
        The presence, and the context or None if no words of the sentence set one.
    """
    effects = {t.means for t in _reaching(scan, hit)}
    context = next((c for name, c in _CONTEXTS if name in effects), None)
    sign = signed(scan, hit)
    if "unassessed" in effects:
        # "Studies for X are pending" leaves X open, as "X not assessed" does.
        open_now = context is Context.HYPOTHETICAL
        return Assertion(Presence.UNKNOWN, None if open_now else context)
    if sign is Presence.UNKNOWN:
        return Assertion(Presence.UNKNOWN, context)
    if "absent" in effects or sign is Presence.ABSENT:
        return Assertion(Presence.ABSENT, context)
    if "uncertain" in effects or sign is Presence.INDETERMINATE or _questioned(scan, hit):
        return Assertion(Presence.INDETERMINATE, context)
    return Assertion(
        Presence.PRESENT,
        context,
        probable="probable" in effects,
        alternative="alternative" in effects,
    )


def _questioned(scan: Scan, hit: MeaningHit) -> bool:
    """Whether a question mark stands next to the phrase: "?pneumonia", "effusion?"."""
    before = scan.between(max(0, hit.start - 2), hit.start).strip()
    after = scan.text[hit.end : hit.end + 12].lstrip()
    return before == "?" or (after[:1] == "?" and not _AFFIRMED.match(after))


def _reaching(scan: Scan, hit: MeaningHit) -> Iterator[Trigger]:
    for found in scan.hits["trigger"]:
        trigger = found.entry.trigger
        if trigger is None or trigger.means == "nothing":
            continue
        if _answers_another(scan, found, trigger, hit):
            continue
        if trigger.means == "unassessed" and _within_value(scan, found, hit):
            continue
        if trigger.means == "absent" and _within_flag(scan, found, hit):
            continue
        in_gap = any(s <= found.start < e for s, e in hit.gaps)
        if in_gap or _reaches(scan, found, trigger, hit):
            yield trigger


def _answers_another(scan: Scan, found: MeaningHit, trigger: Trigger, hit: MeaningHit) -> bool:
    """Whether a word answers a feature and not the lesion before it: "nodule: washout absent"."""
    if trigger.means != "absent" or trigger.stands != "after":
        return False
    words = _words(scan, found)
    if " " in words and not words.startswith("not "):
        return False
    return any(
        hit.end <= v.start
        and v.end <= found.start
        and not scan.between(v.end, found.start).strip(" :-")
        and (" " not in words or "," in scan.between(hit.end, v.start))
        and not _JOINED.search(scan.between(hit.end, v.start))
        for v in (*scan.hits["flag"], *scan.hits["value"])
        if " " not in words or not _NEXT_ITEM.match(scan.text, hit.end)
    )


def _words(scan: Scan, hit: MeaningHit) -> str:
    return scan.between(hit.start, hit.end).strip()


def _within_flag(scan: Scan, found: MeaningHit, hit: MeaningHit) -> bool:
    """Whether being gone is a feature of the thing: a target lesion that disappeared counts."""
    return any(
        v is not hit and v.entry.concept == hit.entry.concept and not v.entry.denies
        and v.start <= found.start and found.end <= v.end
        for v in scan.hits["flag"]
    )  # fmt: skip


def _within_value(scan: Scan, found: MeaningHit, hit: MeaningHit) -> bool:
    """Whether the trigger is part of an attribute: "composition cannot be determined"."""
    return any(
        v is not hit and v.start < found.start and found.end <= v.end for v in scan.hits["value"]
    ) or _within_flag(scan, found, hit)


def _reaches(scan: Scan, found: MeaningHit, trigger: Trigger, hit: MeaningHit) -> bool:
    before = trigger.stands == "before"
    if belongs_to_next(scan, found, hit) if before else not answers_all(scan, hit, found):
        return False
    start, end = (found.end, hit.start) if before else (hit.end, found.start)
    if before and found.start < hit.start < found.end < hit.end:  # "no new" in "no new vessels"
        start = end
    if end < start:
        return False
    between = scan.between(start, end)
    other_clause = scan.clause(found.start) != scan.clause(hit.start)
    apart = trigger.reach == "clause" and other_clause
    far = trigger.max_words is not None and len(_WORD.findall(between)) > trigger.max_words
    if (apart or far) and (before or not _is_list(scan, hit, end)):
        return False
    # A statement of its own: "consolidation; CT is advised".
    if other_clause and not before and ";" in between:
        return False
    if trigger.stops_at_and and _list_ends(scan, between, hit.end):
        return False
    if trigger.nearest and any(start <= m.start < end for m in scan.hits["mention"]):
        return False
    return not (trigger.means in _DECIDING and _interrupted(scan, start, end, trigger))


def _is_list(scan: Scan, hit: MeaningHit, end: int) -> bool:
    """Whether only further items stand between: "A, B and C negative", "4R, 7 negative"."""
    if hit.entry.role != "mention" and not _NEXT_ITEM.match(scan.text, hit.end):
        return False  # an adjective of an item: "ipsilateral nodes, mediastinum negative"
    items = [h for hits in scan.hits.values() for h in hits if hit.end <= h.start and h.end <= end]
    left = list(scan.text[hit.end : end])
    for item in items:
        left[item.start - hit.end : item.end - hit.end] = " " * (item.end - item.start)
    rest = "".join(left).rstrip(" :=-([|")
    if not _COMMAS.fullmatch(rest):
        return False
    named = [h for h in scan.hits["mention"] if hit.end <= h.start and h.end <= end]
    alike = all(h.entry.concept == hit.entry.concept for h in named)
    return bool(named) and (alike or bool(_ENUMERATION.fullmatch(rest)))


def _list_ends(scan: Scan, between: str, end: int) -> bool:
    """Whether a list of possibilities ends before the mention: "possible A, and B" leaves out B."""
    if " and " in between:
        return True
    rest = between[between.find(",") :] + scan.between(end, scan.sentence.end)
    return "," in between and " or " not in rest


def _interrupted(scan: Scan, start: int, end: int, trigger: Trigger) -> bool:
    """Whether a nearer trigger of the same direction decides instead; denial goes over doubt."""
    over = _DECIDING - {"uncertain"} if trigger.means == "absent" else _DECIDING
    return any(
        other.entry.trigger is not None
        and other.entry.trigger.means in over
        and other.entry.trigger.stands == trigger.stands
        and start <= other.start
        and other.end <= end
        for other in scan.hits["trigger"]
    )
