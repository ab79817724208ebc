"""How long the chat page takes, and what twenty visitors at once cost: needs the extra ``ui``.

    python -m benchmarks.chat_page [--visitors 20]

Starts the page as a user does. The first answer: from dropping the nodule CT example (96 DICOM
files) in a real Chromium to the proved answer on the page, for a fresh server and once more. Twenty
at once: as many visitors (contexts of one Chromium, on the same machine) open the report of a chest
CT and ask it further; the time until each has both answers, and the most memory of server and
experts.
"""

import argparse
import asyncio
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "nodule-ct"
_MIB = 2**20
_LIMIT_MS = 300_000
_ADDRESS = re.compile(r"DxTrace is at (\S+)")


class Memory(threading.Thread):
    """The most memory that a process and its children hold together."""

    def __init__(self, number: int) -> None:
        super().__init__(daemon=True)
        self._process, self._end = psutil.Process(number), threading.Event()
        self.at_first_mib = self._now()
        self.most_mib = self.at_first_mib

    def run(self) -> None:
        """Look every quarter of a second."""
        while not self._end.wait(0.25):
            self.most_mib = max(self.most_mib, self._now())

    def stop(self) -> None:
        """Look no more."""
        self._end.set()
        self.join()

    def _now(self) -> float:
        total = 0
        for process in (self._process, *self._process.children(recursive=True)):
            try:
                total += process.memory_full_info().pss
            except psutil.Error:
                continue
        return total / _MIB


def first_answer(page: Page, address: str) -> float:
    """Seconds from dropping the example to the answer."""
    page.goto(address)
    page.wait_for_selector("[data-drop]", timeout=_LIMIT_MS)
    started = time.perf_counter()
    page.locator("input[webkitdirectory]").first.set_input_files(str(EXAMPLE))
    page.wait_for_selector(".dx-last .dx-answer .lead", timeout=_LIMIT_MS)
    return time.perf_counter() - started


async def at_once(address: str, visitors: int) -> tuple[float, float]:
    """Median and longest time until a visitor has two answers, all of them at once."""
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )

        async def one() -> float:
            page = await (await browser.new_context()).new_page()
            await page.goto(address)
            await page.wait_for_selector("[data-drop]", timeout=_LIMIT_MS)
            ready.append(page)
            await everybody.wait()
            started = time.perf_counter()
            example = page.get_by_role("button", name="Report of a chest CT")
            await example.click(timeout=_LIMIT_MS)
            await page.wait_for_selector(".dx-last .dx-answer .lead", timeout=_LIMIT_MS)
            await page.locator("#dx-question textarea").fill("Is there a pleural effusion?")
            await page.locator("#dx-question textarea").press("Enter")
            second = '[aria-label="Turn 2"] .dx-answer .lead'
            await page.wait_for_selector(second, timeout=_LIMIT_MS)
            return time.perf_counter() - started

        ready: list[object] = []
        everybody = asyncio.Event()
        tasks = [asyncio.create_task(one()) for _ in range(visitors)]
        while len(ready) < visitors:
            await asyncio.sleep(0.1)
        everybody.set()
        taken = await asyncio.gather(*tasks)
        await browser.close()
    return statistics.median(taken), max(taken)


def main() -> None:
    """Print the figures."""
    options = argparse.ArgumentParser()
    options.add_argument("--visitors", type=int, default=20)
    visitors = options.parse_args().visitors
    with tempfile.TemporaryDirectory() as state:
        server = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "dxtrace", "chat", "--port", "0", "--state", state],
            stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip
        started = time.perf_counter()
        found = _ADDRESS.search(server.stdout.readline() if server.stdout else "")
        if found is None:
            raise SystemExit("the page was not served")
        print(f"served after                       {time.perf_counter() - started:6.1f} s")
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
                )
                for which in ("first", "second"):
                    page = browser.new_context().new_page()
                    took = first_answer(page, found[1])
                    print(f"answer for the example, {which:<6}     {took:6.1f} s")
                browser.close()
            memory = Memory(server.pid)
            memory.start()
            median, longest = asyncio.run(at_once(found[1], visitors))
            memory.stop()
        finally:
            server.send_signal(signal.SIGINT)
            server.wait()
    print(f"{visitors} at once, two answers each: median {median:.1f} s, longest {longest:.1f} s")
    print(f"memory of server and experts: {memory.at_first_mib:.0f} MiB before, at most "
          f"{memory.most_mib:.0f} MiB")  # fmt: skip


if __name__ == "__main__":
    main()
