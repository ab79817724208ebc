"""What a result links to can be opened, and is the report."""

import stat
from pathlib import Path

from dxtrace.retrieval.cases import lost_copies, rebuild
from dxtrace.retrieval.cases.report_files import report_file, reports_kept
from tests.unit.retrieval.cases.small_cases import SOME, WordEmbedder, nearest, open_small, record


def test_the_report_is_written_for_this_user_alone_under_what_others_may_see(
    tmp_path: Path,
) -> None:
    own = tmp_path / "John Smith.txt"
    given = record("John Smith", shown="case-1", link=str(own))
    written = report_file(tmp_path, given)
    assert written == tmp_path / "reports" / "case-1.txt"
    assert written.read_text() == "case-1\n\nReport of John Smith.\n"
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    titled = report_file(tmp_path, record("a", title="Collection 7"))
    assert titled is not None
    assert titled.read_text().startswith("Collection 7\n")


def test_a_report_that_has_changed_is_written_again(tmp_path: Path) -> None:
    old = report_file(tmp_path, record("a", report="Old."))
    new = report_file(tmp_path, record("a", report="New."))
    assert old == new
    assert dict(reports_kept(tmp_path)) == {"a": "New."}


def test_without_a_report_there_is_no_link(tmp_path: Path) -> None:
    assert report_file(tmp_path, record("a", report=" ", link=str(tmp_path))) is None


def test_odd_words_can_be_written(tmp_path: Path) -> None:
    written = report_file(tmp_path, record("a", report="lone \ud800 surrogate"))
    assert written is not None
    assert "surrogate" in written.read_text()


def test_links_still_lead_to_the_report_after_a_rebuild(tmp_path: Path) -> None:
    from dxtrace.knowledge import load_knowledge

    index = open_small(tmp_path)
    index.add(SOME)
    (first, *_) = nearest(index, record("q"), top=1)
    assert first.link is not None
    index.close()
    rebuild(tmp_path, load_knowledge().vocabulary, embedder=WordEmbedder())
    assert first.link.read_text().startswith("left\n")
    assert list(lost_copies(open_small(tmp_path))) == []


def test_a_file_whose_case_is_lost_is_found_and_a_second_file_of_one_case_removed(
    tmp_path: Path,
) -> None:
    index = open_small(tmp_path)
    lost, renamed = record("lost"), record("old number", report=SOME[0].report)
    for each in (lost, renamed):
        report_file(tmp_path, each)
    index.add(SOME)
    assert list(lost_copies(index)) == [("lost", "Report of lost.")]
    assert [name for name, _ in reports_kept(tmp_path)] == ["lost"]
