"""Input that cannot become a case: what came, where, and what was expected."""

from collections.abc import Iterable
from pathlib import Path
from typing import Self


class IntakeError(ValueError):
    """Refused input.

    The message names, as far as they are known, the file, the line and the field, then what came
    and what was expected.

    Args:
        reason: what came and what was expected.
        file: the file that was read.
        line: its line, from 1.
        field: the field, such as ``patient.age``.
        case_id: the case that fails by it.
    """

    def __init__(
        self,
        reason: str,
        *,
        file: Path | str | None = None,
        line: int | None = None,
        field: str | None = None,
        case_id: str | None = None,
    ) -> None:
        self.reason = reason
        self.file = file
        self.line = line
        self.field = field
        self.case_id = case_id
        places = [
            str(file) if file is not None else "",
            f"line {line}" if line is not None else "",
            f"field {field}" if field else "",
        ]
        where = ", ".join(p for p in places if p)
        super().__init__(f"{where}: {reason}" if where else reason)

    def at(
        self,
        *,
        file: Path | str | None = None,
        line: int | None = None,
        field: str | None = None,
        case_id: str | None = None,
    ) -> Self:
        """The same error with the places filled in that are not known yet."""
        return type(self)(
            self.reason,
            file=self.file if self.file is not None else file,
            line=self.line if self.line is not None else line,
            field=self.field or field,
            case_id=self.case_id or case_id,
        )

    def because(self, notes: Iterable[str]) -> Self:
        """The same error, with what was left out before: it may be why."""
        reason = "; ".join((self.reason, *notes))
        return type(self)(
            reason, file=self.file, line=self.line, field=self.field, case_id=self.case_id
        )


class OutsideError(IntakeError):
    """A file that a case names and that lies outside of the folder it may be in."""
