"""DICOM SEG: the same voxels at the same places, and nothing that identifies."""

import dataclasses
from io import BytesIO
from pathlib import Path
from typing import Any

import highdicom
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk  # noqa: N813  # as everybody calls it
from pydicom import Dataset

from dxtrace.clinical import Code, Concept, Geometry
from dxtrace.clinical.volume import Mask
from dxtrace.reporting.segmentation import Algorithm, SegmentationError, encode_segmentation
from tests.unit import small_dicom

ALGORITHM = Algorithm("block_finder", "1.4", learned=True)
NODULE = Concept(
    key="pulmonary_nodule", name="pulmonary nodule", description="A nodule.",
    index_codes=(
        Code(system="RADELEMENT", code="RDES195"),
        Code(system="RADLEX", code="RID50149", display="pulmonary nodule"),
    ),
)  # fmt: skip


def mask(voxels: np.ndarray[Any, Any] | None = None, **fields: Any) -> Mask:
    drawn = small_dicom.block() > 0 if voxels is None else voxels
    return Mask(**{"name": "block", "voxels": drawn, "geometry": small_dicom.GEOMETRY, **fields})


def with_a_gap() -> np.ndarray[Any, Any]:
    voxels = np.zeros(small_dicom.SHAPE, bool)
    voxels[1, 2:9, 3:7] = True
    voxels[4, 10:18, 12:23] = True
    return voxels


def encode(of: Mask, sources: list[Dataset]) -> bytes:
    concepts = {"pulmonary_nodule": NODULE}
    return encode_segmentation(of, sources, algorithm=ALGORITHM, concepts=concepts)


def marked_places(voxels: np.ndarray[Any, Any], affine: Any) -> set[tuple[float, ...]]:
    places = np.argwhere(voxels) @ np.array(affine)[:3, :3].T + np.array(affine)[:3, 3]
    return {tuple(p) for p in np.round(places, 3).tolist()}


@pytest.mark.parametrize("voxels", [small_dicom.block() > 0, with_a_gap()])
def test_highdicom_and_itk_find_the_same_voxels_at_the_same_places(
    tmp_path: Path, voxels: np.ndarray[Any, Any]
) -> None:
    content = encode(mask(voxels), small_dicom.ct_slices())
    wanted = marked_places(voxels, small_dicom.AFFINE)

    found = highdicom.seg.segread(BytesIO(content)).get_volume(combine_segments=True)
    assert marked_places(found.array > 0, found.affine) == wanted

    path = tmp_path / "s.dcm"
    path.write_bytes(content)
    image = sitk.ReadImage(str(path))
    seen = {
        tuple(np.round(image.TransformIndexToPhysicalPoint((int(x), int(y), int(z))), 3).tolist())
        for z, y, x in np.argwhere(sitk.GetArrayFromImage(image) > 0)
    }
    assert seen == wanted


def test_each_frame_refers_to_the_slice_that_it_lies_on() -> None:
    sources = small_dicom.ct_slices()
    segmentation = highdicom.seg.segread(BytesIO(encode(mask(), sources)))
    for frame in segmentation.PerFrameFunctionalGroupsSequence:
        position = list(frame.PlanePositionSequence[0].ImagePositionPatient)
        source = frame.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID
        (slice_,) = [s for s in sources if s.SOPInstanceUID == source]
        assert list(slice_.ImagePositionPatient) == position
    assert segmentation.StudyInstanceUID == sources[0].StudyInstanceUID
    assert segmentation.FrameOfReferenceUID == sources[0].FrameOfReferenceUID


def test_nothing_that_identifies_goes_along() -> None:
    content = encode(mask(), small_dicom.ct_slices())
    for value in small_dicom.IDENTITY.values():
        assert value.encode() not in content
    written = pydicom.dcmread(BytesIO(content))
    assert written.PatientName == ""
    assert written.PatientID == ""
    assert written.PatientIdentityRemoved == "YES"
    assert "UIDs and sex kept" in written.DeidentificationMethod


def test_codes_of_the_concept_and_the_algorithm_are_told() -> None:
    nodule = mask(name="nodule_1", title="Nodule 1", concept="pulmonary_nodule", finding="f1")
    segmentation = highdicom.seg.segread(BytesIO(encode(nodule, small_dicom.ct_slices())))
    (segment,) = segmentation.SegmentSequence
    assert segment.SegmentLabel == "Nodule 1"
    code = segment.SegmentedPropertyTypeCodeSequence[0]
    assert (code.CodeValue, code.CodingSchemeDesignator) == ("RID50149", "RADLEX")
    algorithm = segment.SegmentationAlgorithmIdentificationSequence[0]
    assert (algorithm.AlgorithmName, algorithm.AlgorithmVersion) == ("block_finder", "1.4")
    assert algorithm.AlgorithmFamilyCodeSequence[0].CodeMeaning == "Artificial Intelligence"
    assert segment.SegmentAlgorithmType == "AUTOMATIC"


