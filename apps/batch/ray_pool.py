"""The same work on a Ray cluster; Ray is imported here and nowhere else."""

import importlib.util
import os
from collections.abc import Iterator
from itertools import islice
from typing import Any

from apps.batch.job import CaseJob, CaseWork
from apps.batch.pool import JobDone
from apps.exit_status import UsageError
from apps.reviewing import CaseOutput


class RayPool:
    """Reviews jobs as Ray tasks; the results are written by the process that started it.

    Args:
        task: what to do with a job. Paths in the manifest must be reachable on every node.
        in_flight: how many tasks are submitted at a time; None for two for each cluster CPU.
        case_timeout_s: a case that takes longer fails.

    Raises:
        UsageError: if Ray is not installed.
    """

    def __init__(self, task: CaseWork, *, in_flight: int | None, case_timeout_s: float) -> None:
        if importlib.util.find_spec("ray") is None:
            raise UsageError(
                "--engine ray needs Ray, which is not installed: pip install 'dxtrace[ray]', "
                "or use --engine local"
            )
        self._task = task
        self._in_flight = in_flight
        self._case_timeout_s = case_timeout_s

    def run(self, jobs: Iterator[CaseJob]) -> Iterator[JobDone]:
        """Review every job; a lost task gives a failed output."""
        import ray

        # With RAY_ADDRESS set, a running cluster is joined; it has its own dashboard.
        local = {} if os.environ.get("RAY_ADDRESS") else {"include_dashboard": False}
        ray.init(ignore_reinit_error=True, log_to_driver=False, **local)
        try:
            yield from self._run(ray, jobs)
        finally:
            ray.shutdown()

    def _run(self, ray: Any, jobs: Iterator[CaseJob]) -> Iterator[JobDone]:
        task = ray.put(self._task)
        remote = ray.remote(max_retries=1)(_do)
        limit = self._in_flight or 2 * int(ray.cluster_resources().get("CPU", 1))
        running = {remote.remote(task, job): job for job in islice(jobs, limit)}
        while running:
            finished, _ = ray.wait(
                list(running), num_returns=1, timeout=self._case_timeout_s * (limit + 1)
            )
            for reference in finished or list(running)[:1]:
                job = running.pop(reference)
                yield JobDone(job, self._collect(ray, reference, job, late=not finished))
                for following in islice(jobs, 1):
                    running[remote.remote(task, following)] = following

    def _collect(self, ray: Any, reference: object, job: CaseJob, *, late: bool) -> CaseOutput:
        if late:
            ray.cancel(reference, force=True)
            return job.fail("timed out: no case was finished for a long time (set with --timeout)")
        try:
            output: CaseOutput = ray.get(reference)
        except ray.exceptions.RayError as error:
            return job.fail(f"the Ray task was lost: {type(error).__name__}")
        return output


def _do(task: CaseWork, job: CaseJob) -> CaseOutput:
    return task.do(job)
