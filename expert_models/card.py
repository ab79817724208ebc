"""What an expert says about itself, before anything of it is loaded."""

from typing import Literal

from dxtrace.clinical.base import Frozen


class ModelCard(Frozen):
    """The card of an expert: what it accepts, what it produces, and what it is for.

    Attributes:
        name: unique name, as calls and traces use it.
        version: the expert's version.
        title: one line for people.
        accepts: the inputs it works on; it is called if the case has one of them.
        modalities: image modalities it accepts; empty if it does not look at images.
        body_parts: body parts it accepts; empty for any.
        produces: keys of the concepts it can report; ``*`` stands for the whole vocabulary.
        cost: rough cost of a call, to order calls by; 1 is a fraction of a second.
        timeout_s: longest time a call may take, in seconds, starting its process included; None for
            no limit. At the limit an *isolated* expert is killed; any other is left behind, as a
            thread cannot be killed: it may go on using the machine until DxTrace ends.
        isolated: run in a process of its own, which is killed at the time limit. The function must
            be defined at the top of a module or a class.
        intended_use: what it is for.
        limits: known limits.
        licence: licence of code and weights.
        citation: what to cite.
    """

    name: str
    version: str = "0"
    title: str = ""
    accepts: tuple[Literal["report", "observation", "patient", "image"], ...] = ("report",)
    modalities: tuple[str, ...] = ()
    body_parts: tuple[str, ...] = ()
    produces: tuple[str, ...] = ()
    cost: float = 1.0
    timeout_s: float | None = None
    isolated: bool = False
    intended_use: str = ""
    limits: str = ""
    licence: str = ""
    citation: str = ""
