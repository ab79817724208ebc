"""``dxtrace cases rebuild``: the index made anew, and what could not be brought back."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from apps.case_sources import CaseReader
from apps.commands.case_adding import add_sources, opened_index, remember, remembered
from apps.exit_status import ExitStatus, UsageError
from dxtrace.clinical import Case, Report
from dxtrace.intake import IntakeError, IntakeLimits
from dxtrace.knowledge import Knowledge, load_knowledge
from dxtrace.retrieval.cases import CaseIndex, Rebuilt, lost_copies, rebuild
from dxtrace.retrieval.cases.rebuild import COPY
from dxtrace.retrieval.errors import RetrievalError
from tools.similar_cases import CaseSettings
from tools.similar_cases.collection import Origin, available_embedder
from tools.similar_cases.images import image_fingerprint


def rebuild_cases() -> ExitStatus:
    """Make the index anew, add again what its sources have, then what files of reports have.

    Returns:
        ``CASE_FAILED`` if a case is lost, or one of a source cannot be read.
    """
    knowledge, before = load_knowledge(), remembered()
    done = _rebuilt(knowledge)
    sys.stderr.write(f"{done.kept} cases kept, {done.lost} could not be read\n")
    if done.damaged is not None:
        sys.stderr.write(f"the damaged file: {done.damaged}\n")
    failed = 0
    with opened_index(knowledge) as index:
        reader = CaseReader(knowledge, IntakeLimits())
        for source in before.added:
            try:
                failed += add_sources(index, reader, [source])
            except UsageError as error:
                sys.stderr.write(f"{source}: {error}\n")
        restored = _restore(index, reader)
        lost = _say_lost(before.cases, dict(index.sources()), restored)
        remember(index)
    return ExitStatus.CASE_FAILED if failed or lost else ExitStatus.OK


def _rebuilt(knowledge: Knowledge) -> Rebuilt:
    try:
        return rebuild(
            CaseSettings().folder, knowledge.vocabulary, embedder=available_embedder(),
            image_embedder=image_fingerprint(CaseSettings().image_embedder),
        )  # fmt: skip
    except RetrievalError as error:
        raise UsageError(str(error)) from None


def _restore(index: CaseIndex, reader: CaseReader) -> int:
    """Add cases of which nothing but the file with their report is left."""
    read = []
    for shown, text in lost_copies(index):
        case = Case(id=shown, reports=(Report(text=text),))
        try:
            read.append(reader.read_case(case, Origin(source=f"{COPY}#{shown}", shown=shown)))
        except IntakeError as error:
            sys.stderr.write(f"left out: {shown}: {error}\n")
    index.add([each.record for each in read])
    if read:
        sys.stderr.write(
            f"{len(read)} cases restored from the files of their reports, without images\n"
        )
    return len(read)


def _say_lost(before: Mapping[str, int], now: Mapping[str, int], restored: int) -> int:
    """Say which places had more cases; returns how many of these were not restored."""
    missing = {
        place: count - now.get(place, 0)
        for place, count in before.items()
        if place != COPY and count > now.get(place, 0)
    }
    for place, count in missing.items():
        sys.stderr.write(
            f"{place}: {count} of {before[place]} cases are missing; if it was moved, add it from "
            f"where it is now\n"
        )
    lost = max(sum(missing.values()) - restored, 0)
    if missing:
        sys.stderr.write(f"{restored} of these were restored, {lost} are lost\n")
    return lost