@pytest.mark.parametrize(
    ("name", "value", "side"),
    [
        ("left_lung", "39607008", "Left"),
        ("lungs", "39607008", None),
        ("heart", "80891009", None),
        ("gizmo", "gizmo", None),
    ],
)
def test_parts_of_the_body_have_the_codes_that_viewers_know(
    name: str, value: str, side: str | None
) -> None:
    segmentation = pydicom.dcmread(BytesIO(encode(mask(name=name), small_dicom.ct_slices())))
    code = segmentation.SegmentSequence[0].SegmentedPropertyTypeCodeSequence[0]
    assert code.CodeValue == value
    modifiers = code.get("SegmentedPropertyTypeModifierCodeSequence", [])
    assert [m.CodeMeaning for m in modifiers] == ([side] if side else [])
    assert code.CodingSchemeDesignator == ("99DXTRACE" if name == "gizmo" else "SCT")


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4, 5), (5, 3, 1, 0, 2, 4)])
def test_frames_of_a_multi_frame_source_are_met_in_any_order(order: tuple[int, ...]) -> None:
    source = small_dicom.enhanced_ct(order)
    segmentation = highdicom.seg.segread(BytesIO(encode(mask(with_a_gap()), [source])))
    found = segmentation.get_volume(combine_segments=True)
    wanted = marked_places(with_a_gap(), small_dicom.AFFINE)
    assert marked_places(found.array > 0, found.affine) == wanted


def test_a_radiograph_without_a_place_in_space_is_referred_to() -> None:
    source = small_dicom.radiograph()
    flat = mask(np.eye(20, 24, dtype=bool), geometry=Geometry(voxel_spacing_mm=(0.7, 0.8)))
    written = pydicom.dcmread(BytesIO(encode(flat, [source])))
    assert np.array_equal(written.pixel_array > 0, flat.voxels)
    (frame,) = written.PerFrameFunctionalGroupsSequence
    (reference,) = frame.DerivationImageSequence[0].SourceImageSequence
    assert reference.ReferencedSOPInstanceUID == source.SOPInstanceUID


def test_the_same_masks_get_the_same_uids() -> None:
    sources = small_dicom.ct_slices()
    one, two = (pydicom.dcmread(BytesIO(encode(mask(), sources))) for _ in range(2))
    other = pydicom.dcmread(BytesIO(encode(mask(with_a_gap()), sources)))
    assert one.SOPInstanceUID == two.SOPInstanceUID != other.SOPInstanceUID


def moved(**fields: Any) -> Geometry:
    return small_dicom.GEOMETRY.model_copy(update=fields)


@pytest.mark.parametrize(
    ("of", "sources", "said"),
    [
        (mask(np.zeros(small_dicom.SHAPE, bool)), small_dicom.ct_slices(), "empty"),
        (mask(), [], "no DICOM source"),
        (mask(), small_dicom.ct_slices()[:4], "expected 4 slices, got 6"),
        (mask(np.ones((6, 24, 20), bool)), small_dicom.ct_slices(), "expected rows and columns"),
        (
            mask(geometry=moved(affine=((0, 0, -0.8, 0), (0, 0.7, 0, 0), (2.5, 0, 0, 0),
                                        (0, 0, 0, 1)))),
            small_dicom.ct_slices(),
            "other directions",
        ),
        (
            mask(geometry=moved(affine=((0, 0, 0.8, -10), (0, 0.7, 0, -20), (2.5, 0, 0, 55),
                                        (0, 0, 0, 1)))),
            small_dicom.ct_slices(),
            "from those of the source",
        ),
    ],
)  # fmt: skip
def test_masks_that_do_not_lie_on_the_source_are_refused(
    of: Mask, sources: list[Dataset], said: str
) -> None:
    with pytest.raises(SegmentationError, match=said):
        encode(of, sources)


def test_slices_given_in_reverse_are_met_by_their_positions() -> None:
    sources = small_dicom.ct_slices()
    upside = mask()
    reversed_affine = np.array(small_dicom.AFFINE)
    reversed_affine[:3, 3] += 5 * reversed_affine[:3, 0]
    reversed_affine[:3, 0] *= -1
    geometry = moved(affine=tuple(map(tuple, reversed_affine.tolist())))
    upside = dataclasses.replace(upside, voxels=with_a_gap()[::-1], geometry=geometry)
    found = highdicom.seg.segread(BytesIO(encode(upside, sources))).get_volume(
        combine_segments=True
    )
    wanted = marked_places(with_a_gap(), small_dicom.AFFINE)
    assert marked_places(found.array > 0, found.affine) == wanted


def test_who_the_patient_is_goes_along_only_if_the_user_says_so() -> None:
    sources = small_dicom.ct_slices()
    assert sources[0].PatientName
    kept, bare = (
        pydicom.dcmread(
            BytesIO(encode_segmentation(mask(), sources, algorithm=ALGORITHM, identified=asked))
        )
        for asked in (True, False)
    )
    assert kept.PatientName == sources[0].PatientName
    assert kept.PatientID == sources[0].PatientID
    assert not bare.PatientName
    assert not bare.PatientID
