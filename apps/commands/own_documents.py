"""``dxtrace knowledge add``, ``documents`` and ``remove``: the user's own guidelines."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from apps.commands.guidelines import open_search
from apps.exit_status import ExitStatus, UsageError
from apps.progress import show_counts
from dxtrace.clinical.web_address import EXPECTED_ADDRESS, web_address
from dxtrace.documents.blocks import Facts, one_line
from dxtrace.documents.errors import UnreadableDocument
from dxtrace.intake.imaging.dicom_header import MODALITIES
from dxtrace.knowledge.suggestions import suggest
from dxtrace.retrieval.errors import DamagedIndex, RetrievalError
from dxtrace.retrieval.guidelines import (
    CitedPassage,
    DocumentRecord,
    GuidelineDocument,
    QuotationError,
    Version,
    look_up,
    verify_citation,
)
from dxtrace.retrieval.guidelines.own_documents import (
    Added,
    OwnDocuments,
    Stated,
    named_key,
    own_versions,
)
from dxtrace.retrieval.guidelines.record import RECORD
from dxtrace.retrieval.guidelines.regions import named_regions, region_names
from tools.guideline_search import guideline_folder

_OF_ONE = ("title", "version", "url")
_WORDS = {
    "added": "added", "unchanged": "unchanged, it is there already", "superseding": "new version",
    "restored": "searched again", "superseded": "unchanged, a newer version is searched",
}  # fmt: skip


@dataclass(frozen=True)
class AddRequest:
    """What is added.

    Attributes:
        files: the files.
        facts: what a person says of them.
        supersedes: key of the document of which the one file is a new version.
        modalities: as given.
        body_parts: as given.
        specialties: as given.
    """

    files: tuple[Path, ...]
    facts: Facts = field(default_factory=Facts)
    supersedes: str = ""
    modalities: tuple[str, ...] = ()
    body_parts: tuple[str, ...] = ()
    specialties: tuple[str, ...] = ()

    def stated(self) -> Stated:
        """The same, checked.

        Raises:
            UsageError: if something of one document is said of several, or is not known.
        """
        single = [f for f in _OF_ONE if getattr(self.facts, f)]
        single += ["supersedes"] if self.supersedes else []
        if single and len(self.files) > 1:
            raise UsageError(
                f"--{single[0]} is about one document: expected one FILE, got {len(self.files)}"
            )
        address = web_address(self.facts.url)
        if self.facts.url and not address:
            raise UsageError(f"--url: expected {EXPECTED_ADDRESS}, got {self.facts.url!r:.100}")
        return Stated(
            facts=self.facts.model_copy(update={"url": address}), supersedes=self.supersedes,
            modalities=_modalities(self.modalities), specialties=_lower(self.specialties),
            body_parts=tuple(sorted({r for part in self.body_parts for r in _regions(part)})),
        )  # fmt: skip


def add_documents(request: AddRequest) -> ExitStatus:
    """Add files; one that cannot be read does not keep the others out.

    Returns:
        ``CASE_FAILED`` if a file was not added.

    Raises:
        UsageError: if the request contradicts itself, or the index cannot be opened.
    """
    stated = request.stated()
    search = open_search()
    failed = 0
    try:
        shelf = OwnDocuments(search.library)
        for path in request.files:
            failed += not _add(shelf, path, stated)
        with show_counts("texts indexed") as watch:
            search.library.open(watch)
    except RetrievalError as error:
        raise UsageError(str(error)) from None
    return ExitStatus.CASE_FAILED if failed else ExitStatus.OK


def _add(shelf: OwnDocuments, path: Path, stated: Stated) -> bool:
    name = one_line(str(path))
    sys.stderr.write(f"reading {name}\n")
    try:
        with show_counts("pages read") as watch:
            added = shelf.add(path, stated, watch)
    except DamagedIndex:
        raise
    except (RetrievalError, UnreadableDocument) as error:
        sys.stderr.write(f"{name}: not added: {one_line(str(error))}\n")
        return False
    print("\n".join(_described(name, added)), flush=True)
    return True


def _described(name: str, added: Added) -> Iterator[str]:
    document = added.document
    yield f"{name}: {_WORDS[added.outcome]}: {document.key}"
    if added.instead is not None:
        place = "searched instead" if added.outcome == "superseded" else "superseded"
        yield f"  {place}: {_version(added.instead)}"
    if added.outcome == "superseded":
        yield f"  to have this one searched again, add it with --supersedes {document.key}"
    if added.origins:
        yield from _facts(document, added.origins)
    sections = len({p.section for p in document.passages})
    pages = [p.page for p in document.passages if p.page]
    paged = f", pages {min(pages)} to {max(pages)}" if pages else ", without page numbers"
    yield f"  {len(document.passages)} passages in {sections} sections{paged}"
    yield from (f"  note: {note}" for note in added.notes)


def _facts(document: GuidelineDocument, origins: dict[str, str]) -> Iterator[str]:
    for fact in Facts.model_fields:
        value, origin = getattr(document, fact), origins.get(fact)
        yield f"  {fact}: {value} ({origin})" if origin else f"  {fact}: not stated (--{fact})"
    for facet, flag in (
        ("modalities", "modality"), ("body_parts", "body-part"), ("specialties", "specialty"),
    ):  # fmt: skip
        if values := getattr(document, facet):
            yield f"  {flag}: {', '.join(values)}"


def list_documents(*, versions: bool) -> None:
    """Print the user's own documents, one a line.

    Args:
        versions: also those that were superseded or removed.

    Raises:
        UsageError: if the record cannot be read.
    """
    shown = [v for v in _own() if v.current or versions]
    if not shown:
        print("no documents of your own: 'dxtrace knowledge add FILE' adds some")
    for version in shown:
        document = version.document
        mark = "" if version.current else "  (not searched)"
        print(f"{document.key}  {_version(document)}: {len(document.passages)} passages{mark}")
        file = version.file.path if version.file else document.source
        licence = document.licence or "not stated"
        print(f"  licence: {licence}; added {version.added}; {one_line(file)}")


def remove_documents(names: Sequence[str]) -> ExitStatus:
    """Take documents out of the search; what cites them can still be looked up.

    Raises:
        UsageError: if one of them is not there; none is removed then.
    """
    search = open_search()
    try:
        current = [v for v in own_versions(search.library.record.versions()) if v.current]
        for name in names:
            named_key(name, current)
        for name in dict.fromkeys(names):
            removed = OwnDocuments(search.library).remove(name)
            print(f"removed {removed.key}: {_version(removed)}; citations of it can be looked up")
        search.library.open()
    except RetrievalError as error:
        raise UsageError(str(error)) from None
    return ExitStatus.OK


def show_document(name: str) -> bool:
    """Print a document of the user's own with its versions and sections.

    Returns:
        Whether there is one of this name.
    """
    versions = _own()
    try:
        key = named_key(name, versions)
    except RetrievalError:
        return False
    of_key = [v for v in versions if v.document.key == key]
    shown = next((v for v in of_key if v.current), of_key[-1])
    print(f"{_version(shown.document)}\nyour own document: no rule is proved from it")
    for fact in Facts.model_fields:
        print(f"{fact}: {getattr(shown.document, fact) or 'not stated'}")
    print("\nVersions")
    for version in of_key:
        state = "searched" if version.current else "not searched"
        print(f"  @{version.document.short_hash}  added {version.added}, {state}")
    print("\nPassages")
    for passage in shown.document.passages:
        print(f"  {shown.document.reference(passage)}  {_place(shown.document, passage.key)}")
    return True


def show_passage(reference: str, quote: str | None) -> ExitStatus:
    """Print the passage that a reference names, and whether it says what is quoted.

    Returns:
        ``CASE_FAILED`` if it does not, or there is none.
    """
    record = DocumentRecord(guideline_folder() / RECORD)
    try:
        if quote is None:
            cited = look_up(record, reference)
        else:
            cited = verify_citation(record, reference, quote)
    except QuotationError as error:
        sys.stderr.write(f"{error}\n")
        return ExitStatus.CASE_FAILED
    except RetrievalError as error:
        raise UsageError(str(error)) from None
    print(_version(cited.document))
    print(_place(cited.document, cited.passage.key))
    print("\n".join(f"  {line}" for line in cited.passage.text.split("\n")))
    if quote is not None:
        print("the quoted words stand there, character for character")
    print(_standing(cited))
    return ExitStatus.OK


def _standing(cited: CitedPassage) -> str:
    if cited.successor is not None:
        return f"superseded: searched instead is {_version(cited.successor)}"
    if cited.standing == "removed":
        return "removed: no version of this document is searched"
    return "current: this version is searched"


def _version(document: GuidelineDocument) -> str:
    """A version by what is said of it and by its hash, as references name it."""
    details = (
        document.publisher,
        document.year,
        document.version and f"version {document.version}",
    )
    said = ", ".join(str(d) for d in details if d)
    title = f"{document.title} ({said})" if said else document.title
    return f"{title} @{document.short_hash}"


def _place(document: GuidelineDocument, key: str) -> str:
    passage = next(p for p in document.passages if p.key == key)
    return document.citation(passage).section or "without a heading"


def _own() -> list[Version]:
    try:
        return own_versions(DocumentRecord(guideline_folder() / RECORD).versions())
    except RetrievalError as error:
        raise UsageError(str(error)) from None


def _lower(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted({one_line(v).lower() for v in values} - {""}))


def _modalities(values: Sequence[str]) -> tuple[str, ...]:
    for value in values:
        if value.upper() not in MODALITIES:
            raise UsageError(
                f"--modality: expected a DICOM modality such as CT, MR or US, got {value!r:.60}"
                f"{suggest(value.upper(), sorted(MODALITIES))}"
            )
    return _lower(values)


def _regions(part: str) -> frozenset[str]:
    named = named_regions(part) | ({part.lower()} & set(region_names()))
    if not named:
        raise UsageError(
            f"--body-part: expected one of {', '.join(region_names())}, got {part!r:.60}"
        )
    return named
