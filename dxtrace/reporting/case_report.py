"""The HTML report of one case: the answer first, every proof one click away."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from dxtrace import RESEARCH_USE, __version__
from dxtrace.clinical import (
    GUIDELINE_TEXT,
    Case,
    Citation,
    Claim,
    Conclusion,
    Context,
    Contradiction,
    Finding,
    Reason,
    Report,
    Result,
    Source,
    Trace,
    VerdictKind,
)
from dxtrace.knowledge import Knowledge
from dxtrace.reporting.answer_text import Paragraph, split_answer
from dxtrace.reporting.highlight import Piece, Quote, collect_marks, cut_into_pieces, quote_sentence
from dxtrace.reporting.names import Names
from dxtrace.reporting.page_pictures import PagePicture
from dxtrace.reporting.pages import page_environment
from dxtrace.reporting.quotations import quotes_one, shown_passages

VERDICT_WORDS = {
    VerdictKind.ENTAILED: "Proved",
    VerdictKind.CONSISTENT: "Open",
    VerdictKind.CONTRADICTED: "Contradicted",
    VerdictKind.UNSUPPORTED: "No evidence",
}
_GROUPS = {
    "present": "Present",
    "indeterminate": "Uncertain",
    "unknown": "Uncertain",
    "absent": "Absent",
    "normal": "Said to be normal",
    "context": "Patient and examination",
}
_PLANNERS_OWN = ("In the words of the planner ", "The planner ")
_CLAIMED = "Claimed by the impression"
_OTHER_TIMES = "Earlier, family or hypothetical"
_SOURCE_WORDS = {
    "report_findings": "report, findings",
    "report_impression": "report, impression",
    "report_context": "report, indication or history",
    "structured": "given with the case",
    "tool": "from an expert",
    "user": "from a person",
}
_KIND_WORDS = {
    "report": "Report",
    "dicom": "Series",
    "case": "Case",
    "passage": "Guideline passage",
    "similar_case": "Similar case",
    "tool_output": "Tool",
    "file_name": "File name",
}


@dataclass(frozen=True, slots=True)
class _Document:
    """A report with its marked words."""

    number: int
    report: Report
    pieces: list[Piece]


def render_case_report(
    result: Result,
    *,
    case: Case | None,
    trace: Trace,
    knowledge: Knowledge | None = None,
    notes: tuple[str, ...] = (),
    pictures: tuple[PagePicture, ...] = (),
) -> str:
    """Render a case as one self-contained page.

    Args:
        result: what came out.
        case: what went in; None if it could not be read.
        trace: the record of the session.
        knowledge: names in words; None shows keys.
        notes: what the reader should know about how the case was read.
        pictures: what experts marked, for the findings that rest on it.

    Returns:
        HTML without scripts and without references to other files but links.
    """
    context = case_context(result, case=case, knowledge=knowledge, notes=notes, pictures=pictures)
    return page_environment().get_template("case.html.j2").render(
        context, trace=trace, versions=_versions(trace), version=__version__,
        research_use=RESEARCH_USE,
    )  # fmt: skip


def case_context(
    result: Result,
    *,
    case: Case | None,
    knowledge: Knowledge | None = None,
    notes: tuple[str, ...] = (),
    pictures: tuple[PagePicture, ...] = (),
    at: str = "",
    files: str = "../",
) -> dict[str, Any]:
    """What the templates of a case's parts need: answer, reasoning, findings, documents.

    Args:
        result: what came out.
        case: what went in; None if it could not be read.
        knowledge: names in words; None shows keys.
        notes: what the reader should know about how the case was read.
        pictures: what experts marked, for the findings that rest on it.
        at: what the ids of elements begin with, where a page shows several results.
        files: where links to the output folder's files begin.
    """
    names = Names(knowledge)
    decided = [c for c in result.answer.conclusions if c.verdict is not VerdictKind.UNSUPPORTED]
    return {
        "at": at,
        "files": files,
        "result": result,
        "answer": _answer(result),
        "case": case,
        "notes": notes,
        "pictures_of": lambda finding: [p for p in pictures if p.shows(finding)],
        "further_pictures": [p for p in pictures if not any(map(p.shows, result.findings))],
        "names": names,
        "conclusions": _undecided_last(decided),
        "silent": [c for c in result.answer.conclusions if c not in decided],
        "documents": _documents(result, case, names),
        "finding_ids": {f.id for f in result.findings},
        "groups": _group(result, names),
        "statements": _Statements(result, case),
        "verdict_words": {**VERDICT_WORDS, "unchecked": "Not checked"},
        "source_words": _SOURCE_WORDS,
        "kind_words": _KIND_WORDS,
        "citations_of": _citations_of,
        "quotations": shown_passages(result),
        "guideline_text": GUIDELINE_TEXT.removesuffix(":"),
        "titles": _Titles(names, result.findings),
    }


class _Titles:
    """What a reader sees when pointing at marked words."""

    def __init__(self, names: Names, findings: Iterable[Finding]) -> None:
        self._titles = {
            f.id: f"{names.concept(f.concept)}: {f.presence} ({f.id})" for f in findings
        }

    def of(self, finding_id: str) -> str:
        """``Pleural effusion: absent (f2)``; the id itself if there is no such finding."""
        return self._titles.get(finding_id, finding_id)

    def __call__(self, piece: Piece) -> str:
        return "; ".join(map(self.of, piece.findings))


def _undecided_last(conclusions: list[Conclusion]) -> list[Conclusion]:
    return sorted(conclusions, key=lambda c: c.verdict is not VerdictKind.ENTAILED)


def _documents(result: Result, case: Case | None, names: Names) -> list[_Document]:
    if case is None:
        return []
    looks = {f.id: names.look(f) for f in result.findings}
    documents = []
    for number, report in enumerate(case.reports):
        marks = collect_marks(number, len(report.text), looks, result.findings, result.claims)
        documents.append(_Document(number, report, cut_into_pieces(report.text, marks)))
    return documents


def _answer(result: Result) -> list[Paragraph]:
    """The answer without what the page says in sections of its own."""
    explained = [c.explanation for c in result.contradictions if c.explanation]
    quoted = shown_passages(result)
    return [
        paragraph
        for paragraph in split_answer(result.answer.text)
        if not any(e in f"{paragraph.lead} {paragraph.rest}" for e in explained)
        and not paragraph.lead.startswith((*_PLANNERS_OWN, GUIDELINE_TEXT))
        and not quotes_one(paragraph, quoted)
    ]


def _group(result: Result, names: Names) -> dict[str, list[Finding]]:
    """Findings under the headings that a reader looks for."""
    claimed = {(k.claim.document, k.claim.span) for k in result.claims}
    titles = [*dict.fromkeys(_GROUPS.values()), _CLAIMED, _OTHER_TIMES]
    groups: dict[str, list[Finding]] = {title: [] for title in titles}
    for finding in result.findings:
        places = {(e.document, e.span) for e in finding.evidence}
        is_claim = finding.source is Source.REPORT_IMPRESSION and not places.isdisjoint(claimed)
        groups[_CLAIMED if is_claim else _group_of(finding, names)].append(finding)
    return {title: members for title, members in groups.items() if members}


def _group_of(finding: Finding, names: Names) -> str:
    look = names.look(finding)
    if look != "context" and finding.context is not Context.CURRENT:
        return _OTHER_TIMES
    return _GROUPS[look]


class _Statements:
    """The sentences in which claims were made."""

    def __init__(self, result: Result, case: Case | None) -> None:
        self._reports = case.reports if case else ()
        self._contradicted = {
            k.claim.text: k.claim
            for k in result.claims
            if k.verdict.kind is VerdictKind.CONTRADICTED
        }

    def of(self, claim: Claim) -> Quote | None:
        """The sentence of a claim; None if it was not made in a report."""
        if claim.document is None or claim.span is None or claim.document >= len(self._reports):
            return None
        return quote_sentence(self._reports[claim.document].text, claim.span)

    def of_contradiction(self, contradiction: Contradiction) -> Quote | None:
        """The sentence of the contradicted claim with the same words."""
        claim = self._contradicted.get(contradiction.claim)
        return self.of(claim) if claim else None


def _citations_of(reasons: Iterable[Reason]) -> list[Citation]:
    """The passages behind reasons, each once."""
    found: dict[tuple[str, str, str], Citation] = {}
    for reason in reasons:
        if reason.citation is not None and reason.kind != "assumption":
            citation = reason.citation
            found.setdefault((citation.source, citation.section, citation.passage_id), citation)
    return list(found.values())


def _versions(trace: Trace) -> list[tuple[str, str]]:
    """What the trace says about the versions used, flattened for reading."""
    pairs: list[tuple[str, str]] = []
    for entry in trace.entries:
        if entry.kind == "versions":
            pairs += _flatten("", entry.data)
    return pairs


def _flatten(prefix: str, data: dict[str, object]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for key, value in data.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            pairs += _flatten(f"{name} ", value)
        else:
            pairs.append((name, str(value)))
    return pairs
