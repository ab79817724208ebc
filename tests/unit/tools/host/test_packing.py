"""Endings cross between processes whole, and masks do so in few bytes."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from dxtrace.clinical.volume import Mask
from expert_models import ExpertOutput
from tools.ending import Ending
from tools.host.packing import pack_ending, unpack_ending


def through(voxels: Any) -> Any:
    packed = pack_ending(Ending("ok", found=ExpertOutput(masks=(Mask("m", voxels),))))
    return unpack_ending(packed).found.masks[0].voxels


@given(
    arrays(
        np.bool_,
        array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=9),
        elements=st.booleans(),
    )
)
def test_a_mask_comes_back_as_it_was(voxels: Any) -> None:
    back = through(voxels)
    assert (back.dtype, back.shape) == (voxels.dtype, voxels.shape)
    assert np.array_equal(back, voxels)


def test_masks_in_another_order_of_memory_come_back_too() -> None:
    voxels = np.asfortranarray(np.arange(60).reshape(3, 4, 5) % 7 == 0)[::-1]
    assert np.array_equal(through(voxels), voxels)


@pytest.mark.parametrize(("filled", "most_bytes"), [(1.0, 80 * 512 * 512 / 8), (0.1, 80_000)])
def test_a_large_mask_takes_few_bytes(filled: float, most_bytes: float) -> None:
    voxels = np.zeros((80, 512, 512), dtype=bool)
    side = int(512 * filled)
    voxels[: int(80 * filled), :side, :side] = True
    packed = pack_ending(Ending("ok", found=ExpertOutput(masks=(Mask("m", voxels),))))
    assert len(packed) < most_bytes + 2000


@pytest.mark.parametrize("voxels", [np.zeros((2, 2), dtype=np.uint8), [[True]], None])
def test_what_is_no_mask_is_left_to_the_runner(voxels: Any) -> None:
    assert np.array_equal(through(voxels), voxels)


def test_what_cannot_be_sent_becomes_a_broken_ending() -> None:
    strange: Any = (lambda: None,)
    assert unpack_ending(pack_ending(Ending("ok", found=ExpertOutput(strange)))).kind == "broken"
