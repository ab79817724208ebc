"""The user's own documents: added, superseded, removed, cited."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dxtrace.documents.blocks import Facts
from dxtrace.documents.errors import UnreadableDocument
from dxtrace.knowledge import Knowledge, load_knowledge
from dxtrace.retrieval.errors import RetrievalError
from dxtrace.retrieval.guidelines import (
    GuidelineIndex,
    GuidelineLibrary,
    QuotationError,
    Route,
    look_up,
    verify_citation,
)
from dxtrace.retrieval.guidelines.own_documents import OwnDocuments, Stated
from tests.unit.retrieval.guidelines.test_library import vectors_of
from tests.unit.retrieval.plain_embedder import PlainEmbedder

OLD = "# Cyst guide\n\n## Follow-up\n\nImage a class IIF cyst at 6 months.\n"
NEW = "# Cyst guide\n\n## Follow-up\n\nImage a class IIF cyst at 12 months.\n"
ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load_knowledge()


@pytest.fixture
def shelf(tmp_path: Path, knowledge: Knowledge) -> OwnDocuments:
    return OwnDocuments(
        GuidelineLibrary(tmp_path / "library", knowledge, PlainEmbedder(), lambda _: ())
    )


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_file_is_found_with_its_place(shelf: OwnDocuments, tmp_path: Path) -> None:
    added = shelf.add(written(tmp_path, "cysts.md", OLD), Stated())
    assert added.outcome == "added"
    assert added.document.key == "own:cyst-guide"
    hit = GuidelineIndex(shelf.library).search("class IIF cyst").hits[0]
    assert hit.document == added.document
    assert hit.passage.section == "Follow-up"
    assert hit.quotation == "Image a class IIF cyst at 6 months."
    assert not hit.document.pack


def test_what_nobody_said_is_not_made_up_and_what_was_taken_is_said(
    shelf: OwnDocuments, tmp_path: Path
) -> None:
    added = shelf.add(written(tmp_path, "cysts.md", OLD), Stated(Facts(licence="CC BY")))
    assert (added.document.year, added.document.publisher) == (None, "")
    assert added.origins == {
        "title": "its first heading", "source": "the name of the file", "licence": "as stated",
    }  # fmt: skip


def test_the_same_file_again_changes_nothing(shelf: OwnDocuments, tmp_path: Path) -> None:
    path = written(tmp_path, "cysts.md", OLD)
    first = shelf.add(path, Stated(Facts(licence="CC BY", year=2020)))
    revision = shelf.record.revision
    again = shelf.add(path, Stated())
    copy = shelf.add(written(tmp_path, "copy.md", OLD), Stated())
    assert (again.outcome, copy.outcome) == ("unchanged", "unchanged")
    assert again.document == copy.document == first.document
    assert shelf.record.revision == revision


def test_more_said_of_the_same_file_keeps_what_was_said(
    shelf: OwnDocuments, tmp_path: Path
) -> None:
    path = written(tmp_path, "cysts.md", OLD)
    shelf.add(path, Stated(Facts(year=2020, version="2"), modalities=("ct",)))
    more = shelf.add(path, Stated(Facts(licence="CC BY")))
    assert more.outcome == "superseding"
    said = more.document
    assert (said.year, said.version, said.licence) == (2020, "2", "CC BY")
    assert said.modalities == ("ct",)


@pytest.mark.parametrize("way", ["same place", "stated"])
def test_a_new_version_supersedes_and_both_stay_citable(
    shelf: OwnDocuments, tmp_path: Path, way: str
) -> None:
    old = shelf.add(written(tmp_path, "cysts.md", OLD), Stated(Facts(year=2019))).document
    name, stated = ("cysts.md", Stated()) if way == "same place" else (
        "new.md", Stated(supersedes="cyst-guide")
    )  # fmt: skip
    added = shelf.add(written(tmp_path, name, NEW), stated)
    assert (added.outcome, added.instead) == ("superseding", old)
    assert added.document.key == old.key
    assert added.document.year is None
    quotes = [h.quotation for h in GuidelineIndex(shelf.library).search("class IIF cyst").hits]
    assert "Image a class IIF cyst at 12 months." in quotes
    assert "Image a class IIF cyst at 6 months." not in quotes
    reference = old.reference(old.passages[0])
    cited = verify_citation(shelf.record, reference, "class IIF cyst at 6 months")
    assert (cited.standing, cited.successor) == ("superseded", added.document)
    with pytest.raises(QuotationError, match="does not say"):
        verify_citation(shelf.record, reference, "class IIF cyst at 12 months")
    with pytest.raises(QuotationError, match="no passage is called"):
        verify_citation(shelf.record, "own:cyst-guide@00000000#x", "class")


def test_a_superseded_file_added_again_stays_superseded(
    shelf: OwnDocuments, tmp_path: Path
) -> None:
    old = written(tmp_path, "old.md", OLD)
    shelf.add(old, Stated())
    new = shelf.add(written(tmp_path, "new.md", NEW), Stated(supersedes="cyst-guide"))
    again = shelf.add(old, Stated())
    assert (again.outcome, again.instead) == ("superseded", new.document)
    back = shelf.add(old, Stated(supersedes="cyst-guide"))
    assert back.outcome == "restored"
    assert "6 months" in shelf.record.versions("own:cyst-guide")[0].document.passages[0].text
    assert shelf.record.versions("own:cyst-guide")[0].current


def test_another_document_of_the_same_title_is_not_taken_for_a_version(
    shelf: OwnDocuments, tmp_path: Path
) -> None:
    shelf.add(written(tmp_path, "one.md", OLD), Stated())
    with pytest.raises(RetrievalError, match=r"--supersedes own:cyst-guide.*another --title"):
        shelf.add(written(tmp_path, "two.md", NEW), Stated())
    other = shelf.add(written(tmp_path, "two.md", NEW), Stated(Facts(title="Cysts, local")))
    assert other.document.key == "own:cysts-local"


def test_what_is_removed_is_not_found_but_can_be_cited_and_added_again(
    shelf: OwnDocuments, tmp_path: Path
) -> None:
    path = written(tmp_path, "cysts.md", OLD)
    document = shelf.add(path, Stated()).document
    assert shelf.remove("cyst-guide") == document
    assert all(e.document.pack for e in shelf.library.open()[0])
    reference = document.reference(document.passages[0])
    assert look_up(shelf.record, reference).standing == "removed"
    with pytest.raises(RetrievalError, match="no document of your own is called 'cyst-guide'"):
        shelf.remove("cyst-guide")
    assert shelf.add(path, Stated()).outcome == "restored"


def test_packs_are_no_documents_of_the_user(shelf: OwnDocuments, tmp_path: Path) -> None:
    shelf.library.open()
    for name in ("fleischner", "own:fleischner"):
        with pytest.raises(RetrievalError, match="no document of your own"):
            shelf.remove(name)
    added = shelf.add(written(tmp_path, "f.md", f"# Fleischner\n{OLD}"), Stated())
    assert added.document.key == "own:fleischner"
    assert any(v.current for v in shelf.record.versions("fleischner"))


def test_tags_route_and_untagged_documents_are_looked_at_for_every_case(
    shelf: OwnDocuments, tmp_path: Path
) -> None:
    shelf.add(written(tmp_path, "mr.md", OLD), Stated(Facts(title="MR cysts"), modalities=("mr",)))
    shelf.add(written(tmp_path, "any.md", NEW), Stated())
    index = GuidelineIndex(shelf.library)

    def keys(route: Route) -> set[str]:
        return {c.entry.document.key for c in index.candidates("class IIF cyst at months", route)}

    assert {"own:mr-cysts", "own:cyst-guide"} <= keys(Route())
    assert {"own:mr-cysts", "own:cyst-guide"} <= keys(Route(modalities=frozenset({"mr"})))
    on_ct = keys(Route(modalities=frozenset({"ct"})))
    assert "own:cyst-guide" in on_ct
    assert "own:mr-cysts" not in on_ct


def test_a_file_that_cannot_be_read_leaves_the_index_as_it_was(
    shelf: OwnDocuments, tmp_path: Path
) -> None:
    shelf.add(written(tmp_path, "cysts.md", OLD), Stated())
    revision = shelf.record.revision
    with pytest.raises(UnreadableDocument):
        shelf.add(written(tmp_path, "broken.pdf", "%PDF-1.4 cut"), Stated())
    assert shelf.record.revision == revision


def test_a_guideline_that_a_document_speaks_of_is_not_said_to_be_missing(
    shelf: OwnDocuments, tmp_path: Path
) -> None:
    index = GuidelineIndex(shelf.library)
    assert index.search("Bosniak IIF?").note == "no document holds Bosniak"
    shelf.add(written(tmp_path, "b.md", "# Renal cysts\n\nBosniak IIF: at 6 months.\n"), Stated())
    assert index.search("Bosniak IIF?").hits[0].quotation == "Bosniak IIF: at 6 months."


ADD = """
import os, signal, sys
from pathlib import Path
from dxtrace.knowledge import load_knowledge
from dxtrace.retrieval.guidelines import DocumentRecord, GuidelineLibrary
from dxtrace.retrieval.guidelines.own_documents import OwnDocuments, Stated
from tests.unit.retrieval.plain_embedder import PlainEmbedder

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

