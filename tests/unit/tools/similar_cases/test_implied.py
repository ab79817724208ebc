"""What two cases share is what their reports say, not what follows from it."""

import pytest

from graphs.workbench import default_workbench
from tests.unit.graphs.benches import report_case
from tools.report_tool import ReportTool
from tools.similar_cases.collection import Origin, case_record


def shown(text: str) -> set[tuple[str, str]]:
    case = report_case(text)
    findings = ReportTool(default_workbench().reader).run(case)
    stated = case_record(case, findings, Origin(source="x")).stated
    return {(f.concept, f.presence.value) for f in stated}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FINDINGS: No pleural effusion.", {("pleural_effusion", "absent")}),
        ("FINDINGS: No effusion or edema.",
         {("pleural_effusion", "absent"), ("pulmonary_edema", "absent")}),
        ("FINDINGS: Heart is enlarged. No cardiomegaly.",
         {("cardiomegaly", "present"), ("cardiomegaly", "absent")}),
        ("FINDINGS: No malignant pleural effusion.",
         {("malignant_pleural_effusion", "absent"), ("pleural_effusion", "absent")}),
        ("FINDINGS: No lung nodule or mass.",
         {("pulmonary_nodule", "absent"), ("lung_mass", "absent")}),
        ("FINDINGS: Left pneumothorax.", {("pneumothorax", "present")}),
    ],
)  # fmt: skip
def test_only_what_a_report_states_is_shown(text: str, expected: set[tuple[str, str]]) -> None:
    assert shown(text) == expected
