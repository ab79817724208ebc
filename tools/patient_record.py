"""The structured part of a case as findings: patient, risk factors, laboratory values."""

import re
from collections.abc import Iterator

from dxtrace.clinical import (
    Case,
    Concept,
    ConceptAttribute,
    Context,
    Evidence,
    Finding,
    Measurement,
    Observation,
    Presence,
    Source,
)
from dxtrace.knowledge import Knowledge
from dxtrace.knowledge.units import UnitError, conversion_factor
from expert_models import ModelCard
from tools.report_reader import ReportReader
from tools.report_reader.phrases import translate

VERSION = "1"
NO_RISK_FACTORS = "No risk factors."
_SEX = {"F": "female", "M": "male"}


class PatientRecordReader:
    """Reads age, sex, risk factors and observations of a case.

    Args:
        knowledge: the vocabulary says which attribute a code fills.
        reader: reads the words of risk factors.
    """

    card = ModelCard(
        name="patient_record",
        version=VERSION,
        title="Age, sex, risk factors and laboratory values of the case",
        accepts=("patient", "observation"),
        produces=("*",),
        cost=0.1,
        licence="Apache-2.0",
        intended_use="structured data that came with the case",
        limits="repeats what the case states, and does not doubt it",
    )

    def __init__(self, knowledge: Knowledge, reader: ReportReader) -> None:
        self.knowledge, self.reader = knowledge, reader

    def run(self, case: Case) -> Iterator[Finding]:
        """Findings about the patient and from each observation."""
        yield from self._read_patient(case)
        yield from self._read_risk_factors(case)
        for position, observation in _latest(case.observations):
            yield from self._read_observation(position, observation)

    def _read_patient(self, case: Case) -> Iterator[Finding]:
        attributes: dict[str, str] = {}
        if case.patient.sex in _SEX:
            attributes["sex"] = _SEX[case.patient.sex]
        measurements: tuple[Measurement, ...] = ()
        if case.patient.age is not None:
            measurements = (Measurement(kind="age", value=case.patient.age, unit="a"),)
        if attributes or measurements:
            yield Finding(
                id="patient", concept="patient", presence=Presence.PRESENT, attributes=attributes,
                measurements=measurements, source=Source.STRUCTURED, evidence=(_EVIDENCE,),
            )  # fmt: skip

    def _read_risk_factors(self, case: Case) -> Iterator[Finding]:
        stated = case.patient.risk_factors
        if stated is None:
            return
        texts = [f"{words.strip().rstrip('.')}." for words in stated] or [NO_RISK_FACTORS]
        # Nobody wrote these words: they are not quoted.
        spoken: dict[str, object] = {} if stated else {"text": ""}
        for position, text in enumerate(texts):
            for number, finding in enumerate(self.reader.read(text.replace("_", " ")).findings):
                yield finding.model_copy(
                    update={
                        "id": f"risk{position + 1}.{number + 1}",
                        "source": Source.STRUCTURED,
                        "context": _current(finding.context),
                        "evidence": (_EVIDENCE,),
                        **spoken,
                    }
                )

    def _read_observation(self, position: int, observation: Observation) -> Iterator[Finding]:
        fitting = list(self._attributes_for(observation))
        if not fitting:
            return
        concept, attribute = next((f for f in fitting if _converts(observation, f[1])), fitting[0])
        yield Finding(
            id=f"observation{position + 1}", concept=concept.key, presence=Presence.PRESENT,
            measurements=(
                Measurement(
                    kind=attribute.measured_as or attribute.key, value=observation.value,
                    unit=observation.unit, method="observation",
                ),
            ),
            source=Source.OBSERVATION, evidence=(_EVIDENCE,),
            text=f"{observation.name} {observation.value} {observation.unit}".strip(),
        )  # fmt: skip

    def _attributes_for(
        self, observation: Observation
    ) -> Iterator[tuple[Concept, ConceptAttribute]]:
        named = observation.name.casefold().strip()
        by_name = []
        for concept in self.knowledge.vocabulary.concepts.values():
            for attribute in concept.attributes:
                if observation.code and observation.code in attribute.observation_codes:
                    yield concept, attribute
                elif named and attribute.observation_codes and _names(attribute, named):
                    by_name.append((concept, attribute))
        yield from by_name


def _converts(observation: Observation, attribute: ConceptAttribute) -> bool:
    try:
        conversion_factor(observation.unit, attribute.unit or "1")
    except UnitError:
        return False
    return True


def _latest(observations: tuple[Observation, ...]) -> list[tuple[int, Observation]]:
    """The newest value of each analyte; values without a time count as newest."""
    newest: dict[str, tuple[int, Observation]] = {}
    order = sorted(enumerate(observations), key=lambda o: (o[1].time is None, str(o[1].time), o[0]))
    for position, observation in order:
        newest[observation.code or observation.name.casefold()] = (position, observation)
    return sorted(newest.values(), key=lambda o: o[0])


def _names(attribute: ConceptAttribute, named: str) -> bool:
    """Whether an observation's name is what reports write before the attribute's number."""
    known = {attribute.name.casefold(), attribute.key.replace("_", " ")}
    openings = (p.partition("{number}")[0].strip() for p in attribute.phrases if " .. " not in p)
    return named in known or any(re.fullmatch(translate(o), named) for o in openings if o)


def _current(context: Context) -> Context:
    return Context.CURRENT if context is Context.HYPOTHETICAL else context


_EVIDENCE = Evidence(tool="patient_record", version=VERSION)
