"""Volumes as NIfTI: any reader of such files gets the same voxels at the same place."""

import gzip
from typing import Any

import nibabel
import numpy as np
import pytest

from apps.chat.viewer.nifti_stream import compressed, nifti_length, nifti_parts
from dxtrace.clinical.case import Geometry
from tests.viewed_phantoms import oblique


def read(voxels: Any, geometry: Geometry, **how: bool) -> Any:
    content = b"".join(nifti_parts(voxels, geometry, **how))
    colour = {"is_colour": True} if how.get("is_colour") else {}
    assert len(content) == nifti_length(voxels, **colour)
    assert gzip.decompress(b"".join(compressed(nifti_parts(voxels, geometry, **how)))) == content
    return nibabel.Nifti1Image.from_bytes(content)


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("int16", "<i2"), (">i2", "<i2"), ("uint16", "<u2"), ("uint8", "|u1"), ("bool", "|u1"),
        ("int32", "<f4"), ("float64", "<f4"), ("float32", "<f4"), ("float16", "<f4"),
    ],
)  # fmt: skip
def test_voxels_come_as_they_are(given: str, sent: str) -> None:
    voxels = np.arange(2 * 3 * 4).reshape(2, 3, 4).astype(given)
    affine = oblique()
    image = read(voxels, Geometry(voxel_spacing_mm=(3.0, 0.8, 0.7), affine=affine))
    assert image.get_data_dtype().newbyteorder("<").str == sent
    assert np.array_equal(np.asarray(image.dataobj), voxels.T.astype(sent))
    ras = image.affine @ [3, 2, 1, 1]
    assert np.allclose(ras, np.array(affine) @ [1, 2, 3, 1] * [-1, -1, 1, 1], atol=1e-4)


def test_nothing_is_claimed_of_an_unknown_place() -> None:
    image = read(np.zeros((2, 3, 4), np.int16), Geometry())
    assert int(image.header["sform_code"]) == int(image.header["qform_code"]) == 0
    assert image.header.get_xyzt_units()[0] == "unknown"


def test_a_colour_picture_keeps_its_colours() -> None:
    pixels = np.arange(1 * 3 * 4 * 3, dtype=np.uint8).reshape(1, 3, 4, 3)
    image = read(pixels, Geometry(), is_flat=True, is_colour=True)
    data = np.asarray(image.dataobj)
    assert data["G"][3, 1, 0] == pixels[0, 1, 3, 1]
