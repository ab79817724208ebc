"""A model that points into the picture it was sent: the expert is asked about that voxel."""

from __future__ import annotations

import base64
import re
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pillow

from dxtrace.clinical import Arguments, Case, Image, Series, Study
from expert_models import ExpertOutput, ModelCard
from graphs.reviewing import review_with_trace
from graphs.settings import Settings
from tests.integration.agents.conftest import Planners
from tests.openai_server import Reply
from tests.unit import small_dicom
from tests.unit.graphs.benches import bench_with
from tools import Tool


def test_what_a_model_points_at_is_what_the_expert_is_asked_for(
    planners: Planners, tmp_path: Path
) -> None:
    asked: list[Arguments] = []

    def segment(case: Case, arguments: Arguments) -> ExpertOutput:
        del case
        asked.append(arguments)
        return ExpertOutput(())

    card = ModelCard(
        name="sam", accepts=("image",), modalities=("CT",), produces=("pulmonary_nodule",),
        prompts=("points",), prompt_needed=True,
    )  # fmt: skip
    bench = bench_with(Tool(card, segment, origin="somebody"))
    paths = small_dicom.write(small_dicom.ct_slices(), tmp_path / "ct")
    images = tuple(Image(path=Path(p), modality="CT") for p in paths)
    case = Case(
        id="c-1", studies=(Study(id="current", series=(Series(id="s", images=images),)),),
        question="Is there a nodule?",
    )  # fmt: skip
    with planners(points_at_what_is_bright) as (name, server):
        review_with_trace(case, planner=name, settings=Settings(), bench=bench)
    (call,) = [a for a in asked if a.points]
    (point,) = call.points
    assert point.series == "s"
    assert small_dicom.block()[point.at] == 40
    told = str(server.requests[1].body["messages"])
    assert "sam: ok" in told


def points_at_what_is_bright(body: dict[str, Any]) -> Reply:
    """Point at the middle of the brightest block of the first picture, then answer."""
    content = body["messages"][1]["content"]
    if any(m["role"] == "assistant" for m in body["messages"]):
        return Reply(text="Nothing more can be said.")
    words = next(part["text"] for part in content if part.get("text", "").startswith("Picture 1 ("))
    size = re.match(r"Picture 1 \((\d+) x (\d+) pixels\)", words)
    assert size is not None
    url = next(part["image_url"]["url"] for part in content if part["type"] == "image_url")
    picture = Pillow.open(BytesIO(base64.b64decode(url.partition(",")[2]))).convert("L")
    assert picture.size == (int(size[1]), int(size[2]))
    bright = np.asarray(picture.reduce(8)) > 100
    rows, columns = np.nonzero(bright)
    middle = len(rows) // 2
    place = {"picture": 1, "x": int(columns[middle]) * 8 + 4, "y": int(rows[middle]) * 8 + 4}
    return Reply(calls=[("sam", {"points": [place]})], finish="tool_calls")
