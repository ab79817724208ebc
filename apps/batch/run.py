"""Batch review from manifest to summary."""

import contextlib
import json
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from apps.batch.job import CaseJob, CaseWork
from apps.batch.manifest_source import ManifestSource, Survey
from apps.batch.pool import JobDone, PoolOptions, WorkerPool
from apps.batch.ray_pool import RayPool
from apps.batch.store import ResultStore, StoredResult
from apps.batch.summary import write_summary
from apps.exit_status import UsageError
from apps.file_names import FileNames
from apps.progress import show_progress
from apps.reviewing import Reviewer
from dxtrace import __version__
from dxtrace.atomic_write import write_atomically
from dxtrace.intake import IntakeLimits
from dxtrace.knowledge import load_knowledge
from tools.artifacts import remove_parts
from tools.host import own_host, serve_experts

STATE = "batch.json"
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """What a batch run is asked to do.

    Attributes:
        out: output folder.
        engine: ``local`` or ``ray``.
        pool: workers and limits.
        reviewer: reviews the cases.
        limits: what intake accepts.
        accept_changes: run changed cases again and drop the results of cases that are gone.
        retry_failed: run the cases again that failed before.
    """

    out: Path
    pool: PoolOptions
    engine: Literal["local", "ray"] = "local"
    reviewer: Reviewer = field(default_factory=Reviewer)
    limits: IntakeLimits = field(default_factory=IntakeLimits)
    accept_changes: bool = False
    retry_failed: bool = False


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """What a run ended with.

    Attributes:
        counts: status to number of cases, over the whole output folder.
        reviewed: cases reviewed by this run.
        summary: path of the summary page.
    """

    counts: dict[str, int]
    reviewed: int
    summary: Path


def run_batch(source: ManifestSource, options: BatchOptions) -> BatchOutcome:
    """Review every case of a manifest that has no result yet.

    Args:
        source: the manifest.
        options: what to do.

    Raises:
        UsageError: if the folder is in use, or belongs to another manifest or planner.
    """
    survey = source.survey(options.limits)
    if not survey.sha256_of:
        raise UsageError(
            f"{source.name} holds no case: expected one JSON object a line, got "
            f"{'nothing' if source.is_empty() else 'blank lines only'}"
        )
    options.reviewer.check()
    with ResultStore(options.out) as store:
        standing = store.clean_up()
        redo = _compare(survey, standing, options)
        _check_state(store, source, survey, options)
        store.drop(redo)
        done = {s.id for s in standing} - redo
        reviewed = 0
        total = len(survey.sha256_of)
        with show_progress("reviewed", total=total, done=len(done)) as progress:
            jobs = _open_jobs(source, options.limits, done)
            with contextlib.closing(_run_engine(source, options, jobs, total - len(done))) as runs:
                for finished in runs:
                    store.add(finished.output, input_sha256=finished.job.line.sha256)
                    progress.advance()
                    reviewed += 1
        remove_parts(options.out)  # of workers that were killed
        counts = write_summary(store, manifest=source.name, knowledge=load_knowledge())
    return BatchOutcome(counts, reviewed, options.out / "summary.html")


def _open_jobs(source: ManifestSource, limits: IntakeLimits, done: set[str]) -> Iterator[CaseJob]:
    names = FileNames()
    for line in source.read(limits):
        file_name = names.allocate(line.id)
        if line.id not in done:
            yield CaseJob(line, file_name)


def _run_engine(
    source: ManifestSource, options: BatchOptions, jobs: Iterator[CaseJob], open_cases: int
) -> Generator[JobDone, None, None]:
    task = CaseWork(options.reviewer, source.base, options.limits)
    if options.engine == "ray":
        timeout = options.pool.case_timeout_s
        pool = RayPool(task, in_flight=2 * options.pool.workers, case_timeout_s=timeout)
        yield from pool.run(jobs)
    elif open_cases:
        workers = min(options.pool.workers, open_cases)
        with serve_experts(own_host()) as address:
            pool_task = replace(task, experts=address)
            yield from WorkerPool(pool_task, options.pool.with_workers(workers)).run(jobs)


def _compare(survey: Survey, standing: list[StoredResult], options: BatchOptions) -> set[str]:
    """Ids whose results must go because their manifest line changed or is gone, or on request."""
    changed = [s.id for s in standing if survey.sha256_of.get(s.id) != s.input_sha256]
    if changed and not options.accept_changes:
        shown = ", ".join(changed[:_SHOWN]) + (", ..." if len(changed) > _SHOWN else "")
        raise UsageError(
            f"{options.out} holds results of {len(changed)} case(s) whose manifest line has "
            f"changed or is gone since ({shown}): give another --out, or --accept-changes to "
            f"review changed cases again and drop the results of those that are gone"
        )
    failed = {s.id for s in standing if s.status == "failed"} if options.retry_failed else set()
    return failed | set(changed)


def _check_state(
    store: ResultStore, source: ManifestSource, survey: Survey, options: BatchOptions
) -> None:
    path = store.folder / STATE
    state: dict[str, Any] = {
        "manifest": source.name,
        "manifest_sha256": survey.sha256,
        "cases": len(survey.sha256_of),
        "planner": options.reviewer.planner,
        "dxtrace": __version__,
    }
    before = _read_state(path)
    planner = before.get("planner", state["planner"])
    if planner != state["planner"] and store.results_path.exists():
        raise UsageError(
            f"{options.out} was begun with --planner {planner}, not {state['planner']}: "
            f"give another --out"
        )
    write_atomically(path, json.dumps(state, indent=2, ensure_ascii=False) + "\n")


def _read_state(path: Path) -> dict[str, Any]:
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return read if isinstance(read, dict) else {}
