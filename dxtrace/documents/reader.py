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
from threading import Thread
from typing import IO

from dxtrace.documents.blocks import ReadDocument
from dxtrace.documents.errors import UnreadableDocument
from dxtrace.documents.html_pages import read_html
from dxtrace.documents.kinds import kind_of
from dxtrace.documents.markdown_files import read_markdown
from dxtrace.documents.pdf_files import Watch, read_pdf, read_pdf_lines
from dxtrace.documents.plain_text import read_plain_text
from dxtrace.documents.word_files import read_word

MOST_BYTES = 200 * 1024 * 1024
_MOST_MEMORY = 4 * 1024**3
_MOST_SECONDS = 1800
_UNREADABLE = 3
_AS_LINES = "lines"
_MANY_PAGES = 20
_READERS = {
    "word": read_word, "html": read_html, "markdown": read_markdown,
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


def read_document(path: Path, content: bytes, watch: Watch | None = None) -> ReadDocument:
    """Read a document by its kind, in this process.

    Args:
        path: its name says its kind; it is not opened.
        content: the file.
        watch: told how many pages of a PDF are read.

    Raises:
        UnreadableDocument: if it is of no kind that can be read, is damaged or holds no text.
    """
    kind = kind_of(path, content)
    read = read_pdf(content, watch) if kind == "pdf" else _READERS[kind](content)
    if not any(block.kind != "heading" for block in read.blocks):
        raise UnreadableDocument("it holds no text: expected a document with paragraphs or tables")
    return read


def read_apart(path: Path, content: bytes, watch: Watch | None = None) -> ReadDocument:
    """Read a document in a process that may use 4 GiB and half an hour of one core.

    Args:
        path: its name says its kind; it is not opened.
        content: the file.
        watch: told how many pages of a long PDF are read, from another thread.

    Raises:
        UnreadableDocument: if it cannot be read, or the process ended over it.
    """
    kind_of(path, content)
    return _in_own_process(content, _MOST_SECONDS, path.suffix.lower(), watch)


def read_pdf_lines_apart(content: bytes, most_seconds: int) -> ReadDocument:
    """Read a PDF line by line (:func:`read_pdf_lines`), in a process as :func:`read_apart`.

    Args:
        content: the file.
        most_seconds: of one core.

    Raises:
        UnreadableDocument: if it cannot be read, or the process ended over it.
    """
    kind_of(Path("report.pdf"), content)
    return _in_own_process(content, most_seconds, _AS_LINES)


def _in_own_process(
    content: bytes, most_seconds: int, way: str, watch: Watch | None = None
) -> ReadDocument:
    root = str(Path(__file__).parents[2])
    found = os.pathsep.join(p for p in (root, os.environ.get("PYTHONPATH")) if p)
    told, telling = os.pipe()
    command = [sys.executable, "-m", "dxtrace.documents.reader", way, str(most_seconds)]
    with os.fdopen(told) as pages:
        try:
            process = subprocess.Popen(  # noqa: S603 - this module, and words from a closed list
                [*command, str(telling)], pass_fds=(telling,), stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": found},
            )  # fmt: skip
        finally:
            os.close(telling)
        with process:
            listening = Thread(target=_listen, args=(pages, watch), daemon=True)
            listening.start()
            out, _ = process.communicate(content)
            listening.join()
    if process.returncode == 0:
        return ReadDocument.model_validate_json(out)
    said = out.decode("utf-8", "replace").strip()
    if process.returncode == _UNREADABLE and said:
        raise UnreadableDocument(said)
    raise UnreadableDocument(
        f"reading it needs more than {_MOST_MEMORY // 2**30} GiB of memory or "
        f"{most_seconds // 60} minutes, or it is damaged: expected an ordinary document"
    )


def _listen(pages: IO[str], watch: Watch | None) -> None:
    """Pass on what the other process says of its pages, until it ends."""
    for line in pages:
        done, _, total = line.strip().partition("/")
        if watch is not None and done.isdigit() and total.isdigit():
            watch(int(done), int(total))


def main(way: str, most_seconds: int, telling: int) -> int:
    """Read standard input; writes what was read, or why not, to standard output.

    Args:
        way: the ending of the file's name, or ``lines`` for the lines of a PDF.
        most_seconds: of one core.
        telling: descriptor of a pipe, to which the number of pages that are read is written.
    """
    _limit(most_seconds)
    pages = os.fdopen(telling, "w", buffering=1)
    logging.disable()
    out = sys.stdout
    try:
        with contextlib.redirect_stdout(sys.stderr):
            content = sys.stdin.buffer.read()
            if way == _AS_LINES:
                read = read_pdf_lines(content)
            else:
                read = read_document(Path(f"document{way}"), content, lambda *at: _tell(pages, *at))
    except UnreadableDocument as error:
        out.write(str(error))
        return _UNREADABLE
    out.write(read.model_dump_json())
    return 0


def _tell(pages: IO[str], done: int, total: int) -> None:
    if total >= _MANY_PAGES:
        with contextlib.suppress(BrokenPipeError):
            pages.write(f"{done}/{total}\n")


def _limit(most_seconds: int) -> None:
    for kind, most in ((resource.RLIMIT_AS, _MOST_MEMORY), (resource.RLIMIT_CPU, most_seconds)):
        with contextlib.suppress(ValueError, OSError):  # where the system does not let us
            _, hard = resource.getrlimit(kind)
            soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(kind, (soft, hard))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
