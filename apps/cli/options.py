"""Options that several commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Engine(StrEnum):
    """Where batch workers run."""

    LOCAL = "local"
    RAY = "ray"


Planner = Annotated[str, typer.Option(help="The planner; 'pathway' needs no model weights.")]
MaxReportChars = Annotated[
    int, typer.Option(min=1, help="Longest report that is accepted, in characters.")
]
DataRoot = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        file_okay=False,
        help="Folder that every path named by a case must lie in (default: that of its file).",
    ),
]
KeepIdentifiers = Annotated[
    bool,
    typer.Option(
        "--keep-identifiers",
        help="Let DICOM files in --out carry the patient's name, number and dates, as an archive "
        "needs them; nothing else ever does.",
    ),
]
Exports = Annotated[
    str | None,
    typer.Option(
        "--export",
        metavar="KIND,...",
        help="Write for other systems, too: sr (DICOM SR), fhir (FHIR R4 bundle), plain (plain "
        "words for patients), zip (everything of a case). Page, trace, masks and DICOM SEG are "
        "always written.",
    ),
]
Folder = Annotated[
    Path | None,
    typer.Option(exists=True, file_okay=False, help="Another knowledge folder than the built-in."),
]
MAX_REPORT_CHARS = 200_000
