"""The weights store: what is fetched, what is refused, what is left behind."""

import hashlib
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from expert_models import WeightsFile
from expert_models.families import ExpertEntry
from expert_models.runtime import download, store
from expert_models.runtime.store import FetchError, PullRequest, WeightsStore

CONTENT = bytes(range(256)) * 5000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
QUICK = PullRequest(pause_s=0)


class _Server(ThreadingHTTPServer):
    """Serves ``CONTENT`` over https, in ways that a test chooses."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, Callable[[_Handler], None]] = {}
        self.asked: list[tuple[str, str | None]] = []
        self.address = f"https://localhost:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:  # the name of the standard library
        self.server.asked.append((self.path, self.headers.get("Range")))
        self.server.answers.get(self.path, whole)(self)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Silent."""


def whole(handler: _Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(CONTENT)))
    handler.end_headers()
    handler.wfile.write(CONTENT)


def breaks_and_goes_on(handler: _Handler) -> None:
    """Sends a third, hangs up, and goes on when asked for the rest."""
    asked = handler.headers.get("Range")
    start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
    handler.send_response(206 if asked else 200)
    handler.send_header("Content-Length", str(len(CONTENT) - start))
    handler.send_header("ETag", '"one"')
    handler.end_headers()
    handler.wfile.write(CONTENT[start : start + 500_000])


def always_ends_early(handler: _Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(CONTENT)))
    handler.end_headers()
    handler.wfile.write(CONTENT[:1000])


def status(code: int) -> Callable[[_Handler], None]:
    return lambda handler: handler.send_error(code)


def redirect(place: str) -> Callable[[_Handler], None]:
    def answer(handler: _Handler) -> None:
        handler.send_response(302)
        handler.send_header("Location", place)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-keyout", str(key), "-out", str(cert), "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost"],
        capture_output=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip("needs openssl for a certificate")
    return cert, key


