"""Reading a file in a process of its own: whatever it holds, it can end that process alone."""

from __future__ import annotations

import contextlib
import logging
import os
import resource
import stat
import subprocess
import sys
from pathlib import Path

from dxtrace.documents.blocks import ReadDocument
from dxtrace.documents.errors import UnreadableDocument
from dxtrace.documents.html_pages import read_html
from dxtrace.documents.kinds import kind_of
from dxtrace.documents.markdown_files import read_markdown
from dxtrace.documents.pdf_files import read_pdf
from dxtrace.documents.plain_text import read_plain_text
from dxtrace.documents.word_files import read_word

MOST_BYTES = 200 * 1024 * 1024
_MOST_MEMORY = 4 * 1024**3
_MOST_SECONDS = 1800
_UNREADABLE = 3
_READERS = {
    "pdf": read_pdf, "word": read_word, "html": read_html, "markdown": read_markdown,
    "text": read_plain_text,
}  # fmt: skip


def read_bytes(path: Path) -> bytes:
    """The content of a file.

    Raises:
        UnreadableDocument: if it is no file that can be read, or larger than 200 MiB.
    """
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            state = os.fstat(file.fileno())
            if not stat.S_ISREG(state.st_mode):
                raise UnreadableDocument("expected a file")
            if state.st_size > MOST_BYTES:
                raise UnreadableDocument(
                    f"it has {state.st_size / 2**20:,.0f} MiB: expected at most "
                    f"{MOST_BYTES // 2**20} MiB"
                )
            return file.read(MOST_BYTES)
    except FileNotFoundError:
        raise UnreadableDocument("there is no such file") from None
    except IsADirectoryError:
        raise UnreadableDocument("it is a folder: expected a file") from None
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or error
        raise UnreadableDocument(f"it cannot be opened: {said}") from None


def _without_waiting(name: str, flags: int) -> int:
    """A pipe that nobody writes to must not hold the command up."""
    return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))


def read_document(path: Path, content: bytes) -> ReadDocument:
    """Read a document by its kind, in this process.

    Raises:
        UnreadableDocument: if it is of no kind that can be read, is damaged or holds no text.
    """
    read = _READERS[kind_of(path, content)](content)
    if not any(block.kind != "heading" for block in read.blocks):
        raise UnreadableDocument("it holds no text: expected a document with paragraphs or tables")
    return read


def read_apart(path: Path, content: bytes) -> ReadDocument:
    """Read a document in a process that may use 4 GiB and half an hour of one core.

    Args:
        path: its name says its kind; it is not opened.
        content: the file.

    Raises:
        UnreadableDocument: if it cannot be read, or the process ended over it.
    """
    kind_of(path, content)
    command = [sys.executable, "-m", "dxtrace.documents.reader", path.suffix.lower()]
    root = str(Path(__file__).parents[2])
    found = os.pathsep.join(p for p in (root, os.environ.get("PYTHONPATH")) if p)
    done = subprocess.run(  # noqa: S603 - this module, and an ending from a closed list
        command, input=content, capture_output=True, check=False,
        env={**os.environ, "PYTHONPATH": found},
    )  # fmt: skip
    if done.returncode == 0:
        return ReadDocument.model_validate_json(done.stdout)
    said = done.stdout.decode("utf-8", "replace").strip()
    if done.returncode == _UNREADABLE and said:
        raise UnreadableDocument(said)
    raise UnreadableDocument(
        f"reading it needs more than {_MOST_MEMORY // 2**30} GiB of memory or "
        f"{_MOST_SECONDS // 60} minutes, or it is damaged: expected an ordinary document"
    )


def main(suffix: str) -> int:
    """Read standard input; writes what was read, or why not, to standard output."""
    _limit()
    logging.disable()
    out = sys.stdout
    try:
        with contextlib.redirect_stdout(sys.stderr):
            read = read_document(Path(f"document{suffix}"), sys.stdin.buffer.read())
    except UnreadableDocument as error:
        out.write(str(error))
        return _UNREADABLE
    out.write(read.model_dump_json())
    return 0


def _limit() -> None:
    for kind, most in ((resource.RLIMIT_AS, _MOST_MEMORY), (resource.RLIMIT_CPU, _MOST_SECONDS)):
        with contextlib.suppress(ValueError, OSError):  # where the system does not let us
            _, hard = resource.getrlimit(kind)
            soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(kind, (soft, hard))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
