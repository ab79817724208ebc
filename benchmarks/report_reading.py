"""How well the report reader reads real chest radiograph reports, against their human coding.

The reports are those of Indiana University (3,955, CC BY-NC-ND 4.0) with MeSH codes given by two
readers (Demner-Fushman D et al. J Am Med Inform Assoc 2016;23(2):304-310), as carried by the PyPI
package ``torchxrayvision``. Reports whose number is divisible by 5 are held back: nothing is
developed on them, and the figures that count are theirs. ``mesh_mapping.yaml`` says which code
stands for which concept.

    python benchmarks/report_reading.py [--reports NLMCXR_reports.tgz] [--part development]
"""

import argparse
import re
import sys
import tarfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree  # the archive is a fixed, trusted data set

import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from dxtrace.clinical.concept import Concept
from dxtrace.clinical.finding import Finding
from dxtrace.clinical.states import Context, Laterality, Presence
from tools.report_reader import ReportReader

HELD_BACK = 5
ENOUGH = 10
MAPPING = Path(__file__).with_name("mesh_mapping.yaml")
ARCHIVE = "NLMCXR_reports.tgz"
# The lingula is a part of the left lung, so that code names a side.
SIDES = {
    "left": Laterality.LEFT,
    "lingula": Laterality.LEFT,
    "right": Laterality.RIGHT,
    "bilateral": Laterality.BILATERAL,
}


@dataclass(frozen=True)
class CodedReport:
    """A report's number, text and codes."""

    number: int
    text: str
    codes: tuple[str, ...]


@dataclass
class Row:
    """One concept of the comparison, and its counts."""

    name: str
    concepts: frozenset[str]
    codes: re.Pattern[str]
    also: re.Pattern[str] | None = None
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("tp", "fp", "fn"), 0))
    left_out: int = 0
    sided: int = 0
    sided_right: int = 0
    disagreements: list[str] = field(default_factory=list)

    @property
    def positives(self) -> int:
        """How many reports carry one of its codes."""
        return self.counts["tp"] + self.counts["fn"]

    @property
    def precision(self) -> float:
        """Share of what was read that is coded."""
        return self.counts["tp"] / max(1, self.counts["tp"] + self.counts["fp"])

    @property
    def recall(self) -> float:
        """Share of what is coded that was read."""
        return self.counts["tp"] / max(1, self.positives)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return f1(self.counts["tp"], self.counts["fp"], self.counts["fn"])


def f1(tp: int, fp: int, fn: int) -> float:
    """F1 from counts."""
    return 2 * tp / max(1, 2 * tp + fp + fn)


def find_archive() -> Path:
    """The report archive of an installed torchxrayvision, without importing it."""
    try:
        for file in files("torchxrayvision") or ():
            if file.name == ARCHIVE:
                return Path(str(file.locate()))
    except PackageNotFoundError:
        pass
    sys.exit(f"torchxrayvision is not installed: give the path of {ARCHIVE} with --reports")


def read_reports(archive: Path) -> Iterator[CodedReport]:
    """The reports of the archive that have a text, by number."""
    with tarfile.open(archive) as tar:
        for member in tar:
            content = tar.extractfile(member) if member.name.endswith(".xml") else None
            if content is not None:
                yield _report(int(Path(member.name).stem), content.read())


def _report(number: int, content: bytes) -> CodedReport:
    root = ElementTree.fromstring(content)  # noqa: S314 - see the import
    sections = [(e.get("Label", ""), (e.text or "").strip()) for e in root.iter("AbstractText")]
    text = "\n".join(f"{label}: {body}" for label, body in sections if body)
    return CodedReport(number, text, tuple(e.text or "" for e in root.iter("major")))


def read_rows(path: Path) -> list[Row]:
    """The mapping."""
    raw: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [
        Row(r["row"], frozenset(r["concepts"]), _either(r["codes"]),
            _either(r["also"]) if r.get("also") else None)
        for r in raw
    ]  # fmt: skip


def _either(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{p})" for p in patterns))


def compare(row: Row, report: CodedReport, findings: Iterable[Finding]) -> None:
    """Count one report in one row."""
    read = [f for f in findings if f.concept in row.concepts]
    coded = [c for c in report.codes if row.codes.match(c)]
    if not coded and row.also and any(row.also.match(c) for c in report.codes):
        row.left_out += bool(read)
        return
    if read and coded:
        row.counts["tp"] += 1
        _compare_sides(row, report, coded, read)
    elif read or coded:
        row.counts["fp" if read else "fn"] += 1
        said = "; ".join(f.text for f in read) if read else "; ".join(coded)
        row.disagreements.append(f"{report.number}: {'read' if read else 'coded'} {said}")


