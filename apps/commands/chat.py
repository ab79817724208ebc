"""``dxtrace chat``: serves the chat page."""

import importlib.util
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from apps.chat.options import ChatOptions
from apps.exit_status import ExitStatus, UsageError
from apps.reviewing import Reviewer

PASSWORD_VARIABLE = "DXTRACE_CHAT_PASSWORD"  # noqa: S105 - the name of a variable
_NEEDED = ("fastapi", "gradio", "uvicorn")
_SHORTEST_PASSWORD = 8


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What the command line asks for.

    Attributes:
        options: how the page is to be served, without a password.
        password_file: file whose first line is the password.
    """

    options: ChatOptions
    password_file: Path | None = None


def chat(request: ChatRequest) -> ExitStatus:
    """Serve the page until Ctrl-C.

    Raises:
        UsageError: if something is not installed, the address needs a password, or it is taken.
    """
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(f"the chat page needs {', '.join(missing)}: pip install 'dxtrace[ui]'")
    from dataclasses import replace

    options = replace(request.options, password=_password(request.password_file))
    refuse_open_door(options)
    Reviewer(planner=options.planner).check()
    from apps.chat.server import serve

    try:
        options.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise UsageError(f"--state {options.state}: cannot be made: {error.strerror}") from None
    try:
        serve(options, _announce)
    except OSError as error:
        raise UsageError(
            f"cannot listen on {options.host}, port {options.port}: {error.strerror}"
        ) from None
    sys.stderr.write("dxtrace chat: ended\n")
    return ExitStatus.OK


def refuse_open_door(options: ChatOptions) -> None:
    """Refuse an address that others can reach, unless somebody asks them who they are.

    Raises:
        UsageError: saying what is needed.
    """
    if options.is_local or options.password or options.behind_proxy_login:
        return
    raise UsageError(
        f"--host {options.host} can be reached from other machines: give --password-file (or "
        f"{PASSWORD_VARIABLE}), or --behind-proxy-login if a proxy asks visitors who they are"
    )


def _password(path: Path | None) -> str:
    if path is None:
        given, origin = os.environ.get(PASSWORD_VARIABLE, ""), PASSWORD_VARIABLE
        if not given:
            return ""
    else:
        origin = f"--password-file {path}"
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{origin}: cannot be read: {error}") from None
        given = lines[0].strip() if lines else ""
    if len(given) < _SHORTEST_PASSWORD:
        raise UsageError(f"{origin}: expected at least {_SHORTEST_PASSWORD} characters")
    return given


def _announce(address: str) -> None:
    print(f"DxTrace is at {address} (Ctrl-C ends it)", flush=True)
