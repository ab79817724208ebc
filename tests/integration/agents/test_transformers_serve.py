"""A real server of somebody else: ``transformers serve``, with tiny models."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from expert_models.runtime import torchvision_guard

torchvision_guard.install()
for package in ("torch", "transformers", "fastapi", "uvicorn"):
    pytest.importorskip(package, reason=f"{package} is not installed (extras 'experts' and 'dev')")

from langchain_core.language_models import BaseChatModel  # noqa: E402

from agents.vlm.models import (  # noqa: E402
    PlannerUnavailable,
    open_chat_model,
    probe,
    resolve_planner,
)
from tests.integration.agents.test_in_process_models import RED, TOOL, asked  # noqa: E402
from tests.tiny_image_text_models import teach, write_llava, write_qwen  # noqa: E402
from tests.transformers_server import transformers_server  # noqa: E402

pytestmark = pytest.mark.slow
CALL = '<tool_call>\n{"name": "segment", "arguments": {"what": "spleen"}}\n</tool_call>'


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with transformers_server(tmp_path_factory.mktemp("server")) as address:
        yield address


def opened(url: str, folder: Path, **fields: Any) -> BaseChatModel:
    entry = resolve_planner(f"{url}#{folder}")
    return open_chat_model(entry.model_copy(update={"max_tokens": 60, **fields}))


def test_a_model_sees_pictures_and_writes(url: str, tmp_path: Path) -> None:
    model = opened(url, write_llava(tmp_path / "llava"), max_tokens=12)
    pieces = list(model.stream([asked("What is it?", RED)]))
    assert "".join(piece.text for piece in pieces)
    assert any(piece.response_metadata.get("finish_reason") == "length" for piece in pieces)
    assert sum(p.usage_metadata["output_tokens"] for p in pieces if p.usage_metadata) == 12


def test_a_model_calls_the_tool_that_it_learned_to_call(url: str, tmp_path: Path) -> None:
    folder = write_qwen(tmp_path / "qwen")
    content = [{"type": "text", "text": "Segment."}]
    teach(folder, [{"role": "user", "content": content}], [TOOL], CALL)
    said = opened(url, folder).bind_tools([TOOL]).invoke([asked("Segment.")])
    assert [(c["name"], c["args"]) for c in said.tool_calls] == [("segment", {"what": "spleen"})]


def test_what_is_not_there_is_said(url: str, tmp_path: Path) -> None:
    entry = resolve_planner(f"{url}#{tmp_path / 'nothing'}").model_copy(update={"retries": 0})
    found = probe(entry)
    assert found.reached.state == "no"
    with pytest.raises(PlannerUnavailable, match="answered 5"):
        open_chat_model(entry).invoke([asked("x")])
