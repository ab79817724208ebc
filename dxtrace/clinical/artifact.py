"""Files that a review leaves beside its result: masks, segmentations, pictures."""

from typing import Literal

from dxtrace.clinical.base import Frozen


class Artifact(Frozen):
    """A file that a tool's run left in the output folder.

    Attributes:
        kind: ``mask`` (NIfTI), ``segmentation`` (DICOM SEG) or ``picture`` (PNG).
        path: where it lies, relative to the output folder, with forward slashes. The evidence of a
            finding names its mask by this path.
        sha256: hash of the file.
        size_bytes: size of the file.
        tool: the tool whose run left it.
        series: id of the series that it lies on.
        name: the mask's name; empty for a file of several masks.
        title: what a reader calls it.
        masks: for a segmentation or a picture, the paths of the masks that it shows.
        caption: for a picture, what can be seen, in words.
    """

    kind: Literal["mask", "segmentation", "picture"]
    path: str
    sha256: str
    size_bytes: int
    tool: str
    series: str = ""
    name: str = ""
    title: str = ""
    masks: tuple[str, ...] = ()
    caption: str = ""
