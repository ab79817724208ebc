"""Guideline search as a tool: passages that bear on a question, quoted, with their place."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from threading import Lock

from dxtrace.clinical import Case, QuotedPassage
from dxtrace.knowledge import Knowledge
from dxtrace.retrieval.errors import RetrievalError
from dxtrace.retrieval.guidelines import Found, GuidelineIndex, GuidelineLibrary, Hit, Route
from dxtrace.user_folders import cache_folder, data_folder
from expert_models import Arguments, ExpertOutput, ModelCard, ToolRefusal
from tools.embedder import configured_embedder
from tools.guideline_route import RouteReader
from tools.report_reader import ReportReader

GUIDELINE_SEARCH = "guideline_search"


def guideline_folder() -> Path:
    """Where record and vectors of the user lie."""
    return data_folder() / "guidelines"


class GuidelineSearch:
    """Searches the packs' passages and the user's guidelines; opened when it is first asked.

    Args:
        knowledge: vocabulary and packs.
        reader: finds concepts in questions and passages.
        folder: where record and vectors lie; in the user's data folder if None.
    """

    card = ModelCard(
        name=GUIDELINE_SEARCH,
        version="1",
        title="Guideline passages on a question, quoted with their place",
        task="retrieval",
        accepts=("report", "observation", "patient"),
        prompts=("phrases",),
        cost=0.5,
        licence="Apache-2.0; each passage has the licence of its document",
        intended_use="what a guideline says on a question: the phrases, or the case's own question",
        limits="quotes; decides nothing about the case; English only",
    )

    def __init__(
        self, knowledge: Knowledge, reader: ReportReader, folder: Path | None = None
    ) -> None:
        self.knowledge, self.routes = knowledge, RouteReader(knowledge, reader)
        self._folder, self._opening = folder, Lock()

    def run(self, case: Case, arguments: Arguments) -> ExpertOutput:
        """Passages on each phrase, or on the case's question.

        Raises:
            ToolRefusal: if nothing is asked, or the search cannot be opened; says what to do.
        """
        asked = arguments.phrases or ((case.question,) if case.question else ())
        if not asked:
            raise ToolRefusal("expected a question: the case has none, and no phrase was given")
        try:
            found = {q: self.search(q, self.routes.read(q, case)) for q in asked}
        except RetrievalError as error:
            raise ToolRefusal(str(error)) from None
        passages = [_quoted(hit, q) for q, result in found.items() for hit in result.hits]
        notes = tuple(dict.fromkeys(f.note for f in found.values() if f.note))
        return ExpertOutput(notes=notes, passages=tuple(passages))

    def search(self, question: str, route: Route) -> Found:
        """Search by a route; see :meth:`GuidelineIndex.search`."""
        with self._opening:
            return self._index.search(question, route)

    @cached_property
    def library(self) -> GuidelineLibrary:
        """The documents and their vectors."""
        return GuidelineLibrary(
            self._folder or guideline_folder(), self.knowledge, configured_embedder(),
            self.routes.concepts_in, cache_folder() / "vectors.sqlite",
        )  # fmt: skip

    @cached_property
    def _index(self) -> GuidelineIndex:
        return GuidelineIndex(self.library)


def _quoted(hit: Hit, question: str) -> QuotedPassage:
    return QuotedPassage(
        citation=hit.document.citation(hit.passage), quote=hit.quotation, span=hit.span,
        reference=hit.reference, question=question,
        score=None if hit.score is None else round(hit.score, 4), strength=hit.strength,
        own=not hit.document.pack,
    )  # fmt: skip
