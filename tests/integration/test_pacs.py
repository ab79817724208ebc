"""Cases from a real DICOM archive (Orthanc), by its DICOMweb service, from the command line."""

import fcntl
import json
import shutil
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.error import HTTPError

import pytest
from pydicom import Dataset
from pydicom.uid import JPEGLSLossless

from dxtrace.__main__ import main
from tests.processes import LIMIT_S, wait_until
from tests.servers import server_at_a_port
from tests.unit.small_dicom import ct_slices, radiograph
from tests.unit.small_reports import encapsulated_pdf, printed, section, structured_report

pytest.importorskip("dicomweb_client", reason="needs the extra 'pacs'")
from dicomweb_client.api import DICOMwebClient
from dicomweb_client.session_utils import create_session_from_user_pass

pytestmark = pytest.mark.slow
PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
EFFUSION = "Small left pleural effusion. Seen by Dr Jane Doe, MRN-4711."


@dataclass(frozen=True)
class Archive:
    """A running Orthanc."""

    url: str
    client: DICOMwebClient

    def store(self, *objects: Dataset) -> None:
        """Send objects to it."""
        for each in objects:
            each.preamble = b"\0" * 128
        self.client.store_instances(list(objects))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    command = shutil.which("Orthanc")
    if command is None or not PLUGIN.exists():
        pytest.skip("no Orthanc with DICOMweb here: Debian packages orthanc, orthanc-dicomweb")
    folder = tmp_path_factory.mktemp("orthanc")
    with server_at_a_port(partial(_started, Path(command), folder)) as port:
        wait_until(lambda: _answers(port), "Orthanc answers")
        yield f"http://127.0.0.1:{port}/dicom-web"


