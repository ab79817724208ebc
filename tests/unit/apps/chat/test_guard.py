"""What every request must pass, asked of the whole application without a browser."""

import base64
import errno
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from starlette.testclient import TestClient

from apps.chat.attempts import MOST_WRONG, WITHIN_S
from apps.chat.guard import COOKIE
from apps.chat.options import ChatOptions
from apps.chat.server import build_app, sweep_once
from apps.chat.sessions import NoSessionError, SessionStore
from apps.commands.chat import ChatRequest, chat, refuse_open_door
from apps.exit_status import UsageError

pytest.importorskip("gradio", reason="the extra ui is not installed")

LOCAL = "http://127.0.0.1:7860"


def client(app: Any, base: str = LOCAL, **headers: str) -> TestClient:
    return TestClient(app, base_url=base, headers=headers)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return build_app(ChatOptions(state=tmp_path_factory.mktemp("state"), max_upload_mb=1))


@pytest.fixture
def visitor(app: Any) -> TestClient:
    one = client(app)
    assert one.get("/").status_code == 200
    return one


def new_session(visitor: TestClient) -> str:
    return str(visitor.post("/session").json()["session"])


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil", ""])
def test_another_name_that_leads_here_gets_no_answer(app: Any, host: str) -> None:
    answer = client(app).get("/", headers={"host": host})
    assert answer.status_code == 421
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("host", ["127.0.0.1:7860", "localhost:7860", "[::1]:7860", "LOCALHOST"])
def test_the_names_of_this_machine_do(app: Any, host: str) -> None:
    assert client(app).get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "http://[no"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_other_pages_cannot_make_requests(visitor: TestClient, headers: dict[str, str]) -> None:
    assert visitor.post("/session", headers=headers).status_code == 403
    joined = visitor.post("/gradio_api/queue/join", json={}, headers=headers)
    assert joined.status_code == 403


def test_the_cookie_is_for_the_server_alone(app: Any) -> None:
    cookie = client(app).get("/").headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file/etc/passwd",
        "/gradio_api/upload",
        "/gradio_api/proxy=http://example.org/",
        "/gradio_api/runs",
        "/monitoring",
        "/monitoring/summary",
        "/docs",
        "/openapi.json",
        "/gradio_api/openapi.json",
        "/gradio_api/call/x",
        "/gradio_api/vibe-code/",
        "/login",
    ],
)
def test_what_the_library_offers_besides_is_not_served(visitor: TestClient, path: str) -> None:
    assert visitor.get(path).status_code == 404
    assert visitor.post(path).status_code == 404


def test_a_file_is_brought_to_ones_own_session_only(app: Any, visitor: TestClient) -> None:
    session = new_session(visitor)
    put = f"/session/{session}/files?name=a.txt"
    assert visitor.put(put, content=b"x").status_code == 204
    other = client(app)
    other.get("/")
    for answer in (
        other.put(put, content=b"x"),
        other.delete(f"/session/{session}"),
        other.get(f"/session/{session}/take/report"),
        other.get(f"/view/{session}/"),
        client(app).put(put, content=b"x"),
        visitor.put(f"/session/{'0' * 32}/files?name=a.txt", content=b"x"),
    ):
        assert answer.status_code == 404
        assert session not in answer.text
    too_large = visitor.put(put, content=b"x" * 1_100_000)
    assert too_large.status_code == 413
    assert "too large for the page" in too_large.text
    assert visitor.get(f"/session/{session}/take/report").status_code == 409
    assert visitor.get(f"/session/{session}/take/passwd").status_code == 404
    assert visitor.delete(f"/session/{session}").status_code == 204
    assert visitor.get(f"/session/{session}/take/report").status_code == 404


def test_cookies_of_other_programs_do_not_hide_ours(app: Any, visitor: TestClient) -> None:
    session = new_session(visitor)
    ours = f"{COOKIE}={visitor.cookies[COOKIE]}"
    for cookie in (f'prefs={{"a": 1}}; {ours}', f"{ours}; x=[;", f'a="; {ours}', f"é;;=; {ours}"):
        headers = {"cookie": cookie.encode("latin-1")}
        answer = client(app).get(f"/session/{session}/take/report", headers=headers)  # type: ignore[arg-type]  # bytes, as sent
        assert answer.status_code == 409


def test_an_upload_that_was_stopped_leaves_nothing_and_its_room_is_free(
    visitor: TestClient,
) -> None:
    session = new_session(visitor)
    put = f"/session/{session}/files?name="
    assert visitor.put(f"{put}a.dcm", content=b"x" * 600_000).status_code == 204
    assert visitor.put(f"{put}b.dcm", content=b"x" * 600_000).status_code == 413
    assert visitor.delete(f"/session/{session}/files").status_code == 204
    assert visitor.put(f"{put}b.dcm", content=b"x" * 600_000).status_code == 204


