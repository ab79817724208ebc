"""The templates: everything escaped, nothing fetched, no script but our own."""

import base64
import hashlib
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from dxtrace.clinical.web_address import web_address

_FOLDER = Path(__file__).parent / "templates"


@cache
def page_environment() -> Environment:
    """The Jinja environment of all pages."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["web_address"] = web_address
    environment.globals["stylesheet"] = Markup(_read("page.css"))  # noqa: S704 - our own file
    return environment


@cache
def own_script(name: str) -> tuple[Markup, str]:
    """A script of ours and the content-security-policy source that allows exactly it."""
    text = _read(name)
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return Markup(text), f"'sha256-{digest}'"  # noqa: S704 - our own file


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
