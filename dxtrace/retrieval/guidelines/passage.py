"""Documents and the passages that they are cut into."""

from hashlib import sha256

from pydantic import Field

from dxtrace.clinical.base import Frozen
from dxtrace.clinical.verdict import Citation

_SHORT_HASH = 8


class GuidelinePassage(Frozen):
    """A passage of a document.

    Attributes:
        key: its name in the document.
        section: heading, table or figure.
        page: page of the file, from 1, where there are pages.
        text: the words that can be quoted.
        asked: what people ask that it answers; no part of the text, either.
        terms: further words to find it by; they are no part of the text.
        concepts: keys of the concepts that it is about.
        facts: names of the facts that it turns on, with the value where it is about one value, such
            as ``pulmonary_nodule.composition=solid``.
    """

    key: str = Field(min_length=1)
    section: str = ""
    page: int | None = None
    text: str = Field(min_length=1)
    asked: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    concepts: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()

    @property
    def embedded_text(self) -> str:
        """What is embedded of it."""
        return f"{self.section}. {self.text}" if self.section else self.text


class GuidelineDocument(Frozen):
    """A version of a guideline.

    Attributes:
        key: what stays the same from version to version; a pack's id for a pack.
        version: as its publisher counts.
        title: as people call it.
        publisher: who issued it.
        year: when.
        source: the publication, or the file that it was read from.
        url: DOI or address.
        licence: what may be done with its text.
        pack: whether it comes with a knowledge pack.
        modalities: DICOM modalities that it is about, in lower case; empty for any.
        body_parts: body parts that it is about; empty for any.
        specialties: medical specialties that it is for; empty for any.
        concepts: keys of the concepts that it is about.
        passages: its passages in order.
    """

    key: str = Field(min_length=1)
    version: str = ""
    title: str
    publisher: str = ""
    year: int | None = None
    source: str = ""
    url: str = ""
    licence: str = ""
    pack: bool = False
    modalities: tuple[str, ...] = ()
    body_parts: tuple[str, ...] = ()
    specialties: tuple[str, ...] = ()
    concepts: tuple[str, ...] = ()
    passages: tuple[GuidelinePassage, ...] = ()

    @property
    def sha256(self) -> str:
        """Hash of everything said in it: another hash is another version.

        What is left at its default does not count, so that a field that DxTrace learns later
        leaves the citations of old documents as they are.
        """
        return sha256(self.model_dump_json(exclude_defaults=True).encode()).hexdigest()

    @property
    def short_hash(self) -> str:
        """What tells versions apart in references."""
        return self.sha256[:_SHORT_HASH]

    def reference(self, passage: GuidelinePassage) -> str:
        """What a citation names: document, version and passage."""
        return f"{self.key}@{self.short_hash}#{passage.key}"

    def citation(self, passage: GuidelinePassage) -> Citation:
        """The place of a passage, for a reader."""
        issued = ", ".join(part for part in (self.publisher, self.title) if part)
        page = f"page {passage.page}" if passage.page else ""
        return Citation(
            source=f"{issued} ({self.year})" if self.year else issued,
            section=", ".join(part for part in (passage.section, page) if part),
            passage_id=passage.key,
            url=self.url,
            text=passage.text,
        )
