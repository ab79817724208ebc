"""What a report itself concludes: its impression and its categories, as claims to be checked."""

import re
from collections.abc import Iterable, Iterator
from functools import cached_property

from dxtrace.clinical import Case, Claim, Context, Finding, Presence, Source
from dxtrace.knowledge import Knowledge
from dxtrace.knowledge.schema import Output
from tools.quotation import quote_around
from tools.report_reader import ReportReader
from tools.report_reader.characters import plain_characters
from tools.report_reader.phrases import compile_phrase, fold

_NOT_STATED_IN = ("indication", "history", "comparison", "technique", "exam")
_NOT_STATED_AFTER = re.compile(
    # An earlier category goes on behind a comma, a condition does not.
    r"(?:\b(?:prior|previous(?:ly)?|earlier|initial|formerly|originally|ago|after|since)\b[^.;]{0,32}|"
    r"\b(?:if|unless|versus|vs\.?|rather than|not|cannot be|compared (?:to|with)|was|baseline|"
    r"question of|query|to exclude|rule out)\b[^.;,]{0,24}|"
    r"\b(?:no|without|negative for|absence of)\b[^.;,:]{0,24}(?:\bn?or\b[^.;,:]{0,24})?|"
    # "below the limit for ..." names a category that was not reached.
    r"\b(?:not reach(?:ing|ed)?|below|short of|(?:needed|required|threshold|limit|cut-?off) for)\b"
    r"[^.;]{0,24})$"
)

_DENIED = re.compile(
    r"(?:\A|[.;:\n])[\s*\d)-]*(?:there (?:is|are) )?(?:no|not|without|negative for)"
    r"(?: (?:any|definite|clear|overt|morphological(?:ly)?|current|diagnostic|proven))*"
    r"(?: (?:evidence|signs?|features|criteria|diagnosis|indication|proof) (?:of|for))?"
    r"(?: an?)?\s+$"
)


class ReportClaimReader:
    """Finds the claims of reports.

    Args:
        knowledge: packs name the phrases by which their outputs are claimed.
        reader: finds the sections.
    """

    def __init__(self, knowledge: Knowledge, reader: ReportReader) -> None:
        self.knowledge, self.reader = knowledge, reader

    @cached_property
    def _patterns(self) -> list[tuple[Output, str | None, re.Pattern[str]]]:
        found: list[tuple[Output, str | None, re.Pattern[str]]] = []
        for _, output in self.knowledge.outputs.values():
            if not (output.report or output.checked):
                continue
            found += [(output, None, compile_phrase(p)) for p in output.claimed_by]
            for value in output.values:
                found += [(output, value.key, compile_phrase(p)) for p in value.claimed_by]
        return found

    def claims_of(self, case: Case, findings: Iterable[Finding]) -> tuple[Claim, ...]:
        """The claims of all current reports: impression findings and stated categories."""
        claims = [*self._finding_claims(findings)]
        for position, report in enumerate(case.reports):
            if not report.is_prior:
                claims += self._category_claims(position, report.text)
        return tuple(
            c.model_copy(update={"id": f"c{number + 1}"}) for number, c in enumerate(claims)
        )

    def _finding_claims(self, findings: Iterable[Finding]) -> Iterator[Claim]:
        for finding in findings:
            concept = self.knowledge.vocabulary.concepts.get(finding.concept)
            if concept is None or concept.kind == "context":
                continue
            if finding.source is not Source.REPORT_IMPRESSION:
                continue
            stated = finding.presence in (Presence.PRESENT, Presence.ABSENT)
            if finding.is_partial_denial:
                continue
            if not stated or finding.is_doubted or finding.context is not Context.CURRENT:
                continue
            where = finding.evidence[0] if finding.evidence else None
            yield Claim(
                id=f"claim-{finding.id}", kind="finding", concept=finding.concept,
                presence=finding.presence, laterality=finding.laterality,
                location=finding.location, attributes=finding.attributes,
                measurements=tuple(
                    m for m in finding.measurements if not m.kind.startswith("prior_")
                ),
                source=Source.REPORT_IMPRESSION, document=where.document if where else None,
                span=where.span if where else None, text=finding.text,
            )  # fmt: skip

    def categories_in(self, text: str) -> Iterator[tuple[Output, str | bool, tuple[int, int]]]:
        """Every output value that a text names, with its place."""
        folded = fold(text)
        for output, value, pattern in self._patterns:
            for match in pattern.finditer(folded):
                named = value if value is not None else _value_of(output, match)
                if named is not None:
                    yield output, named, match.span()

    def _category_claims(self, position: int, text: str) -> Iterator[Claim]:
        original = plain_characters(text)
        text = original.text
        sections = self.reader.read(text, document=position).sections
        skipped = [(s.start, s.end) for s in sections if s.name in _NOT_STATED_IN]
        concluded = [(s.start, s.end) for s in sections if s.name == "impression"]
        denied = {
            span for output, _, span in self.categories_in(text)
            if not output.sided and any(start <= span[0] < end for start, end in concluded)
            and _DENIED.search(fold(text[max(0, span[0] - _BEFORE) : span[0]]))
        }  # fmt: skip
        found = {
            (output.name, value, span): (output, value, span)
            for output, value, span in self.categories_in(text)
            if not any(start <= span[0] < end for start, end in skipped)
            and (
                span in denied
                or not _NOT_STATED_AFTER.search(fold(text[max(0, span[0] - _BEFORE) : span[0]]))
            )
        }
        said = _without_legends(_longest(list(found.values())))
        for output, value, (start, end) in _of_the_whole(said, fold(text)):
            yield Claim(
                id=f"claim-{output.name}-{start}", kind="category", concept=output.name,
                presence=Presence.ABSENT if (start, end) in denied else Presence.PRESENT,
                value=value, source=Source.REPORT_IMPRESSION, document=position,
                span=original.span(start, end),
                text=quote_around(original.report, original.span(start, end)),
            )  # fmt: skip