def _compare_sides(
    row: Row, report: CodedReport, coded: list[str], read: Iterable[Finding]
) -> None:
    sides = {SIDES[q] for c in coded for q in c.split("/") if q in SIDES}
    if not sides:
        return
    row.sided += 1
    found = {f.laterality for f in read if f.laterality}
    if _both(sides) == _both(found):
        row.sided_right += 1
    else:
        said = ", ".join(sorted(s.value for s in found)) or "no side"
        row.disagreements.append(f"{report.number}: side {said}, coded {'; '.join(coded)}")


def _both(sides: set[Laterality]) -> set[Laterality]:
    if Laterality.BILATERAL in sides or {Laterality.LEFT, Laterality.RIGHT} <= sides:
        return {Laterality.BILATERAL}
    return sides


def stated(findings: Iterable[Finding]) -> list[Finding]:
    """What a report says is there now."""
    return [f for f in findings if f.presence is Presence.PRESENT and f.context is Context.CURRENT]


def print_table(rows: list[Row]) -> None:
    """Per concept, then micro and macro averages over those with enough positives."""
    print(f"{'concept':30}{'n':>5}{'TP':>6}{'FP':>5}{'FN':>5}{'P':>7}{'R':>7}{'F1':>7}{'side':>10}")
    for row in sorted(rows, key=lambda r: -r.positives):
        side = f"{row.sided_right}/{row.sided}" if row.sided else ""
        c = row.counts
        print(f"{row.name:30}{row.positives:5}{c['tp']:6}{c['fp']:5}{c['fn']:5}"
              f"{row.precision:7.3f}{row.recall:7.3f}{row.f1:7.3f}{side:>10}"
              f"{'' if row.positives >= ENOUGH else '   (few: not averaged)'}")  # fmt: skip
    enough = [r for r in rows if r.positives >= ENOUGH]
    total = [sum(r.counts[k] for r in enough) for k in ("tp", "fp", "fn")]
    sided, right = sum(r.sided for r in enough), sum(r.sided_right for r in enough)
    print(f"\nconcepts with at least {ENOUGH} positives: {len(enough)}")
    print(f"micro F1 {f1(*total):.4f}   macro F1 {sum(r.f1 for r in enough) / len(enough):.4f}")
    fp = sum(r.left_out for r in enough)
    strict = [f1(r.counts["tp"], r.counts["fp"] + r.left_out, r.counts["fn"]) for r in enough]
    print(f"counting the {fp} that stand under a kindred heading (`also`) as wrong: "
          f"micro F1 {f1(total[0], total[1] + fp, total[2]):.4f}   "
          f"macro F1 {sum(strict) / len(enough):.4f}")  # fmt: skip
    print(f"laterality right: {right}/{sided} = {right / max(1, sided):.4f}")


def build_reader() -> ReportReader:
    """A reader of the whole vocabulary."""
    folder = Path(__file__).parents[1] / "dxtrace" / "knowledge" / "concepts"
    return ReportReader.from_concepts(
        Concept.model_validate(entry)
        for path in sorted(folder.glob("*.yaml"))
        for entry in yaml.safe_load(path.read_text(encoding="utf-8"))
    )


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reports", type=Path, help=f"{ARCHIVE} (default: from torchxrayvision)")
    parser.add_argument("--part", choices=("held-back", "development"), default="held-back")
    parser.add_argument(
        "--disagreements",
        action="store_true",
        help="list where reader and coding differ (development part only)",
    )
    arguments = parser.parse_args()
    held_back = arguments.part == "held-back"
    if arguments.disagreements and held_back:
        parser.error("--disagreements is for --part development: the other part is held back")
    reports = [r for r in read_reports(arguments.reports or find_archive())
               if (r.number % HELD_BACK == 0) == held_back and r.codes]  # fmt: skip
    reader, rows = build_reader(), read_rows(MAPPING)
    seconds = 0.0
    for report in reports:
        start = time.process_time()
        reading = reader.read(report.text)
        seconds += time.process_time() - start
        findings = stated(reading.findings)
        for row in rows:
            compare(row, report, findings)
    print(f"{len(reports)} reports, {arguments.part} part\n")
    print_table(rows)
    print(f"reader: {len(reports) / seconds:.0f} reports/s on one core")
    if arguments.disagreements:
        for row in rows:
            print(f"\n{row.name}")
            print(*(f"  {line}" for line in row.disagreements), sep="\n")


if __name__ == "__main__":
    main()
