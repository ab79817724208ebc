"""The tool that looks for similar cases. It finds nothing in the patient, and may not."""

from __future__ import annotations

from functools import cached_property

from dxtrace.clinical import Case
from dxtrace.knowledge import Knowledge
from dxtrace.retrieval.cases import CaseIndex
from dxtrace.retrieval.errors import RetrievalError
from expert_models import ExpertOutput, ModelCard, ToolRefusal
from tools.report_reader import ReportReader
from tools.report_tool import ReportTool
from tools.similar_cases.collection import CaseSettings, Origin, case_record, open_index
from tools.similar_cases.images import image_vector

SIMILAR_CASES = "similar_cases"
_TOP = 5


class SimilarCaseTool:
    """Looks for cases like the one that is reviewed.

    Args:
        knowledge: vocabulary.
        reader: reads the reports of the case.
    """

    card = ModelCard(
        name=SIMILAR_CASES,
        version="1",
        title="Cases like this one, from the case index",
        task=SIMILAR_CASES,
        accepts=("report",),
        produces=(),
        cost=1.0,
        licence="Apache-2.0",
        intended_use="analogies, such as for a differential diagnosis; no finding of the patient",
        limits="likeness of findings and words; says nothing of outcome or probability",
    )

    def __init__(self, knowledge: Knowledge, reader: ReportReader) -> None:
        self.knowledge, self.reports = knowledge, ReportTool(reader)

    @cached_property
    def _index(self) -> CaseIndex:
        return open_index(self.knowledge)

    def run(self, case: Case) -> ExpertOutput:
        """The most similar cases of other patients.

        Raises:
            ToolRefusal: if there is no index, or it cannot be used; the reason says what to do.
        """
        folder = CaseSettings().folder
        if not folder.is_dir():
            raise ToolRefusal("no case index yet: 'dxtrace cases add indiana' makes one")
        findings = [*case.findings, *self.reports.run(case)]
        asked = case_record(case, findings, Origin(source=f"asked#{case.id}"))
        try:
            image = image_vector(CaseSettings().image_embedder, case)
            found = self._index.search(asked, top=_TOP, image=image)
        except RetrievalError as error:
            raise ToolRefusal(str(error)) from None
        if not found:
            raise ToolRefusal("the case index holds no other case")
        return ExpertOutput(similar=found)
