"""Lesions of several reports are numbered as one case, and never compared by mistake."""

import pytest

from dxtrace.clinical import Finding, Laterality, Presence
from dxtrace.knowledge import load_knowledge
from tools.lesion_matching import match_lesions

CONCEPTS = load_knowledge().vocabulary.concepts


def nodule(lesion: str, concept: str = "pulmonary_nodule", **said: object) -> Finding:
    return Finding.model_validate(
        {"id": f"f-{lesion}", "concept": concept, "presence": Presence.PRESENT, "lesion": lesion,
         **said}
    )  # fmt: skip


def lobe(name: str) -> dict[str, object]:
    return {"attributes": {"lobe": name}}


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        ([nodule("n1")], [nodule("n1")], ["n1"]),
        ([nodule("n1", **lobe("rul"))], [nodule("n1", **lobe("lll"))], ["r2n1"]),
        ([nodule("n1", **lobe("rul"))], [nodule("n1", **lobe("rul"))], ["n1"]),
        # numbered the other way round
        ([nodule("n1", **lobe("rul")), nodule("n2", **lobe("lll"))],
         [nodule("n1", **lobe("lll")), nodule("n2", **lobe("rul"))], ["n2", "n1"]),
        # it could be either of the two
        ([nodule("n1"), nodule("n2")], [nodule("n1")], ["r2n1"]),
        ([nodule("n1")], [nodule("n1"), nodule("n2")], ["r2n1", "r2n2"]),
        # sides
        ([nodule("n1", laterality=Laterality.LEFT)], [nodule("n1", laterality=Laterality.RIGHT)],
         ["r2n1"]),
        # segments of the liver have no attribute of their own
        ([nodule("n1", "liver_observation", location="segment 6"),
          nodule("n2", "liver_observation", location="segment 8")],
         [nodule("n1", "liver_observation", location="segment 8")], ["n2"]),
    ],
)  # fmt: skip
def test_lesions_of_a_prior(now: list[Finding], before: list[Finding], expected: list[str]) -> None:
    matched = match_lesions([(False, now), (True, before)], CONCEPTS)
    assert [f.lesion for f in matched[: len(now)]] == [f.lesion for f in now]
    assert [f.lesion for f in matched[len(now) :]] == expected


def test_a_prior_that_comes_first_takes_the_ids_of_the_current_report() -> None:
    now, before = [nodule("n1", **lobe("rul"))], [nodule("n3", **lobe("rul"))]
    matched = match_lesions([(True, before), (False, now)], CONCEPTS)
    assert [f.lesion for f in matched] == ["n1", "n1"]


def test_a_third_report_knows_the_second() -> None:
    one, two = [nodule("n1", **lobe("rul"))], [nodule("n1", **lobe("lll"))]
    matched = match_lesions([(False, one), (True, two), (True, two)], CONCEPTS)
    assert [f.lesion for f in matched] == ["n1", "r2n1", "r2n1"]
