"""What a viewer may see of a session."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dxtrace.clinical import Case, Result


@dataclass(frozen=True, slots=True)
class Viewed:
    """What a viewer may see of a session.

    Attributes:
        case: the case, whose series refer to their files; None before one was brought.
        result: the latest result; None before the first answer. Its artifacts are the overlays.
        files: the output folder that paths of artifacts are relative to.
    """

    case: Case | None
    result: Result | None
    files: Path
