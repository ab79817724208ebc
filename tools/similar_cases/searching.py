"""The search that the tools over similar cases share: one index, opened when it is first asked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from dxtrace.clinical import Case, SimilarCase
from dxtrace.knowledge import Knowledge
from dxtrace.retrieval.cases import LEAST, CaseIndex, CaseRecord, Neighbour
from dxtrace.retrieval.errors import RetrievalError
from expert_models import ToolRefusal
from tools.report_reader import ReportReader
from tools.report_tool import ReportTool
from tools.similar_cases.collection import CaseSettings, Origin, case_record, open_index
from tools.similar_cases.images import image_vector, images_compared
from tools.tool import has_images


@dataclass(frozen=True, slots=True)
class Nearest:
    """What a search has found.

    Attributes:
        asked: the case that was asked about, as the index would keep it.
        found: the most similar cases of other patients, no two of one patient; none if no case is
            similar enough.
        notes: how many were looked among, and what was not compared.
    """

    asked: CaseRecord
    found: tuple[Neighbour, ...]
    notes: tuple[str, ...] = ()


class CaseSearch:
    """Finds cases like the one that is reviewed.

    Args:
        knowledge: vocabulary.
        reader: reads the reports of the case.
        index: one that is open; that of the settings, when it is first asked, if None.
    """

    def __init__(
        self, knowledge: Knowledge, reader: ReportReader, index: CaseIndex | None = None
    ) -> None:
        self.knowledge, self._reports, self._given = knowledge, ReportTool(reader), index

    @cached_property
    def _index(self) -> CaseIndex:
        return self._given if self._given is not None else open_index(self.knowledge)

    def nearest(self, case: Case, top: int, least: float = LEAST) -> Nearest:
        """The most similar cases.

        Args:
            case: the case that is reviewed.
            top: how many.
            least: the likeness that they must have.

        Raises:
            ToolRefusal: if there is no index, or it cannot be used; the reason says what to do.
        """
        settings = CaseSettings()
        if not settings.folder.is_dir():
            raise ToolRefusal("no case index yet: 'dxtrace cases add indiana' makes one")
        findings = [*case.findings, *self._reports.run(case)]
        asked = case_record(case, findings, Origin(source=f"asked#{case.id}"))
        try:
            image = image_vector(settings.image_embedder, case)
            found = self._index.neighbours(asked, top=top, image=image, least=least)
            if not len(self._index):
                raise ToolRefusal("the case index is empty: 'dxtrace cases add indiana' fills it")
            note = images_compared(settings.image_embedder, has_images(case), image, self._index)
        except RetrievalError as error:
            raise ToolRefusal(str(error)) from None
        return Nearest(
            asked, found, (self._index.searched(len(found), least), *([note] if note else []))
        )

    def shown(self, nearest: Nearest) -> tuple[SimilarCase, ...]:
        """What was found, finding by finding beside the case, with links to the reports."""
        return tuple(self._index.as_similar(nearest.asked, each) for each in nearest.found)
