"""What intake accepts at most, and from where."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class IntakeLimits(BaseSettings):
    """Limits that protect a long run from one unreasonable case.

    The environment may set them (``DXTRACE_MAX_IMAGE_BYTES=8000000000``), for every process of a
    run alike.

    Attributes:
        max_report_chars: characters in one report; the longest real reports stay far below.
        max_line_bytes: bytes in one manifest line.
        data_root: folder that every path of a case must lie in, links resolved; None means the
            folder of the file that names the path.
        max_image_files: image files in one folder, or entries of one archive.
        max_frame_pixels: rows x columns of one frame; a tomosynthesis slice has 10 million.
        max_frames: frames or slices of one image object or series.
        max_image_bytes: bytes of pixels of one series once decoded, and of one file on disk.
        max_archive_bytes: bytes of all entries of an archive once unpacked.
        max_archive_ratio: how many times larger than the archive a large entry may be; real
            DICOM stays below 20.
        max_pdf_bytes: bytes of a report that is kept as a DICOM object, as a PDF above all.
        max_cached_bytes: bytes of pixels that are kept for the next call.
    """

    model_config = SettingsConfigDict(env_prefix="DXTRACE_", frozen=True, extra="ignore")

    max_report_chars: int = Field(default=200_000, gt=0)
    max_line_bytes: int = Field(default=64_000_000, gt=0)
    data_root: Path | None = None
    max_image_files: int = Field(default=20_000, gt=0)
    max_frame_pixels: int = Field(default=120_000_000, gt=0)
    max_frames: int = Field(default=10_000, gt=0)
    max_image_bytes: int = Field(default=4_000_000_000, gt=0)
    max_archive_bytes: int = Field(default=8_000_000_000, gt=0)
    max_archive_ratio: int = Field(default=200, gt=0)
    max_pdf_bytes: int = Field(default=50_000_000, gt=0)
    max_cached_bytes: int = Field(default=1_500_000_000, ge=0)
