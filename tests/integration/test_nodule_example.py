"""The example with pixels: from a CT to a proved category, with its picture."""

import json

import pytest

from tests.integration.conftest import EXAMPLES, Run


@pytest.mark.parametrize(
    ("file", "output", "value"),
    [
        ("screening.yaml", "lung_rads.category", "4A"),
        ("case.yaml", "fleischner.first_step", "WORK_UP"),
    ],
)
def test_the_synthetic_chest_gives_a_proved_answer_with_its_picture(
    dxtrace: Run, tmp_path, file: str, output: str, value: str
) -> None:
    ended = dxtrace("review", EXAMPLES / "nodule-ct" / file, "--out", tmp_path / "out", "--json")

    assert ended.returncode == 0, ended.stderr
    result = json.loads(ended.stdout)
    (conclusion,) = [c for c in result["answer"]["conclusions"] if c["concept"] == output]
    assert (conclusion["verdict"], conclusion["value"]) == ("entailed", value)
    solid, calcified = [f for f in result["findings"] if f["concept"] == "pulmonary_nodule"]
    (volume,) = [m for m in solid["measurements"] if m["kind"] == "volume"]
    assert float(volume["low"]) <= 443.2 <= float(volume["high"])  # truth.json
    assert calcified["attributes"]["calcification"] == "diffuse"
    pictures = [a for a in result["artifacts"] if a["kind"] == "picture"]
    assert all((tmp_path / "out" / p["path"]).stat().st_size for p in pictures)
    assert len(pictures) >= 2
