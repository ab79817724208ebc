import subprocess
import sys
from importlib.util import find_spec

import pytest

from tests.processes import LIMIT_S

if not all(map(find_spec, ("torch", "torchvision"))):
    pytest.skip("needs the extra 'experts'", allow_module_level=True)


def _python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=LIMIT_S, check=False
    )


def test_torchvision_is_importable_and_suppresses_overlapping_boxes() -> None:
    done = _python(
        "import expert_models, torch\n"
        "from torchvision.ops import nms\n"
        "boxes = torch.tensor([[0., 0, 10, 10], [1, 0, 10, 10], [20, 20, 30, 30]])\n"
        "print(nms(boxes, torch.tensor([.5, .9, .1]), 0.5).tolist())\n"
    )
    assert done.stdout.strip() == "[1, 2]", done.stderr[-2000:]


def test_the_guard_itself_imports_neither_torch_nor_torchvision() -> None:
    done = _python(
        "import sys, expert_models\n"
        "print([m for m in ('torch', 'torchvision', 'numpy') if m in sys.modules])\n"
    )
    assert done.stdout.strip() == "[]", done.stderr[-2000:]
