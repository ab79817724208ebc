"""How the chat page is served."""

from dataclasses import dataclass, field
from pathlib import Path

from dxtrace.user_folders import data_folder

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def default_state() -> Path:
    """Where sessions lie, unless somebody says otherwise."""
    return data_folder() / "chat"


@dataclass(frozen=True, slots=True)
class ChatOptions:
    """How the page is served.

    Attributes:
        host: the address to listen on.
        port: the port; 0 takes a free one.
        planner: the planner that a new session begins with.
        state: folder of the sessions.
        keep_hours: a session that nobody used for so long is removed.
        password: what a visitor must give; empty asks for none.
        behind_proxy_login: somebody else asks visitors who they are.
        max_upload_mb: bytes that one session may hold, in MB.
        workers: reviews that run at the same time; further ones wait.
    """

    host: str = "127.0.0.1"
    port: int = 7860
    planner: str = "pathway"
    state: Path = field(default_factory=default_state)
    keep_hours: float = 24.0
    password: str = ""
    behind_proxy_login: bool = False
    max_upload_mb: int = 400
    workers: int = 4

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the page."""
        return self.host in LOOPBACK

    @property
    def may_name_planners(self) -> bool:
        """Whether visitors may name any address of a model: those who sit at this machine may."""
        return self.is_local and not self.behind_proxy_login

    @property
    def max_upload_bytes(self) -> int:
        """Bytes that one session may hold."""
        return self.max_upload_mb * 1_000_000
