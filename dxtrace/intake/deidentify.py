"""Mask identifiers in report text without moving a single character.

What is masked: the value of header lines that name a person or a number (``Patient: ...``, ``MRN:
...``, ``DOB: ...``, ``Accession: ...``, ``Referring physician: ...``), signatures, and, anywhere,
names behind a title (``Dr Smith``), those again where somebody of that name does something ("Smith
has pain"), e-mail and internet addresses, telephone and social security numbers, streets with
their number, postal codes of the United States, days of birth, UIDs, and numbers of eight digits
and more. Letters and digits become ``X``; punctuation and spaces stay, so that every character
offset stays true.

What is not: a name in running prose that no header and no title named before ("Anna was told"),
initials, places, dates of examinations (growth needs them; :func:`mask_dates` is for readers that
do not). This is a safety net for text that should have been de-identified before.
"""

import re
from collections.abc import Iterable
from itertools import pairwise

_MASKED = re.compile(r"[^\W_]")

# "Patient: 63-year-old man" is clinical; "Patient: John Smith" is not. A name is a run of
# capitalised words that are not among these.
_NOT_A_NAME = (
    r"(?!(?i:male|female|man|woman|boy|girl|age|aged|year|years|yr|yrs|yo|is|was|has|had|with|"
    r"presents?|presenting|complains?|history|sex|dob|mrn|status|unknown|none|age/sex|inpatient|"
    r"outpatient|adult|position|position(?:ing|ed)|rotated|supine|erect|upright)\b)"
)
_NAME = rf"{_NOT_A_NAME}[A-Z][\w'’.\-]*(?:,?[ \t]+{_NOT_A_NAME}[A-Z][\w'’.\-]*){{0,5}}"  # noqa: RUF001 - a typographic apostrophe is part of names

_LINE_START = r"(?m:^[ \t]*|(?<=[|;])[ \t]*)"

_NAME_FIELDS = re.compile(
    _LINE_START + r"(?i:patient(?:'s)?(?:[ \t]+name)?|pt(?:\.)?[ \t]+name|name|"
    r"(?:last|first|family|given)[ \t]+name|"
    r"(?:referring|ordering|requesting|attending|reading|interpreting)[ \t]+"
    r"(?:physician|doctor|provider|clinician|radiologist)|referr(?:er|ed[ \t]+by)|"
    r"(?:electronically[ \t]+)?signed(?:[ \t]+by)?|dictated(?:[ \t]+by)?|transcribed(?:[ \t]+by)?|"
    r"reported[ \t]+by|verified[ \t]+by|approved[ \t]+by|radiologist|pathologist|consultant|"
    r"next[ \t]+of[ \t]+kin)[ \t]*[:=][ \t]*"
    rf"(?P<value>(?:(?i:dr|mr|mrs|ms|prof)\.?[ \t]+)?{_NAME})"
)
# "Mr Smith returned", "DR. SMITH"; but MR and DR without a point are modalities, and MRS a method.
_TITLED = re.compile(
    rf"\b(?:(?:Mr|Mrs|Ms|Miss|Dr|Prof)\.?|(?:MR|MRS|MS|DR|PROF)\.)[ \t]+(?P<value>{_NAME})"
)
_WHOLE_VALUE_FIELDS = re.compile(
    _LINE_START + r"(?i:mrn|medical[ \t]+record(?:[ \t]+(?:number|no\.?))?|"
    r"(?:patient|hospital|case|study|visit|exam)"
    r"[ \t]+(?:id|number|no\.?)|patient[ \t]*#|accession(?:[ \t]+(?:number|no\.?|\#))?|ssn|"
    r"social[ \t]+security(?:[ \t]+(?:number|no\.?))?|nhs(?:[ \t]+(?:number|no\.?))?|"
    r"account(?:[ \t]+(?:number|no\.?))?|d\.?o\.?b\.?|date[ \t]+of[ \t]+birth|birth[ \t]*date|"
    r"address|(?:tele)?phone|tel\.?|mobile|fax|e-?mail|insurance(?:[ \t]+(?:id|number|no\.?))?)"
    r"[ \t]*[:=#][ \t]*(?P<value>[^\n|;]*?)"
    # The value ends at a gap, at the next "Field:", or where an age or a sex begins.
    r"(?=[ \t]{2,}|\t|[|;\n]|$|[ \t]+[A-Za-z/]{2,20}[ \t]*[:=]"
    r"|[ \t]*[,(]?[ \t]*(?i:age|aged|sex|gender|male|female|\d{1,3}[ \-]?(?:years?|yrs?|y/?o))\b)",
    re.MULTILINE,
)
_MONTH = r"(?:May|MAY|(?i:jan|feb|mar|apr|june?|july?|aug|sept?|oct|nov|dec)[a-z]*\.?)"
_DAY = (
    r"(?:\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./](?:\d{4}|\d{2})"
    rf"|\d{{1,2}}\.?[ ]{_MONTH}(?:,?[ ]\d{{4}})?|{_MONTH}[ ]\d{{1,2}}(?:,?[ ]\d{{4}})?)(?!\d)"
)
_INLINE_NUMBERS = re.compile(
    r"\b(?:(?:MRN|DOB|SSN|NHS|Accession)|(?i:(?:insurance|policy|member|account|hospital|patient|"
    r"medical[ ]record)[ ](?:id|no\.?|number)))[ \t]*[:#=]?[ \t]*"
    r"(?P<value>(?=[\w./\-]*\d)\w[\w./\-]*)"
)
_ANYWHERE = re.compile(
    r"(?P<value>[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+"
    r"|\bhttps?://[^\s<>\"]+"
    r"|(?<![\w.])\d{1,20}(?:\.\d{1,40}){3,}(?![\w.]\d)"  # an internet address, a UID
    r"|(?<![\w.,])\d{8,}(?![\w.,]\d)"
    r"|\b\d{1,5}[ ](?:[A-Z][a-z]+[ ]){1,2}(?:St|Street|Ave|Avenue|Rd|Road|Blvd|Lane|Ln)\b"
    r"|\b[A-Z]{2}[ ]\d{5}(?:-\d{4})?(?![\w-])"
    rf"|(?<=\b[Bb]orn[ ]){_DAY}|(?<=\b[Bb]orn[ ]on[ ]){_DAY}"
    r"|(?<![\w.])\d{3}-\d{2}-\d{4}(?![\w.-])"
    r"|(?<![\w.(])(?:\+\d{1,3}[ .\-]?)?(?:\(\d{3}\)[ ]?|\d{3}[.\-])\d{3}[.\-]\d{4}(?![\w.-]))"
)


