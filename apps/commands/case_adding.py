"""``dxtrace cases add``: cases into the index of this machine, and what is remembered of them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import Field

from apps.case_sources import CaseReader, Outcome, ReadCase
from apps.commands.batch import count_cores
from apps.exit_status import ExitStatus, UsageError
from apps.pacs_source import PacsRequest, PacsSource
from apps.progress import show_progress
from dxtrace.atomic_write import write_atomically
from dxtrace.clinical.base import Frozen
from dxtrace.intake import IntakeError, IntakeLimits
from dxtrace.intake.indiana import CORPUS_NAME
from dxtrace.knowledge import Knowledge, load_knowledge
from dxtrace.retrieval.cases import Added, CaseIndex, drop_copies
from dxtrace.retrieval.errors import RetrievalError
from tools.similar_cases import CaseSettings, open_index
from tools.similar_cases.collection import available_embedder

_SOURCES = "sources.json"
_TOGETHER = 64


class Remembered(Frozen):
    """What lies beside the index, so that a lost one can be made again.

    Attributes:
        added: what was given to ``add``.
        cases: how many cases the index had of each place.
    """

    added: tuple[str, ...] = ()
    cases: dict[str, int] = Field(default_factory=dict)


def add_cases(
    given: list[str],
    *,
    max_report_chars: int,
    data_root: Path | None = None,
    pacs: PacsRequest | None = None,
) -> ExitStatus:
    """Add what the user names; a kill loses nothing that was added, and repeating goes on.

    Returns:
        ``CASE_FAILED`` if any case could not be read.

    Raises:
        UsageError: if nothing is there, or the index cannot be used.
    """
    if not given and pacs is None:
        raise UsageError("expected a folder, a manifest, batch results, 'indiana', or --pacs URL")
    limits = IntakeLimits(max_report_chars=max_report_chars, data_root=data_root)
    knowledge = load_knowledge()
    with opened_index(knowledge) as index:
        if available_embedder() is None:
            sys.stderr.write(
                "no text embedder here: cases are indexed by findings and words only\n"
            )
        if not CaseSettings().image_embedder:
            sys.stderr.write("images are not embedded: DXTRACE_IMAGE_EMBEDDER names no expert\n")
        reader = CaseReader(knowledge, limits)
        failed = add_sources(index, reader, given)
        if pacs is not None:
            source = PacsSource(pacs, limits)
            failed += _add(index, source.read(index, reader), pacs.url, together=1)
            remember(index)
            index.tidy(threads=count_cores())
    return ExitStatus.CASE_FAILED if failed else ExitStatus.OK


def add_sources(index: CaseIndex, reader: CaseReader, given: Iterable[str]) -> int:
    """Add what these name; returns how many cases could not be read."""
    failed = 0
    for name in given:
        failed += _add(index, reader.read(name), name)
        drop_copies(index)
        remember(index, name)
    index.tidy(threads=count_cores())
    return failed


def _add(
    index: CaseIndex, outcomes: Iterable[Outcome], name: str, *, together: int = _TOGETHER
) -> int:
    """Add cases, so many in one transaction; returns how many could not be read."""
    added, failed = Added(), 0
    with show_progress("added", total=None) as progress:
        for part in _parts(outcomes, together):
            read = [r for r in part if isinstance(r, ReadCase)]
            for error in (e for e in part if isinstance(e, IntakeError)):
                failed += 1
                who = f"{error.case_id}: " if error.case_id else ""
                sys.stderr.write(f"left out: {who}{error}\n")
            images = {r.record.source: r.image for r in read if r.image is not None}
            added += index.add([r.record for r in read], images)
            for _ in part:
                progress.advance()
    sys.stderr.write(
        f"{name}: {added.new} new, {added.changed} changed, {added.same} as before; "
        f"{len(index)} cases in the index\n"
    )
    return failed


def _parts(outcomes: Iterable[Outcome], together: int) -> Iterator[list[Outcome]]:
    part: list[Outcome] = []
    for outcome in outcomes:
        part.append(outcome)
        if len(part) == together:
            yield part
            part = []
    if part:
        yield part


@contextmanager
def opened_index(knowledge: Knowledge) -> Iterator[CaseIndex]:
    """The index; what is wrong with it is said in one line."""
    try:
        index = open_index(knowledge)
        try:
            yield index
        finally:
            index.close()
    except RetrievalError as error:
        raise UsageError(str(error)) from None


def remembered() -> Remembered:
    """What was added before; nothing if that cannot be read."""
    try:
        found = json.loads((CaseSettings().folder / _SOURCES).read_text(encoding="utf-8"))
        # The first version knew the names alone.
        return Remembered.model_validate({"added": found} if isinstance(found, list) else found)
    except (OSError, ValueError):
        return Remembered()


def remember(index: CaseIndex, given: str | None = None) -> None:
    """Note what the index has now.

    Args:
        index: the index.
        given: what was added to it, if it can be read again.
    """
    names = dict.fromkeys(remembered().added)
    if given is not None:
        is_corpus = given == CORPUS_NAME and not Path(given).exists()
        names[given if is_corpus else os.path.realpath(given)] = None
    known = Remembered(added=tuple(names), cases=dict(index.sources()))
    write_atomically(CaseSettings().folder / _SOURCES, known.model_dump_json(indent=1))
