"""What a result links to can be opened, and is the report."""

import stat
from pathlib import Path

from dxtrace.retrieval.cases import rebuild
from dxtrace.retrieval.cases.report_files import report_file
from tests.unit.retrieval.cases.small_cases import SOME, WordEmbedder, open_small, record


def test_a_file_of_its_own_is_linked_as_it_is(tmp_path: Path) -> None:
    own = tmp_path / "case.txt"
    assert report_file(tmp_path, record("a", link=str(own))) == own


def test_without_one_the_index_writes_the_report_for_this_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a case"
    folder.mkdir()
    for given in (record("a", title="Case A"), record("a", title="Case A", link=str(folder))):
        written = report_file(tmp_path, given)
        assert written is not None
        assert written.read_text() == "Case A\n\nReport of a.\n"
        assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert len(list((tmp_path / "reports").iterdir())) == 1


def test_without_a_report_there_is_no_link_but_to_where_it_is_from(tmp_path: Path) -> None:
    assert report_file(tmp_path, record("a", report=" ")) is None
    assert report_file(tmp_path, record("a", report="", link=str(tmp_path))) == tmp_path


def test_odd_words_can_be_written(tmp_path: Path) -> None:
    written = report_file(tmp_path, record("a", report="lone \ud800 surrogate"))
    assert written is not None
    assert "surrogate" in written.read_text()


def test_a_rebuild_removes_the_files_and_a_search_brings_them_back(tmp_path: Path) -> None:
    from dxtrace.knowledge import load_knowledge

    index = open_small(tmp_path)
    index.add(SOME)
    (first, *_) = index.search(record("q"), top=1)
    assert first.link is not None
    index.close()
    rebuild(tmp_path, load_knowledge().vocabulary, embedder=WordEmbedder())
    assert not first.link.exists()
    (again, *_) = open_small(tmp_path).search(record("q"), top=1)
    assert again.link is not None
    assert again.link.read_text().startswith("made#")
