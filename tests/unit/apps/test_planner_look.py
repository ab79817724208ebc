"""``dxtrace planner look``: pictures, captions and tokens for people to check."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from agents.vlm.sight import SightBudget
from apps.commands.planner_look import LookRequest, look_at_case
from apps.exit_status import ExitStatus, UsageError
from tests.unit.intake.imaging.samples import make_dicom, radiograph, save, write_nifti

SMALL = {"max_pictures": 3, "max_edge_px": 448}
COST = SightBudget(**SMALL)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "film.png"
    path.parent.mkdir()
    Pillow.fromarray(radiograph(1200, 1000)).save(path)
    return path


def test_pictures_captions_and_tokens_come_out(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert look_at_case(LookRequest(picture, out, SMALL, json=True)) is ExitStatus.OK
    said = json.loads(capsys.readouterr().out)
    (one,) = said["pictures"]
    assert Pillow.open(one["path"]).size == (one["width"], one["height"])
    assert one["tokens"] == said["tokens"] == COST.tokens(one["width"], one["height"])
    assert one["shows"] == [{"series": "series-1", "slice": None}]
    captions = (out / "look" / "film" / "captions.txt").read_text()
    assert captions.startswith("picture-01.png (373 x 448, about 226 tokens): Current examination")
    assert captions.endswith("1 picture(s), about 226 tokens\n")


def test_the_question_asks_for_detail_and_an_earlier_look_is_replaced(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "look" / "film"
    look_at_case(LookRequest(picture, tmp_path, SMALL, question="Any tiny nodule?"))
    assert "no room for its parts at a higher resolution" in capsys.readouterr().out
    wide = {**SMALL, "max_pictures": 9}
    look_at_case(LookRequest(picture, tmp_path, wide, question="Any tiny nodule?"))
    assert len(list(folder.glob("*.png"))) > 4
    look_at_case(LookRequest(picture, tmp_path, SMALL, question="Any effusion?"))
    assert sorted(p.name for p in folder.iterdir()) == ["captions.txt", "picture-01.png"]


def test_what_may_carry_a_name_is_not_written_unless_it_may_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scan = save(make_dicom(BurnedInAnnotation="YES"), tmp_path / "in" / "x.dcm")
    assert look_at_case(LookRequest(scan, tmp_path, SMALL)) is ExitStatus.CASE_FAILED
    assert "may be burned into its pixels (the header says so)" in capsys.readouterr().out
    assert not list(tmp_path.rglob("*.png"))
    allowed = LookRequest(scan, tmp_path, SMALL, allow_burned_in_text=True)
    assert look_at_case(allowed) is ExitStatus.OK


def test_a_case_that_is_none_and_a_folder_that_is_none_are_refused(
    picture: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError):
        look_at_case(LookRequest(tmp_path / "nothing", tmp_path, SMALL))
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write to --out"):
        look_at_case(LookRequest(picture, tmp_path / "file", SMALL))


def test_an_image_without_a_known_place_is_shown_as_it_is_stored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = np.random.default_rng(0).integers(0, 900, (20, 24, 16)).astype(np.int16)
    path = write_nifti(tmp_path / "a.nii", values, np.eye(4))
    look_at_case(LookRequest(path, tmp_path, SMALL))
    assert "modality unknown" in capsys.readouterr().out


PLANNERS = """
planners:
  - name: small
    kind: endpoint
    base_url: http://127.0.0.1:9/v1
    images: 2
    image_edge_px: 336
    image_tokens: 576
    image_is_square: true
    images_with_text: true
  - name: blind
    kind: endpoint
    base_url: http://127.0.0.1:9/v1
    images: 0
"""


@pytest.fixture
def planners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "planners.yaml"
    path.write_text(PLANNERS)
    monkeypatch.setenv("DXTRACE_PLANNERS", str(path))


@pytest.mark.usefixtures("planners")
def test_a_planner_brings_its_budget_and_what_is_given_beside_goes_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scan = save(make_dicom(BurnedInAnnotation="YES"), tmp_path / "in" / "x.dcm")
    look_at_case(LookRequest(scan, tmp_path, planner="small", json=True))
    one = json.loads(capsys.readouterr().out)["pictures"][0]
    assert one["width"] == one["height"] <= 336
    assert one["tokens"] == 576
    look_at_case(LookRequest(scan, tmp_path, {"max_edge_px": 200}, planner="small", json=True))
    one = json.loads(capsys.readouterr().out)["pictures"][0]
    assert one["width"] == 200
    refused = LookRequest(scan, tmp_path, planner="small", allow_burned_in_text=False)
    assert look_at_case(refused) is ExitStatus.CASE_FAILED


@pytest.mark.usefixtures("planners")
@pytest.mark.parametrize(
    ("name", "said"),
    [("blind", "it takes no images"), ("nobody", "expected pathway, router, small")],
)
def test_a_planner_that_cannot_see_is_refused(
    picture: Path, tmp_path: Path, name: str, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        look_at_case(LookRequest(picture, tmp_path, planner=name))
