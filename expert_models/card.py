"""What an expert says about itself, before anything of it is loaded."""

import hashlib
from pathlib import PurePosixPath
from typing import Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import Field, model_validator

from dxtrace.clinical.base import Frozen

Accepted = Literal["report", "observation", "patient", "image"]
Prompt = Literal["phrases", "points", "boxes", "everything"]
EMBEDDING = "embedding"
"""The task of an expert that gives vectors and finds nothing."""
HeaderField = Literal["modality", "body_part", "view", "spacing", "contrast", "age"]


class Span(Frozen):
    """A closed range of numbers; an end that is None is open.

    Attributes:
        low: smallest accepted value.
        high: largest accepted value.

    Raises:
        ValueError: if no end is given, or they are in the wrong order.
    """

    low: float | None = None
    high: float | None = None

    @model_validator(mode="after")
    def _validate_order(self) -> Self:
        if self.low is None and self.high is None:
            raise ValueError("expected low or high, got neither")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"expected low <= high, got {self.low} > {self.high}")
        return self

    def __contains__(self, value: float) -> bool:
        """Whether a value lies in the range."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    def __str__(self) -> str:
        if self.low is None:
            return f"at most {self.high:g}"
        if self.high is None:
            return f"at least {self.low:g}"
        return f"{self.low:g} to {self.high:g}"


class OperatingPoint(Frozen):
    """The threshold of a score that separates present from absent.

    Attributes:
        concept: key of the concept that it decides.
        threshold: the threshold, on the scale of the expert's score.
        scale: what the score is, such as ``logit`` or ``calibrated_probability``.
        source: where the threshold comes from: a paper, a package, a calibration set.
    """

    concept: str
    threshold: float
    scale: str
    source: str = Field(min_length=1)


class WeightsFile(Frozen):
    """A file of weights.

    Attributes:
        url: where it is fetched from; empty if it comes with the expert.
        sha256: its SHA-256, in hexadecimal digits; empty in an entry whose publisher states none.
        size_bytes: its size, if known.
        name: its name in the store; the last part of the URL if empty.
        licence: its licence, where it differs from the expert's.
    """

    url: str = ""
    sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    size_bytes: int | None = Field(default=None, ge=0)
    name: str = ""
    licence: str = ""

    @property
    def path(self) -> str:
        """Its path below the folder of its expert, with ``/`` between the parts."""
        return self.name or unquote(PurePosixPath(urlsplit(self.url).path).name)


class ModelCard(Frozen):
    """The card of an expert: what it accepts, what it produces, and what it is for.

    What it says of images is its contract: :mod:`expert_models.contract` compares it with the
    headers before anything is loaded. A field that is empty or None asks for nothing.

    Attributes:
        name: unique name, as calls and traces use it.
        version: the expert's version.
        title: one line for people.
        task: what it does in a word or two, such as ``segmentation``.
        accepts: the inputs it works on; it is called if the case has one of them.
        modalities: DICOM modalities it accepts; empty if it does not look at images.
        body_parts: body parts it accepts, in lower case; empty for any.
        views: projections it accepts: ``pa``, ``ap``, ``lateral``; empty for any.
        image: ``picture`` if it takes single pictures only, ``stack`` if it takes stacks of slices
            only; None for either.
        is_colour: whether it takes colour images only, or grey ones only; None for either.
        in_plane_mm: accepted spacing of rows and columns, in mm.
        slice_mm: accepted spacing of slices, in mm.
        contrast: ``with`` or ``without`` a contrast agent; None for either.
        age_years: accepted age of the patient, in years.
        tolerates_unknown: what may be unknown. Any other unknown makes the expert not applicable.
        produces: keys of the concepts it can report; ``*`` stands for the whole vocabulary.
        marks: names of the structures that it marks without a finding, such as ``left_lung``.
        arguments: words that it can be called with, such as classes; empty if there are none.
        prompts: what else a call may carry (:class:`expert_models.Arguments`).
        prompt_needed: whether it does nothing without one.
        operating_points: thresholds with their source.
        accuracy: how well it does, on which data, and who says so.
        weights: files of weights that it needs.
        memory_mb: memory that a call needs, weights included, in MiB.
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
    task: str = ""
    accepts: tuple[Accepted, ...] = ("report",)
    modalities: tuple[str, ...] = ()
    body_parts: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    image: Literal["picture", "stack"] | None = None
    is_colour: bool | None = None
    in_plane_mm: Span | None = None
    slice_mm: Span | None = None
    contrast: Literal["with", "without"] | None = None
    age_years: Span | None = None
    tolerates_unknown: tuple[HeaderField, ...] = ()
    produces: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    prompts: tuple[Prompt, ...] = ()
    prompt_needed: bool = False
    operating_points: tuple[OperatingPoint, ...] = ()
    accuracy: str = ""
    weights: tuple[WeightsFile, ...] = ()
    memory_mb: int | None = Field(default=None, ge=0)
    cost: float = 1.0
    timeout_s: float | None = None
    isolated: bool = False
    intended_use: str = ""
    limits: str = ""
    licence: str = ""
    citation: str = ""

    @property
    def weights_sha256(self) -> str | None:
        """The hash of the weights; of several files, the hash of their hashes in order."""
        hashes = [file.sha256 for file in self.weights]
        if len(hashes) > 1:
            return hashlib.sha256("".join(hashes).encode()).hexdigest()
        return hashes[0] if hashes else None

    @model_validator(mode="after")
    def _validate_weights(self) -> Self:
        unknown = [file.path for file in self.weights if not file.sha256]
        if unknown:
            raise ValueError(f"weights: expected a SHA-256 of each file, got none of {unknown[0]}")
        return self

    def operating_point(self, concept: str) -> OperatingPoint | None:
        """The operating point of a concept, if the card has one."""
        return next((p for p in self.operating_points if p.concept == concept), None)
