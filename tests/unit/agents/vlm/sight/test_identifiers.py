"""Nothing that identifies reaches a model: not in words, not in files, not burned into pixels."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageDraw

from agents.vlm.sight import Sight, SightBudget, pictures_for
from dxtrace.clinical import Case
from dxtrace.clinical.volume import Volume
from dxtrace.intake import read_case
from tests.unit.agents.vlm.sight.scans import case_of, chest, loader, placed, series
from tests.unit.intake.imaging.samples import SECRETS, make_dicom, radiograph, save, write_series

CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


def words(sight: Sight) -> str:
    return " ".join((*(p.caption for p in sight.pictures), *sight.notes))


def named(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret.lower() in text.lower()]


def written(picture: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    """The picture with a name written into it."""
    image = Pillow.fromarray(picture)
    ImageDraw.Draw(image).text((20, 20), "SMITHSON WILHELMINA 1961", fill=int(picture.max()))
    return np.asarray(image)


def picture_case(folder: Path, pixels: np.ndarray, **attributes: object) -> Case:  # type: ignore[type-arg]
    given = {
        "Modality": "CR", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.1", "ImagePositionPatient": None,
        "ImageOrientationPatient": None, "RescaleSlope": None, "RescaleIntercept": None,
        **attributes,
    }  # fmt: skip
    save(make_dicom(pixels, **given), folder / "x.dcm")
    return read_case(folder).case


def test_names_in_headers_folders_and_file_names_stay_where_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "Smithson_Wilhelmina"
    write_series(folder / "MRN4711", range(0, 24, 2))
    Pillow.fromarray(radiograph()).save(folder / "Holloway 19610203.png", comment="Smithson")
    sight = pictures_for(read_case(folder).case, question="Any small nodule?")
    assert len(sight.pictures) >= 2
    assert named(words(sight)) == []
    for picture in sight.pictures:
        assert named(picture.png.decode("latin-1")) == []
        assert Pillow.open(BytesIO(picture.png)).info == {}


def test_dates_become_days_between() -> None:
    volumes = {"series_1": chest(), "series_2": chest()}
    case = case_of(series("series-1"), prior=(series("series-2"),))
    said = words(pictures_for(case, load=loader(**volumes)))
    assert "365 days earlier" in said
    assert "2025" not in said
    assert "2026" not in said


def test_a_series_that_cannot_be_read_is_not_named_by_its_file(tmp_path: Path) -> None:
    folder = tmp_path / "Smithson"
    write_series(folder, range(0, 24, 2))
    case = read_case(folder).case
    next(folder.iterdir()).write_bytes(b"gone")
    sight = pictures_for(case)
    assert sight.pictures == ()
    assert sight.notes[0].startswith("series-1 is not shown: it cannot be read")
    assert named(words(sight)) == []


@pytest.mark.parametrize(
    ("attributes", "why"),
    [
        ({"BurnedInAnnotation": "YES"}, "the header says so"),
        ({"SOPClassUID": CAPTURE}, "it is a secondary capture"),
        ({"Modality": "US"}, "images of modality US often have it"),
    ],
    ids=["stated", "capture", "ultrasound"],
)
def test_a_picture_whose_header_speaks_of_text_is_not_shown_unless_it_may_be(
    tmp_path: Path, attributes: dict[str, str], why: str
) -> None:
    case = picture_case(tmp_path, radiograph(), **attributes)
    sight = pictures_for(case)
    assert sight.pictures == ()
    assert sight.notes == (
        f"series-1 is not shown: text, and with it a name, may be burned into its pixels ({why})",
    )
    assert len(pictures_for(case, allow_burned_in_text=True).pictures) == 1


def test_a_picture_with_a_name_in_its_pixels_is_not_shown_whatever_its_header_says(
    tmp_path: Path,
) -> None:
    case = picture_case(tmp_path, written(radiograph()), BurnedInAnnotation="NO")
    sight = pictures_for(case)
    assert sight.pictures == ()
    assert "something in them looks like it" in sight.notes[0]


def test_a_slice_with_a_name_in_it_is_left_out_of_an_overview() -> None:
    volume = chest()
    voxels = volume.voxels.copy()
    text = Pillow.new("L", (96, 16))
    ImageDraw.Draw(text).text((1, 2), "SMITHSON WILL", fill=255, stroke_width=0)
    voxels[30, :16, :96][np.asarray(text) > 100] = 3000
    case, budget = case_of(series("series-1")), SightBudget(max_pictures=12)
    read = loader(series_1=Volume(voxels, placed(), modality="CT", body_part="chest", unit="HU"))
    shown = {
        s.slice for p in pictures_for(case, load=read, budget=budget).pictures for s in p.shows
    }
    assert 30 not in shown
    all_of_them = pictures_for(case, load=read, budget=budget, allow_burned_in_text=True)
    assert 30 in {s.slice for p in all_of_them.pictures for s in p.shows}
