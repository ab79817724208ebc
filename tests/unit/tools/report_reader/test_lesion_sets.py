"""Lesions told apart and put together, over all lesion concepts."""

import pytest

from tests.unit.tools.report_reader.lesion_sets import LesionSet, lesions_in, mismatch, read_sets
from tools.report_reader import ReportReader

SETS = read_sets()


@pytest.mark.parametrize("case", SETS, ids=[f"{c.concept}-{i}" for i, c in enumerate(SETS)])
def test_lesions_of_a_report(reader: ReportReader, case: LesionSet) -> None:
    wrong = mismatch(lesions_in(reader, case), case)
    assert wrong is None, f"{case.report}\n{wrong}"
