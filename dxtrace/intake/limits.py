"""What intake accepts at most, and from where."""

from pathlib import Path

from pydantic import Field

from dxtrace.clinical.base import Frozen


class IntakeLimits(Frozen):
    """Limits that protect a long run from one unreasonable case.

    Attributes:
        max_report_chars: characters in one report; the longest real reports stay far below.
        max_line_bytes: bytes in one manifest line.
        data_root: folder that every path of a case must lie in, links resolved; None means the
            folder of the file that names the path.
    """

    max_report_chars: int = Field(default=200_000, gt=0)
    max_line_bytes: int = Field(default=64_000_000, gt=0)
    data_root: Path | None = None
