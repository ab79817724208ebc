"""Short ways to ask what a reader found."""

from dxtrace.clinical import Finding
from tools.report_reader import ReportReader


def found(reader: ReportReader, text: str, concept: str) -> list[Finding]:
    """The findings about one concept."""
    return [f for f in reader.read(text).findings if f.concept == concept]


def only(reader: ReportReader, text: str, concept: str) -> Finding:
    """The one finding about a concept."""
    findings = found(reader, text, concept)
    assert len(findings) == 1, [f.text for f in findings]
    return findings[0]


def sizes(finding: Finding) -> dict[str, str]:
    """Measurements by kind, in words."""
    return {m.kind: str(m) for m in finding.measurements}
