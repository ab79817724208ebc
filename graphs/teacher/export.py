"""Traces as training data: instructions, preferences, prompts for reinforcement."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from dxtrace.atomic_write import PART_SUFFIX
from dxtrace.clinical import Trace, TraceError
from graphs.teacher.grounds import Grounds
from graphs.teacher.preferences import preferences_of
from graphs.teacher.prompts import Prompts
from graphs.teacher.proved_statement import proved_statement
from graphs.teacher.settings import default_settings
from graphs.teacher.traced import TracedReview, UntaughtTraceError, traced_review
from graphs.teacher.without_words import without_words
from graphs.workbench import Workbench, default_workbench

Format = Literal["sft", "dpo", "grpo"]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What came of an export.

    Attributes:
        rows: number of lines written.
        taught: number of traces that gave at least one.
        refused: the traces that gave none, each with the reason.
    """

    rows: int
    taught: int
    refused: tuple[tuple[Path, str], ...]


@dataclass(frozen=True)
class Exporter:
    """Makes rows of traces. It keeps nothing of one trace for the next.

    Attributes:
        form: ``sft`` (messages), ``dpo`` (prompt, chosen, rejected) or ``grpo`` (prompt and the
            columns that the reward needs).
        dialect: how calls and answers are written: ``tools``, ``tokens`` or ``json``.
        with_reports: whether words of reports, and other free text, go along.
        bench: knowledge and tools; those that come with DxTrace by default.
    """

    form: Format
    dialect: str = "tools"
    with_reports: bool = False
    bench: Workbench | None = None

    def rows_of(self, trace: Trace) -> Iterator[Row]:
        """The rows of a trace; the same trace always gives the same.

        Raises:
            UntaughtTraceError: if the trace holds no answered review, or nothing to learn from.
        """
        recorded = traced_review(trace)
        review = recorded if self.with_reports else without_words(recorded)
        bench = self.bench or default_workbench()
        grounds = Grounds(bench, review.case, review.findings, review.packs)
        prompts = Prompts(bench, self.dialect, review)
        makers: dict[Format, Callable[[TracedReview, Grounds, Prompts], Iterable[Row]]] = {
            "sft": _instruction, "dpo": _preferences, "grpo": _prompt,
        }  # fmt: skip
        count = 0
        for row in makers[self.form](review, grounds, prompts):
            count += 1
            yield {**row, **_source(review, prompts)}
        if not count:
            raise UntaughtTraceError("nothing in it is proved or contradicted: nothing to learn")


def export_traces(
    traces: Iterable[tuple[Path, Callable[[], Trace]]], out: Path, exporter: Exporter
) -> ExportReport:
    """Write a JSON lines file; one trace is in memory at a time.

    The file is there whole or not at all. A trace that is broken or teaches nothing is left out.

    Args:
        traces: each path with what reads it.
        out: the file; its folder is there.
        exporter: makes the rows.

    Raises:
        OSError: if the file cannot be written.
    """
    rows, taught = 0, 0
    refused: list[tuple[Path, str]] = []
    handle, temporary = tempfile.mkstemp(dir=out.parent, prefix=".", suffix=PART_SUFFIX)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            for path, read in traces:
                try:
                    made = list(exporter.rows_of(read()))
                except (TraceError, UntaughtTraceError) as error:
                    refused.append((path, str(error)))
                    continue
                stream.writelines(json.dumps(r, ensure_ascii=False) + "\n" for r in made)
                rows, taught = rows + len(made), taught + 1
        Path(temporary).replace(out)
    except BaseException:  # an interrupt, too, leaves no half file
        Path(temporary).unlink(missing_ok=True)
        raise
    return ExportReport(rows=rows, taught=taught, refused=tuple(refused))


def _source(review: TracedReview, prompts: Prompts) -> Row:
    """Where a row comes from; the case's own id may name the patient and stays behind."""
    return {
        "source_sha256": review.head, "source_version": review.version,
        "planner": review.planner, "dialect": prompts.dialect.name,
    }  # fmt: skip


def _instruction(review: TracedReview, grounds: Grounds, prompts: Prompts) -> Iterator[Row]:
    statement = proved_statement(grounds, review, default_settings())
    if statement.sentences:
        turns = (*prompts.calling, prompts.answering(statement))
        yield {"messages": prompts.messages(turns), **prompts.tools}


def _preferences(review: TracedReview, grounds: Grounds, prompts: Prompts) -> Iterator[Row]:
    for pair in preferences_of(grounds, review, default_settings()):
        yield {
            "prompt": prompts.messages(prompts.calling),
            "chosen": [prompts.spoken(pair.chosen)],
            "rejected": [prompts.spoken(pair.rejected)],
            **prompts.tools, "origin": pair.origin, "why": pair.why,
        }  # fmt: skip


def _prompt(review: TracedReview, grounds: Grounds, prompts: Prompts) -> Iterator[Row]:
    del grounds
    yield {
        "prompt": prompts.messages(prompts.calling),
        "question": review.case.question or "",
        "packs": list(review.packs),
        "case": review.case.model_dump_json(),
        "findings": json.dumps([f.model_dump(mode="json") for f in review.findings]),
        **prompts.tools,
    }
