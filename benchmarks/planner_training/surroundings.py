"""What stands around what is asked in a review: a patient, captions, details, retrieval."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from agents.vlm.sight import Picture, Sight
from dxtrace.clinical import (
    Case,
    Evidence,
    Finding,
    Image,
    Laterality,
    Measurement,
    Patient,
    Presence,
    Series,
    Source,
    Study,
)
from expert_models import ModelCard

_OLDEST = 95
_UNKNOWN, _RISKS, _STATED = 0.15, 0.3, 0.3
_RISK_FACTORS = ("smoking", "emphysema", "asbestos", "family history of lung cancer")
_BODY_PARTS = ("chest", "abdomen", "head", "neck", "pelvis", None)
STANDING = (
    ModelCard(name="guideline_search", task="retrieval", prompts=("phrases",)),
    ModelCard(name="differential", task="differential"),
    ModelCard(name="exemplars", task="exemplars"),
    ModelCard(name="similar_cases", task="similar_cases"),
)
_HAS_STANDING = 0.6
_PLACES = ("upper third", "middle third", "lower third", "near the pleura", "centre")
_MEASURED = (
    ("mean_diameter", "mm"), ("largest_dimension", "mm"), ("volume", "mm3"), ("long_axis", "mm"),
    ("short_axis", "mm"), ("axial_diameter", "mm"), ("mean_attenuation", "HU"),
    ("attenuation_sd", "HU"), ("attenuation_p10", "HU"), ("attenuation_p90", "HU"),
)  # fmt: skip
_DETAILED, _LOCATED, _NAMED = 0.35, 0.5, 0.4
_CAPTIONED, _NOTED = 0.6, 0.3


def random_case(rng: random.Random, modality: str) -> Case:
    """An examination of somebody of whom more or less is known."""
    patient = Patient(
        age=None if rng.random() < _UNKNOWN else rng.randint(1, _OLDEST),
        sex=None if rng.random() < _UNKNOWN else rng.choice(("F", "M")),
        risk_factors=_some_risks(rng) if rng.random() < _RISKS else None,
    )
    image = Image(path=Path("image.png"), modality=modality, body_part=rng.choice(_BODY_PARTS))
    series = Series(id="s", modality=modality, images=(image,))
    return Case(id="made-up", patient=patient, studies=(Study(id="e", series=(series,)),))


def _some_risks(rng: random.Random) -> tuple[str, ...]:
    return tuple(rng.sample(_RISK_FACTORS, rng.randint(0, 2)))


def stated_of(rng: random.Random, case: Case) -> Iterator[Finding]:
    """What is stated of patient and examination, sometimes; ids are given by who takes it."""
    given: dict[str, Any] = {
        "id": "", "presence": Presence.PRESENT, "evidence": (Evidence(tool="record"),),
    }  # fmt: skip
    if rng.random() < _STATED and case.patient.age is not None:
        age = Measurement(kind="age", value=case.patient.age, unit="a")
        yield Finding(
            concept="patient", measurements=(age,), source=Source.STRUCTURED, **given,
            attributes={"sex": {"F": "female", "M": "male"}.get(case.patient.sex or "", "unknown")},
        )  # fmt: skip
    if rng.random() < _STATED:
        kind = (case.studies[0].series[0].modality or "").lower()
        yield Finding(concept="examination", attributes={"modality": kind}, **given)


def standing_experts(rng: random.Random) -> tuple[ModelCard, ...]:
    """Those of the product that look things up and find nothing in the patient."""
    if rng.random() >= _HAS_STANDING:
        return ()
    return STANDING[: rng.randint(1, len(STANDING))]


def details_of(
    rng: random.Random, number: int, presence: Presence, side: Laterality | None
) -> dict[str, Any]:
    """Place, name and sizes of something that was found; nothing of what is absent."""
    if presence is not Presence.PRESENT or rng.random() >= _DETAILED:
        return {}
    place = rng.choice(_PLACES)
    sizes = rng.sample(_MEASURED, rng.randint(1, len(_MEASURED)))
    return {
        "location": (f"{side.value} lung, {place}" if side else place)
        if rng.random() < _LOCATED
        else None,
        "lesion": f"lesion {number}" if rng.random() < _NAMED else None,
        "measurements": tuple(_measured(rng, kind, unit) for kind, unit in sizes),
    }


def _measured(rng: random.Random, kind: str, unit: str) -> Measurement:
    value, off = rng.uniform(1, 80), rng.uniform(0, 1)
    low, high = round(value - off, 2), round(value + off, 2)
    return Measurement(kind=kind, value=round((low + high) / 2, 3), low=low, high=high, unit=unit)


def sight_of(rng: random.Random, modality: str, picture: Picture) -> Sight:
    """A picture with a short caption, or with one as a review has it, and what is not shown."""
    if rng.random() >= _CAPTIONED:
        return Sight((picture,))
    slices = rng.randint(20, 400)
    shown = rng.randint(1, slices)
    caption = (
        f"Current examination, series-1 (1 of 1), {modality}, chest. Axial slice {shown} of "
        f"{slices} from the head (index {slices - shown} in calls)."
    )
    if rng.random() < 1 / 2:
        caption += (
            " Lung window, -1350 to 150 HU. The patient's right is on the left of the picture "
            "(marked R and L); the front is up. A pixel of the picture is "
            f"{rng.uniform(0.4, 6):.2g} mm."
        )
    notes = (f"series-1: 1 of {slices} slices are shown",) if rng.random() < _NOTED else ()
    return Sight((replace(picture, caption=caption),), notes)
