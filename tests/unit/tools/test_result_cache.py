"""The same question gets the same answer without a second call; another question does not."""

import logging
import os
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from dxtrace.clinical import (
    Arguments,
    CallRequest,
    Case,
    Image,
    Measurement,
    Outcome,
    Patient,
    Report,
    Series,
    Study,
)
from expert_models import ModelCard, WeightsFile
from tests.unit import small_dicom
from tests.unit.tools import experts_that_count as experts
from tools import Tool, ToolRun, run_tool
from tools.result_cache import FolderCache, MemoryCache, result_cache
from tools.result_file import decode_output, encode_output


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A cache of its own for each test; measuring has tests elsewhere."""
    nothing = SimpleNamespace(measure=lambda *_: (), why_not_measured=lambda *_: None)
    monkeypatch.setitem(sys.modules, "tools.measurement", nothing)
    experts.CALLS.clear()
    result_cache.cache_clear()
    yield
    result_cache.cache_clear()


@pytest.fixture(params=["memory", "folder"])
def kept(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Results in memory, and in a folder."""
    if request.param == "folder":
        monkeypatch.setenv("DXTRACE_RESULT_CACHE", str(tmp_path / "kept"))


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "1.dcm"
    path.write_bytes(b"pixels")
    return path


def case_of(image: Path, **fields: Any) -> Case:
    series = Series(id="ct", modality="CT", images=(Image(path=image),))
    return Case(**{"id": "c-1", "studies": (Study(id="st", series=(series,)),), **fields})


def ask(
    case: Case, arguments: Arguments | None = None, function: Any = experts.count, **card: Any
) -> ToolRun:
    fields = {
        "name": "counter", "accepts": ("image",), "produces": ("pulmonary_nodule",),
        "prompts": ("phrases",), **card,
    }  # fmt: skip
    tool = Tool(ModelCard(**fields), function, "somebody")
    volume = small_dicom.volume()
    return run_tool(tool, case, arguments or Arguments(), load=lambda _: volume)


@pytest.mark.usefixtures("kept")
def test_the_same_call_is_made_once_and_says_so(image: Path) -> None:
    first, second = (ask(case_of(image)) for _ in range(2))
    assert len(experts.CALLS) == 1
    assert (first.call.from_cache, second.call.from_cache) == (False, True)
    assert second.call.outcome is Outcome.OK
    assert second.findings == first.findings
    assert second.call.notes == first.call.notes


@pytest.mark.usefixtures("kept")
def test_a_file_that_was_moved_is_the_same_image(image: Path, tmp_path: Path) -> None:
    ask(case_of(image))
    assert ask(case_of(image.rename(tmp_path / "other.dcm")), None).call.from_cache


CHANGES: dict[str, Callable[[Path], ToolRun]] = {
    "pixels": lambda image: ask(case_of(_changed(image))),
    "arguments": lambda image: ask(case_of(image), Arguments(phrases=("apex",))),
    "version": lambda image: ask(case_of(image), version="2"),
    "weights": lambda image: ask(case_of(image), weights=(WeightsFile(name="w", sha256="a" * 64),)),
    "function": lambda image: ask(case_of(image), function=experts.count_otherwise),
    "patient": lambda image: ask(case_of(image, patient=Patient(age=60))),
    "prior": lambda image: ask(_as_prior(case_of(image))),
}


def _changed(image: Path) -> Path:
    image.write_bytes(b"others")
    os.utime(image, ns=(1, 1))
    return image


def _as_prior(case: Case) -> Case:
    study = case.studies[0].model_copy(update={"is_prior": True})
    return case.model_copy(update={"studies": (study,)})


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("change", CHANGES)
def test_another_question_is_another_call(change: str, image: Path) -> None:
    ask(case_of(image))
    assert not CHANGES[change](image).call.from_cache
    assert len(experts.CALLS) == 2


def test_a_report_counts_for_who_reads_it(image: Path) -> None:
    cases = [case_of(image, reports=(Report(text=text),)) for text in ("one", "two")]
    assert [ask(case).call.from_cache for case in cases] == [False, True]
    both = {"accepts": ("image", "report"), "name": "reader"}
    assert [ask(case, **both).call.from_cache for case in (*cases, cases[0])] == [
        False, False, True,
    ]  # fmt: skip


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("function", [experts.refuse, experts.stumble, experts.mark_wrongly])
def test_only_what_went_well_is_kept(function: Any, image: Path) -> None:
    runs = [ask(case_of(image), function=function) for _ in range(2)]
    assert Outcome.OK not in {run.call.outcome for run in runs}
    assert len(experts.CALLS) == 2


