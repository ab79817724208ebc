"""The case index of this machine, and cases as it keeps them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

from dxtrace.clinical import Case, Context, Finding
from dxtrace.clinical.base import Frozen
from dxtrace.intake.known_names import hash_words, mask_known_names
from dxtrace.knowledge import Knowledge
from dxtrace.retrieval.cases import CaseIndex, CaseRecord
from dxtrace.retrieval.embedding import TextEmbedder
from dxtrace.retrieval.errors import EmbedderUnavailable
from dxtrace.user_folders import data_folder
from tools.embedder import configured_embedder
from tools.similar_cases.identity import identities_of
from tools.similar_cases.images import image_fingerprint
from tools.similar_cases.implied import implied_findings

_SEX = {"female": "F", "male": "M"}
_MODALITIES = {
    "cr": "CR", "ct": "CT", "mr": "MR", "us": "US", "pt": "PT", "fundus": "OP", "pathology": "SM",
}  # fmt: skip
_LONGEST_LINE = 200


class CaseSettings(BaseSettings):
    """Where similar cases are looked for.

    Attributes:
        cases: folder of the index (``DXTRACE_CASES``).
        image_embedder: an expert of the family ``image_embedding`` (``DXTRACE_IMAGE_EMBEDDER``);
            images are left out if empty.
    """

    model_config = SettingsConfigDict(env_prefix="DXTRACE_", frozen=True, extra="ignore")

    cases: Path | None = None
    image_embedder: str = ""

    @property
    def folder(self) -> Path:
        """The folder of the index."""
        return self.cases or data_folder() / "cases"


class Origin(Frozen):
    """Where a case is from.

    Attributes:
        source: what no other case has.
        shown: what others may call it: the id of a public collection, or a pseudonym. Empty if only
            a number may be shown, as an id that somebody gave may be a name.
        title: the same in words, of a public collection.
        link: the file or folder that it is read from; empty if there is none.
        modality: what the collection is known to be of, where no image says it.
        body_part: likewise.
        identities: what tells whose case it is, beyond what the case itself does.
    """

    source: str
    shown: str = ""
    title: str = ""
    link: str = ""
    modality: str | None = None
    body_part: str | None = None
    identities: frozenset[str] = frozenset()


def available_embedder() -> TextEmbedder | None:
    """The text embedder of the settings; None if it is not installed: words and findings remain."""
    try:
        return configured_embedder()
    except EmbedderUnavailable:
        return None


def open_index(knowledge: Knowledge, folder: Path | None = None) -> CaseIndex:
    """Open the index of this machine.

    Args:
        knowledge: the vocabulary of its findings.
        folder: another folder than that of the settings.

    Raises:
        RetrievalError: if it is damaged or of another embedder.
    """
    settings = CaseSettings()
    return CaseIndex(
        folder or settings.folder, knowledge.vocabulary, embedder=available_embedder(),
        image_embedder=image_fingerprint(settings.image_embedder),
    )  # fmt: skip


def case_record(case: Case, findings: Iterable[Finding], origin: Origin) -> CaseRecord:
    """A case as the index keeps it: the words of its id, too, are masked in its reports.

    Findings are read before that, so that none is lost; their own quotations are left out.

    Args:
        case: the case.
        findings: what was read and found in it.
        origin: where it is from.
    """
    findings = tuple(findings)
    report = "\n\n".join(r.text for r in case.reports if not r.is_prior)
    series = [s for study in case.studies if not study.is_prior for s in study.series]
    images = [image for s in series for image in s.images]
    modalities = [s.modality for s in series if s.modality]
    body_parts = [image.body_part.lower() for image in images if image.body_part]
    age, sex = _patient(findings)
    stated_modality, stated_part = _examination(case, findings)
    return CaseRecord(
        id=case.id, source=origin.source, shown=origin.shown, title=origin.title, link=origin.link,
        modality=next(iter(modalities), origin.modality or stated_modality),
        body_part=next(iter(body_parts), origin.body_part or stated_part),
        age=case.patient.age if case.patient.age is not None else age,
        sex=case.patient.sex or sex,
        report=report if origin.shown else mask_known_names(report, hash_words(case.id)),
        findings=tuple(f.model_copy(update={"text": ""}) for f in findings),
        implied=tuple(sorted(implied_findings(case, findings))),
        identities=identities_of(case) | origin.identities,
    )  # fmt: skip


def _examination(case: Case, findings: Iterable[Finding]) -> tuple[str | None, str | None]:
    """Modality and body part, where the line of a report that names the examination says them."""
    from dxtrace.intake.imaging.body_region import read_body_part

    for finding in findings:
        modality = _MODALITIES.get(str(finding.attributes.get("modality")))
        where = finding.evidence[0] if finding.evidence else None
        if finding.concept != "exam" or modality is None or where is None or where.span is None:
            continue
        report = case.reports[where.document or 0]
        if not report.is_prior and finding.context is Context.CURRENT:
            start, end = where.span
            line = report.text[report.text.rfind("\n", 0, start) + 1 :].partition("\n")[0]
            return modality, read_body_part(line[: _LONGEST_LINE + end - start])
    return None, None


def _patient(findings: Iterable[Finding]) -> tuple[Decimal | None, str | None]:
    """Age and sex, where a report states them."""
    age: Decimal | None = None
    sex: str | None = None
    for finding in findings:
        if finding.concept == "patient":
            stated = finding.measured("age")
            if stated is not None and stated.unit == "a":
                age = stated.value
            sex = _SEX.get(str(finding.attributes.get("sex")), sex)
    return age, sex
