"""Which findings of a report merely follow from the denial of something wider.

"No effusion" also denies a malignant effusion, and the checker may need that; who reads what two
cases share wants what their reports say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from dxtrace.clinical import Case, Finding, Presence
from dxtrace.retrieval.words import words

_DENIAL = re.compile(r"(?:no|not|without|negative|absent|absence)\b", re.IGNORECASE)


def implied_findings(case: Case, findings: Iterable[Finding]) -> frozenset[str]:
    """Ids of findings whose words are the denial of another, and name nothing of their own.

    Args:
        case: with the reports that they were read from.
        findings: of these reports.
    """
    by_report: dict[int, list[Finding]] = {}
    for finding in findings:
        if finding.evidence and finding.evidence[0].span is not None:
            by_report.setdefault(finding.evidence[0].document or 0, []).append(finding)
    return frozenset(
        finding.id
        for number, found in by_report.items()
        if number < len(case.reports)
        for finding in found
        if _is_implied(finding, found, case.reports[number].text)
    )


def _is_implied(finding: Finding, all_of_report: list[Finding], text: str) -> bool:
    start, end = _span(finding)
    if finding.presence is not Presence.ABSENT and not _DENIAL.match(text[start:end]):
        return False
    inside = [
        _span(other)
        for other in all_of_report
        if other.presence is Presence.ABSENT
        and other.concept != finding.concept
        and start < _span(other)[0]
        and _span(other)[1] <= end
    ]
    if not inside:
        return False
    rest = "".join(
        " " if any(first <= place < last for first, last in inside) else text[place]
        for place in range(start, end)
    )
    return not set(words(rest)) & set(words(finding.concept.replace("_", " ")))


def _span(finding: Finding) -> tuple[int, int]:
    return finding.evidence[0].span or (0, 0)
