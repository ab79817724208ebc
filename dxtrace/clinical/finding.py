"""What was found, by whom, in which pixels or words."""

from typing import Literal

from pydantic import Field

from dxtrace.clinical.base import Frozen, Number
from dxtrace.clinical.measurement import Measurement
from dxtrace.clinical.states import Context, Laterality, Presence, Source

AttributeValue = str | bool | int | Number | tuple[str, ...]


class Score(Frozen):
    """A raw model output; a probability only if the scale says so.

    Attributes:
        value: the raw score.
        scale: what the score is, such as ``logit`` or ``calibrated_probability``.
        operating_point: the threshold that separates present from absent, if the card has one.
    """

    value: float
    scale: str
    operating_point: float | None = None


class Evidence(Frozen):
    """Where a finding comes from.

    Attributes:
        tool: name of the tool that reported it.
        version: the tool's version.
        weights_sha256: hash of the model weights, for a model.
        document: index of the report in the case (for words).
        span: ``[start, end)`` character offsets into that report's text.
        artifact: path of a mask or picture, relative to the output folder.
    """

    tool: str
    version: str = ""
    weights_sha256: str | None = None
    document: int | None = None
    span: tuple[int, int] | None = None
    artifact: str | None = None


class Finding(Frozen):
    """One observation about one concept, with its evidence.

    Attributes:
        id: unique in the case, such as ``f3``.
        concept: key of the concept in the vocabulary, such as ``pulmonary_nodule``.
        oifm_id: the Open Imaging Finding Model id, if the concept has one.
        presence: present, absent, indeterminate or unknown.
        certainty: ``probable`` if the source calls it likely or one of two ("A versus B"); it then
            is no fact to the checker.
        laterality: side, if stated.
        location: anatomical site in words, such as ``right upper lobe``.
        attributes: attribute key of the concept to value key(s), as in the vocabulary; an empty
            tuple means that the attribute is named and left open ("capsule not evaluated").
        measurements: every quantity stated for it; the first is the chief one.
        score: raw score of a model.
        lesion: findings with the same lesion id are statements about one lesion.
        source: which kind of source stated it.
        context: current, prior, history, family or hypothetical.
        evidence: where it comes from.
        text: the words themselves, for a reader.
    """

    id: str
    concept: str
    oifm_id: str | None = None
    presence: Presence
    certainty: Literal["stated", "probable"] = "stated"
    laterality: Laterality | None = None
    location: str | None = None
    attributes: dict[str, AttributeValue] = Field(default_factory=dict)
    measurements: tuple[Measurement, ...] = ()
    score: Score | None = None
    lesion: str | None = None
    source: Source = Source.STRUCTURED
    context: Context = Context.CURRENT
    evidence: tuple[Evidence, ...] = ()
    text: str = ""

    @property
    def is_doubted(self) -> bool:
        """Named with doubt: indeterminate, or present with mere likelihood."""
        probable = self.presence is Presence.PRESENT and self.certainty == "probable"
        return self.presence is Presence.INDETERMINATE or probable

    @property
    def is_partial_denial(self) -> bool:
        """Denied only as described: "no large effusion", "no nodule over 6 mm"."""
        gone = self.attributes.get("change") == "resolved"
        described = [k for k in self.attributes if k not in ("count", "count_open", "change")]
        limited = bool(described or (self.measurements and not gone))
        return self.presence is Presence.ABSENT and limited

    @property
    def measurement(self) -> Measurement | None:
        """The chief measurement, if any."""
        return self.measurements[0] if self.measurements else None

    def measured(self, kind: str) -> Measurement | None:
        """The measurement of this kind, if it was stated."""
        return next((m for m in self.measurements if m.kind == kind), None)
