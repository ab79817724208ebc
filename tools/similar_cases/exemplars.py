"""Similar cases as examples for a model that plans: findings and impression, within a budget."""

from __future__ import annotations

from collections.abc import Iterator

from dxtrace.clinical import Case, Exemplar, SimilarCase
from dxtrace.retrieval.cases import Neighbour, diverse
from expert_models import ExpertOutput, ModelCard, ToolRefusal
from tools.report_reader import ReportReader
from tools.similar_cases.searching import CaseSearch, Nearest

EXEMPLARS = "exemplars"
COUNT, BUDGET = 4, 4000
"""How many examples, and how many characters they have together, unless asked otherwise."""
_WIDER = 8
_FINDINGS = frozenset(("findings", "body"))


class ExemplarTool:
    """Gives a few cases like this one, unlike each other, as examples.

    Args:
        search: over the index of this machine.
        reader: knows the sections of reports.
    """

    card = ModelCard(
        name=EXEMPLARS,
        version="1",
        title="Reports of a few similar cases, as examples of how findings become an impression",
        task=EXEMPLARS,
        accepts=("report",),
        produces=(),
        cost=1.0,
        licence="Apache-2.0",
        intended_use="examples for a model that plans; quoted words of other patients' reports",
        limits="analogies; no finding of the patient",
    )

    def __init__(self, search: CaseSearch, reader: ReportReader) -> None:
        self._search, self._reader = search, reader

    def run(self, case: Case) -> ExpertOutput:
        """Similar cases with their reports' words.

        Raises:
            ToolRefusal: if there is no index, it cannot be used, or no similar case has a report
                with findings and an impression.
        """
        nearest = self._search.nearest(case, _WIDER * COUNT)
        found = self.choose(nearest, count=COUNT, budget=BUDGET)
        if not found:
            raise ToolRefusal("no similar case has a report with findings and an impression")
        return ExpertOutput(similar=found, notes=nearest.notes)

    def choose(self, nearest: Nearest, *, count: int, budget: int) -> tuple[SimilarCase, ...]:
        """The examples: whole ones only, those that are too long for what is left passed over.

        Args:
            nearest: similar cases of other patients.
            count: how many at most.
            budget: characters of all together.
        """
        chosen: list[tuple[Neighbour, Exemplar]] = []
        for neighbour, exemplar in self._candidates(nearest):
            if len(exemplar.text) <= budget:
                budget -= len(exemplar.text)
                chosen.append((neighbour, exemplar))
            if len(chosen) == count:
                break
        shown = self._search.shown(
            Nearest(nearest.asked, tuple(neighbour for neighbour, _ in chosen))
        )
        return tuple(
            case.model_copy(update={"exemplar": exemplar})
            for case, (_, exemplar) in zip(shown, chosen, strict=True)
        )

    def _candidates(self, nearest: Nearest) -> Iterator[tuple[Neighbour, Exemplar]]:
        """Those with both sections, none twice, none with this case's own words."""
        seen = set(_plain(self.sections(nearest.asked.report)))
        for neighbour in diverse(nearest.found, self._search.knowledge.vocabulary):
            findings, impression = self.sections(neighbour.record.report)
            if not (findings and impression):
                continue
            plain = _plain((findings, impression))
            if plain[0] not in seen:
                seen.add(plain[0])
                yield neighbour, Exemplar(findings=findings, impression=impression)

    def sections(self, report: str) -> tuple[str, str]:
        """Findings and impression of a report, on one line each; empty where there are none."""
        parts: dict[bool, list[str]] = {True: [], False: []}
        for section in self._reader.read(report).sections:
            if section.name in _FINDINGS or section.name == "impression":
                words = " ".join(report[section.start : section.end].split())
                parts[section.name in _FINDINGS].append(words)
        return " ".join(parts[True]).strip(), " ".join(parts[False]).strip()


def _plain(texts: tuple[str, str]) -> tuple[str, str]:
    return " ".join(texts[0].lower().split()), " ".join(texts[1].lower().split())
