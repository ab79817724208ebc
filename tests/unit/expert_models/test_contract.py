"""The contract: a card against headers, before anything is loaded."""

from typing import Any

import pytest
from pydantic import ValidationError

from dxtrace.clinical import Case, Geometry, Image, Patient, Series, Study
from expert_models import ModelCard, OperatingPoint, Span, WeightsFile, matching_series
from expert_models.contract import age_reason, check_images


def image(name: str = "1.dcm", spacing: tuple[float, ...] | None = None, **fields: Any) -> Image:
    return Image(path=name, geometry=Geometry(voxel_spacing_mm=spacing), **fields)


def case(*series: Series, **fields: Any) -> Case:
    return Case(id="c", studies=(Study(id="st", series=series),), **fields)


def card(**fields: Any) -> ModelCard:
    return ModelCard(name="expert", accepts=("image",), **fields)


CHEST_CT = image(modality="CT", body_part="chest", spacing=(2.0, 0.7, 0.7))
FRONTAL = image(modality="DX", body_part="chest", view="pa", spacing=(0.14, 0.14))


@pytest.mark.parametrize(
    ("fields", "given", "reason"),
    [
        ({"modalities": ("CT",)}, CHEST_CT, None),
        ({"modalities": ("CT",)}, image(modality="CR"), "expected CT, got CR"),
        ({"modalities": ("CR", "DX")}, CHEST_CT, "expected CR or DX, got CT"),
        ({"modalities": ("CT",)}, image(), "unknown modality"),
        ({"body_parts": ("chest",)}, image(modality="CT", body_part="CHEST"), None),
        (
            {"body_parts": ("chest",)},
            image(body_part="abdomen"),
            "expected body part chest, got abdomen",
        ),
        ({"body_parts": ("chest",)}, image(modality="CT"), "unknown body part"),
        ({"views": ("pa", "ap")}, FRONTAL, None),
        ({"views": ("pa", "ap")}, image(view="lateral"), "expected view pa or ap, got lateral"),
        ({"views": ("pa",)}, image(), "unknown view"),
        ({"in_plane_mm": Span(high=1.0)}, CHEST_CT, None),
        (
            {"in_plane_mm": Span(low=0.1, high=0.5)},
            CHEST_CT,
            "expected in-plane spacing of 0.1 to 0.5 mm, got 0.7 mm",
        ),
        ({"in_plane_mm": Span(low=0.1)}, image(), "unknown in-plane spacing"),
        (
            {"slice_mm": Span(high=1.5)},
            CHEST_CT,
            "expected slice spacing of at most 1.5 mm, got 2 mm",
        ),
        ({"slice_mm": Span(high=1.5)}, FRONTAL, "unknown slice spacing"),
        ({"slice_mm": Span(high=1.5), "tolerates_unknown": ("spacing",)}, FRONTAL, None),
        ({"body_parts": ("chest",), "tolerates_unknown": ("body_part",)}, image(), None),
        # What is tolerated is the unknown, never a mismatch.
        (
            {"body_parts": ("chest",), "tolerates_unknown": ("body_part",)},
            image(body_part="knee"),
            "expected body part chest, got knee",
        ),
    ],
)
def test_a_card_is_compared_with_the_headers(
    fields: dict[str, Any], given: Image, reason: str | None
) -> None:
    check = check_images(card(**fields), case(Series(id="s", images=(given,))))
    assert check.reason == reason
    assert bool(check.series) == (reason is None)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (True, None),
        (False, "expected images with contrast, got without"),
        (None, "unknown contrast"),
    ],
)
def test_contrast_is_given_or_not_or_unknown(given: bool | None, reason: str | None) -> None:
    series = Series(id="s", contrast=given, images=(CHEST_CT,))
    assert check_images(card(contrast="with"), case(series)).reason == reason


@pytest.mark.parametrize(
    ("age", "reason"),
    [
        (50, None),
        (18, None),
        (12, "expected an age of at least 18 years, got 12"),
        (None, "unknown age"),
    ],
)
def test_the_age_belongs_to_the_contract(age: int | None, reason: str | None) -> None:
    adults = card(age_years=Span(low=18))
    assert age_reason(adults, case(patient=Patient(age=age))) == reason


def test_an_expert_gets_only_the_series_and_images_that_fit() -> None:
    lateral = FRONTAL.model_copy(update={"view": "lateral"})
    mixed = case(Series(id="ct", images=(CHEST_CT,)), Series(id="cxr", images=(lateral, FRONTAL)))
    (found,) = matching_series(card(modalities=("CR", "DX"), views=("pa", "ap")), mixed)
    assert (found.id, found.images) == ("cxr", (FRONTAL,))


def test_the_modality_of_a_series_stands_for_its_images() -> None:
    series = Series(id="s", modality="CT", images=(image(),))
    assert check_images(card(modalities=("CT",)), case(series)).reason is None


def test_series_that_do_not_fit_for_different_reasons_are_each_named() -> None:
    radiograph = Series(id="cxr", images=(FRONTAL,))
    unknown = Series(id="png", images=(image("a.png"),))
    reason = check_images(card(modalities=("CT",)), case(radiograph, unknown)).reason
    assert reason == "cxr: expected CT, got DX; png: unknown modality"


@pytest.mark.parametrize(
    "wrong",
    [
        Span,
        lambda: Span(low=2, high=1),
        lambda: WeightsFile(url="https://example.org/w", sha256="abc"),
        lambda: OperatingPoint(concept="c", threshold=0.5, scale="logit", source=""),
        lambda: ModelCard(name="m", tolerates_unknown=("weather",)),
    ],
)
def test_a_card_that_makes_no_sense_is_refused(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        wrong()


def described(**facts: Any) -> Case:
    return case(Series(id="s", images=(image("a.png"),), **facts))


def test_a_stack_is_no_single_picture() -> None:
    card = ModelCard(name="x", accepts=("image",), image="picture")
    stack = check_images(card, described(shape=(40, 64, 64)))
    assert stack.reason == "expected a single picture, got a stack of slices"
    assert check_images(card, described(shape=(64, 64))).reason is None


def test_colour_is_part_of_the_contract() -> None:
    card = ModelCard(name="x", accepts=("image",), is_colour=True)
    grey = check_images(card, described(is_colour=False))
    assert grey.reason == "expected colour images, got grey ones"
    assert check_images(card, described(is_colour=True)).reason is None


def test_a_shape_that_nobody_knows_is_no_reason_to_refuse() -> None:
    card = ModelCard(name="x", accepts=("image",), image="stack", is_colour=False)
    assert check_images(card, described()).reason is None
