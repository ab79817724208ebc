"""How the call of a tool's function ended, whatever the function did."""

import traceback
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from dxtrace.clinical import Case, Finding
from dxtrace.intake.errors import IntakeError
from expert_models import Arguments, ExpertOutput, RetryableError, ToolRefusal
from tools.tool import ToolFunction, call_function

Kind = Literal["ok", "again", "refused", "missing", "broken", "late"]
CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Ending:
    """How one call of a function ended.

    Attributes:
        kind: *ok*; *again* (it may work when tried again); *refused*; *missing* (a library is);
            *broken*; *late*.
        reason: why, unless it went well.
        found: what it returned, its findings listed; not yet checked to be findings and masks.
    """

    kind: Kind
    reason: str = ""
    found: ExpertOutput = field(default_factory=ExpertOutput)


def ending_of(function: ToolFunction, case: Case, arguments: Arguments) -> Ending:
    """Call a function; whatever exception it raises becomes an ending."""
    try:
        return Ending("ok", found=_listed(call_function(function, case, arguments)))
    except RetryableError as error:
        return Ending("again", str(error))
    except ToolRefusal as refusal:
        return Ending("refused", str(refusal))
    except IntakeError as error:  # pixels are read when somebody looks at them
        return Ending("broken", f"the images cannot be read: {error}")
    except ImportError as error:
        return Ending("missing", f"not installed: {error}")
    except Exception as error:  # noqa: BLE001  # a broken expert must not stop the case
        return broken(error)


def ending_of_anything(function: ToolFunction, case: Case, arguments: Arguments) -> Ending:
    """As :func:`ending_of`; ``sys.exit`` and the like end the call, not the process.

    For a thread or a process of the expert's own, where no interrupt by the user arrives.
    """
    try:
        return ending_of(function, case, arguments)
    except BaseException as error:  # noqa: BLE001  # not the user's: see above
        return broken(error)


def broken(error: BaseException) -> Ending:
    """The ending that an unexpected exception makes, with the place that raised it."""
    places = traceback.extract_tb(error.__traceback__)
    where = f" ({places[-1].name}, line {places[-1].lineno})" if places else ""
    return Ending("broken", f"{type(error).__name__}: {error}{where}")


def _listed(given: Iterable[Finding] | ExpertOutput | None) -> ExpertOutput:
    """What a function returned, with everything that it still had to compute."""
    if given is None:
        raise TypeError("expected a list of findings or an ExpertOutput, got None")
    if not isinstance(given, ExpertOutput):
        return ExpertOutput(tuple(given))
    notes = (given.notes,) if isinstance(given.notes, str) else given.notes
    return ExpertOutput(
        tuple(given.findings),
        tuple(given.masks),
        tuple(map(str, notes)),
        tuple(given.passages),
        tuple(given.similar),
        given.differential,
    )
