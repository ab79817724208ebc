"""A pool of worker processes that survives whatever a single case does to its worker."""

import contextlib
import multiprocessing
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext, SpawnProcess

from apps.batch.job import CaseJob, CaseWork
from apps.batch.worker import READY, work
from apps.exit_status import UsageError
from apps.reviewing import CaseOutput

_KILL_WAIT_S = 5.0


@dataclass(frozen=True, slots=True)
class PoolOptions:
    """How the pool treats its workers.

    Attributes:
        workers: how many processes.
        case_timeout_s: a case that takes longer fails, and its worker is replaced.
        start_timeout_s: a worker that is not ready by then stops the run.
        cases_per_worker: a worker is replaced after so many cases, which bounds its memory.
    """

    workers: int
    case_timeout_s: float = 120.0
    start_timeout_s: float = 180.0
    cases_per_worker: int = 1000

    def with_workers(self, workers: int) -> "PoolOptions":
        """The same with another number of workers."""
        return replace(self, workers=workers)


@dataclass(frozen=True, slots=True)
class JobDone:
    """A job with its output."""

    job: CaseJob
    output: CaseOutput


class _Worker:
    """One process, its pipe, and what it is doing."""

    def __init__(self, context: SpawnContext, task: CaseWork, options: PoolOptions) -> None:
        self.pipe, theirs = context.Pipe()
        self.process: SpawnProcess = context.Process(
            target=work, args=(theirs, task), name="dxtrace-worker"
        )
        self.process.start()
        theirs.close()
        self.ready = False
        self.job: CaseJob | None = None
        self.cases_done = 0
        self._options = options
        self.deadline = time.monotonic() + options.start_timeout_s

    def give(self, job: CaseJob) -> None:
        """Send a job; its time starts now."""
        self.job = job
        self.deadline = time.monotonic() + self._options.case_timeout_s
        # A worker that died while idle fails this job when its closed pipe is noticed.
        with contextlib.suppress(OSError):
            self.pipe.send(job)

    def stop(self) -> str:
        """End the process for good; says how it ended."""
        if self.process.is_alive():
            self.process.kill()
        self.process.join(_KILL_WAIT_S)
        self.pipe.close()
        code = self.process.exitcode
        if code is not None and code < 0:
            return f"was killed by {signal.Signals(-code).name}"
        return f"ended with status {code}"


class WorkerPool:
    """Reviews jobs in parallel; one output a job, in the order in which they are done.

    Args:
        task: what a worker does with a job.
        options: number of workers and limits.
    """

    def __init__(self, task: CaseWork, options: PoolOptions) -> None:
        self._task = task
        self._options = options
        self._context = multiprocessing.get_context("spawn")
        self._workers: list[_Worker] = []

    def run(self, jobs: Iterator[CaseJob]) -> Iterator[JobDone]:
        """Review every job.

        Yields:
            Each job once with its output; a crash or a timeout gives a failed output.

        Raises:
            UsageError: if workers cannot start at all.
        """
        try:
            yield from self._run(jobs)
        finally:
            for worker in self._workers:
                worker.stop()
            self._workers.clear()

    def _run(self, jobs: Iterator[CaseJob]) -> Iterator[JobDone]:
        waiting = next(jobs, None)
        while waiting is not None or any(w.job for w in self._workers):
            if waiting is not None and len(self._workers) < self._options.workers:
                self._workers.append(_Worker(self._context, self._task, self._options))
            for worker in self._idle():
                if waiting is not None:
                    worker.give(waiting)
                    waiting = next(jobs, None)
            if waiting is not None and len(self._workers) < self._options.workers:
                continue
            yield from self._collect()

    def _idle(self) -> list[_Worker]:
        return [w for w in self._workers if w.ready and w.job is None]

    def _collect(self) -> list[JobDone]:
        """Wait for the next event and handle everything that has happened by then."""
        deadline = min(w.deadline for w in self._workers if w.job or not w.ready)
        pipes = [w.pipe for w in self._workers]
        happened = set(wait(pipes, timeout=max(0.0, deadline - time.monotonic())))
        done = [self._handle(w) for w in list(self._workers) if w.pipe in happened]
        done += [self._time_out(w) for w in list(self._workers) if self._is_late(w)]
        return [d for d in done if d is not None]

    def _is_late(self, worker: _Worker) -> bool:
        busy = worker.job is not None or not worker.ready
        return busy and time.monotonic() >= worker.deadline

    def _handle(self, worker: _Worker) -> JobDone | None:
        message = _receive(worker.pipe)
        if message is None:
            return self._bury(worker)
        if message == READY:
            worker.ready = True
            return None
        job, worker.job = worker.job, None
        worker.cases_done += 1
        if worker.cases_done >= self._options.cases_per_worker:
            self._remove(worker)
        assert job is not None and isinstance(message, CaseOutput)  # noqa: S101, PT018 - the worker answers jobs only
        return JobDone(job, message)

    def _bury(self, worker: _Worker) -> JobDone | None:
        how = self._remove(worker)
        if not worker.ready:
            raise UsageError(f"a worker process {how} before it was ready; its message is above")
        if worker.job is None:
            return None
        hint = "; out of memory?" if how.endswith("SIGKILL") else ""
        return JobDone(worker.job, worker.job.fail(f"the worker process {how}{hint}"))

    def _time_out(self, worker: _Worker) -> JobDone | None:
        self._remove(worker)
        if worker.job is None:
            limit = self._options.start_timeout_s
            raise UsageError(f"a worker process was not ready within {limit:g} s")
        limit = self._options.case_timeout_s
        reason = f"timed out: the case took more than {limit:g} s (set with --timeout)"
        return JobDone(worker.job, worker.job.fail(reason))

    def _remove(self, worker: _Worker) -> str:
        self._workers.remove(worker)
        return worker.stop()


def _receive(pipe: "Connection[object, object]") -> object | None:
    """The next message, or None if the other end is gone."""
    try:
        return pipe.recv()
    except (EOFError, OSError):
        return None
