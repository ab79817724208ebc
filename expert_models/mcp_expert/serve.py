"""Puts an expert behind MCP, in the environment that it needs.

A server is a few lines::

    # my_server.py
    from expert_models.mcp_expert.serve import serve
    from my_expert import MyExpert

    serve(MyExpert())
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import Any

from dxtrace.clinical import Case, Geometry, Image, Series, Study
from expert_models.arguments import Arguments
from expert_models.errors import RetryableError, ToolRefusal
from expert_models.expert_model import ExpertModel
from expert_models.mcp_expert.protocol import (
    DESCRIBE,
    RUN,
    AnsweredMask,
    RunAnswer,
    RunRequest,
    SharedSeries,
)
from expert_models.output import ExpertOutput


def serve(expert: ExpertModel) -> None:
    """Serve an expert over standard input and output until the input ends.

    Whatever the expert prints goes to standard error.

    Args:
        expert: a card and ``run(case)`` or ``run(case, arguments)``.
    """
    from mcp.server.fastmcp import FastMCP

    server = FastMCP(expert.card.name, log_level="WARNING")

    def describe() -> dict[str, Any]:
        """Give the expert's card."""
        return expert.card.model_dump(mode="json")

    def run(request: dict[str, Any]) -> dict[str, Any]:
        """Run the expert on a case."""
        with contextlib.redirect_stdout(sys.stderr):
            return answer(expert, RunRequest.model_validate(request)).model_dump(mode="json")

    server.add_tool(describe, name=DESCRIBE)
    server.add_tool(run, name=RUN)
    # The protocol keeps the real output; file descriptor 1 is standard error for everybody else.
    sys.stdout = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    server.run("stdio")


def answer(expert: ExpertModel, request: RunRequest) -> RunAnswer:
    """Run an expert on what was sent, and write its masks where they are expected."""
    case = _case(request)
    run: Any = expert.run
    try:
        if expert.card.arguments or expert.card.prompts:
            found = run(case, Arguments.model_validate(request.arguments))
        else:
            found = run(case)
        if not isinstance(found, ExpertOutput):
            found = ExpertOutput(tuple(found))
    except ToolRefusal as refusal:
        return RunAnswer(refused=str(refusal))
    except RetryableError as error:
        return RunAnswer(refused=str(error), again=True)
    return RunAnswer(
        findings=tuple(f.model_dump(mode="json") for f in found.findings),
        masks=tuple(
            _written(mask, Path(request.out) / f"{i}.nii.gz") for i, mask in enumerate(found.masks)
        ),
        notes=tuple(found.notes),
    )


def _case(request: RunRequest) -> Case:
    series = tuple(map(_series, request.series))
    studies = (Study(id="study", series=series),) if series else ()
    return Case.model_validate({**request.case, "studies": studies})


def _series(shared: SharedSeries) -> Series:
    image = Image(
        path=Path(shared.path), modality=shared.modality, body_part=shared.body_part,
        view=shared.view, geometry=Geometry(voxel_spacing_mm=shared.spacing_mm),
    )  # fmt: skip
    return Series(id=shared.id, modality=shared.modality, contrast=shared.contrast, images=(image,))


def _written(mask: Any, path: Path) -> AnsweredMask:
    from dxtrace.reporting.mask_files import encode_nifti_mask

    path.write_bytes(encode_nifti_mask(mask.voxels, mask.geometry))
    fields = ("name", "series", "title", "concept", "finding", "boundary_mm", "attributes")
    return AnsweredMask(path=str(path), **{name: getattr(mask, name) for name in fields})
