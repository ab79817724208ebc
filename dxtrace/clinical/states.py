"""The closed sets of states that must never be confused with each other."""

from enum import StrEnum


class Presence(StrEnum):
    """Whether a finding is there. *Unknown* means that nobody has looked or said."""

    PRESENT = "present"
    ABSENT = "absent"
    INDETERMINATE = "indeterminate"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """How a tool call ended. Only ``OK`` may give findings; none of the others means *absent*."""

    OK = "ok"
    NOT_APPLICABLE = "not_applicable"
    UNAVAILABLE = "unavailable"
    ABSTAINED = "abstained"
    FAILED = "failed"
    TIMED_OUT = "timed_out"


class VerdictKind(StrEnum):
    """What the checker says of a claim.

    ``ENTAILED``: evidence and rules prove it. ``CONSISTENT``: nothing proves or contradicts it.
    ``CONTRADICTED``: evidence and rules exclude it. ``UNSUPPORTED``: no evidence bears on it.
    """

    ENTAILED = "entailed"
    CONSISTENT = "consistent"
    CONTRADICTED = "contradicted"
    UNSUPPORTED = "unsupported"


class Laterality(StrEnum):
    """The side of a paired structure, seen from the patient (DICOM (0020,0060))."""

    LEFT = "left"
    RIGHT = "right"
    BILATERAL = "bilateral"
    MIDLINE = "midline"


class Context(StrEnum):
    """Whose finding it is, and when. Only ``CURRENT`` findings are evidence about today.

    ``PRIOR`` is what an earlier study showed, ``HISTORY`` a past condition, ``FAMILY`` a
    relative's, ``HYPOTHETICAL`` a thing named without being stated (an indication, a question).
    """

    CURRENT = "current"
    PRIOR = "prior"
    HISTORY = "history"
    FAMILY = "family"
    HYPOTHETICAL = "hypothetical"


class Source(StrEnum):
    """Where a statement came from; the checker weighs conflicting sources by it."""

    USER = "user"
    STRUCTURED = "structured"
    OBSERVATION = "observation"
    REPORT_FINDINGS = "report_findings"
    REPORT_IMPRESSION = "report_impression"
    REPORT_CONTEXT = "report_context"
    TOOL = "tool"
    PLANNER = "planner"