folder, when, *files = sys.argv[1:]
shelf = OwnDocuments(
    GuidelineLibrary(Path(folder), load_knowledge(), PlainEmbedder(), lambda _: ())
)
for number, name in enumerate(files):
    if when == "recording" and number == 1:
        import dxtrace.retrieval.guidelines.record as record
        record._count_up = die
    shelf.add(Path(name), Stated())
    if when == "embedding":
        PlainEmbedder.embed = die
    if when != "recording":
        shelf.library.open()
"""


def _start(folder: Path, when: str, files: list[Path]) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", ADD, folder, when, *files]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE)


def _files(folder: Path, numbers: range) -> list[Path]:
    return [
        written(folder, f"{n}.md", f"# Guide {n}\n\nStatement {n} of the guide.\n") for n in numbers
    ]


@pytest.mark.parametrize(("when", "there"), [("embedding", {0}), ("recording", {0})])
def test_a_killed_command_leaves_whole_documents_and_a_usable_index(
    shelf: OwnDocuments, tmp_path: Path, when: str, there: set[int]
) -> None:
    files = _files(tmp_path, range(3))
    killed = _start(shelf.library.folder, when, files)
    assert killed.wait() == -signal.SIGKILL, killed.communicate()[1]
    entries, store = shelf.library.open()
    keys = {e.document.key for e in entries if not e.document.pack}
    assert keys == {f"own:guide-{n}" for n in there}
    assert store.ids() == vectors_of(entries)
    outcomes = [shelf.add(path, Stated()).outcome for path in files]
    assert outcomes == ["unchanged", "added", "added"]


def test_two_processes_adding_at_once_lose_nothing(shelf: OwnDocuments, tmp_path: Path) -> None:
    parts = [_files(tmp_path, range(4)), _files(tmp_path, range(3, 7))]
    started = [_start(shelf.library.folder, "never", files) for files in parts]
    assert [process.wait() for process in started] == [0, 0]
    entries, store = shelf.library.open()
    keys = [e.document.key for e in entries if not e.document.pack]
    assert sorted(keys) == [f"own:guide-{n}" for n in range(7)]
    assert store.ids() == vectors_of(entries)


def test_where_a_link_leads_is_where_a_file_lies(shelf: OwnDocuments, tmp_path: Path) -> None:
    shelf.add(written(tmp_path, "cysts.md", OLD), Stated())
    (tmp_path / "link.md").symlink_to("cysts.md")
    written(tmp_path, "cysts.md", NEW)
    assert shelf.add(tmp_path / "link.md", Stated()).outcome == "superseding"
    kept = shelf.record.versions("own:cyst-guide")[-1].file
    assert kept is not None
    assert kept.path == os.path.realpath(tmp_path / "cysts.md")