def test_what_fails_at_a_request_names_no_file_in_the_log(
    visitor: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failing = Mock(side_effect=RuntimeError("Muller_Hans.dcm"))
    monkeypatch.setattr("apps.chat.routes.receive", failing)
    session = new_session(visitor)
    answer = visitor.put(f"/session/{session}/files?name=Muller_Hans.dcm", content=b"x")
    assert answer.status_code == 500
    assert "Muller" not in answer.text + caplog.text
    assert "RuntimeError" in caplog.text
    assert session not in caplog.text


def test_a_full_disk_is_said_in_words(
    visitor: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    session = new_session(visitor)

    full = Mock(side_effect=OSError(errno.ENOSPC, "No space left", "/state/Muller_Hans.dcm"))
    monkeypatch.setattr("apps.chat.uploads.put_in_place", full)
    answer = visitor.put(f"/session/{session}/files?name=a.dcm", content=b"x")
    assert answer.status_code == 507
    assert "disk is full" in answer.text
    monkeypatch.setattr("apps.chat.sessions.write_atomically", full)
    answer = visitor.post("/session")
    assert answer.status_code == 507
    assert "disk is full" in answer.text
    assert "Muller" not in caplog.text


def test_pages_allow_this_server_alone(visitor: TestClient) -> None:
    headers = visitor.get("/").headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert visitor.get(f"/session/{'0' * 32}/take/report").headers["cache-control"] == "no-store"


def test_a_password_is_asked_for_everything(tmp_path: Path) -> None:
    options = ChatOptions(host="0.0.0.0", state=tmp_path, password="långt lösenord")  # noqa: S104, S106
    app = build_app(options)
    base = "http://reading-room:7860"

    def status(user_and_password: str) -> int:
        given = base64.b64encode(user_and_password.encode()).decode()
        return client(app, base, authorization=f"Basic {given}").get("/").status_code

    assert client(app, base).get("/").status_code == 401
    assert client(app, base).post("/session").status_code == 401
    assert client(app, base, authorization="Basic %%%").get("/").status_code == 401
    assert client(app, base, authorization="Bearer x").get("/").status_code == 401
    odd = {"authorization": "Basic ü".encode("latin-1")}
    assert client(app, base).get("/", headers=odd).status_code == 401  # type: ignore[arg-type]  # bytes, as sent
    assert status("anyone:wrong") == 401
    assert status("anyone:långt lösenord") == 200


def test_who_guesses_passwords_waits_and_who_gives_none_does_not(tmp_path: Path) -> None:
    options = ChatOptions(host="0.0.0.0", state=tmp_path, password="långt lösenord")  # noqa: S104, S106
    app = build_app(options)
    base = "http://reading-room:7860"

    def answer(password: str) -> Any:
        given = base64.b64encode(f"anyone:{password}".encode()).decode()
        return client(app, base, authorization=f"Basic {given}").get("/")

    for _ in range(MOST_WRONG + 5):
        assert client(app, base).get("/").status_code == 401
    for number in range(MOST_WRONG):
        assert answer(f"guess {number}").status_code == 401
    refused = answer("långt lösenord")
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= WITHIN_S + 1


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.4", "::", "reading-room"])  # noqa: S104
def test_an_open_door_is_refused(host: str) -> None:
    with pytest.raises(UsageError, match="--password-file"):
        refuse_open_door(ChatOptions(host=host))
    refuse_open_door(ChatOptions(host=host, password="long enough"))  # noqa: S106
    refuse_open_door(ChatOptions(host=host, behind_proxy_login=True))


@pytest.mark.parametrize(("content", "why"), [("short\n", "at least 8"), ("", "at least 8")])
def test_a_password_file_that_is_none_is_refused(tmp_path: Path, content: str, why: str) -> None:
    file = tmp_path / "password"
    file.write_text(content)
    with pytest.raises(UsageError, match=why):
        chat(ChatRequest(ChatOptions(host="0.0.0.0"), file))  # noqa: S104
    with pytest.raises(UsageError, match="cannot be read"):
        chat(ChatRequest(ChatOptions(), tmp_path / "nothing"))


def test_a_missing_extra_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "gradio" else name)
    with pytest.raises(UsageError, match=r"needs gradio: pip install 'dxtrace\[ui\]'"):
        chat(ChatRequest(ChatOptions()))


def test_a_state_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match=r"--state .*: cannot be made"):
        chat(ChatRequest(ChatOptions(state=tmp_path / "file" / "state")))


def test_an_unknown_planner_is_refused_before_anything_is_served(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--planner"):
        chat(ChatRequest(ChatOptions(planner="nobody", state=tmp_path)))


def test_expired_sessions_are_removed_and_those_at_work_are_not(tmp_path: Path) -> None:
    from apps.chat.desk import Desk

    options = ChatOptions(state=tmp_path, keep_hours=-1.0)
    store, desk = SessionStore(options.state, options.keep_hours), Desk(options)
    idle, at_work = store.create("v" * 43), store.create("v" * 43)
    desk.conversation(at_work).is_reading = True
    assert sweep_once(store, desk) == 1
    with pytest.raises(NoSessionError):
        idle.read_record()
    assert at_work.read_record()
    desk.close()