@pytest.fixture
def server(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[_Server]:
    running = _Server()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    running.socket = context.wrap_socket(running.socket, server_side=True)
    thread = threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    yield running
    running.shutdown()
    running.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def weights(tmp_path: Path) -> WeightsStore:
    return WeightsStore(tmp_path / "weights")


def entry(url: str, **stated: object) -> ExpertEntry:
    file = WeightsFile.model_validate({"url": url, "name": "models/model.pt", **stated})
    return ExpertEntry(name="tiny", family="monai_bundle", files=(file,))


def left(weights: WeightsStore) -> list[str]:
    """Files of weights, finished or not, that are in the store."""
    kept = (p for p in weights.root.rglob("*") if p.is_file() and not p.name.endswith(".lock"))
    return sorted(str(p.relative_to(weights.root)) for p in kept)


# -- what is fetched -----------------------------------------------------------------------------


def test_a_file_with_a_stated_hash_is_fetched_once(server: _Server, weights: WeightsStore) -> None:
    tiny = entry(f"{server.address}/model.pt", sha256=SHA256, size_bytes=len(CONTENT))
    assert weights.missing(tiny) == ("models/model.pt",)
    (pulled,) = weights.pull(tiny, QUICK)
    assert pulled.fetched
    assert not pulled.accepted
    assert (weights.root / "tiny/models/model.pt").read_bytes() == CONTENT
    assert weights.missing(tiny) == ()
    assert not weights.pull(tiny, QUICK)[0].fetched
    assert len(server.asked) == 1
    assert weights.root.stat().st_mode & 0o077 == 0


def test_a_broken_connection_goes_on_where_it_broke(server: _Server, weights: WeightsStore) -> None:
    server.answers["/model.pt"] = breaks_and_goes_on
    weights.pull(entry(f"{server.address}/model.pt", sha256=SHA256), QUICK)
    assert [asked for _, asked in server.asked] == [None, "bytes=500000-", "bytes=1000000-"]
    assert (weights.root / "tiny/models/model.pt").read_bytes() == CONTENT


def test_a_folder_stands_for_the_network(tmp_path: Path, weights: WeightsStore) -> None:
    (tmp_path / "usb/models").mkdir(parents=True)
    (tmp_path / "usb/models/model.pt").write_bytes(CONTENT)
    tiny = entry("https://nowhere.invalid/model.pt", sha256=SHA256)
    weights.pull(tiny, PullRequest(mirror=tmp_path / "usb"))
    assert weights.missing(tiny) == ()
    other = entry("https://nowhere.invalid/b.pt", sha256="0" * 64, name="b.pt")
    with pytest.raises(FetchError, match="is not in"):
        weights.pull(other, PullRequest(mirror=tmp_path / "usb"))


def test_a_file_address_stands_for_a_local_mirror(tmp_path: Path, weights: WeightsStore) -> None:
    (tmp_path / "model.pt").write_bytes(CONTENT)
    weights.pull(entry((tmp_path / "model.pt").as_uri(), sha256=SHA256), QUICK)
    assert left(weights) == ["tiny/models/model.pt"]


def test_two_pulls_at_once_fetch_it_once(server: _Server, weights: WeightsStore) -> None:
    tiny = entry(f"{server.address}/model.pt", sha256=SHA256)
    with ThreadPoolExecutor(2) as pool:
        pulled = list(pool.map(lambda _: weights.pull(tiny, QUICK)[0], range(2)))
    assert sorted(p.fetched for p in pulled) == [False, True]
    assert len(server.asked) == 1


def test_what_a_killed_pull_left_is_removed(tmp_path: Path, weights: WeightsStore) -> None:
    (tmp_path / "model.pt").write_bytes(CONTENT)
    (weights.root / ".parts/tiny").mkdir(parents=True)
    (weights.root / ".parts/tiny/part").write_bytes(b"half")
    weights.pull(entry((tmp_path / "model.pt").as_uri(), sha256=SHA256), QUICK)
    assert left(weights) == ["tiny/models/model.pt"]


# -- files without a stated hash -------------------------------------------------------------------


def test_a_file_without_a_hash_is_asked_about_before_anything_is_fetched(
    server: _Server, weights: WeightsStore
) -> None:
    with pytest.raises(FetchError, match=r"states no SHA-256.*--sha256.*--accept"):
        weights.pull(entry(f"{server.address}/model.pt"), QUICK)
    assert server.asked == []


def test_what_was_accepted_is_compared_from_then_on(tmp_path: Path, weights: WeightsStore) -> None:
    source = tmp_path / "model.pt"
    source.write_bytes(CONTENT)
    tiny = entry(source.as_uri())
    (pulled,) = weights.pull(tiny, PullRequest(accept=True))
    assert pulled.accepted
    assert pulled.sha256 == SHA256
    assert weights.with_hashes(tiny).files[0].sha256 == SHA256

    (weights.root / "tiny/models/model.pt").unlink()
    source.write_bytes(b"another model")
    with pytest.raises(FetchError, match=f"expected SHA-256 {SHA256}"):
        weights.pull(tiny, PullRequest(accept=True))
    source.write_bytes(CONTENT)
    assert not weights.pull(tiny, QUICK)[0].accepted


def test_an_accepted_hash_is_of_one_address_only(tmp_path: Path, weights: WeightsStore) -> None:
    for name in ("a.pt", "b.pt"):
        (tmp_path / name).write_bytes(CONTENT)
    weights.pull(entry((tmp_path / "a.pt").as_uri()), PullRequest(accept=True))
    with pytest.raises(FetchError, match="states no SHA-256"):
        weights.pull(entry((tmp_path / "b.pt").as_uri()), QUICK)


def test_a_hash_that_the_user_states_is_compared_and_kept(
    tmp_path: Path, weights: WeightsStore
) -> None:
    (tmp_path / "model.pt").write_bytes(CONTENT)
    tiny = entry((tmp_path / "model.pt").as_uri())
    with pytest.raises(FetchError, match="it is not kept"):
        weights.pull(tiny, PullRequest(sha256={"models/model.pt": "0" * 64}))
    assert left(weights) == []
    weights.pull(tiny, PullRequest(sha256={"models/model.pt": SHA256}))
    assert weights.with_hashes(tiny).files[0].sha256 == SHA256
    with pytest.raises(FetchError, match=r"no file other\.pt"):
        weights.pull(tiny, PullRequest(sha256={"other.pt": SHA256}))


# -- what is refused; nothing half-written is left -------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "stated", "reason"),
    [
        (whole, {"sha256": "0" * 64}, "it is not kept"),
        (whole, {"sha256": SHA256, "size_bytes": 10}, "expected 10 bytes, got 1,280,000"),
        (always_ends_early, {"sha256": SHA256}, "ended after 1,000 of 1,280,000 bytes"),
        (status(404), {"sha256": SHA256}, "answers 404"),
        (status(403), {"sha256": SHA256}, "answers 403"),
        (status(503), {"sha256": SHA256}, "answers 503"),
        (redirect("http://localhost/model.pt"), {"sha256": SHA256}, "expected https"),
        (redirect("file:///etc/hostname"), {"sha256": SHA256}, "is not allowed"),
    ],
)
def test_what_goes_wrong_is_said_and_leaves_nothing(
    server: _Server,
    weights: WeightsStore,
    answer: Callable[[_Handler], None],
    stated: dict[str, object],
    reason: str,
) -> None:
    server.answers["/model.pt"] = answer
    with pytest.raises(FetchError, match=reason):
        weights.pull(entry(f"{server.address}/model.pt", **stated), QUICK)
    assert left(weights) == []


