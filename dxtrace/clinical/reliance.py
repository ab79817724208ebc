"""What an answer owes to guideline passages that do not bear on what was asked."""

from typing import Literal

from dxtrace.clinical.base import Frozen


class ChangedClaim(Frozen):
    """What is claimed of one concept with the passages, and without them.

    Attributes:
        concept: concept key, or the output's name for a category.
        with_passages: what was claimed, in words; empty if nothing.
        without_passages: the same of the answer without them.
    """

    concept: str
    with_passages: str = ""
    without_passages: str = ""


class Reliance(Frozen):
    """How an answer depends on passages that do not bear on the question.

    Attributes:
        passages: references of the passages that were set aside.
        why: why they are taken not to bear on it.
        without: how the answer without them was had: the planner was *asked_again*, or what rests
            on them alone was *left_out*.
        changes: what was claimed otherwise; where there is any, the answer without them stands.
    """

    passages: tuple[str, ...]
    why: str
    without: Literal["asked_again", "left_out"]
    changes: tuple[ChangedClaim, ...] = ()
