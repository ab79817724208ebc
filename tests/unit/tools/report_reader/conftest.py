"""A reader of the whole vocabulary, compiled once."""

from importlib.resources import files

import pytest
import yaml

from dxtrace.clinical import Concept
from tools.report_reader import ReportReader


@pytest.fixture(scope="session")
def reader() -> ReportReader:
    folder = files("dxtrace.knowledge").joinpath("concepts")
    return ReportReader.from_concepts(
        Concept.model_validate(entry)
        for path in sorted(folder.iterdir(), key=lambda p: p.name)
        if path.name.endswith(".yaml")
        for entry in yaml.safe_load(path.read_text(encoding="utf-8"))
    )