def test_more_than_was_stated_is_not_taken(server: _Server, weights: WeightsStore) -> None:
    def endless(handler: _Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(CONTENT)

    server.answers["/model.pt"] = endless
    with pytest.raises(FetchError, match="at most, got more"):
        weights.pull(entry(f"{server.address}/model.pt", sha256=SHA256, size_bytes=9), QUICK)
    assert left(weights) == []


def test_a_server_that_nobody_vouches_for_is_refused(
    server: _Server, weights: WeightsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(FetchError, match=r"(?i)certificate"):
        weights.pull(entry(f"{server.address}/model.pt", sha256=SHA256), QUICK)


@pytest.mark.parametrize("url", ["http://localhost/m.pt", "ftp://localhost/m.pt", "data:,x"])
def test_other_schemes_are_refused(weights: WeightsStore, url: str) -> None:
    with pytest.raises(FetchError, match="expected an address with https or file"):
        weights.pull(entry(url, sha256=SHA256), QUICK)


def test_a_full_disk_is_said_before_it_is_full(
    server: _Server, weights: WeightsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _: _Usage)
    with pytest.raises(FetchError, match=r"no room.*10 are free"):
        weights.pull(entry(f"{server.address}/model.pt", sha256=SHA256), QUICK)
    assert left(weights) == []


class _Usage:
    free = 10


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_disk_that_fills_up_is_said(server: _Server, tmp_path: Path) -> None:
    part = tmp_path / "part"
    part.symlink_to("/dev/full")
    fetch = download.Fetch(f"{server.address}/model.pt", part, pause_s=0)
    with pytest.raises(FetchError, match="no room"):
        fetch.run()


@pytest.mark.parametrize(
    "name", ["../x", "a/../../x", "/etc/x", "a//b", ".hidden", "a\\b", "C:x", "a/\n", "x" * 200]
)
def test_names_that_lead_elsewhere_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="expected a path below"):
        entry("https://localhost/m.pt", sha256=SHA256, name=name)


def test_a_link_in_the_store_does_not_lead_out_of_it(tmp_path: Path, weights: WeightsStore) -> None:
    (tmp_path / "model.pt").write_bytes(CONTENT)
    outside = tmp_path / "outside"
    outside.mkdir()
    (weights.root / "tiny").mkdir(parents=True)
    (weights.root / "tiny/models").symlink_to(outside)
    with pytest.raises(FetchError, match="leads out of the store"):
        weights.pull(entry((tmp_path / "model.pt").as_uri(), sha256=SHA256), QUICK)
    assert list(outside.iterdir()) == []


def test_a_damaged_record_of_hashes_is_said(tmp_path: Path, weights: WeightsStore) -> None:
    (tmp_path / "model.pt").write_bytes(CONTENT)
    tiny = entry((tmp_path / "model.pt").as_uri())
    (weights.root / ".accepted").mkdir(parents=True)
    (weights.root / ".accepted/tiny.json").write_text('{"models/model.pt": 3}')
    with pytest.raises(FetchError, match="is damaged"):
        weights.missing(tiny)


def test_the_environment_names_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(store.VARIABLE, str(tmp_path / "elsewhere"))
    assert WeightsStore.default().root == tmp_path / "elsewhere"
    monkeypatch.delenv(store.VARIABLE)
    assert WeightsStore.default().root == tmp_path / "cache" / "dxtrace" / "weights"
