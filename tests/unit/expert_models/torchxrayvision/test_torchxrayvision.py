import math
import pickle
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra 'experts'")
if find_spec("torchxrayvision") is None:
    pytest.skip("needs the extra 'experts'", allow_module_level=True)

import torch

from dxtrace.clinical import Finding, Outcome, Presence
from dxtrace.clinical.volume import Mask
from dxtrace.file_hash import read_sha256
from dxtrace.knowledge import load_knowledge
from expert_models import ToolRefusal
from expert_models.card import WeightsFile
from expert_models.families import ExpertEntry, build_expert
from expert_models.torchxrayvision import segmenter as segmenter_module
from expert_models.torchxrayvision.networks import CONCEPTS, LESIONS, classifiers
from tests.unit.expert_models.radiographs import case_of, tool_of, write_dicom, write_noise
from tests.unit.expert_models.torchxrayvision.checkpoints import (
    classifier,
    save_as_in_2020,
    segmenter,
)
from tools import Tool, run_tool

ALL = "densenet121-res224-all"


def entry(network: str, **options: Any) -> ExpertEntry:
    return ExpertEntry(
        name="cxr", family="torchxrayvision", options={"network": network, **options}
    )


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    save_as_in_2020(classifier(ALL), folder / "all.pt")
    return folder


@pytest.fixture(scope="module")
def tool(weights: Path) -> Tool:
    return tool_of(entry(ALL), weights)


@pytest.fixture
def radiograph(tmp_path: Path) -> Path:
    return write_dicom(tmp_path / "chest.dcm")


def findings_of(tool: Tool, path: Path) -> dict[str, Finding]:
    run = run_tool(tool, case_of(path))
    assert run.call.outcome is Outcome.OK, run.call.reason
    return {finding.concept: finding for finding in run.findings}


def test_scores_are_the_packages_own(tool: Tool, weights: Path, radiograph: Path) -> None:
    """The same picture through the package itself gives the same numbers."""
    import torchxrayvision as xrv

    found = findings_of(tool, radiograph)
    network = torch.load(weights / "all.pt", weights_only=False)  # made above
    network.op_threshs = torch.tensor(xrv.models.model_urls[ALL]["op_threshs"])
    pixels = xrv.utils.read_xray_dcm(radiograph)[None]
    square = xrv.datasets.XRayResizer(224)(xrv.datasets.XRayCenterCrop()(pixels))
    with torch.inference_mode():
        expected = network(torch.from_numpy(square)[None])[0].tolist()
    for (name, _), value in zip(classifiers()[ALL].outputs, expected, strict=True):
        if name in CONCEPTS:
            score = found[CONCEPTS[name]].score
            assert score is not None
            assert score.value == pytest.approx(value, abs=2e-4)
            assert score.operating_point == 0.5


def test_over_the_operating_point_is_no_more_than_probable_and_below_excludes_nothing(
    tool: Tool, radiograph: Path
) -> None:
    found = findings_of(tool, radiograph)
    effusion, pneumothorax = found["pleural_effusion"], found["pneumothorax"]
    assert (effusion.presence, effusion.certainty) == (Presence.PRESENT, "probable")
    assert pneumothorax.presence is Presence.INDETERMINATE
    assert "below its operating point 0.5" in pneumothorax.text
    # A score of the whole picture points out no nodule.
    assert found["pulmonary_nodule"].presence is Presence.INDETERMINATE
    assert not {f.presence for f in found.values()} & {Presence.ABSENT}


def test_several_cases_in_one_pass_are_answered_as_one_by_one(
    weights: Path, tmp_path: Path
) -> None:
    expert: Any = build_expert(entry(ALL), weights)
    paths = [write_dicom(tmp_path / f"{n}.dcm", rows=n, columns=260 - n) for n in (100, 150)]
    cases = [case_of(p) for p in (paths[0], write_noise(tmp_path / "noise.png"), paths[1])]
    first, refused, last = expert.run_many(cases)
    assert isinstance(refused, ToolRefusal)
    for together, case in ((first, cases[0]), (last, cases[2])):
        for one, other in zip(together.findings, expert.run(case).findings, strict=True):
            assert one.score.value == pytest.approx(other.score.value, abs=2e-4)
            assert one.model_copy(update={"score": None, "text": ""}) == other.model_copy(
                update={"score": None, "text": ""}
            )


