"""Experts as classes, for processes that stay; what they do is told by the words of the case."""

import os
import signal
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dxtrace.clinical import Case, Finding, Presence, Report
from expert_models import ExpertOutput, ModelCard, ToolRefusal


def case_of(words: str) -> Case:
    """A case whose report says what the expert is to do."""
    return Case(id="c-1", reports=(Report(text=words),))


def finding(**said: object) -> Finding:
    """A finding whose text says something."""
    text = " ".join(f"{key}={value}" for key, value in said.items())
    return Finding(id="f", concept="gas", presence=Presence.PRESENT, text=text)


def said(findings: Sequence[Finding]) -> dict[str, str]:
    """What the finding's text says."""
    return dict(part.split("=", 1) for part in findings[0].text.split(" "))


class Resident:
    """Says in which process it runs, how often it was loaded and called; obeys the report."""

    def __init__(self, **card: Any) -> None:
        fields = {"name": "resident", "accepts": ("report",), "produces": ("gas",)}
        self.card = ModelCard(**{**fields, "isolated": True, **card})
        self._calls = 0

    def run(self, case: Case) -> list[Finding]:
        """As the class says."""
        self._calls += 1
        order, _, word = case.reports[0].text.partition(" ")
        if order == "die":
            os._exit(9)
        if order == "out-of-memory":
            os.kill(os.getpid(), signal.SIGKILL)
        if order == "touch":  # a file, and hang
            Path(word).touch()
        if order in ("hang", "touch"):
            threading.Event().wait()
        if order == "until":  # the file is there
            while not Path(word).exists():
                threading.Event().wait(0.005)
        if order == "litter":  # an image in a temporary file, as libraries leave them
            handle, word = tempfile.mkstemp(prefix=word)
            os.close(handle)
        if order == "refuse":
            raise ToolRefusal(word)
        return [finding(process=os.getpid(), calls=self._calls, together=1, word=word)]


class Together(Resident):
    """Answers several cases in one pass."""

    def run_many(self, cases: Sequence[Case]) -> list[Any]:
        """As ``run``; it cannot be given a case that says *die* or *fail*."""
        orders = [case.reports[0].text.partition(" ") for case in cases]
        if any(order == "die" for order, _, _ in orders):
            os._exit(9)
        if any(order == "fail" for order, _, _ in orders):
            raise ValueError("one of them")
        return [
            ToolRefusal(word) if order == "refuse"
            else ExpertOutput((finding(process=os.getpid(), together=len(cases), word=word),))
            for order, _, word in orders
        ]  # fmt: skip
