"""What tells that two cases are of one patient or one study."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from dxtrace.clinical import Case, Series
from dxtrace.intake import IntakeError

_LOOKED_AT = 8
_BEGINNING = 1 << 20


def identities_of(case: Case) -> frozenset[str]:
    """Names of what only this patient or study has: report texts, images, patients in headers.

    Reports count with their earlier ones: a case whose earlier report another case carries as its
    own is of the same patient. Names are clear text or plain hashes; the index keeps neither.
    """
    found = {f"text:{' '.join(r.text.lower().split())}" for r in case.reports if r.text.strip()}
    for study in case.studies:
        for series in study.series:
            found |= set(_of_series(series))
    return frozenset(found)


def _of_series(series: Series) -> Iterator[str]:
    paths = [Path(image.path) for image in series.images]
    for path in paths[:_LOOKED_AT]:
        try:
            with path.open("rb") as stream:
                beginning = sha256(stream.read(_BEGINNING)).hexdigest()
        except OSError:
            continue
        yield f"pixels:{path.stat().st_size}:{beginning}"
    for path in paths[:1]:
        yield from _of_header(path)


def _of_header(path: Path) -> Iterator[str]:
    from dxtrace.intake.imaging import describe_images

    try:
        reading = describe_images(path)
    except (IntakeError, OSError):
        return
    yield from (f"patient:{patient}" for patient in reading.patients)
    yield from (f"study:{study}" for study in reading.studies)
