"""Bombs, cut files and lies in headers: a clear refusal, never a crash, never a wait."""

import contextlib
import gzip
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow
from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless, RLELossless

from dxtrace.intake import IntakeError, IntakeLimits
from dxtrace.intake.imaging import describe_images, forget_volumes, load_volume
from tests.unit.intake.imaging.samples import make_dicom, save, write_nifti, write_series


def refuse(path: Path, words: str, limits: IntakeLimits | None = None) -> None:
    with pytest.raises(IntakeError, match=words):
        load_volume(describe_images(path, limits).series[0], limits)


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"Rows": 65535, "Columns": 65535}, "a frame of at most 120,000,000 pixels"),
        ({"NumberOfFrames": 2_000_000_000}, "at most 10,000 frames"),
        ({"Rows": 9000, "Columns": 9000, "NumberOfFrames": 9000}, "bytes of pixels"),
        ({"Rows": 0}, "expected an image, got 0 x 6"),
        ({"NumberOfFrames": 0}, "0 frame"),
        ({"BitsAllocated": 24, "BitsStored": 24}, "got 1 of 24"),
        ({"SamplesPerPixel": 7}, "got 7 of 16"),
    ],
)
def test_a_header_that_promises_too_much_is_refused_undecoded(
    tmp_path: Path, attributes: dict[str, int], words: str
) -> None:
    refuse(save(make_dicom(**attributes), tmp_path / "a.dcm"), words)


def test_pixels_fewer_than_promised_are_refused(tmp_path: Path) -> None:
    refuse(save(make_dicom(Rows=400), tmp_path / "a.dcm"), "damaged, cut short")


def test_limits_hold_for_a_series_as_a_whole(tmp_path: Path) -> None:
    write_series(tmp_path, range(60))
    refuse(tmp_path, "at most 3 slices", IntakeLimits(max_frames=3))
    refuse(tmp_path, "bytes of pixels in a series", IntakeLimits(max_image_bytes=2500))
    refuse(tmp_path, "at most 2 files", IntakeLimits(max_image_files=2))


def compressed(frames: list[bytes], syntax: str, **attributes: object) -> Dataset:
    dataset = make_dicom(np.zeros((4, 6), np.uint8), **attributes)
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PixelData = encapsulate(frames)
    dataset["PixelData"].is_undefined_length = True
    dataset["PixelData"].VR = "OB"
    return dataset


def test_a_compressed_frame_larger_than_its_header_says_is_refused_undecoded(
    tmp_path: Path,
) -> None:
    size = struct.pack(">2sHH4I", b"\xff\x51", 41, 0, 60000, 60000, 0, 0)
    frame = b"\xff\x4f" + size + b"\xff\xd9"
    path = save(compressed([frame], JPEG2000Lossless), tmp_path / "a.dcm")
    refuse(path, "got a compressed frame of 60000 x 60000")


def test_run_lengths_that_are_cut_short_are_refused(tmp_path: Path) -> None:
    frame = struct.pack("<16I", 1, 64, *[0] * 14) + b"\xff\x00"
    path = save(compressed([frame], RLELossless), tmp_path / "a.dcm")
    refuse(path, "cannot be decoded")


