"""The Indiana corpus: read from an archive, as manifest lines, without importing its package."""

import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from dxtrace.intake import IntakeError
from dxtrace.intake.indiana import find_archive, indiana_manifest, read_indiana

XML = """<?xml version="1.0"?><eCitation><Abstract>
<AbstractText Label="COMPARISON">None.</AbstractText>
<AbstractText Label="INDICATION">Cough</AbstractText>
<AbstractText Label="FINDINGS">{findings}</AbstractText>
<AbstractText Label="IMPRESSION">Normal.</AbstractText></Abstract>
<MeSH><major>normal</major></MeSH></eCitation>"""


def make_archive(path: Path, members: dict[str, str]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, text in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return path


def test_reports_come_in_order_under_their_headings(tmp_path: Path) -> None:
    members = {f"r/{n}.xml": XML.format(findings=f"Report {n}.") for n in (10, 2)}
    archive = make_archive(tmp_path / "a.tgz", members)
    first, second = read_indiana(archive)
    assert (first.number, second.number) == (2, 10)
    assert first.text == (
        "INDICATION: Cough\n\nCOMPARISON: None.\n\nFINDINGS: Report 2.\n\nIMPRESSION: Normal."
    )
    assert first.mesh == ("normal",)
    ids = [json.loads(line)["id"] for line in indiana_manifest(archive)]
    assert ids == ["indiana-2", "indiana-10"]


def test_a_file_that_is_no_such_archive_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.tgz"
    broken.write_bytes(b"nothing")
    with pytest.raises(IntakeError, match="not a readable archive"):
        list(read_indiana(broken))
    with pytest.raises(IntakeError, match="expected reports named"):
        list(read_indiana(make_archive(tmp_path / "empty.tgz", {})))


def test_entities_are_refused(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]>' + XML.format(findings="&a;")
    with pytest.raises(IntakeError, match="entities"):
        list(read_indiana(make_archive(tmp_path / "a.tgz", {"1.xml": bomb})))


def test_the_installed_corpus_is_found_without_importing_its_package() -> None:
    try:
        archive = find_archive()
    except IntakeError as error:
        pytest.skip(str(error))
    assert sum(1 for _ in read_indiana(archive)) == 3927
    looked = "import sys; from dxtrace.intake.indiana import find_archive; find_archive()"
    shown = f"{looked}; print('torchxrayvision' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", shown], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
