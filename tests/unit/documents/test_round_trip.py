"""What is written in a format is what is read from it."""

import pytest

from benchmarks.document_reading import FORMATS, survived
from benchmarks.written_documents import write_sections


@pytest.mark.parametrize("name", FORMATS)
def test_sections_paragraphs_tables_and_pages_survive(name: str) -> None:
    found = survived(name, write_sections(3, seed=11))
    assert len(found.sections) == 9
    assert len(found.paragraphs) == 15
    assert all(found.sections)
    assert all(found.paragraphs)
    assert all(found.tables)
    assert all(found.pages)
