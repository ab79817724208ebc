from pathlib import Path

import pytest

from dxtrace.retrieval.errors import DamagedIndex
from dxtrace.retrieval.guidelines import DocumentRecord, GuidelineDocument, GuidelinePassage


def document(text: str, key: str = "ours", licence: str = "CC BY 4.0") -> GuidelineDocument:
    passage = GuidelinePassage(key="p1", section="Follow-up", page=3, text=text)
    return GuidelineDocument(
        key=key, version="1", title="Our guideline", publisher="Us", year=2024, source="ours.pdf",
        licence=licence, passages=(passage,),
    )  # fmt: skip


@pytest.fixture
def record(tmp_path: Path) -> DocumentRecord:
    return DocumentRecord(tmp_path / "deep" / "documents.sqlite")


def test_adding_twice_changes_nothing(record: DocumentRecord) -> None:
    assert record.add(document("one")) == "added"
    before = record.revision
    assert record.add(document("one")) == "unchanged"
    assert record.revision == before
    assert record.current() == (document("one"),)


def test_a_new_version_supersedes_and_the_old_one_stays_citable(record: DocumentRecord) -> None:
    old, new = document("one"), document("two")
    record.add(old)
    before = record.revision
    assert record.add(new) == "superseding"
    assert record.revision != before
    assert record.current() == (new,)
    cited = record.cited(old.reference(old.passages[0]))
    assert cited == (old, old.passages[0])
    assert record.add(old) == "restored"
    assert record.current() == (old,)


def test_what_is_retired_stays_citable(record: DocumentRecord) -> None:
    one = document("one")
    record.add(one)
    record.retire("ours")
    assert record.current() == ()
    assert record.cited(one.reference(one.passages[0])) is not None
    assert record.cited("ours@00000000#p1") is None


def test_a_citation_names_source_section_and_page() -> None:
    one = document("one")
    citation = one.citation(one.passages[0])
    assert citation.source == "Us, Our guideline (2024)"
    assert citation.section == "Follow-up, page 3"
    assert citation.text == "one"


def test_another_licence_is_another_version(record: DocumentRecord) -> None:
    record.add(document("one"))
    assert record.add(document("one", licence="CC0")) == "superseding"


@pytest.mark.parametrize("content", [b"not a database at all, but long enough" * 90, b"\0" * 5000])
def test_a_damaged_record_is_said_and_can_be_set_aside(
    record: DocumentRecord, content: bytes
) -> None:
    record.path.parent.mkdir()
    record.path.write_bytes(content)
    with pytest.raises(DamagedIndex, match="dxtrace knowledge rebuild"):
        record.add(document("one"))
    assert record.set_aside().read_bytes() == content
    assert record.add(document("one")) == "added"
