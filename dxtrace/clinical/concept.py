"""The vocabulary's entries, in the schema of the Open Imaging Finding Model.

Source: Open Imaging Data Model Initiative, finding model schema (``findingmodel`` on PyPI):
``oifm_id``, ``name``, ``description``, ``synonyms``, ``attributes`` (``oifma_id``, ``type``,
``values``), ``index_codes``. What we add is what reading and reasoning need: a key, a kind,
parents, and the phrases that reports use.
"""

from typing import Literal, Self

from pydantic import Field, model_validator

from dxtrace.clinical.base import Frozen


class Code(Frozen):
    """A code in another terminology (OIFM ``index_codes``)."""

    system: str
    code: str
    display: str | None = None


class AttributeChoice(Frozen):
    """One value of a choice attribute.

    Attributes:
        key: stable snake_case name used in packs, such as ``part_solid``.
        name: the OIFM name of the value.
        value_code: the OIFM value code, if the value is in the model.
        phrases: what reports say for it (pattern language of ``docs/knowledge-packs.md``).
    """

    key: str
    name: str
    value_code: str | None = None
    phrases: tuple[str, ...] = ()


class ConceptAttribute(Frozen):
    """An attribute of a concept: a choice, a number or a yes-no feature.

    Attributes:
        key: stable snake_case name used in packs.
        oifma_id: the OIFM attribute id, if the attribute is in the model.
        name: the name people read.
        asked_as: what somebody would have to say to settle it, where the name with "of the" and the
            concept's name is no English; an empty text if only reading fills it, and nobody is
            to be asked for it.
        type: ``choice`` (one value), ``multichoice`` (several), ``numeric``, ``integer``,
            ``boolean`` (stated, denied or not mentioned).
        unit: unit of a numeric attribute; None for a pure count.
        minimum: smallest possible value (a physical limit, not a clinical one).
        maximum: largest possible value.
        measured_as: the measurement kind that fills a numeric attribute.
        values: the choices.
        phrases: what reports say for a boolean (denial is recognised by the reader), or for a
            number, with ``{number}`` where the value stands.
        negated_phrases: phrases that deny a boolean by themselves.
        apart: pairs of values that exclude each other in a claim, where other pairs may be two
            wordings of one thing ("small" and "moderate" are a matter of taste, "small" and
            "large" are not). Empty if that cannot be said of any pair.
        identifies: two different values mean two different lesions (such as the nodal station).
        observation_codes: LOINC codes of the laboratory or vital value that fills it.
    """

    key: str
    oifma_id: str | None = None
    name: str
    asked_as: str | None = None
    type: Literal["choice", "multichoice", "numeric", "integer", "boolean"]
    unit: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    measured_as: str | None = None
    values: tuple[AttributeChoice, ...] = ()
    phrases: tuple[str, ...] = ()
    negated_phrases: tuple[str, ...] = ()
    apart: tuple[tuple[str, str], ...] = ()
    identifies: bool = False
    observation_codes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _validate_shape(self) -> Self:
        if ("choice" in self.type) != bool(self.values):
            raise ValueError(
                f"attribute {self.key}: values belong to a choice, and a choice to them"
            )
        keys = {v.key for v in self.values}
        if not {k for pair in self.apart for k in pair} <= keys:
            raise ValueError(f"attribute {self.key}: apart names values that it does not have")
        if self.type == "numeric" and self.unit is None:
            raise ValueError(
                f"attribute {self.key}: a numeric attribute needs a unit ('1' if none)"
            )
        return self


class ReaderPhrases(Frozen):
    """How reports state a concept.

    Attributes:
        phrases: patterns that mention the concept; the context decides on its presence.
        absent_phrases: patterns that deny the concept by themselves.
        not_when: patterns that, over the same words, mean something else.
        words: words of the subject. Where one stands that no phrase has read, something is said of
            the concept that is not understood, so nobody may assume that it is absent.
    """

    phrases: tuple[str, ...] = ()
    absent_phrases: tuple[str, ...] = ()
    not_when: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


class Concept(Frozen):
    """Something that can be found, measured or stated.

    Attributes:
        key: stable snake_case name used in packs and findings.
        oifm_id: Open Imaging Finding Model id; None if the model has no such entry.
        name: the OIFM name, or ours.
        description: one sentence in our own words.
        synonyms: other names.
        kind: ``finding`` (there or not, once a case or side), ``lesion`` (any number, each with
            its own attributes), ``state`` (a summary statement such as clear lungs),
            ``context`` (patient, examination, history: a holder of attributes).
        domains: where it is used, such as ``chest_radiograph`` or ``thyroid_us``.
        parents: more general concepts; presence goes up to them, absence comes down from them.
        sided: whether left and right are told apart.
        attributes: what can be said of it.
        index_codes: RadLex, SNOMED CT, LOINC codes.
        reader: how reports state it.
    """

    key: str
    oifm_id: str | None = Field(default=None, pattern=r"^OIFM_[A-Z]{3,4}_\d{6}$")
    name: str
    description: str
    synonyms: tuple[str, ...] = ()
    kind: Literal["finding", "lesion", "state", "context"] = "finding"
    domains: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    sided: bool = False
    attributes: tuple[ConceptAttribute, ...] = ()
    index_codes: tuple[Code, ...] = ()
    reader: ReaderPhrases = ReaderPhrases()

    def attribute(self, key: str) -> ConceptAttribute | None:
        """The attribute with this key, if there is one."""
        return next((a for a in self.attributes if a.key == key), None)
