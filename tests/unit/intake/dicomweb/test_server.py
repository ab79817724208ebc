"""A DICOMweb server that is not there, lies, or sends elsewhere."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dxtrace.intake import IntakeError, IntakeLimits
from dxtrace.intake.dicomweb import DicomWebServer, FoundStudy, PacsError, PacsSettings, StudyQuery

pytest.importorskip("dicomweb_client", reason="needs the extra 'pacs'")

ALL = StudyQuery(filters={})
STUDY = FoundStudy(uid="1.2.3")
Answer = Callable[[str], tuple[int, dict[str, str], bytes]]


class Fake:
    """A web server that answers what it is told to, and counts who asks."""

    def __init__(self, answer: Answer) -> None:
        self.asked: list[tuple[str, str]] = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                fake.asked.append((self.path, self.headers.get("Authorization", "")))
                status, headers, body = answer(self.path)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/dicom-web"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


Start = Callable[[Answer], Fake]


@pytest.fixture
def fake() -> Iterator[Start]:
    running: list[Fake] = []

    def start(answer: Answer) -> Fake:
        running.append(Fake(answer))
        return running[-1]

    yield start
    for each in running:
        each.server.shutdown()
        each.server.server_close()


def answers(data: object, status: int = 200) -> Answer:
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    return lambda _: (status, {"Content-Type": "application/dicom+json"}, body)


def opened(url: str, **limits: int) -> DicomWebServer:
    return DicomWebServer(url, IntakeLimits(**limits), PacsSettings())  # type: ignore[arg-type]


def listed(*uids: str) -> list[dict[str, object]]:
    return [{"0020000D": {"vr": "UI", "Value": [uid]}} for uid in uids]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("pacs.example", "expected an address"), ("file:///etc/passwd", "expected an address"),
        ("ftp://pacs/x", "expected an address"), ("http://", "expected an address"),
        ("https://me:secret@pacs/x", "DXTRACE_PACS_PASSWORD"),
        ("https://pacs/studies?PatientID=1", "--query"),
    ],
)  # fmt: skip
def test_what_is_no_root_of_a_server_is_refused(url: str, said: str) -> None:
    with pytest.raises(PacsError, match=said) as error:
        opened(url)
    assert "secret" not in str(error.value).replace("DXTRACE", "")


def test_a_server_without_pages_is_read_once(fake: Start) -> None:
    server = fake(answers(listed("1.2.3", "1.2.4")))
    assert [s.uid for s in opened(server.url).studies(ALL)] == ["1.2.3", "1.2.4"]
    assert len(server.asked) == 2


def test_another_host_is_never_asked(fake: Start) -> None:
    elsewhere = fake(answers(listed("6.6.6")))
    target = elsewhere.url.replace("127.0.0.1", "localhost") + "/studies"
    server = fake(lambda _: (302, {"Location": target}, b""))
    with pytest.raises(IntakeError, match="another host, which is not asked"):
        list(opened(server.url).studies(ALL))
    same_host = fake(lambda _: (307, {"Location": elsewhere.url}, b""))
    with pytest.raises(IntakeError, match="another host"):  # another port is another service
        list(opened(same_host.url).studies(ALL))
    assert elsewhere.asked == []


def test_who_asks_is_said_by_name_or_by_token(fake: Start) -> None:
    server = fake(answers([]))
    limits = IntakeLimits()
    named = PacsSettings.model_validate({"user": "u", "password": "p"})
    list(DicomWebServer(server.url, limits, named).studies(ALL))
    list(
        DicomWebServer(server.url, limits, PacsSettings.model_validate({"token": "t"})).studies(ALL)
    )
    assert [who for _, who in server.asked] == ["Basic dTpw", "Bearer t"]


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [(401, PacsError, "refuses who asks"), (403, PacsError, "refuses"), (404, IntakeError, "404"),
     (500, IntakeError, "500")],
)  # fmt: skip
def test_refusals_are_said(fake: Start, status: int, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        list(opened(fake(answers([], status)).url).studies(ALL))


@pytest.mark.parametrize("body", [b"<html>login</html>", b"\xff\xfe", b"[{}]", b'["x"]', b"7"])
def test_answers_that_are_no_list_of_studies_are_refused(fake: Start, body: bytes) -> None:
    with pytest.raises(IntakeError):
        list(opened(fake(answers(body)).url).studies(ALL))


def test_an_answer_that_is_too_long_is_cut_off(fake: Start) -> None:
    server = fake(answers(b"[" + b" " * 5_000_000 + b"]"))
    with pytest.raises(IntakeError, match="at most 1,000,000 bytes"):
        list(opened(server.url, max_image_bytes=1_000_000).studies(ALL))


@pytest.mark.parametrize("most", [1, None])
def test_objects_that_are_no_dicom_are_refused(fake: Start, most: int | None) -> None:
    kind = 'multipart/related; type="application/dicom"; boundary=b'
    part = b"--b\r\nContent-Type: application/dicom\r\n\r\nnot DICOM at all\r\n--b--"

    def answer(path: str) -> tuple[int, dict[str, str], bytes]:
        if "instances?" in path:
            body = json.dumps([{"00080018": {"vr": "UI", "Value": ["1.2.9"]}}]).encode()
            return 200, {"Content-Type": "application/dicom+json"}, body
        return 200, {"Content-Type": kind}, part

    with pytest.raises(IntakeError, match="not DICOMweb"):
        list(opened(fake(answer).url).objects(STUDY, "1.2.4", most))


def test_a_server_that_is_not_there_is_said_without_its_address() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(PacsError, match="cannot be reached"):
        list(opened(f"http://127.0.0.1:{port}/dicom-web").studies(ALL))
