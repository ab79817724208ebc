"""Which calls are the same: by the pixels, the expert, and what it was asked."""

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from dxtrace import __version__
from dxtrace.clinical import Arguments, Case, Series
from dxtrace.file_hash import read_sha256
from expert_models import ModelCard, matching_series
from tools.host.request import NotPortableError, pack_function
from tools.tool import Tool

_MOST_FILES = 100_000


def result_key(tool: Tool, case: Case, arguments: Arguments) -> str | None:
    """A name for what a call would give; the same call gives the same, of any process.

    It covers the content of the image files that fit the card, how they are grouped, the expert's
    function, name, version and weights, the arguments and whether the case itself asks for them,
    the patient, and what else of the case the card accepts.

    Returns:
        64 hex digits; None where nobody can tell: the tool looks at no image, its function is
        only known in this process, or a file cannot be read.
    """
    card = tool.card
    if "image" not in card.accepts:
        return None
    try:
        parts = {
            "dxtrace": __version__,
            "expert": [card.name, card.version, card.weights_sha256],
            "function": hashlib.sha256(pack_function(tool.function)).hexdigest(),
            "arguments": arguments.model_dump(mode="json"),
            # What a person names is more than what a planner does.
            "asked_by_case": case.asks_for(card.name, arguments),
            "images": _images(card, case),
            "case": _accepted(card, case),
        }
    except (NotPortableError, OSError):
        return None
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _images(card: ModelCard, case: Case) -> list[Any]:
    fitting = {series.id: series for series in matching_series(card, case)}
    return [
        # Which study is the newest one decides on what an expert looks at.
        [str(study.day), study.is_prior,
         [_described(fitting[s.id]) for s in study.series if s.id in fitting]]
        for study in case.studies
    ]  # fmt: skip


def _described(series: Series) -> list[Any]:
    headers = series.model_dump(mode="json", exclude={"images": {"__all__": {"path"}}})
    return [headers, [_file_digest(image.path) for image in series.images]]


def _accepted(card: ModelCard, case: Case) -> dict[str, Any]:
    fields = {"patient"}
    fields |= {"reports"} if "report" in card.accepts else set()
    fields |= {"observations"} if "observation" in card.accepts else set()
    return case.model_dump(mode="json", include=fields)


def _file_digest(path: Path) -> str:
    from dxtrace.intake.imaging.sources import file_on_disk

    holder = file_on_disk(path)
    if holder is None:
        raise FileNotFoundError(path)
    found = holder.stat()
    inside = "" if holder == path else str(path.relative_to(holder))
    return f"{_digest(str(holder), found.st_size, found.st_mtime_ns)}{inside}"


@lru_cache(maxsize=_MOST_FILES)
def _digest(path: str, size: int, changed_ns: int) -> str:
    """The SHA-256 of a file that has this size and time of change."""
    del size, changed_ns
    return read_sha256(Path(path))
