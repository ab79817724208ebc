"""Experts behind MCP by configuration."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from dxtrace.atomic_write import write_atomically
from dxtrace.clinical.base import Frozen
from dxtrace.user_folders import cache_folder
from expert_models.card import ModelCard
from expert_models.errors import RetryableError
from expert_models.families import ExpertEntry
from expert_models.family_options import read_options
from expert_models.mcp_expert.connection import Server
from expert_models.mcp_expert.expert import McpExpert, read_card
from expert_models.mcp_expert.protocol import RUN
from expert_models.mcp_expert.session import McpSession

_DESCRIBE_S = 120.0
"""An environment with large libraries takes its time to start."""


class McpOptions(Frozen):
    """Options of an entry.

    Attributes:
        command: the program that starts the server, such as the Python of its environment.
        args: its arguments.
        env: further variables of its environment.
        tool: the server's tool that runs the expert.
        card: the card, where the server has no tool ``describe``; its name is the entry's.
        timeout_s: longest time of a call, in seconds, if the card states none.
    """

    command: str = Field(min_length=1)
    args: tuple[str, ...] = ()
    env: dict[str, str] = Field(default_factory=dict)
    tool: str = RUN
    card: dict[str, Any] | None = None
    timeout_s: float = Field(default=300.0, gt=0)


def build(entry: ExpertEntry, folder: Path) -> McpExpert:
    """The expert of a server.

    The card that a server describes is asked for once and remembered, so that the server is not
    started only to list the experts; the first call compares it with what the server says then.

    Args:
        entry: its options are those of :class:`McpOptions`.
        folder: where the server is started, if there is such a folder.

    Raises:
        ValueError: if an option is not what it must be, or the server describes no card.
    """
    options = read_options(entry, McpOptions)
    cwd = folder if folder.is_dir() else None
    server = Server(options.command, options.args, options.env, cwd)
    if options.card is not None:
        try:
            stated = {**options.card, "name": entry.name, "isolated": True}
            card, described = ModelCard.model_validate(stated), None
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise ValueError(f"{entry.name}: options.card.{where}: {first['msg']}") from None
    else:
        card = described = _described(entry, options, server)
    if card.timeout_s is None:
        card = card.model_copy(update={"timeout_s": options.timeout_s})
    return McpExpert(card, server, tool=options.tool, described=described)


def card_memory(entry: ExpertEntry, options: McpOptions) -> Path:
    """Where the card of a server is remembered."""
    key = hashlib.sha256(options.model_dump_json().encode()).hexdigest()[:16]
    return cache_folder() / "mcp_cards" / f"{entry.name}-{key}.json"


def _described(entry: ExpertEntry, options: McpOptions, server: Server) -> ModelCard:
    path = card_memory(entry, options)
    try:
        return ModelCard.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        pass  # not remembered, or by another version of DxTrace
    session = McpSession(server, limit_s=_DESCRIBE_S)
    try:
        card = read_card(session, entry.name)
    except (RetryableError, RuntimeError) as error:
        raise ValueError(f"{entry.name}: {error}") from None
    finally:
        session.close()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, card.model_dump_json())
    return card
