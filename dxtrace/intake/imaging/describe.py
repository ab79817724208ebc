"""Images at the door, and reports among them: what headers say, nothing that identifies anybody."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from dxtrace.clinical import Image, Series
from dxtrace.intake.errors import IntakeError
from dxtrace.intake.imaging.dicom_dataset import DAMAGE
from dxtrace.intake.imaging.dicom_header import DicomHeader, read_dicom_header
from dxtrace.intake.imaging.dicom_series import Stack, build_stacks
from dxtrace.intake.imaging.dicom_volume import refuse_large_stack
from dxtrace.intake.imaging.file_format import HEAD_BYTES, FileFormat, sniff_format
from dxtrace.intake.imaging.peek import look_at_file, look_at_stack
from dxtrace.intake.imaging.reading import ImageReading, join_readings
from dxtrace.intake.imaging.report_objects import FoundReport, read_report_object
from dxtrace.intake.imaging.sources import list_sources, read_source
from dxtrace.intake.imaging.stack_geometry import shift
from dxtrace.intake.imaging.volumetric_header import VolumetricHeader
from dxtrace.intake.limits import IntakeLimits

_EXPECTED = "expected DICOM, NIfTI, NRRD, MetaImage (.mha), PNG, JPEG or TIFF"
_DICOM = frozenset((FileFormat.DICOM, FileFormat.BARE_DICOM))
_MOST_NOTES = 20
_MOST_NUMBERS = 5
_MOST_REPORTS = 50


@dataclass(slots=True)
class _Found:
    """What came out of the files, in their order."""

    headers: list[DicomHeader] = field(default_factory=list)
    others: list[tuple[Path, Series, tuple[str, ...]]] = field(default_factory=list)
    reports: list[FoundReport] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left_out: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))


def describe_images(
    path: Path,
    limits: IntakeLimits | None = None,
    *,
    prefix: str = "series-",
    first_number: int = 1,
) -> ImageReading:
    """Describe what a path holds, from headers; pixels are looked at only where those are silent.

    Files of a folder or an archive that are no images are passed over; images that cannot be read
    are left out and said. Notes count files in the order of their names, as names may identify.

    Args:
        path: a file, a folder, or a zip archive.
        limits: what is accepted.
        prefix: what the ids of the series begin with.
        first_number: the number in the first id.

    Returns:
        Series with neutral ids in the order of their first file; the geometry of each image is
        that of the series seen from that image, so that the first image's is the volume's.

    Raises:
        IntakeError: if nothing can be read, with the reason; for a single file, its own.
    """
    limits = limits or IntakeLimits()
    try:
        sources = list_sources(path, limits)
        found = _Found(notes=list(sources.notes))
        is_single = sources.paths == (path,)
        for number, source in enumerate(sources.paths, start=1):
            _look(source, limits, found, number=0 if is_single else number)
        found.notes += _left_out(found.left_out, len(sources.paths))
        return _reading_of(found, limits, prefix=prefix, first_number=first_number)
    except OSError as error:
        raise IntakeError(f"cannot be read: {error.strerror}") from None


def read_volumetric_header(path: Path, kind: FileFormat, limits: IntakeLimits) -> VolumetricHeader:
    """The header of a file that is no DICOM.

    Raises:
        IntakeError: if it is damaged or beyond the limits.
    """
    return _reader_of(kind)(path, limits)


def _reader_of(kind: FileFormat) -> Callable[[Path, IntakeLimits], VolumetricHeader]:
    # Each format's library is loaded when a file of it comes.
    if kind is FileFormat.NIFTI:
        from dxtrace.intake.imaging.nifti_file import read_nifti_header

        return read_nifti_header
    if kind is FileFormat.PICTURE:
        from dxtrace.intake.imaging.picture_file import read_picture_header

        return read_picture_header
    from dxtrace.intake.imaging.itk_file import read_itk_header

    return read_itk_header


def _look(path: Path, limits: IntakeLimits, found: _Found, *, number: int) -> None:
    """Read one file; its number says which one is left out, 0 is the only one, and refused."""
    try:
        kind = sniff_format(read_source(path, limits, first=HEAD_BYTES), path)
        if kind is not None:
            _read_one(path, kind, limits, found)
        elif not number:
            raise IntakeError(f"{_EXPECTED}, got something else or a damaged file")  # noqa: TRY301
        elif _has_image_name(path):
            found.left_out[f"{_EXPECTED}, got something else"].append(number)
    except IntakeError as error:
        if not number:
            raise
        found.left_out[error.reason].append(number)
    except DAMAGE:
        # Whatever a hostile header does to a library is a refusal; the message may quote it.
        reason = "the header is damaged"
        if not number:
            raise IntakeError(reason) from None
        found.left_out[reason].append(number)


def _left_out(reasons: dict[str, list[int]], total: int) -> list[str]:
    """Files by their numbers, once for each reason."""
    notes = []
    for reason, numbers in reasons.items():
        if len(numbers) == 1:
            notes.append(f"file {numbers[0]} of {total}: left out: {reason}")
            continue
        named = ", ".join(map(str, numbers[:_MOST_NUMBERS]))
        more = " ..." if len(numbers) > _MOST_NUMBERS else ""
        notes.append(f"{len(numbers)} of {total} files ({named}{more}): left out: {reason}")
    return notes


def _has_image_name(path: Path) -> bool:
    from dxtrace.intake.image_paths import IMAGE_SUFFIXES

    return path.name.lower().endswith(IMAGE_SUFFIXES)


def _read_one(path: Path, kind: FileFormat, limits: IntakeLimits, found: _Found) -> None:
    if kind not in _DICOM:
        described = _other_series(path, read_volumetric_header(path, kind, limits))
        found.others.append((path, *look_at_file(described, limits)))
        return
    header = read_dicom_header(path, limits)
    if header is not None:
        found.headers.append(header)
        return
    if len(found.reports) >= _MOST_REPORTS:
        raise IntakeError(f"expected at most {_MOST_REPORTS} DICOM objects that are reports")
    report = read_report_object(path, limits)
    if report is None:
        raise IntakeError("a DICOM object without pixels that is no report, such as a directory")
    found.reports.append(report)


def _reading_of(
    found: _Found, limits: IntakeLimits, *, prefix: str, first_number: int
) -> ImageReading:
    parts: list[tuple[Path, Series, tuple[str, ...]]] = []
    for stack in build_stacks(found.headers):
        try:
            refuse_large_stack(stack, limits)
        except IntakeError as error:
            found.notes.append(f"a series was left out: {error.reason}")
            continue
        series_read, seen = look_at_stack(_series_of(stack), stack, limits)
        parts.append((stack.headers[0].path, series_read, (*_stack_notes(stack), *seen)))
    parts += found.others
    reports = _reports_of(found)
    if not parts and not reports:
        raise IntakeError("; ".join(_shortened(found.notes)) or "expected images, got none")
    series: list[Series] = []
    said: dict[str, list[str]] = defaultdict(list)
    for number, (_, one, notes) in enumerate(sorted(parts, key=lambda p: p[0]), first_number):
        series.append(one.model_copy(update={"id": f"{prefix}{number}"}))
        for note in notes:
            said[note].append(series[-1].id)
    joined = join_readings([*(_patient_reading(h) for h in found.headers), *reports])
    studies = len({h.study_key for h in found.headers if h.study_key})
    if studies > 1:
        found.notes.append(f"the images come from {studies} examinations and are taken as one")
    together = [f"{_names(ids)}: {note}" for note, ids in said.items()]
    notes = (*_shortened(found.notes), *_shortened(together), *joined.notes)
    return replace(joined, series=tuple(series), notes=notes)


def _reports_of(found: _Found) -> list[ImageReading]:
    """The reports that belong to the images; those of another examination count as earlier ones."""
    people = {h.patient_key for h in found.headers if h.patient_key}
    studies = {h.study_key for h in found.headers if h.study_key}
    newest = max((r.report.day for r in found.reports if r.report.day), default=None)
    kept = []
    for each in found.reports:
        found.notes += each.notes
        if people and each.about.patients and not each.about.patients & people:
            found.notes.append("a report names another patient than the images: left out")
            continue
        if studies and each.about.studies:
            is_prior = not each.about.studies & studies
        else:
            is_prior = bool(newest and each.report.day and each.report.day < newest)
        if is_prior:
            found.notes.append("a report of another examination is taken as an earlier one")
        report = each.report.model_copy(update={"is_prior": is_prior})
        kept.append(replace(each.about, reports=(report,)))
    return kept


def _names(ids: list[str]) -> str:
    return ids[0] if len(ids) == 1 else f"{len(ids)} series ({ids[0]} ...)"


def _shortened(notes: list[str]) -> list[str]:
    more = len(notes) - _MOST_NOTES
    return notes if more <= 0 else [*notes[:_MOST_NOTES], f"and {more} more notes like these"]


def _series_of(stack: Stack) -> Series:
    first = stack.headers[0]
    images = tuple(
        Image(
            path=header.path,
            modality=header.modality,
            body_part=header.body_part,
            view=header.view,
            geometry=shift(stack.place, number),
        )
        for number, header in enumerate(stack.headers)
    )
    count = len(stack.frame_order) or len(images)
    words = [first.modality or "", first.body_part or "", first.view or ""]
    words.append(f"{count} x {first.rows} x {first.columns}" if stack.is_volume else (
        f"{first.rows} x {first.columns}"
    ))  # fmt: skip
    words.append("contrast agent stated" if first.has_contrast else "")
    words.append("localizer" if first.is_localizer else "")
    return Series(
        id="series", modality=first.modality, images=images,
        # A header that names no agent does not say that none was given.
        contrast=True if first.has_contrast else None,
        sequence=first.sequence,
        shape=(*((count,) if stack.is_volume else ()), first.rows, first.columns),
        # One sample may still be an index into a palette of colours.
        is_colour=True if first.samples > 1 else None,
        description=", ".join(word for word in words if word),
    )  # fmt: skip


def _stack_notes(stack: Stack) -> tuple[str, ...]:
    reasons = dict.fromkeys(h.may_have_text for h in stack.headers if h.may_have_text)
    texts = tuple(f"text may be burned into the pixels: {reason}" for reason in reasons)
    return (*stack.notes, *texts)


def _other_series(path: Path, header: VolumetricHeader) -> Series:
    size = " x ".join(str(n) for n in header.shape)
    return Series(
        id="series", description=size, shape=header.shape,
        images=(Image(path=path, geometry=header.geometry),),
    )  # fmt: skip


def _patient_reading(header: DicomHeader) -> ImageReading:
    key = frozenset((header.patient_key,)) if header.patient_key else frozenset[str]()
    study = frozenset((header.study_key,)) if header.study_key else frozenset[str]()
    return ImageReading((), (), header.patient, header.identifying, key, study)
