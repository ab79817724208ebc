"""Cards of configured experts come without a heavy library, and before their files are here."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SCRIPT = """
import sys
from pathlib import Path
from expert_models.card import WeightsFile
from expert_models.families import ExpertEntry, build_expert

files = (WeightsFile(name="model.safetensors", sha256="0" * 64),)
entry = ExpertEntry(name="one", family=sys.argv[1], options=eval(sys.argv[2]), files=files)
print(build_expert(entry, Path("nowhere")).card.name)
print(sorted({"torch", "transformers", "open_clip", "torchxrayvision", "monai"} & set(sys.modules)))
"""


@pytest.mark.parametrize(
    ("family", "options"),
    [
        ("torchxrayvision", {"network": "densenet121-res224-all"}),
        ("torchxrayvision", {"network": "pspnet"}),
        ("zero_shot", {}),
        ("image_embedding", {"modalities": ["CR"]}),
    ],
)
def test_a_card_imports_nothing_heavy(family: str, options: dict[str, object]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, family, repr(options)],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.stdout.split("\n", 1) == ["one", "[]\n"], done.stderr
