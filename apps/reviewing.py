"""One case from input to output: read, review, render; whatever fails becomes a failed result."""

import importlib
import json
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from agents.plain_language import plain_answer
from apps.exit_status import UsageError
from apps.export_kinds import Export
from apps.exporting import FinishedCase, write_exports
from dxtrace import __version__
from dxtrace.clinical import Case, Result, Trace
from dxtrace.intake import CaseReading, IntakeError, check_case
from dxtrace.knowledge import KnowledgeError, load_knowledge
from dxtrace.reporting import PagePicture, read_pictures, render_case_report

if TYPE_CHECKING:
    from tools import ArtifactStore

REVIEWER = "graphs:review_with_trace"


@dataclass(frozen=True, slots=True)
class CaseOutput:
    """Everything that one case leaves behind.

    Attributes:
        id: the case's id.
        status: ``answered``, ``needs_input`` or ``failed``.
        result: the result object as JSON data.
        trace: the trace as JSON text.
        report: the HTML report.
    """

    id: str
    status: str
    result: dict[str, Any]
    trace: str
    report: str

    def to_json_line(self, **further: object) -> str:
        """The result object on one line, with further fields at its end."""
        return json.dumps({**self.result, **further}, ensure_ascii=False) + "\n"


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Reviews cases with a planner.

    Attributes:
        planner: the planner's name.
        entry: ``module:function`` with the signature of ``graphs.review_with_trace``.
        out: folder for masks and pictures; None keeps none.
        keep_identifiers: whether DICOM files in it carry who the patient is.
        exports: what to write into it for other systems, too.
        plain: whether the answer in plain words belongs to the result.
    """

    planner: str = "pathway"
    entry: str = REVIEWER
    out: Path | None = None
    keep_identifiers: bool = False
    exports: frozenset[Export] = frozenset()
    plain: bool = False

    def check(self) -> None:
        """See whether cases can be reviewed at all, and say what could surprise.

        Raises:
            UsageError: if the knowledge packs do not load or there is no such planner.
            ValidationError: if a setting of the environment is none.
        """
        note = importlib.import_module("graphs.tracing").tracing_note(
            importlib.import_module("graphs.settings").Settings()
        )
        if note is not None:
            sys.stderr.write(f"dxtrace: {note}\n")
        try:
            load_knowledge()
        except KnowledgeError as error:
            raise UsageError(str(error)) from None
        if self.planner == "pathway":
            return
        try:
            importlib.import_module("agents.vlm").check_planner(self.planner)
        except ValidationError:
            raise  # of a budget: the command line names its variable
        except ValueError as error:
            raise UsageError(f"--planner: {str(error).removeprefix('planner: ')}") from None

    def warm_up(self) -> None:
        """Build what every case needs, so that the first case takes no longer than the others."""
        self.resolve()
        load_knowledge()
        if self.entry == REVIEWER:
            importlib.import_module("graphs.workbench").default_workbench().planner(self.planner)

    def resolve(self) -> Callable[..., Any]:
        """Import the function that reviews a case."""
        module, _, name = self.entry.partition(":")
        function: Callable[..., Any] = getattr(importlib.import_module(module), name)
        return function

    def review(
        self,
        read: Callable[[], CaseReading],
        *,
        case_id: str,
        file_name: str,
        conduct: Callable[[Case], Any] | None = None,
    ) -> CaseOutput:
        """Read and review one case.

        Args:
            read: reads the case; what it raises fails the case.
            case_id: the id of the result if the case cannot be read.
            file_name: stem of the output files.
            conduct: reviews the case, as a session does; by default it is reviewed in one go.

        Returns:
            The output; never raises for what is wrong with a case.
        """
        case: Case | None = None
        try:
            reading = read()
            case = _checked(reading)
            store = self.store_of(file_name)
            run = (
                conduct(case)
                if conduct
                else self.resolve()(case, planner=self.planner, store=store)
            )
            result, trace, notes = run.result, run.trace, reading.notes
        except IntakeError as error:
            return failed_output(str(error), case_id=case_id, file_name=file_name)
        except UsageError:
            raise
        except Exception as error:  # noqa: BLE001 - one case must never stop the others; it is recorded
            reason = f"internal error, {type(error).__name__}: {error}"
            return failed_output(
                reason, case_id=case_id, file_name=file_name, case=case,
                details=traceback.format_exc(),
            )  # fmt: skip
        return self._exported(
            _output(
                result, trace, file_name=file_name, case=case, notes=notes,
                pictures=read_pictures(self.out, result),
            ),
            result, trace, file_name=file_name, case=case,
        )  # fmt: skip

    def store_of(self, file_name: str) -> "ArtifactStore | None":
        """Where the masks and pictures of a case go.

        Args:
            file_name: name of the case's folder.
        """
        from tools import ArtifactStore

        if self.out is None:
            return None
        return ArtifactStore(self.out, file_name, identified=self.keep_identifiers)

    def output_of(self, run: Any, *, file_name: str, case: Case | None) -> CaseOutput:
        """The output of a review that was conducted elsewhere.

        Args:
            run: result and trace.
            file_name: stem of the output files.
            case: the case that was reviewed.
        """
        pictures = read_pictures(self.out, run.result)
        return self._exported(
            _output(run.result, run.trace, file_name=file_name, case=case, pictures=pictures),
            run.result, run.trace, file_name=file_name, case=case,
        )  # fmt: skip

    def _exported(
        self,
        output: CaseOutput,
        result: Result,
        trace: Trace,
        *,
        file_name: str,
        case: Case | None,
    ) -> CaseOutput:
        """The output with plain words, and the files for other systems, which are written now."""
        finished = FinishedCase(
            result, trace, output.report, file_name, case=case, out=self.out,
            identified=self.keep_identifiers,
        )  # fmt: skip
        data = dict(output.result)
        if self.plain:
            data["plain"] = plain_answer(load_knowledge(), result)
        written = write_exports(finished, self.exports)
        if written:
            data["exports"] = [file.to_json_object() for file in written]
        return replace(output, result=data)


def _checked(reading: CaseReading) -> Case:
    try:
        return check_case(reading.case, load_knowledge())
    except IntakeError as error:
        raise error.at(line=reading.line) from None


def failed_output(
    reason: str, *, case_id: str, file_name: str, case: Case | None = None, details: str = ""
) -> CaseOutput:
    """The output of a case that failed, with a trace that says why."""
    trace = Trace(case_id)
    trace.append("versions", {"dxtrace": __version__})
    trace.append("error", {"reason": reason, "details": details})
    result = Result(id=case_id, status="failed", error=reason)
    return _output(result, trace, file_name=file_name, case=case)


def _output(
    result: Result,
    trace: Trace,
    *,
    file_name: str,
    case: Case | None,
    notes: tuple[str, ...] = (),
    pictures: tuple[PagePicture, ...] = (),
) -> CaseOutput:
    paths = {"trace": f"traces/{file_name}.json", "report": f"reports/{file_name}.html"}
    placed = result.model_copy(update=paths)
    page = render_case_report(
        placed, case=case, trace=trace, knowledge=load_knowledge(), notes=notes, pictures=pictures
    )
    data = placed.to_json_object()
    if notes:
        data["intake_notes"] = list(notes)
    return CaseOutput(
        id=result.id, status=result.status, result=data, trace=trace.to_json(), report=page
    )
