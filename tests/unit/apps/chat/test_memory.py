"""Memory is given back while nobody works, and what was forgotten can be read again."""

from pathlib import Path

import numpy as np

from apps.chat.desk import Desk
from apps.chat.memory import give_back
from apps.chat.sessions import SessionStore
from apps.chat.uploads import paste
from dxtrace.intake.imaging import describe_images, forget_volumes, load_volume
from tests.processes import wait_until
from tests.unit.apps.chat.conftest import VISITOR


def test_images_are_forgotten_and_read_again(tmp_path: Path) -> None:
    from PIL import Image

    Image.fromarray(np.arange(4096, dtype=np.uint8).reshape(64, 64)).save(tmp_path / "a.png")
    [series] = describe_images(tmp_path / "a.png").series
    before = load_volume(series)
    assert np.shares_memory(load_volume(series).voxels, before.voxels)

    give_back()

    after = load_volume(series)
    assert not np.shares_memory(after.voxels, before.voxels)
    assert np.array_equal(after.voxels, before.voxels)


def test_the_images_used_last_may_stay(tmp_path: Path) -> None:
    from PIL import Image

    found = []
    for name in ("a", "b", "c"):
        Image.fromarray(np.eye(64, dtype=np.uint8)).save(tmp_path / f"{name}.png")
        [series] = describe_images(tmp_path / f"{name}.png").series
        found.append((series, load_volume(series).voxels))

    forget_volumes(but_last=2)

    kept = [np.shares_memory(load_volume(s).voxels, voxels) for s, voxels in found[::-1]]
    assert kept == [True, True, False]


def test_a_desk_at_work_is_not_idle(store: SessionStore, desk: Desk) -> None:
    assert desk.is_idle
    session = store.create(VISITOR)
    paste("FINDINGS: No pneumothorax.", session.arriving, session.brought, 1_000_000)
    conversation = desk.conversation(session)
    conversation.bring()
    assert not desk.is_idle or conversation.turns
    wait_until(lambda: desk.is_idle, "the review ends")
