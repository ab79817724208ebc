"""What can be asked for with ``--export``."""

from enum import StrEnum
from pathlib import Path

from apps.exit_status import UsageError


class Export(StrEnum):
    """What can be made of a finished case, beside its page, trace, masks and DICOM SEG."""

    SR = "sr"
    FHIR = "fhir"
    PLAIN = "plain"
    ZIP = "zip"


def read_exports(given: str | None, out: Path | None) -> frozenset[Export]:
    """The kinds that ``--export`` names.

    Args:
        given: kinds between commas; None names none.
        out: the output folder.

    Raises:
        UsageError: if one is unknown, or there is no folder to write to.
    """
    names = [name.strip().lower() for name in (given or "").split(",") if name.strip()]
    try:
        wanted = frozenset(map(Export, names))
    except ValueError:
        known = ", ".join(Export)
        raise UsageError(
            f"--export: expected some of {known}, between commas, got {given!r}"
        ) from None
    if wanted and out is None:
        raise UsageError("--export needs --out, the folder to write to")
    return wanted
