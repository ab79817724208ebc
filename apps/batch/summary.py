"""What came out of a batch, gathered from its results in one pass."""

import json
import re
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from apps.batch.store import ResultStore
from dxtrace.atomic_write import write_atomically
from dxtrace.knowledge import Knowledge
from dxtrace.reporting import BatchSummary, CaseRow, render_batch_summary
from dxtrace.reporting.names import Names, plain_value

_LINE_LENGTH = 160
_ABNORMAL = {"finding", "lesion"}  # not statements of normality, not patient or examination
_NUMBER = re.compile(r"(\d+)")


def write_summary(
    store: ResultStore, *, manifest: str, knowledge: Knowledge | None = None
) -> dict[str, int]:
    """Write ``summary.json`` and ``summary.html``.

    Args:
        store: the output folder.
        manifest: what was reviewed, for the title.
        knowledge: names in words; None shows keys.

    Returns:
        Status to number of cases.
    """
    gathered = _Gathered(Names(knowledge))
    for result in store.read_results():
        gathered.add(result)
    summary = gathered.finish(manifest)
    text = json.dumps(summary.to_json_object(), indent=2, ensure_ascii=False)
    write_atomically(store.folder / "summary.json", text + "\n")
    write_atomically(store.folder / "summary.html", render_batch_summary(summary))
    return dict(summary.statuses)


class _Gathered:
    """Counts over results; holds one row a case and nothing larger."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._rows: list[CaseRow] = []
        self._statuses: Counter[str] = Counter()
        self._conclusions: Counter[tuple[str, str, str]] = Counter()
        self._findings: Counter[tuple[str, str]] = Counter()
        self._tools: Counter[tuple[str, str]] = Counter()
        self._failures: Counter[str] = Counter()

    def add(self, result: dict[str, Any]) -> None:
        """Count one result."""
        self._statuses[result["status"]] += 1
        if result["error"]:
            self._failures[_general(result["error"])] += 1
        said = [_read_conclusion(c) for c in result["answer"]["conclusions"]]
        self._conclusions.update(c for c in said if c[2] != "unsupported")
        self._findings.update({
            (self._names.concept(f["concept"]), f["presence"])
            for f in result["findings"]
            if f["context"] == "current" and self._names.kind(f["concept"]) in _ABNORMAL
        })  # fmt: skip
        self._tools.update((t["name"], t["outcome"]) for t in result["tools"])
        self._rows.append(_row(result, said))

    def finish(self, manifest: str) -> BatchSummary:
        """The summary, its cases in natural order of their ids."""
        rows = sorted(self._rows, key=lambda row: _natural(row.id))
        return BatchSummary(
            manifest=manifest,
            finished_at=datetime.now(UTC).isoformat(timespec="seconds"),
            statuses=self._statuses,
            rows=tuple(rows),
            conclusions=self._conclusions,
            findings=self._findings,
            tools=self._tools,
            failures=self._failures,
        )


SHOWN_VALUES = 2


def _read_conclusion(conclusion: dict[str, Any]) -> tuple[str, str, str]:
    title = conclusion["title"] or conclusion["concept"].replace("_", " ")
    verdict = str(conclusion["verdict"])
    if conclusion["value"] is not None:
        return title, plain_value(conclusion["value"]), verdict
    possible = conclusion["possible"] or ()
    remaining = " or ".join(plain_value(v) for v in possible)
    if len(possible) > SHOWN_VALUES:  # the case's own page names them all
        remaining = f"{len(possible)} values remain"
    return title, f"open: {remaining}" if remaining else verdict, verdict


def _row(result: dict[str, Any], said: list[tuple[str, str, str]]) -> CaseRow:
    line = result["error"] or result["question"] or result["answer"]["text"]
    return CaseRow(
        id=result["id"],
        status=result["status"],
        report=result["report"],
        line=line if len(line) <= _LINE_LENGTH else line[: _LINE_LENGTH - 1] + "…",
        contradictions=tuple(c["claim"] for c in result["contradictions"]),
        open=sum(1 for _, _, verdict in said if verdict == "consistent"),
    )


def _general(reason: str) -> str:
    """The same failure in different places counts as one."""
    return re.sub(r"^line \d+(?:, |: )?", "", reason)


def _natural(text: str) -> list[tuple[int, int | str]]:
    return [(0, int(p)) if p.isdecimal() else (1, p) for p in _NUMBER.split(text) if p]