def test_a_picture_that_uses_little_of_its_encoding_is_noted(tool: Tool, tmp_path: Path) -> None:
    import pydicom

    path = write_dicom(tmp_path / "dark.dcm", bits=12)
    dataset = pydicom.dcmread(path)
    dataset.BitsStored, dataset.HighBit = 16, 15
    dataset.save_as(path)
    notes = run_tool(tool, case_of(path)).call.notes
    assert any("reaches 2% of what the encoding can hold" in note for note in notes)


def test_evidence_names_the_weights(tool: Tool, weights: Path, radiograph: Path) -> None:
    found = findings_of(tool, radiograph)["cardiomegaly"]
    assert found.evidence[0].weights_sha256 == read_sha256(weights / "all.pt")


def test_an_output_without_an_operating_point_stays_a_bare_score(
    tmp_path: Path, radiograph: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The package gives 0.5 for it, which would look like a score at the operating point."""
    monkeypatch.setitem(CONCEPTS, "Lung Lesion", "granuloma")
    network = "resnet50-res512-all"
    torch.save(classifier(network).state_dict(), tmp_path / "resnet.pt")
    tool = tool_of(entry(network), tmp_path)
    found = findings_of(tool, radiograph)
    lesion, effusion = found["granuloma"], found["pleural_effusion"]
    assert lesion.presence is Presence.INDETERMINATE
    assert lesion.score is not None
    assert (lesion.score.scale, lesion.score.operating_point) == ("sigmoid", None)
    assert lesion.score.value == pytest.approx(0.018, abs=1e-3)
    assert "granuloma" not in {p.concept for p in tool.card.operating_points}
    assert effusion.score is not None
    assert effusion.score.value == pytest.approx(1 - 0.0474 / (2 * (1 - 0.51862943)), abs=1e-3)
    assert "sigmoid of a sigmoid" in tool.card.limits


def test_a_network_for_two_pathologies_reports_two(tmp_path: Path, radiograph: Path) -> None:
    network = classifier("densenet121-res224-rsna")
    torch.save(network, tmp_path / "rsna.pt")  # a whole module, in today's format
    found = findings_of(tool_of(entry("densenet121-res224-rsna"), tmp_path), radiograph)
    assert set(found) == {"pneumonia", "pulmonary_opacity"}


class Hostile:
    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.trace,)


@pytest.mark.parametrize("archive", [True, False], ids=["zip", "old format"])
def test_a_module_that_carries_a_program_does_not_run(
    tmp_path: Path, radiograph: Path, archive: bool
) -> None:
    network = classifier(ALL)
    network.pathologies = Hostile(tmp_path / "ran")
    torch.save(network, tmp_path / "all.pt", _use_new_zipfile_serialization=archive)
    run = run_tool(tool_of(entry(ALL), tmp_path), case_of(radiograph))
    assert run.call.outcome is Outcome.ABSTAINED
    assert "which these weights do not need" in run.call.reason
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("damage", ["cut", "other", "text", "empty"])
def test_files_that_are_no_such_weights_are_refused(
    tmp_path: Path, weights: Path, radiograph: Path, damage: str
) -> None:
    content = (weights / "all.pt").read_bytes()
    if damage == "other":
        torch.save({"conv.weight": torch.zeros(3)}, tmp_path / "all.pt")
    else:
        made = {"cut": content[: len(content) // 2], "text": b"no weights", "empty": b""}[damage]
        (tmp_path / "all.pt").write_bytes(made)
    run = run_tool(tool_of(entry(ALL), tmp_path), case_of(radiograph))
    assert run.call.outcome is Outcome.ABSTAINED
    assert "all.pt" in run.call.reason


def test_other_weights_than_stated_are_not_opened(weights: Path, radiograph: Path) -> None:
    stated = entry(ALL).model_copy(update={"files": (WeightsFile(name="all.pt", sha256="0" * 64),)})
    run = run_tool(tool_of(stated, weights), case_of(radiograph))
    assert run.call.outcome is Outcome.ABSTAINED
    assert "not the ones expected" in run.call.reason


def test_a_picture_that_is_no_chest_gets_no_score(tool: Tool, tmp_path: Path) -> None:
    run = run_tool(tool, case_of(write_noise(tmp_path / "noise.png")))
    assert run.call.outcome is not Outcome.OK
    assert not run.findings


def test_a_lateral_view_is_not_applicable(tool: Tool, radiograph: Path) -> None:
    import pydicom

    dataset = pydicom.dcmread(radiograph)
    dataset.ViewPosition = "LL"
    dataset.save_as(radiograph)
    run = run_tool(tool, case_of(radiograph))
    assert run.call.outcome is Outcome.NOT_APPLICABLE
    assert "view" in run.call.reason


def test_real_radiographs_are_scored_or_refused_with_a_reason(
    tool: Tool, shared_data: Path
) -> None:
    pytest.importorskip("monai", reason="needs the extra 'experts'")
    path = sorted((shared_data / "cxr_hannover" / "images").glob("*.png"))[3]
    run = run_tool(tool, case_of(path))
    assert run.call.outcome is Outcome.OK, run.call.reason
    assert len(run.findings) == len(tool.card.produces)


def test_the_table_is_that_of_the_installed_package() -> None:
    import torchxrayvision as xrv

    for name, network in classifiers().items():
        own = xrv.models.model_urls[name]
        assert network.url == own["weights_url"]
        assert network.url.endswith(f"/{network.file}")
        assert network.resolution == own["input_resolution"]
        assert [output for output, _ in network.outputs] == own["labels"]
        for (_, point), threshold in zip(network.outputs, own["op_threshs"], strict=True):
            assert (point is None) == math.isnan(threshold)
            assert point is None or point == threshold


def test_concepts_are_in_the_vocabulary_and_lesions_are_lesions() -> None:
    concepts = load_knowledge().vocabulary.concepts
    kinds = {key: concepts[key].kind for key in CONCEPTS.values()}
    assert {key for key, kind in kinds.items() if kind == "lesion"} == set(LESIONS)


def test_the_card_says_what_it_leaves_out(tool: Tool) -> None:
    assert "Hernia, Lung Lesion, Enlarged Cardiomediastinum" in tool.card.limits
    assert "0.5 is an operating point and no probability" in tool.card.limits


def test_an_expert_goes_to_another_process(weights: Path) -> None:
    expert = pickle.loads(pickle.dumps(build_expert(entry(ALL), weights)))  # noqa: S301
    assert expert.card.isolated
    assert expert.card.weights[0].path == "all.pt"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"network": "densenet121"}, "options.network"),
        ({"network": ALL, "treshold": 0.4}, "treshold"),
        ({"network": "pspnet", "calibration": "c.json"}, "no scores"),
        ({"network": ALL, "calibration": "none.json"}, "no such file"),
    ],
)
def test_wrong_options_are_refused(weights: Path, options: dict[str, Any], message: str) -> None:
    wrong = ExpertEntry(name="cxr", family="torchxrayvision", options=options)
    with pytest.raises(ValueError, match=message):
        build_expert(wrong, weights)


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected one file of weights, got none"):
        build_expert(entry(ALL), tmp_path)


# -- the segmenter ---------------------------------------------------------------------------------


def test_structures_are_marked_on_the_radiographs_own_grid(
    tmp_path: Path, radiograph: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segmenter_module, "RESOLUTION", 64)
    torch.save(segmenter(("Heart", "Left Lung")), tmp_path / "pspnet.pth")
    expert = build_expert(entry("pspnet"), tmp_path)
    run = run_tool(tool_of(entry("pspnet"), tmp_path), case_of(radiograph))
    assert run.call.outcome is Outcome.OK, run.call.reason
    output = expert.run(case_of(radiograph))
    masks: dict[str, Mask] = {m.name: m for m in output.masks}  # type: ignore[union-attr]
    assert set(masks) == {"heart", "left_lung"} <= set(expert.card.marks)
    heart = masks["heart"].voxels
    assert heart.shape == (160, 128)
    # The square in the middle was looked at, and nothing above or below it.
    assert heart[16:144].all()
    assert not heart[:16].any()
    assert not heart[144:].any()
    assert any("not marked, which says nothing" in note for note in run.call.notes)
    assert any("top and bottom" in note for note in run.call.notes)


def test_left_and_right_follow_the_picture() -> None:
    from dxtrace.clinical.volume import Volume

    left, right = np.zeros((4, 8), bool), np.zeros((4, 8), bool)
    left[:, 1:3], right[:, 5:7] = True, True
    swapped = segmenter_module.sides_are_swapped(
        {"left_lung": left, "right_lung": right}, Volume(voxels=left)
    )
    assert swapped
    assert not segmenter_module.sides_are_swapped(
        {"left_lung": right, "right_lung": left}, Volume(voxels=left)
    )
