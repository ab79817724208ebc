"""Mask identifiers in report text without moving a single character.

What is masked: the value of header lines that name a person or a number (``Patient: ...``, ``MRN:
...``, ``DOB: ...``, ``Accession: ...``, ``Referring physician: ...``), signatures, and, anywhere,
names behind a title (``Dr Smith``), e-mail addresses, telephone and social security numbers.
Letters and digits become ``X``; punctuation and spaces stay, so that every character offset stays
true.

What is not: a name in running prose without a title ("Anna was told"), initials, places, dates of
examinations (growth needs them). This is a safety net for text that should have been de-identified
before.
"""

import re

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
_INLINE_NUMBERS = re.compile(
    r"\b(?:MRN|DOB|SSN|Accession)[ \t]*[:#=]?[ \t]*(?P<value>[A-Z]{0,3}\d[\w./\-]*)"
)
_ANYWHERE = re.compile(
    r"(?P<value>[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+"
    r"|(?<![\w.])\d{3}-\d{2}-\d{4}(?![\w.-])"
    r"|(?<![\w.(])(?:\+\d{1,3}[ .\-]?)?(?:\(\d{3}\)[ ]?|\d{3}[.\-])\d{3}[.\-]\d{4}(?![\w.-]))"
)


def mask_identifiers(text: str) -> str:
    """Replace the letters and digits of recognised identifiers by ``X``.

    Args:
        text: report text.

    Returns:
        Text of the same length; characters outside identifiers are unchanged.
    """
    for pattern in (_NAME_FIELDS, _TITLED, _WHOLE_VALUE_FIELDS, _INLINE_NUMBERS, _ANYWHERE):
        text = pattern.sub(_mask_value, text)
    return text


def _mask_value(match: re.Match[str]) -> str:
    start, end = match.span("value")
    whole, offset = match.group(), match.start()
    masked = _MASKED.sub("X", match["value"])
    return whole[: start - offset] + masked + whole[end - offset :]
