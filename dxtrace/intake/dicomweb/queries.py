"""Which studies are wanted: a query (QIDO-RS, DICOM PS3.18 10.6), or the saved answer to one."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import parse_qsl

from dxtrace.clinical.base import Frozen
from dxtrace.intake.errors import IntakeError
from dxtrace.intake.limits import IntakeLimits
from dxtrace.intake.report_text import decode_utf8, read_bytes
from dxtrace.intake.strict_json import parse_json

_TAG = re.compile(r"[0-9A-Fa-f]{8}")
_UID = re.compile(r"[0-9]+(?:\.[0-9]+)*")
_LONGEST_UID = 64
STUDY_UID = "0020000D"
_OURS = frozenset(("limit", "offset", "includefield", "fuzzymatching"))


class FoundStudy(Frozen):
    """A study as the archive lists it; what identifies goes no further than the archive.

    Attributes:
        uid: StudyInstanceUID.
        patient_id: PatientID, to ask for earlier studies; empty if it is not listed.
        day: StudyDate, as DICOM writes it; empty if it is not listed.
    """

    uid: str
    patient_id: str = ""
    day: str = ""


class StudyQuery(Frozen):
    """What is asked for: attributes and their values.

    Attributes:
        filters: keyword or tag of an attribute to the value that it has to match.
    """

    filters: dict[str, str]

    @classmethod
    def parse(cls, given: Iterable[str]) -> StudyQuery:
        """Read ``ModalitiesInStudy=CT&StudyDate=20240101-``, or several such texts.

        Raises:
            IntakeError: on what is no attribute of DICOM, or has no value.
        """
        filters: dict[str, str] = {}
        for text in given:
            try:
                pairs = parse_qsl(text.lstrip("?"), keep_blank_values=True, strict_parsing=True)
                if not pairs:
                    raise ValueError  # noqa: TRY301 - as for any other text that is no query
            except ValueError:
                raise IntakeError(
                    f"--query: expected Attribute=value, such as ModalitiesInStudy=CT, got {text!r}"
                ) from None
            for name, value in pairs:
                filters[_attribute(name)] = _value(name, value)
        return cls(filters=filters)


def _attribute(name: str) -> str:
    from pydicom.datadict import keyword_dict, tag_for_keyword

    if _TAG.fullmatch(name) or (tag_for_keyword(name) is not None and name not in _OURS):
        return name
    if name in _OURS:
        raise IntakeError(f"--query: {name} is set by the command itself (--most)")
    near = difflib.get_close_matches(name, keyword_dict, 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise IntakeError(f"--query: {name!r} is no attribute of DICOM{hint}")


def _value(name: str, value: str) -> str:
    if not value.strip():
        raise IntakeError(f"--query: expected a value for {name}, got none")
    return value


def read_studies_file(path: Path, limits: IntakeLimits) -> tuple[FoundStudy, ...]:
    """The studies of a saved answer to a query for studies, as DICOM JSON.

    Raises:
        IntakeError: if it is none.
    """
    try:
        return listed_studies(parse_json(decode_utf8(read_bytes(path, limits))))
    except IntakeError as error:
        raise error.at(file=path) from None
    except OSError as error:
        raise IntakeError(f"cannot be read: {error.strerror}", file=path) from None


def listed_studies(data: object) -> tuple[FoundStudy, ...]:
    """Studies of DICOM JSON, each once.

    Raises:
        IntakeError: if it is no list, or an entry has no valid StudyInstanceUID.
    """
    if not isinstance(data, list):
        raise IntakeError("expected a list of studies as DICOM JSON, got something else")
    found: dict[str, FoundStudy] = {}
    for number, entry in enumerate(data, start=1):
        uid = value_of(entry, STUDY_UID)
        if not _UID.fullmatch(uid) or len(uid) > _LONGEST_UID:
            raise IntakeError(
                f"entry {number}: expected a StudyInstanceUID ({STUDY_UID}), got none"
            )
        found[uid] = FoundStudy(
            uid=uid, patient_id=value_of(entry, "00100020"), day=value_of(entry, "00080020")
        )
    return tuple(found.values())


def value_of(entry: object, tag: str) -> str:
    """The first value of an attribute in DICOM JSON as text; empty if there is none."""
    if not isinstance(entry, Mapping):
        return ""
    element = entry.get(tag)
    values = element.get("Value") if isinstance(element, Mapping) else None
    first = values[0] if isinstance(values, list) and values else None
    return str(first).strip() if isinstance(first, str | int | float) else ""