_BEFORE = 72
_SIDE = re.compile(r"\b(?:(?P<left>left|os|le)|(?P<right>right|od|re))\b")
_SIDE_NOT_HEADING = re.compile(_SIDE.pattern + r"(?!\s*(?:eye\s*)?[:-])")
_SIDE_REACH = 24
_LEGEND_LENGTH = 4
_LEGEND_GAP = 200


_Found = tuple[Output, str | bool, tuple[int, int]]


def _longest(found: list[_Found]) -> list[_Found]:
    """Of overlapping phrases of one output, the longest speaks."""
    kept: list[_Found] = []
    for item in sorted(found, key=lambda f: (f[2][0] - f[2][1], f[2][0])):
        start, end = item[2]
        if not any(o.name == item[0].name and s < end and start < e for o, _, (s, e) in kept):
            kept.append(item)
    return sorted(kept, key=lambda f: f[2])


def _of_the_whole(found: list[_Found], folded: str) -> list[_Found]:
    """Where a report grades each side, leave that out for outputs about the worse of the two."""
    sides = [_side_at(folded, span) if o.sided else None for o, _, span in found]
    each = {"left", "right"} <= set(sides)
    return [f for f, side in zip(found, sides, strict=True) if not (each and side)]


def _side_at(folded: str, span: tuple[int, int]) -> str | None:
    following = folded[span[1] : span[1] + _SIDE_REACH]
    after = re.split("[.,;]", following.lstrip(" ,("))[0]
    before = re.split("[.,;]", folded[max(0, span[0] - _SIDE_REACH) : span[0]])[-1]
    own = _SIDE.search(before) if following.lstrip()[:1] == "," else None
    match = own or _SIDE_NOT_HEADING.search(after) or _SIDE.search(before)
    return match.lastgroup if match else None


def _without_legends(found: list[_Found]) -> list[_Found]:
    """Leave out the guideline's own list of values ("TR1: no FNA. TR2: ..."), one after another."""
    legend: set[int] = set()
    for output in {o.name: o for o, _, _ in found}.values():
        order = [v.key for v in output.values]
        named = [i for i, (o, _, _) in enumerate(found) if o.name == output.name]
        run: list[int] = []
        for i in named:
            value, start = str(found[i][1]), found[i][2][0]
            last = found[run[-1]] if run else None
            goes_on = last is not None and (
                order.index(value) > order.index(str(last[1])) and start - last[2][1] < _LEGEND_GAP
            )
            run = [*run, i] if goes_on and value in order else [i]
            legend |= set(run) if len(run) >= _LEGEND_LENGTH else set()
    return [item for i, item in enumerate(found) if i not in legend]


def _value_of(output: Output, match: re.Match[str]) -> str | bool | None:
    groups = match.groupdict()
    text = (groups.get("value") or "").strip()
    if output.type == "boolean":
        return not text or text in ("true", "yes", "present")
    aliases = {**{v.key.lower(): v.key for v in output.values}, **{
        k.lower(): v for k, v in output.aliases.items()
    }}  # fmt: skip
    return aliases.get(text)
