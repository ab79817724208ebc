"""A worker process: reviews one job after another until its pipe closes."""

import os
import signal
import threading
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from typing import Literal

from apps.batch.job import CaseWork
from tools.host import use_host_at

READY: Literal["ready"] = "ready"


def work(connection: Connection, task: CaseWork) -> None:
    """Entry point of a worker process.

    Sends ``READY`` once everything is imported, then one output for each job. An interrupt from
    the terminal is left to the parent, and the worker ends when its parent does.

    Args:
        connection: jobs in, outputs out.
        task: what to do with a job.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    use_host_at(task.experts)
    task.reviewer.warm_up()
    connection.send(READY)
    while True:
        try:
            job = connection.recv()
            connection.send(task.do(job))
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