def test_what_only_this_process_knows_is_called_again(image: Path) -> None:
    calls = []

    def here(case: Case, arguments: Arguments) -> list[Any]:
        calls.append((case, arguments))
        return []

    for _ in range(2):
        assert not ask(case_of(image), function=here).call.from_cache
    assert len(calls) == 2


def test_it_can_be_turned_off(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DXTRACE_RESULT_CACHE_MB", "0")
    assert not any(ask(case_of(image)).call.from_cache for _ in range(2))


# -- files -------------------------------------------------------------------------------------


def test_an_output_comes_back_as_it_was() -> None:
    output = experts.full_output()
    back = decode_output(encode_output(output) or b"")
    assert (back.findings, back.notes) == (output.findings, output.notes)
    (mask,), (was,) = back.masks, output.masks
    assert np.array_equal(mask.voxels, was.voxels)
    assert (mask.geometry, mask.boundary_mm) == (was.geometry, was.boundary_mm)
    assert mask.attributes == was.attributes
    assert isinstance(back.findings[0].measurements[0], Measurement)


def test_files_are_for_this_user_alone_and_hold_no_pickle(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    FolderCache(folder, 10**6).put("a" * 64, experts.full_output())
    (file,) = folder.iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with np.load(file, allow_pickle=False) as arrays:
        assert set(arrays) == {"told", "mask_0"}


@pytest.mark.parametrize("damage", ["empty", "cut", "text", "flipped", "pickled", "folder"])
def test_a_damaged_file_is_as_if_it_were_not_there(damage: str, tmp_path: Path) -> None:
    cache = FolderCache(tmp_path, 10**6)
    cache.put("key", experts.full_output())
    path = tmp_path / "key.npz"
    whole = path.read_bytes()
    path.unlink()
    if damage == "folder":
        path.mkdir()
    elif damage == "pickled":
        np.savez(path, told=np.array([{"findings": []}], dtype=object))
    else:
        middle = len(whole) // 2
        flipped = bytes([whole[middle] ^ 255])
        path.write_bytes(
            {
                "empty": b"",
                "cut": whole[:middle],
                "text": b"{}",
                "flipped": whole[:middle] + flipped + whole[middle + 1 :],
            }[damage]
        )
    assert cache.get("key") is None
    cache.put("key", experts.full_output())


def test_a_folder_that_cannot_be_made_keeps_nothing_and_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Libraries that configure logging turn off the loggers that are there already.
    monkeypatch.setattr(logging.getLogger("tools.result_cache"), "disabled", False)
    (tmp_path / "file").touch()
    cache = FolderCache(tmp_path / "file" / "kept", 10**6)
    cache.put("key", experts.full_output())
    assert cache.get("key") is None
    cache.put("b" * 64, experts.full_output())
    assert [r.message.partition(":")[0] for r in caplog.records] == [
        f"results are not kept in {tmp_path / 'file' / 'kept'}"
    ]


@pytest.mark.parametrize("kind", ["memory", "folder"])
def test_the_least_recently_used_makes_room(kind: str, tmp_path: Path) -> None:
    output = experts.full_output()
    room = int(2.5 * len(encode_output(output) or b""))
    cache = MemoryCache(room) if kind == "memory" else FolderCache(tmp_path, room)
    for age, key in enumerate(("one", "two")):
        cache.put(key, output)
        if kind == "folder":
            os.utime(tmp_path / f"{key}.npz", ns=(age, age))
    cache.get("one")
    cache.put("three", output)
    assert [cache.get(key) is not None for key in ("one", "two", "three")] == [True, False, True]


@pytest.mark.usefixtures("kept")
def test_what_a_person_asks_is_not_answered_by_what_a_planner_asked(image: Path) -> None:
    asked = Arguments(phrases=("a nodule",))
    ask(case_of(image), asked)
    call = CallRequest(tool="counter", arguments=asked)
    ask(case_of(image, calls=(call,)), asked)
    assert len(experts.CALLS) == 2
