"""Guidelines of the user's own: files added, superseded by new versions, and removed.

No rule is proved from them: they are found, quoted and cited, and marked as what they are.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Literal

from dxtrace.documents.blocks import Facts, Heading, ReadDocument, one_line
from dxtrace.documents.pdf_files import Watch
from dxtrace.documents.reader import read_apart, read_bytes
from dxtrace.knowledge.suggestions import suggest
from dxtrace.retrieval.errors import RetrievalError
from dxtrace.retrieval.guidelines.cutting import cut, remarks
from dxtrace.retrieval.guidelines.library import GuidelineLibrary
from dxtrace.retrieval.guidelines.passage import GuidelineDocument
from dxtrace.retrieval.guidelines.record import Addition, SourceFile, Version

OWN = "own:"
"""What keys of the user's own documents begin with; no pack's does."""
_LONGEST_KEY = 60
_MOST_PASSAGES = 20_000


@dataclass(frozen=True)
class Stated:
    """What a person says of the documents that are added.

    Attributes:
        facts: title, licence and so on; what is empty is taken from the file, or stays open.
        supersedes: key of the document of which the file is a new version.
        modalities: DICOM modalities that it is about, in lower case; empty for any.
        body_parts: parts of the body that it is about, as routing names them; empty for any.
        specialties: medical specialties that it is for; empty for any.
    """

    facts: Facts = field(default_factory=Facts)
    supersedes: str = ""
    modalities: tuple[str, ...] = ()
    body_parts: tuple[str, ...] = ()
    specialties: tuple[str, ...] = ()

    @property
    def tags(self) -> dict[str, tuple[str, ...]]:
        """The tags that are stated."""
        named = {f: getattr(self, f) for f in ("modalities", "body_parts", "specialties")}
        return {name: values for name, values in named.items() if values}


@dataclass(frozen=True)
class Added:
    """What became of a file.

    Attributes:
        outcome: ``superseded`` if the file is known, a newer version is searched, and so it stays.
        document: the version that the file holds.
        origins: where each fact of it comes from, in words; facts without one are not stated.
        notes: what a reader should know of how the file was read.
        instead: the version that is searched in place of a superseded one, or that was before.
    """

    outcome: Addition | Literal["superseded"]
    document: GuidelineDocument
    origins: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    instead: GuidelineDocument | None = None


class OwnDocuments:
    """The user's own documents in a library.

    Args:
        library: where they are kept and searched.
    """

    def __init__(self, library: GuidelineLibrary) -> None:
        self.library, self.record = library, library.record

    def add(self, path: Path, stated: Stated, watch: Watch | None = None) -> Added:
        """Add a file; the same file again changes nothing.

        A file is a new version of a document if that is stated, or if it lies where that
        document's file lay. Vectors are made when the library is next opened.

        Args:
            path: the file.
            stated: what a person says of it.
            watch: told how many pages of a long PDF are read, from another thread.

        Raises:
            UnreadableDocument: if it cannot be read.
            RetrievalError: if another document has its name, or what it supersedes is not there.
        """
        content = read_bytes(path)
        file = SourceFile(sha256(content).hexdigest(), os.path.realpath(path))
        with self.library.held():
            known = self._again(file, stated)
        if known is not None:
            return known
        read = read_apart(path, content, watch)
        with self.library.held():
            before = self._before(file, stated)
            document, origins = self._document(file, read, stated, before)
            outcome = self.record.add(document, file)
        was = before.document if before and outcome in ("superseding", "restored") else None
        notes = (*read.notes, *remarks(read.blocks))
        return Added(outcome, document, origins, notes, was)

    def remove(self, name: str) -> GuidelineDocument:
        """Take a document out of the search; its versions stay citable.

        Raises:
            RetrievalError: if there is none of this name.
        """
        with self.library.held():
            current = [v for v in own_versions(self.record.versions()) if v.current]
            key = named_key(name, current)
            self.record.retire(key)
        return next(v.document for v in current if v.document.key == key)

    def _again(self, file: SourceFile, stated: Stated) -> Added | None:
        """What becomes of a file that is known already; None if it is to be read."""
        versions = own_versions(self.record.versions())
        same = [v for v in versions if v.file and v.file.sha256 == file.sha256]
        if not same or stated.supersedes:
            return None
        found = next((v for v in same if v.current), same[-1])
        of_key = (v for v in versions if v.document.key == found.document.key)
        current = next((v.document for v in of_key if v.current), None)
        if current is not None and not found.current:
            return Added("superseded", found.document, instead=current)
        if stated != Stated():
            return None
        return Added(self.record.add(found.document, file), found.document)

    def _before(self, file: SourceFile, stated: Stated) -> Version | None:
        """The newest version of the document of which the file is one."""
        versions = own_versions(self.record.versions())
        if stated.supersedes:
            key = named_key(stated.supersedes, versions)
        else:
            same = [v for v in versions if v.file and v.file.sha256 == file.sha256]
            there = [v for v in versions if v.file and v.file.path == file.path]
            found = [*there, *same]
            if not found:
                return None
            key = found[-1].document.key
        of_key = [v for v in versions if v.document.key == key]
        return next((v for v in of_key if v.current), of_key[-1])

    def _document(
        self, file: SourceFile, read: ReadDocument, stated: Stated, before: Version | None
    ) -> tuple[GuidelineDocument, dict[str, str]]:
        facts, origins = _facts(file, read, stated.facts, before)
        key = before.document.key if before else self._new_key(facts.title)
        passages = cut(read.blocks, facts.title)
        if len(passages) > _MOST_PASSAGES:
            raise RetrievalError(
                f"it gives {len(passages)} passages: expected at most {_MOST_PASSAGES}; add its "
                f"parts one by one"
            )
        about = [tuple(self.library.concepts_in(p.text)) for p in passages]
        tags = {
            facet: stated.tags.get(facet) or (getattr(before.document, facet) if before else ())
            for facet in ("modalities", "body_parts", "specialties")
        }
        document = GuidelineDocument(
            key=key, **facts.model_dump(), **tags,
            concepts=tuple(sorted({c for concepts in about for c in concepts})),
            passages=tuple(
                p.model_copy(update={"concepts": tuple(sorted(c))})
                for p, c in zip(passages, about, strict=True)
            ),
        )  # fmt: skip
        return document, origins

    def _new_key(self, title: str) -> str:
        key = f"{OWN}{_slug(title)}"
        for version in self.record.versions(key):
            raise RetrievalError(
                f"a document {key} is there already, {version.document.title!r:.100}: if this is "
                f"its new version, add it with --supersedes {key}, else give it another --title"
            )
        return key


def own_versions(versions: Iterable[Version]) -> list[Version]:
    """Those that do not come with a pack."""
    return [v for v in versions if not v.document.pack]


def named_key(name: str, versions: Iterable[Version]) -> str:
    """The key that a person means, with ``own:`` or without.

    Raises:
        RetrievalError: if no document has it.
    """
    known = dict.fromkeys(v.document.key for v in versions)
    key = name if name.startswith(OWN) else f"{OWN}{name}"
    if key not in known:
        raise RetrievalError(
            f"no document of your own is called {name!r:.100}{suggest(key, known)}"
        )
    return key


def _slug(title: str) -> str:
    folded = unicodedata.normalize("NFKD", title.lower())
    words = re.sub(r"[^\w]+", "-", "".join(c for c in folded if not unicodedata.combining(c)))
    return words.replace("_", "-").strip("-")[:_LONGEST_KEY].strip("-") or "untitled"


def _facts(
    file: SourceFile, read: ReadDocument, stated: Facts, before: Version | None
) -> tuple[Facts, dict[str, str]]:
    """Facts with where they come from: a person, the file, or the version before.

    Year, version and source of another file are never taken over.
    """
    name = Path(file.path).name
    first = next((b.text for b in read.blocks if isinstance(b, Heading)), "")
    title = (first, "its first heading") if first else (Path(name).stem, "the name of the file")
    assumed = {"title": title, "source": (name, "the name of the file")}
    same_file = bool(before and before.file and before.file.sha256 == file.sha256)
    chosen: dict[str, str | int | None] = {}
    origins: dict[str, str] = {}
    for fact in Facts.model_fields:
        kept = same_file or fact not in ("year", "version", "source")
        earlier = (getattr(before.document, fact) if before and kept else "", "as before")
        said = (getattr(read.facts, fact), "as the file says")
        by_file = (earlier, said) if same_file else (said, earlier)
        stating = (getattr(stated, fact), "as stated")
        candidates = (stating, *by_file, assumed.get(fact, ("", "")))
        value, origin = next(((v, o) for v, o in candidates if v), (None, ""))
        if value is not None:
            chosen[fact] = one_line(value) if isinstance(value, str) else value
            origins[fact] = origin
    return Facts.model_validate(chosen), origins
