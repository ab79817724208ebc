"""One case of a batch on its way to a worker."""

from dataclasses import dataclass
from pathlib import Path

from apps.reviewing import CaseOutput, Reviewer, failed_output
from dxtrace.intake import CaseReading, IntakeLimits, ManifestLine, read_manifest_case
from tools.host import HostAddress


@dataclass(frozen=True, slots=True)
class CaseJob:
    """A manifest line and the file name that its outputs get."""

    line: ManifestLine
    file_name: str

    def fail(self, reason: str) -> CaseOutput:
        """The output if the case cannot be reviewed for a reason outside it."""
        return failed_output(reason, case_id=self.line.id, file_name=self.file_name)


@dataclass(frozen=True, slots=True)
class CaseWork:
    """What every worker does with a job.

    Attributes:
        reviewer: reviews the case.
        base: folder that the manifest's paths start from.
        limits: what intake accepts.
        experts: where the experts run that all workers share; None for each worker its own.
    """

    reviewer: Reviewer
    base: Path
    limits: IntakeLimits
    experts: HostAddress | None = None

    def do(self, job: CaseJob) -> CaseOutput:
        """Read and review the case of a job."""

        def read() -> CaseReading:
            return read_manifest_case(job.line, base=self.base, limits=self.limits)

        return self.reviewer.review(read, case_id=job.line.id, file_name=job.file_name)