def _started(command: Path, folder: Path, port: int) -> "subprocess.Popen[bytes]":
    settings = {
        "StorageDirectory": str(folder / "db"), "IndexDirectory": str(folder / "db"),
        "Plugins": [str(PLUGIN)], "HttpPort": port, "HttpBindAddresses": ["127.0.0.1"],
        "RemoteAccessAllowed": False, "DicomServerEnabled": False,
        "AuthenticationEnabled": True, "RegisteredUsers": {"reader": "secret"},
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }  # fmt: skip
    (folder / "orthanc.json").write_text(json.dumps(settings))
    return subprocess.Popen(
        [command, folder / "orthanc.json"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip


def _answers(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=LIMIT_S).close()
    except HTTPError:
        return True  # it asks for a password: it is there
    except OSError:
        return False
    return True


@pytest.fixture
def archive(server: str) -> Archive:
    """The archive, emptied."""
    client = DICOMwebClient(server, session=create_session_from_user_pass("reader", "secret"))
    root = server.removesuffix("/dicom-web")
    session = create_session_from_user_pass("reader", "secret")
    for study in session.get(f"{root}/studies", timeout=LIMIT_S).json():
        session.delete(f"{root}/studies/{study}", timeout=LIMIT_S)
    return Archive(server, client)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DXTRACE_CASES", str(tmp_path / "index"))
    monkeypatch.setenv("DXTRACE_PACS_USER", "reader")
    monkeypatch.setenv("DXTRACE_PACS_PASSWORD", "secret")
    return tmp_path / "index"


def scan(
    day: str = "20200304", patient: str = "MRN-4711", impression: str = EFFUSION
) -> list[Dataset]:
    """A CT of six slices with its report."""
    images = ct_slices()
    for image in images:
        image.PatientID, image.StudyDate = patient, day
        image.PatientAge, image.PatientSex = "060Y", "F"
    report = structured_report(
        section("Findings", impression), section("Impressions", "Pleural effusion."),
        study=images[0].StudyInstanceUID, day=day, PatientID=patient,
    )  # fmt: skip
    return [*images, report]


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


Command = Callable[..., Done]


@pytest.fixture
def dxtrace(
    index: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Run ``dxtrace cases`` in this process."""
    del index

    def run(*arguments: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["dxtrace", "cases", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        return Done(int(end.value.code or 0), said.out, said.err)

    return run


@pytest.fixture
def add(dxtrace: Command, archive: Archive) -> Command:
    return lambda *arguments: dxtrace("add", "--pacs", archive.url, *arguments)


def listed(dxtrace: Command) -> str:
    return dxtrace("list").stdout.splitlines()[0].rpartition(": ")[2]


def test_a_study_becomes_a_case_with_its_report_de_identified(
    archive: Archive, add: Command, dxtrace: Command, index: Path, tmp_path: Path
) -> None:
    archive.store(*scan())
    done = add("--query", "ModalitiesInStudy=CT")
    assert done.returncode == 0, done.stderr
    (tmp_path / "asked.txt").write_text("FINDINGS: Large left pleural effusion.")
    found = dxtrace(
        "search", tmp_path / "asked.txt", "--modality", "CT", "--body-part", "chest", "--age",
        "50-70", "--sex", "F", "--json",
    )  # fmt: skip
    (case,) = map(json.loads, found.stdout.splitlines())
    assert case["id"].startswith("pacs-")
    report = Path(case["link"].removeprefix("file://")).read_text()
    assert "FINDINGS:\nSmall left pleural effusion." in report
    assert "IMPRESSIONS:\nPleural effusion." in report
    for part in ("Doe", "4711"):
        assert part not in report
    for file in index.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert b"4711" not in content, file
            assert b"Doe" not in content, file
    assert not list((index / "incoming").glob("*"))


def test_nothing_is_added_twice_and_a_limit_is_gone_on_from(
    archive: Archive, add: Command, dxtrace: Command
) -> None:
    for number in range(3):
        archive.store(*scan(patient=f"P{number}", impression=f"Effusion, number {number}."))
    first = add("--most", "2")
    assert "2 new" in first.stderr
    assert "goes on with the next" in first.stderr
    second = add("--most", "2")
    assert "1 new" in second.stderr
    assert "2 studies were in the index already" in second.stderr
    assert "0 new" in add().stderr
    assert listed(dxtrace) == "3 cases"


def test_a_study_that_came_as_files_is_not_added_again_from_the_archive(
    archive: Archive, add: Command, dxtrace: Command, tmp_path: Path
) -> None:
    objects = scan()
    archive.store(*objects)
    (tmp_path / "files" / "scan").mkdir(parents=True)
    for number, image in enumerate(objects[:-1]):
        image.save_as(tmp_path / "files" / "scan" / f"{number}.dcm", enforce_file_format=True)
    assert dxtrace("add", tmp_path / "files").returncode == 0
    assert "1 studies were in the index already" in add().stderr
    assert listed(dxtrace) == "1 cases"


def test_a_patient_is_never_similar_to_an_earlier_study_of_her_own(
    archive: Archive, add: Command, dxtrace: Command, tmp_path: Path
) -> None:
    today = scan(day="20210101")
    archive.store(*scan(day="20190101", impression="Old effusion."), *today)
    archive.store(*scan(day="20200101", patient="OTHER", impression="Right effusion."))
    assert add().returncode == 0
    (tmp_path / "asked").mkdir()
    for number, image in enumerate(today[:-1]):
        image.save_as(tmp_path / "asked" / f"{number}.dcm", enforce_file_format=True)
    (tmp_path / "asked" / "report.txt").write_text("FINDINGS: Left pleural effusion.")
    found = dxtrace("search", tmp_path / "asked", "--json").stdout.splitlines()
    (case,) = map(json.loads, found)
    assert "Right effusion" in Path(case["link"].removeprefix("file://")).read_text()


def test_reports_of_earlier_studies_come_along_as_earlier_ones(
    archive: Archive, add: Command, index: Path
) -> None:
    archive.store(*scan(day="20190101", impression="Pneumothorax."))
    archive.store(*scan(day="20200101", impression="Left pleural effusion."))
    assert add("--query", "StudyDate=20200101").returncode == 0
    with sqlite3.connect(index / "cases.sqlite3") as database:
        ((record,),) = database.execute("SELECT record FROM cases").fetchall()
    said = {(f["concept"], f["context"]) for f in json.loads(record)["findings"]}
    assert ("pneumothorax", "prior") in said
    assert ("pleural_effusion", "current") in said
    assert "Pneumothorax" not in json.loads(record)["report"]


def test_a_saved_answer_stands_for_a_query(
    archive: Archive, add: Command, dxtrace: Command, tmp_path: Path
) -> None:
    archive.store(*scan(patient="A", impression="Effusion A."))
    archive.store(*scan(patient="B", impression="Effusion B."))
    saved = archive.client.search_for_studies(search_filters={"PatientID": "A"})
    (tmp_path / "studies.json").write_text(json.dumps(saved))
    assert add("--studies", tmp_path / "studies.json").returncode == 0
    assert listed(dxtrace) == "1 cases"


def test_images_as_they_are_stored_and_studies_without_a_report(
    archive: Archive, add: Command, dxtrace: Command
) -> None:
    image = radiograph()
    image.compress(JPEGLSLossless)
    archive.store(image)
    done = add("--query", "ModalitiesInStudy=CR")
    assert done.returncode == 0, done.stderr
    assert listed(dxtrace) == "1 cases"


def test_a_report_without_images_is_a_case(
    archive: Archive, add: Command, dxtrace: Command
) -> None:
    archive.store(structured_report(section("Findings", "Left pneumothorax.")))
    assert add().returncode == 0
    assert listed(dxtrace) == "1 cases"


def test_a_report_that_is_kept_as_pdf_is_read_and_a_scanned_one_is_said(
    archive: Archive, add: Command, dxtrace: Command
) -> None:
    archive.store(encapsulated_pdf(printed("FINDINGS:", "Left pneumothorax. Jane Doe was told.")))
    archive.store(encapsulated_pdf(printed(""), PatientID="OTHER"))
    done = add()
    assert "holds text: expected a PDF with text" in done.stderr
    assert listed(dxtrace) == "1 cases"
    shown = dxtrace("search", "pneumothorax").stdout
    assert "Doe" not in shown


@pytest.mark.usefixtures("archive")
def test_a_wrong_password_is_said_in_one_line(
    add: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DXTRACE_PACS_PASSWORD", "wrong")
    done = add()
    assert done.returncode == 2
    assert "refuses who asks (HTTP 401)" in done.stderr
    assert "Traceback" not in done.stderr
    assert "wrong" not in done.stderr


@pytest.mark.usefixtures("archive")
def test_a_query_without_an_answer_adds_nothing(add: Command) -> None:
    done = add("--query", "PatientID=NOBODY")
    assert done.returncode == 0, done.stderr
    assert "0 new" in done.stderr


def test_what_a_kill_has_left_is_removed_and_the_rest_is_added(
    archive: Archive, add: Command, dxtrace: Command, index: Path
) -> None:
    archive.store(*scan(patient="A", impression="Effusion A."))
    assert add().returncode == 0
    left = index / "incoming" / "left" / "images"
    left.mkdir(parents=True)
    (left / "000001.dcm").write_bytes(b"somebody's image")
    archive.store(*scan(patient="B", impression="Effusion B."))
    assert "1 new" in add().stderr
    assert not (index / "incoming").exists()
    assert listed(dxtrace) == "2 cases"


@pytest.mark.usefixtures("archive")
def test_two_at_once_do_not_fetch_the_same(add: Command, index: Path) -> None:
    index.mkdir()
    with (index / ".pacs.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = add()
    assert done.returncode == 2
    assert "another process is adding from a PACS" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--pacs URL"),
        (["--query", "Modality=CT"], "need --pacs"),
        (["--pacs", "http://127.0.0.1:1/x", "--query", "Nonsense=1"], "no attribute of DICOM"),
        (["--pacs", "http://127.0.0.1:1/x"], "cannot be reached"),
        (["--pacs", "pacs"], "expected an address"),
    ],
)
def test_what_cannot_be_asked_is_said_in_one_line(
    dxtrace: Command, arguments: list[str], said: str
) -> None:
    done = dxtrace("add", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
