"""How long the chat page takes, and what twenty visitors at once cost: needs the extra ``ui``.

    python -m benchmarks.chat_page [--visitors 20]

Starts the page as a user does. The first answer: from dropping the nodule CT example (96 DICOM
files) in a real Chromium to the proved answer on the page, for a fresh server and once more. Twenty
at once: as many visitors, who send and load what browsers would (twenty of these would want the
machine for themselves), bring that CT, each with a patient of another age, so that experts work for
each of them; look at it; and ask further. The time until each has both answers, and processor time
and memory of server and experts.
"""

import argparse
import asyncio
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
from playwright.sync_api import Page, sync_playwright

from benchmarks.chat_visitors import EXAMPLE, visit_at_once

ROOT = Path(__file__).parents[1]
_MIB = 2**20
_LIMIT_MS = 1_800_000
_ADDRESS = re.compile(r"DxTrace is at (\S+)")


class Use(threading.Thread):
    """The most memory that a process and its children hold together, and what they work.

    Memory that processes share is counted once (proportional set size).
    """

    def __init__(self, number: int) -> None:
        super().__init__(daemon=True)
        self._process, self._end = psutil.Process(number), threading.Event()
        self.most_mib = self.memory_mib()

    def run(self) -> None:
        """Look every half second."""
        while not self._end.wait(0.5):
            self.most_mib = max(self.most_mib, self.memory_mib())

    def stop(self) -> None:
        """Look no more."""
        self._end.set()
        self.join()

    def memory_mib(self) -> float:
        """Memory held now."""
        return sum(self._of_each(lambda p: p.memory_full_info().pss)) / _MIB

    def processor_s(self) -> float:
        """Processor time so far, of those that still run."""
        return sum(self._of_each(lambda p: p.cpu_times().user + p.cpu_times().system))

    def _of_each(self, look: Callable[[psutil.Process], float]) -> Iterator[float]:
        for process in (self._process, *self._process.children(recursive=True)):
            with suppress(psutil.Error):
                yield look(process)


def first_answer(page: Page, address: str) -> float:
    """Seconds from dropping the example to the answer."""
    page.goto(address)
    page.wait_for_selector("[data-drop]", timeout=_LIMIT_MS)
    started = time.perf_counter()
    page.locator("input[webkitdirectory]").first.set_input_files(str(EXAMPLE))
    page.wait_for_selector(".dx-last .dx-answer .lead", timeout=_LIMIT_MS)
    return time.perf_counter() - started


def main() -> None:
    """Print the figures."""
    options = argparse.ArgumentParser()
    options.add_argument("--visitors", type=int, default=20)
    visitors = options.parse_args().visitors
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "dxtrace", "chat", "--port", "0", "--state", f"{folder}/state"],
            stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip
        started = time.perf_counter()
        found = _ADDRESS.search(server.stdout.readline() if server.stdout else "")
        if found is None:
            raise SystemExit("the page was not served")
        print(f"served after {time.perf_counter() - started:.1f} s; load {_load()}", flush=True)
        try:
            use = Use(server.pid)
            _print_first_answers(found[1], use)
            use.start()
            _print_at_once(found[1], visitors, use, Path(folder))
        finally:
            server.send_signal(signal.SIGINT)
            server.wait()


def _print_first_answers(address: str, use: Use) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        for which in ("first", "second"):
            page = browser.new_context().new_page()
            before = use.processor_s()
            took = first_answer(page, address)
            worked = use.processor_s() - before
            print(f"answer for the example, {which}: {took:.1f} s, of which server and experts "
                  f"work {worked:.1f} s; load {_load()}", flush=True)  # fmt: skip
        browser.close()


def _print_at_once(address: str, visitors: int, use: Use, folder: Path) -> None:
    before, worked = use.memory_mib(), use.processor_s()
    firsts, seconds = asyncio.run(visit_at_once(address, visitors, folder))
    worked = use.processor_s() - worked
    use.stop()
    for which, taken in (("first", firsts), ("second", seconds)):
        print(f"{visitors} at once, until the {which} answer: median "
              f"{statistics.median(taken):.0f} s, longest {max(taken):.0f} s")  # fmt: skip
    print(f"processor time of server and experts: {worked:.0f} s; load {_load()}")
    print(f"memory of server and experts: {before:.0f} MiB before, at most {use.most_mib:.0f} MiB, "
          f"{use.memory_mib():.0f} MiB after the visitors left")  # fmt: skip


def _load() -> str:
    return f"{os.getloadavg()[0]:.0f}"


if __name__ == "__main__":
    main()
