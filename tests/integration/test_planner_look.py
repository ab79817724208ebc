"""``dxtrace planner look`` as people run it: the commands of its page."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.integration.conftest import EXAMPLES, ROOT, Run

pytestmark = pytest.mark.slow
PAGE = (ROOT / "docs" / "planner-sight.md").read_text(encoding="utf-8")


def commands() -> list[list[str]]:
    (block,) = re.findall(r"(?ms)^```sh\n(.*?)^```", PAGE)
    return [shlex.split(line)[1:] for line in block.splitlines()]


def test_the_commands_of_the_page_show_the_example(dxtrace: Run, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES / "nodule-ct", tmp_path / "examples" / "nodule-ct")
    folder = tmp_path / "results" / "look" / "look" / "nodule-ct"
    plain, reviewed, small = commands()
    done = dxtrace(*plain)
    assert done.returncode == 0, done.stderr
    assert "of 96 axial slices" in done.stdout
    assert "utlined" not in done.stdout

    done = dxtrace(*reviewed)
    assert done.returncode == 0, done.stderr
    captions = (folder / "captions.txt").read_text(encoding="utf-8")
    assert captions == done.stdout
    first, second = captions.splitlines()[:2]
    assert "pulmonary nodule, right" in first
    assert "pulmonary nodule, left" in second

    done = dxtrace(*small)
    said = json.loads(done.stdout)
    assert 1 <= len(said["pictures"]) <= 4
    assert sorted(folder.glob("*.png")) == sorted(tmp_path / p["path"] for p in said["pictures"])
    for picture in said["pictures"]:
        assert max(Image.open(tmp_path / picture["path"]).size) <= 448