_ACTS = re.compile(
    r"(?:['’]s)?\s+(?:has|had|have|is|was|were|reports?|reported|denies|denied|presents?|"  # noqa: RUF001 - a typographic apostrophe is part of names
    r"presented|complains?|complained|underwent|returned|returns|suffers?|needs?|told|asked)\b"
)
_BESIDE = re.compile(r"-|,?[ \t]+(?:[A-Z]\.?[ \t]+)?")
_WORD = re.compile(r"[^\W\d_]{3,}")
_DATE = re.compile(rf"(?<![\d./-]){_DAY}")
_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")


def mask_identifiers(text: str) -> str:
    """Replace the letters and digits of recognised identifiers by ``X``.

    Args:
        text: report text.

    Returns:
        Text of the same length; characters outside identifiers are unchanged.
    """
    names = {
        word
        for pattern in (_NAME_FIELDS, _TITLED)
        for match in pattern.finditer(text)
        for word in _WORD.findall(match["value"])
    }
    for pattern in (_NAME_FIELDS, _TITLED, _WHOLE_VALUE_FIELDS, _INLINE_NUMBERS, _ANYWHERE):
        text = pattern.sub(_mask_value, text)
    return _mask_persons(text, names)


def _mask_persons(text: str, names: Iterable[str]) -> str:
    """Mask names where a person of that name is meant: two of them in a row, or one that acts.

    "Small" may be a name, and "Small effusion" be said.
    """
    words = {form for name in names for form in (name, name.capitalize(), name.upper())}
    named = [m for m in _WORD.finditer(text) if m[0] in words]
    meant = {m.span() for m in named if _ACTS.match(text, m.end())}
    for one, other in pairwise(named):
        if _BESIDE.fullmatch(text, one.end(), other.start()):
            meant |= {one.span(), other.span()}
    parts, last = [], 0
    for start, end in sorted(meant):
        parts += [text[last:start], "X" * (end - start)]
        last = end
    return "".join([*parts, text[last:]])


def mask_dates(text: str) -> str:
    """Replace the days and months of dates by ``X``; years of four digits stay.

    Returns:
        Text of the same length.
    """
    return _DATE.sub(lambda m: _without_day(m[0]), text)


def _without_day(date: str) -> str:
    year = _YEAR.search(date)
    start, end = year.span() if year else (0, 0)
    return _MASKED.sub("X", date[:start]) + date[start:end] + _MASKED.sub("X", date[end:])


def _mask_value(match: re.Match[str]) -> str:
    start, end = match.span("value")
    whole, offset = match.group(), match.start()
    masked = _MASKED.sub("X", match["value"])
    return whole[: start - offset] + masked + whole[end - offset :]
