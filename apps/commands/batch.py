"""``dxtrace batch``: many cases."""

import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from apps.batch.manifest_source import resolve_manifest
from apps.batch.pool import PoolOptions
from apps.batch.run import BatchOptions, BatchOutcome, run_batch
from apps.exit_status import NO_ROOM, ExitStatus, UsageError
from apps.export_kinds import Export
from apps.reviewing import Reviewer
from dxtrace.intake import IntakeLimits


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """The command's arguments, as ``dxtrace batch --help`` explains them."""

    manifest: str
    out: Path
    workers: int | None
    engine: Literal["local", "ray"]
    planner: str
    timeout_s: float
    retry_failed: bool
    accept_changes: bool
    max_report_chars: int
    data_root: Path | None
    keep_identifiers: bool = False
    exports: frozenset[Export] = frozenset()


def review_manifest(request: BatchRequest) -> ExitStatus:
    """Run the batch and say how it went.

    Raises:
        UsageError: if it cannot run.
    """
    source = resolve_manifest(request.manifest)
    workers = request.workers or count_cores()
    options = BatchOptions(
        out=request.out,
        engine=request.engine,
        pool=PoolOptions(workers=workers, case_timeout_s=request.timeout_s),
        reviewer=Reviewer(
            planner=request.planner,
            out=request.out,
            keep_identifiers=request.keep_identifiers,
            exports=request.exports,
        ),
        limits=IntakeLimits(max_report_chars=request.max_report_chars, data_root=request.data_root),
        accept_changes=request.accept_changes,
        retry_failed=request.retry_failed,
    )
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        outcome = run_batch(source, options)
    except KeyboardInterrupt:
        sys.stderr.write(
            f"\nstopped; every finished case is in {request.out / 'results.jsonl'}. "
            f"The same command goes on from there.\n"
        )
        return ExitStatus.INTERRUPTED
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise UsageError(
            f"cannot write to --out {request.out}: {error.strerror}; every finished case is in "
            f"{request.out / 'results.jsonl'}, and the same command goes on from there"
        ) from None
    _print(outcome, request.out)
    return ExitStatus.CASE_FAILED if outcome.counts.get("failed") else ExitStatus.OK


def count_cores() -> int:
    """The cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _print(outcome: BatchOutcome, out: Path) -> None:
    total = sum(outcome.counts.values())
    parts = [f"{count} {status.replace('_', ' ')}" for status, count in outcome.counts.items()]
    print(f"{total} cases: {', '.join(parts) or 'none'} ({outcome.reviewed} reviewed now)")
    print(f"results: {out / 'results.jsonl'}")
    print(f"summary: {outcome.summary}")
