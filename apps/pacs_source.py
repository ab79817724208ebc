"""Cases of an index that come from a PACS: the studies of a query, fetched one by one."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from apps.case_sources import CaseReader, Outcome
from apps.exit_status import UsageError
from dxtrace.intake import IntakeError, IntakeLimits
from dxtrace.intake.dicomweb import (
    DicomWebServer,
    FoundStudy,
    PacsError,
    StudyQuery,
    fetch_case,
    read_studies_file,
)
from dxtrace.retrieval.cases import CaseIndex
from tools.similar_cases import CaseSettings
from tools.similar_cases.collection import Origin

_INCOMING, _LOCK = "incoming", ".pacs.lock"
_PRIVATE = 0o700


@dataclass(frozen=True, slots=True)
class PacsRequest:
    """What is wanted of a PACS.

    Attributes:
        url: root of its DICOMweb service.
        query: attributes to match, as ``ModalitiesInStudy=CT``.
        studies: a saved answer to a query for studies, instead of a query.
        most: how many studies are added at most.
    """

    url: str
    query: tuple[str, ...]
    studies: Path | None
    most: int


class PacsSource:
    """Reads studies of a PACS into records of an index.

    Args:
        request: what is wanted.
        limits: what intake accepts.

    Raises:
        UsageError: if the request is not one, or the library is not installed.
    """

    def __init__(self, request: PacsRequest, limits: IntakeLimits) -> None:
        if request.query and request.studies is not None:
            raise UsageError("expected --query or --studies, got both")
        self._request, self._limits = request, limits
        try:
            self._query = StudyQuery.parse(request.query)
            self._server = DicomWebServer(request.url, limits)
        except IntakeError as error:
            raise UsageError(str(error)) from None

    def read(self, index: CaseIndex, reader: CaseReader) -> Iterator[Outcome]:
        """The studies that the index does not have, at most as many as are wanted.

        What cannot be read is given as its error, and does not count.

        Raises:
            UsageError: if the archive cannot be asked; what came before is not lost by that.
        """
        added = known = 0
        with _incoming() as folder:
            try:
                for study in self._studies():
                    if index.knows((_identity(study),)):
                        known += 1
                        continue
                    if added == self._request.most:
                        sys.stderr.write(
                            f"stopped after {added} new studies (--most); the same command goes "
                            f"on with the next\n"
                        )
                        break
                    outcome = self._outcome(study, index, reader, folder)
                    added += not isinstance(outcome, IntakeError)
                    yield outcome
            except PacsError as error:
                raise UsageError(f"{error}; the same command goes on where it stopped") from None
            except IntakeError as error:
                raise UsageError(str(error)) from None
        if known:
            sys.stderr.write(f"{known} studies were in the index already\n")

    def _studies(self) -> Iterable[FoundStudy]:
        if self._request.studies is not None:
            return read_studies_file(self._request.studies, self._limits)
        return self._server.studies(self._query)

    def _outcome(
        self, study: FoundStudy, index: CaseIndex, reader: CaseReader, folder: Path
    ) -> Outcome:
        name = index.pseudonym(study.uid)
        place = folder / name
        place.mkdir(mode=_PRIVATE)
        try:
            fetched = fetch_case(
                self._server, study, place, limits=self._limits, case_id=f"pacs-{name}",
                whole_series=bool(CaseSettings().image_embedder),
            )  # fmt: skip
            for note in fetched.reading.notes:
                sys.stderr.write(f"pacs-{name}: {note}\n")
            identities = fetched.identities | {_identity(study)}
            origin = Origin(
                source=f"pacs:{self._server.host}#{name}", shown=f"pacs-{name}",
                identities=identities,
            )  # fmt: skip
            return reader.read_case(fetched.reading.case, origin)
        except PacsError:
            raise
        except IntakeError as error:
            return error.at(case_id=f"pacs-{name}")
        finally:
            shutil.rmtree(place, ignore_errors=True)


def _identity(study: FoundStudy) -> str:
    """As the headers of its images give it."""
    return f"study:{sha256(study.uid.encode()).hexdigest()}"


@contextlib.contextmanager
def _incoming() -> Iterator[Path]:
    """A private folder for what shows a patient; what a kill has left there is removed first.

    Raises:
        UsageError: if another process is using it.
    """
    base = CaseSettings().folder
    with (base / _LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                f"another process is adding from a PACS to {base}: wait for it"
            ) from None
        folder = base / _INCOMING
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=_PRIVATE)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
