"""The expert on our side: images go out as files, findings and masks come back."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from dxtrace.clinical import Case, Finding, Series
from dxtrace.clinical.volume import Mask
from expert_models.arguments import Arguments
from expert_models.card import ModelCard
from expert_models.contract import matching_series
from expert_models.errors import RetryableError, ToolRefusal
from expert_models.mcp_expert.connection import Server
from expert_models.mcp_expert.protocol import (
    DESCRIBE,
    RUN,
    AnsweredMask,
    RunAnswer,
    RunRequest,
    SharedSeries,
)
from expert_models.mcp_expert.session import McpSession
from expert_models.output import ExpertOutput

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dxtrace.clinical.volume import Volume

_IDENTIFYING = {"title", "day", "time"}
_SHARED = {"report": "reports", "observation": "observations", "patient": "patient"}


class McpExpert:
    """An expert whose server is started at the first call and kept.

    Args:
        card: its card, as the server describes it or the entry states it.
        server: how the server is started.
        tool: the server's tool that runs it.
        described: the card was the server's own; a server that now describes another is not used.
    """

    card: ModelCard

    def __init__(
        self, card: ModelCard, server: Server, *, tool: str = RUN, described: ModelCard | None
    ) -> None:
        self.card = card
        self._tool, self._described = tool, described
        self._session = McpSession(server)
        self._compared = described is None

    def run(self, case: Case, arguments: Arguments | None = None) -> ExpertOutput:
        """Run the expert on the images that fit its card.

        Raises:
            ToolRefusal: if the expert refuses, or its server has another card by now.
            RetryableError: if the server ends during the call.
            ValueError: if what comes back is not what it must be.
        """
        if not self._compared:
            self._compare()
        with tempfile.TemporaryDirectory(prefix="dxtrace-mcp-") as name:
            folder = Path(name)
            (folder / "out").mkdir()
            volumes = self._volumes(case)
            request = self._request(case, volumes, arguments or Arguments(), folder)
            found = self._session.call(self._tool, {"request": request.model_dump(mode="json")})
            return _output(_validated(found), volumes, folder / "out")

    def _compare(self) -> None:
        if read_card(self._session, self.card.name) != self._described:
            raise ToolRefusal(
                "its server describes another card than the one that was read: see "
                "`dxtrace experts check` and remove the card that is remembered"
            )
        self._compared = True

    def _volumes(self, case: Case) -> list[tuple[Series, Volume]]:
        if "image" not in self.card.accepts:
            return []
        from dxtrace.intake.imaging import load_volume

        return [(series, load_volume(series)) for series in matching_series(self.card, case)]

    def _request(
        self,
        case: Case,
        volumes: list[tuple[Series, Volume]],
        arguments: Arguments,
        folder: Path,
    ) -> RunRequest:
        fields = {field for kind, field in _SHARED.items() if kind in self.card.accepts}
        if self.card.age_years is not None:
            fields.add("patient")
        shared = case.model_dump(mode="json", include=fields)
        # File names and days may tell who it is; what is prior is said without.
        for part in (*shared.get("reports", ()), *shared.get("observations", ())):
            for name in _IDENTIFYING & part.keys():
                del part[name]
        return RunRequest(
            case={"id": "case", **shared},
            series=tuple(_shared(s, v, folder / f"{i}") for i, (s, v) in enumerate(volumes)),
            arguments=arguments.model_dump(mode="json"),
            out=str(folder / "out"),
        )


def read_card(session: McpSession, name: str) -> ModelCard:
    """The card that a server describes, under the name of our entry.

    Raises:
        ValueError: if it describes none.
    """
    given = session.call(DESCRIBE, {})
    try:
        return ModelCard.model_validate({**given, "name": name, "isolated": True})
    except ValidationError as error:
        where = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:3])
        raise ValueError(f"{name}: its server describes no card: {where}") from None


def _shared(series: Series, volume: Volume, folder: Path) -> SharedSeries:
    from expert_models.monai_bundle.image_file import write_image

    folder.mkdir()
    image, path = series.images[0], write_image(volume, folder)
    if volume.geometry.voxel_spacing_mm is None and path.suffix == ".nii":
        _forget_spacing(path)
    return SharedSeries(
        id=series.id,
        path=str(path),
        modality=image.modality or series.modality,
        body_part=image.body_part,
        view=image.view,
        contrast=series.contrast,
        spacing_mm=volume.geometry.voxel_spacing_mm,
    )


def _forget_spacing(path: Path) -> None:
    """Write zeros for the unknown spacing, so that nobody takes the voxels for cubes of 1 mm."""
    import nibabel

    header: Any = nibabel.load(path).header
    header["pixdim"][1:4] = 0
    header["sform_code"] = header["qform_code"] = 0
    with path.open("r+b") as stream:
        header.write_to(stream)


def _validated(found: dict[str, Any]) -> RunAnswer:
    try:
        answer = RunAnswer.model_validate(found)
    except ValidationError as error:
        where = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:3])
        raise ValueError(f"the server's answer is none: {where}") from None
    if answer.again:
        raise RetryableError(answer.refused or "the server asks to try again")
    if answer.refused is not None:
        raise ToolRefusal(answer.refused)
    return answer


def _output(answer: RunAnswer, volumes: list[tuple[Series, Volume]], out: Path) -> ExpertOutput:
    by_series = {series.id: volume for series, volume in volumes}
    try:
        findings = tuple(Finding.model_validate(f) for f in answer.findings)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"the server's finding is none: {where}: {first['msg']}") from None
    masks = tuple(_mask(mask, by_series, out) for mask in answer.masks)
    return ExpertOutput(findings, masks, answer.notes)


def _mask(answered: AnsweredMask, by_series: dict[str, Volume], out: Path) -> Mask:
    path = Path(answered.path).resolve()
    # A server may not make us read any other file of this machine.
    if not path.is_relative_to(out.resolve()) or not path.is_file():
        raise ValueError(f"mask {answered.name}: expected a file in the folder that was given")
    series = answered.series or (next(iter(by_series)) if len(by_series) == 1 else "")
    if series not in by_series:
        raise ValueError(f"mask {answered.name}: expected a series of the request, got {series!r}")
    volume = by_series[series]
    return Mask(
        **answered.model_dump(exclude={"path", "series"}),
        voxels=_voxels(answered.name, path, volume.spatial_shape),
        geometry=volume.geometry,
        series=series,
    )


def _voxels(name: str, path: Path, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    import nibabel
    import numpy as np

    try:
        image: Any = nibabel.load(path)
        # Before anything is read: a small file can hold a volume that does not fit into memory.
        found = tuple(n for n in reversed(image.shape) if n > 1)
        if found == tuple(n for n in shape if n > 1):
            return np.ascontiguousarray(np.asarray(image.dataobj).T.reshape(shape) > 0)
    except (nibabel.filebasedimages.ImageFileError, OSError, EOFError, ValueError) as error:
        raise ValueError(f"mask {name}: expected NIfTI: {error}") from None
    raise ValueError(f"mask {name}: expected {shape} voxels, got {image.shape[::-1]}")
