"""Servers for the tests of experts behind MCP; run as a script with the name of one."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dxtrace.clinical import Case, Finding, Presence
from dxtrace.clinical.volume import Mask
from expert_models import Arguments, ExpertOutput, ModelCard, RetryableError, ToolRefusal
from expert_models.mcp_expert import serve as serving
from expert_models.mcp_expert.serve import serve

CARD = ModelCard(
    name="theirs", version="2.1", title="Marks what is dense", accepts=("image",),
    modalities=("CT",), image="stack", produces=("pulmonary_nodule",), licence="MIT",
    intended_use="tests", limits="all", timeout_s=600,
)  # fmt: skip


class DenseSpot:
    """Marks what is denser than 300 HU; says which process and environment it lives in."""

    card = CARD

    def __init__(self) -> None:
        self.calls = 0

    def run(self, case: Case) -> ExpertOutput:
        from dxtrace.intake.imaging import load_volume

        print("what an expert prints must not break the protocol")  # noqa: T201  # on purpose
        os.write(1, b"nor what a library prints\n")
        self.calls += 1
        series = case.studies[0].series[0]
        volume = load_volume(series)
        finding = Finding(id="d", concept="pulmonary_nodule", presence=Presence.PRESENT)
        mask = Mask(
            "dense", volume.voxels > 300, volume.geometry, series=series.id, finding="d",
            boundary_mm=0.5,
        )  # fmt: skip
        notes = (
            f"process {os.getpid()}", f"call {self.calls}", f"prefix {sys.prefix}",
            f"spacing {volume.geometry.voxel_spacing_mm}",
            f"knows {sorted(case.model_dump(exclude_defaults=True))}",
        )  # fmt: skip
        return ExpertOutput((finding,), (mask,), notes)


class Prompted(DenseSpot):
    card = CARD.model_copy(update={"prompts": ("phrases",)})

    def run(self, case: Case, arguments: Arguments) -> ExpertOutput:  # type: ignore[override]
        return ExpertOutput(notes=(f"asked for {arguments.phrases}", case.id))


class Reader(DenseSpot):
    card = CARD.model_copy(update={"accepts": ("report", "patient", "observation"), "marks": ()})

    def run(self, case: Case) -> ExpertOutput:
        return ExpertOutput(notes=(case.model_dump_json(exclude_defaults=True),))


class Refusing(DenseSpot):
    def run(self, case: Case) -> ExpertOutput:
        raise ToolRefusal(f"nothing to say about {case.id}")


class Passing(DenseSpot):
    def run(self, case: Case) -> ExpertOutput:
        raise RetryableError(f"busy with {case.id}")


class Crashing(DenseSpot):
    def run(self, case: Case) -> ExpertOutput:
        del case
        os._exit(3)


class Raising(DenseSpot):
    def run(self, case: Case) -> Iterable[Finding]:  # type: ignore[override]
        raise ZeroDivisionError(case.id)


class Lying(DenseSpot):
    """Answers what ``ANSWER`` says, whatever it was asked."""

    def run(self, case: Case) -> ExpertOutput:
        raise AssertionError(case.id)


def _lie(expert: object, request: Any) -> Any:
    import json
    from types import SimpleNamespace

    del expert
    given = json.loads(os.environ["ANSWER"].replace("OUT", request.out))
    Path(request.out, "empty.nii").write_bytes(b"")
    return SimpleNamespace(model_dump=lambda mode: given if mode == "json" else None)


EXPERTS: dict[str, type[DenseSpot]] = {
    kind.__name__: kind
    for kind in (
        DenseSpot, Prompted, Reader, Refusing, Passing, Crashing, Raising, Lying,
    )
}  # fmt: skip

if __name__ == "__main__":
    name = sys.argv[1]
    if name == "Lying":
        serving.answer = _lie
    serve(EXPERTS[name]())