@pytest.mark.parametrize(
    "name", ["JLSL_08_07_0_1F", "JPEG-LL", "RG3_J2KR", "SC_rgb_dcmtk_ebcr_dcmd"]
)
def test_a_real_file_cut_in_its_pixels_is_refused(
    tmp_path: Path, shared_data: Path, name: str
) -> None:
    raw = (shared_data / "dicom_zoo" / f"{name}.dcm").read_bytes()
    path = tmp_path / "a.dcm"
    path.write_bytes(raw[: len(raw) * 9 // 10])
    refuse(path, "cut short")


def test_fewer_frames_than_promised_are_refused(tmp_path: Path) -> None:
    frame = struct.pack("<16I", 1, 64, *[0] * 14) + b"\xe9\x00"
    path = save(compressed([frame], RLELossless, NumberOfFrames=3), tmp_path / "a.dcm")
    refuse(path, "fragments|expected 3 frame|cannot be decoded")


def test_a_deflated_dataset_is_read_and_a_deflate_bomb_is_refused(tmp_path: Path) -> None:
    path = save(make_dicom(np.full((4, 6), 7, np.int16)), tmp_path / "a.dcm")
    raw = path.read_bytes()
    start = 132 + 12 + struct.unpack_from("<I", raw, 140)[0]
    plain = b"1.2.840.10008.1.2.1\0"
    deflated = b"1.2.840.10008.1.2.1.99"
    meta = raw[:start]
    place = meta.index(plain) - 2
    meta = meta[:place] + struct.pack("<H", len(deflated)) + deflated + meta[place + 22 :]
    meta = meta[:140] + struct.pack("<I", len(meta) - 144) + meta[144:]

    def packed(data: bytes) -> bytes:
        machine = zlib.compressobj(wbits=-15)
        return meta + machine.compress(data) + machine.flush()

    path.write_bytes(packed(raw[start:]))
    volume = load_volume(describe_images(path).series[0])
    assert (volume.voxels == 7 - 1024).all()
    path.write_bytes(packed(raw[start:] + bytes(30_000_000)))
    refuse(path, "once inflated", IntakeLimits(max_image_bytes=1_000_000))


def test_files_left_out_for_one_reason_are_said_together(tmp_path: Path) -> None:
    save(make_dicom(), tmp_path / "a.dcm")
    for number in range(30):
        (tmp_path / f"b{number}.dcm").write_text("no image")
    (note,) = (n for n in describe_images(tmp_path).notes if "left out" in n)
    assert "30 of 31 files (2, 3, 4, 5, 6 ...)" in note


def test_a_directory_of_dicom_files_is_called_an_object_without_pixels(tmp_path: Path) -> None:
    from pydicom import Dataset
    from pydicom.dataset import FileMetaDataset

    directory = Dataset()
    directory.file_meta = FileMetaDataset()
    directory.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    directory.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    directory.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    directory.DirectoryRecordSequence = []
    directory.save_as(tmp_path / "DICOMDIR", enforce_file_format=True)
    refuse(tmp_path / "DICOMDIR", "without pixels that is no report, such as a directory")


# -- archives --------------------------------------------------------------------------------------


def pack(folder: Path, archive: Path) -> Path:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for path in sorted(folder.rglob("*")):
            out.write(path, path.relative_to(folder))
    return archive


def test_an_archive_is_read_without_being_unpacked(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    write_series(folder / "s", [0, 2, 4])
    write_nifti(folder / "n.nii.gz", np.zeros((2, 3, 4), np.int16), np.eye(4))
    archive = pack(folder, tmp_path / "scan.zip")
    before = sorted(tmp_path.rglob("*"))
    reading = describe_images(archive)
    shapes = [load_volume(series).voxels.shape for series in reading.series]
    assert shapes == [(4, 3, 2), (3, 4, 6)]
    assert sorted(tmp_path.rglob("*")) == before


def test_an_archive_in_a_folder_is_looked_into(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    write_series(folder, [0, 2, 4])
    outer = tmp_path / "outer"
    outer.mkdir()
    pack(folder, outer / "a.zip")
    (series,) = describe_images(outer).series
    assert load_volume(series).voxels.shape == (3, 4, 6)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (IntakeLimits(max_image_files=2), "at most 2 entries"),
        (IntakeLimits(max_archive_bytes=1000), "bytes once unpacked"),
    ],
)
def test_an_archive_with_too_much_in_it_is_refused(
    tmp_path: Path, limits: IntakeLimits, words: str
) -> None:
    write_series(tmp_path / "in", [0, 2, 4])
    refuse(pack(tmp_path / "in", tmp_path / "a.zip"), words, limits)


def test_a_zip_bomb_is_refused_by_its_ratio(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("1.dcm", bytes(20_000_000))
    refuse(tmp_path / "a.zip", "grow at most 200 times")


def test_entries_that_lead_out_of_the_archive_are_left_out(tmp_path: Path) -> None:
    raw = save(make_dicom(), tmp_path / "a.dcm").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as out:
        out.writestr("../../evil.dcm", raw)
        out.writestr("/absolute.dcm", raw)
        out.writestr("good.dcm", raw)
    reading = describe_images(tmp_path / "a.zip")
    assert len(reading.series) == 1
    assert any("2 entr" in note for note in reading.notes)


@pytest.mark.parametrize("prefix", ["./", "a//", "a/./"])
def test_entries_with_roundabout_names_are_read(tmp_path: Path, prefix: str) -> None:
    raw = save(make_dicom(), tmp_path / "a.dcm").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as out:
        out.writestr(f"{prefix}1.dcm", raw)
    (series,) = describe_images(tmp_path / "a.zip").series
    assert load_volume(series).voxels.shape == (1, 4, 6)


def test_an_archive_in_an_archive_is_left_out_and_said(tmp_path: Path) -> None:
    write_series(tmp_path / "in", [0, 2, 4])
    inner = pack(tmp_path / "in", tmp_path / "inner.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as out:
        out.writestr("inner.zip", inner)
    refuse(tmp_path / "a.zip", "archive.s. in an archive")


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    write_series(tmp_path / "in", [0, 2, 4])
    archive = pack(tmp_path / "in", tmp_path / "a.zip")
    archive.write_bytes(archive.read_bytes()[:-40])
    refuse(archive, "damaged or incomplete")
    (tmp_path / "b.zip").write_bytes(b"no archive at all")
    refuse(tmp_path / "b.zip", "damaged or incomplete|something else")


# -- other formats ---------------------------------------------------------------------------------


def test_a_nifti_header_that_promises_too_much_is_refused(tmp_path: Path) -> None:
    path = write_nifti(tmp_path / "a.nii", np.zeros((2, 3, 4), np.int16), np.eye(4))
    raw = bytearray(path.read_bytes())
    struct.pack_into("<4h", raw, 40, 3, 30000, 30000, 30000)
    path.write_bytes(raw)
    refuse(path, "expected slices of at most")
    struct.pack_into("<4h", raw, 40, 3, 2, 3, 400)
    path.write_bytes(raw)
    refuse(path, "damaged or cut short")
    struct.pack_into("<f", raw, 108, 1e12)
    path.write_bytes(raw)
    refuse(path, "begin nowhere near")


def test_a_cut_gzip_is_refused(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 999, (20, 20, 20)).astype(np.int16)
    path = write_nifti(tmp_path / "a.nii.gz", values, np.eye(4))
    path.write_bytes(path.read_bytes()[:3000])
    refuse(path, "damaged or cut short")


def test_a_time_series_is_refused(tmp_path: Path) -> None:
    path = write_nifti(tmp_path / "a.nii", np.zeros((2, 3, 4, 5), np.int16), np.eye(4))
    refuse(path, "two or three axes, got 4")


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("a.mha", "ObjectType = Image\nNDims = 3\nDimSize = 2 2 2\nElementType = MET_UCHAR\n"
                  "ElementSpacing = 1 1 1\nElementDataFile = {target}\n"),
        ("a.nrrd", "NRRD0004\ntype: uint8\ndimension: 3\nsizes: 2 2 2\nencoding: raw\n"
                   "data file: {target}\n\n"),
    ],
)  # fmt: skip
def test_a_header_that_points_to_another_file_is_refused(
    tmp_path: Path, name: str, header: str
) -> None:
    target = tmp_path / "secret.raw"
    target.write_bytes(bytes(range(8)))
    path = tmp_path / name
    path.write_text(header.format(target=target))
    refuse(path, "one file")


def test_a_picture_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 255, (90, 90)).astype(np.uint8)
    for name in ("a.png", "a.jpg", "a.tif"):
        Pillow.fromarray(values).save(tmp_path / name)
        raw = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(raw[: len(raw) // 2])
        refuse(tmp_path / name, "damaged|cut short")


def test_a_picture_damaged_between_its_parts_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Pillow.fromarray(np.arange(4096, dtype=np.uint16).reshape(64, 64)).save(path)
    raw = bytearray(path.read_bytes())
    place = raw.index(b"IDAT") - 2
    raw[place : place + 2] = b"\0\x49"  # the pixels end early, in the middle of nowhere
    path.write_bytes(raw)
    refuse(path, "damaged or cut short")


def test_a_huge_picture_is_refused_from_its_header(tmp_path: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 0, 0, 0, 0)
    raw = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(99)))
    (tmp_path / "a.png").write_bytes(raw + chunk(b"IEND", b""))
    refuse(tmp_path / "a.png", "a frame of at most 120,000,000 pixels, got more")


@given(place=st.integers(0, 2000), value=st.integers(0, 255), cut=st.integers(0, 400))
def test_a_flipped_byte_or_a_cut_never_crashes(
    tmp_path_factory: pytest.TempPathFactory, place: int, value: int, cut: int
) -> None:
    folder = tmp_path_factory.mktemp("flip")
    pixels = np.zeros((2, 3, 4), np.int16)
    files = [
        save(make_dicom(), folder / "a.dcm"),
        write_nifti(folder / "a.nii", pixels, np.eye(4)),
        folder / "a.nii.gz",
    ]
    files[2].write_bytes(gzip.compress(files[1].read_bytes()))
    for path in files:
        raw = bytearray(path.read_bytes())
        raw[place % len(raw)] = value
        path.write_bytes(raw[: max(1, len(raw) - cut)])
        # Nothing but a refusal may come out.
        with contextlib.suppress(IntakeError):
            for series in describe_images(path).series:
                load_volume(series)
    forget_volumes()
