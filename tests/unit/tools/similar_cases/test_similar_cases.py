"""A similar case is an analogy: it is shown and recorded, and never becomes a finding."""

import inspect
from pathlib import Path

import pytest

import dxtrace.reasoning
from dxtrace.clinical import Case, Outcome, Result, SimilarCase, Trace
from dxtrace.knowledge import load_knowledge
from dxtrace.reporting import render_case_report
from dxtrace.retrieval.cases import CaseRecord
from expert_models import ExpertOutput
from graphs import replay
from tests.unit.graphs.benches import report_case
from tests.unit.retrieval.cases.small_cases import finding, record
from tests.unit.small_dicom import ct_slices, write
from tests.unit.tools.similar_cases.conftest import fill, reviewed
from tools import run_tool
from tools.similar_cases import SIMILAR_CASES
from tools.similar_cases.collection import Origin, case_record
from tools.similar_cases.identity import identities_of

REPORT = "FINDINGS: Small left pleural effusion. Heart size is normal."
ASKS = "Are there similar cases?"


def made_cases() -> list[CaseRecord]:
    """Cases that all have a pneumothorax, which the patient has not."""
    effusion = finding("pleural_effusion", side="left")
    return [
        record(
            f"Anna Smith {n}", effusion, finding("pneumothorax", side="right"),
            shown="" if n else "other-0", title="" if n else "Other 0", link="/in/Smith^John.txt",
            report=f"Small left pleural effusion, seen {n}.",
        )
        for n in range(3)
    ]  # fmt: skip


def asked(question: str | None = ASKS) -> tuple[Result, Trace]:
    return reviewed(REPORT, question)


@pytest.mark.usefixtures("folder")
def test_the_answer_names_them_as_an_analogy_and_says_what_differs() -> None:
    result, _ = asked()
    assert len({c.id for c in result.similar_cases}) == 3
    text = result.answer.text
    assert "an analogy, not evidence" in text
    assert "3 of 3 cases of the index" in text
    assert "Other 0 (" in text
    assert "likeness 0." in text
    assert "also has pneumothorax" in text


@pytest.mark.usefixtures("folder")
def test_an_id_that_may_be_a_name_is_shown_nowhere() -> None:
    result, trace = asked()
    page = render_case_report(
        result, case=report_case(REPORT, ASKS), trace=trace, knowledge=load_knowledge()
    )
    for text in (result.answer.text, trace.to_json(), page, result.model_dump_json()):
        assert "Smith" not in text
        assert "case-" in text


def test_a_case_that_contradicts_itself_is_said_to_say_both(place: Path) -> None:
    fill(place, [record(
        "both", finding("pleural_effusion", side="left"), finding("cardiomegaly"),
        finding("cardiomegaly", "absent"), report="Small left pleural effusion. Heart enlarged.",
    )])  # fmt: skip
    result, trace = asked()
    assert "says both of cardiomegaly (that case)" in result.answer.text
    assert "shares cardiomegaly" not in result.answer.text
    case = report_case(REPORT, ASKS)
    page = render_case_report(result, case=case, trace=trace, knowledge=load_knowledge())
    assert "says both: absent; present" in page


@pytest.mark.usefixtures("folder")
def test_nothing_similar_is_an_answer() -> None:
    result, _ = reviewed("FINDINGS: Displaced fracture of the radius.", ASKS)
    assert result.similar_cases == ()
    assert "No similar case: none of 3 cases of the index" in result.answer.text
    assert "Not looked at" not in result.answer.text


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "question",
    ["Painful hip prosthesis. Are there similar cases?", "Painful effusion. What could this be?"],
)
def test_what_a_question_only_tells_is_not_taken_for_asked(question: str) -> None:
    result, _ = asked(question)
    assert result.similar_cases
    assert "Undetermined" not in result.answer.text


@pytest.mark.usefixtures("folder")
def test_nothing_of_a_similar_case_is_taken_for_this_patient() -> None:
    plain, _ = asked("Is there a pneumothorax?")
    result, trace = asked(f"Is there a pneumothorax? {ASKS}")
    assert result.similar_cases
    assert result.findings == plain.findings
    assert result.claims == plain.claims
    assert result.answer.conclusions == plain.answer.conclusions
    assert result.answer.text.startswith("Undetermined: nothing in the case says")
    known = {f.id for f in result.findings}
    assert {e.data["id"] for e in trace.entries if e.kind == "finding"} == known
    assert all(f.concept != "pneumothorax" for f in result.findings)


def test_the_checker_knows_no_similar_case() -> None:
    """Its code does not name them, and what it takes are findings, which they are not."""
    folder = Path(inspect.getfile(dxtrace.reasoning)).parent
    for file in (*folder.glob("*.py"), folder.parents[1] / "graphs" / "checking.py"):
        source = file.read_text(encoding="utf-8").lower()
        assert "similar" not in source, file
        assert "retrieval" not in source, file
    assert not issubclass(SimilarCase, dxtrace.clinical.Finding)


def test_a_tool_that_passes_similar_cases_off_as_findings_fails() -> None:
    from tests.unit.graphs.benches import expert

    similar = SimilarCase(id="x", source="x", similarity=1.0)
    strange: tuple[object, ...] = (similar,)
    tool = expert("odd", lambda _: ExpertOutput(findings=strange))  # type: ignore[arg-type]
    assert run_tool(tool, report_case(REPORT)).call.outcome is Outcome.FAILED
    swapped = expert("odd", lambda _: ExpertOutput(similar=(finding("pneumothorax"),)))  # type: ignore[arg-type]
    run = run_tool(swapped, report_case(REPORT), concepts=load_knowledge().vocabulary.concepts)
    assert run.call.outcome is Outcome.FAILED
    assert run.findings == ()


@pytest.mark.usefixtures("folder")
def test_the_trace_records_them_without_the_file_s_name_and_replays() -> None:
    _, trace = asked()
    (entry,) = [e for e in trace.entries if "similar_cases" in e.data]
    assert entry.data["name"] == SIMILAR_CASES
    assert entry.data["findings"] == []
    assert "Smith" not in trace.to_json()
    assert replay(Trace.from_json(trace.to_json())).same


@pytest.mark.usefixtures("folder")
def test_the_page_shows_them_with_links_beside_each_finding() -> None:
    case = report_case(REPORT, ASKS)
    result, trace = asked()
    page = render_case_report(result, case=case, trace=trace, knowledge=load_knowledge())
    assert "An analogy, not evidence" in page
    assert "/index/reports/other-0.txt" in page
    assert "only there" in page


@pytest.mark.usefixtures("folder")
def test_only_who_asks_gets_them() -> None:
    result, _ = asked(None)
    assert not result.similar_cases
    assert SIMILAR_CASES not in {c.name for c in result.tools}


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "question",
    ["Show me similar cases.", "Which cases are like this one?", "What is the differential?"],
)
def test_ways_of_asking(question: str) -> None:
    result, _ = asked(question)
    assert result.similar_cases
    assert "not understood" not in result.answer.text
    assert "nothing to report" not in result.answer.text


def test_without_an_index_the_answer_says_how_to_make_one(place: Path) -> None:
    result, _ = asked()
    assert "dxtrace cases add indiana" in result.answer.text
    assert not place.exists()


def test_an_empty_index_is_no_answer(place: Path) -> None:
    fill(place, [])
    result, _ = asked()
    assert "Not looked at: similar_cases abstained: the case index is empty" in result.answer.text


@pytest.mark.usefixtures("folder")
def test_a_damaged_index_is_said_and_the_review_goes_on(folder: Path) -> None:
    (folder / "cases.sqlite3").write_bytes(b"damaged" * 1000)
    result, _ = asked()
    assert result.status == "answered"
    assert "dxtrace cases rebuild" in result.answer.text


def test_images_of_one_patient_share_an_identity(tmp_path: Path) -> None:
    from dxtrace.intake import read_case

    first, second = tmp_path / "a", tmp_path / "b"
    for place in (first, second):
        place.mkdir()
        write(ct_slices(), place)
    (second / "report.txt").write_text("FINDINGS: clear lungs.")
    names = [identities_of(read_case(place).case) for place in (first, second)]
    assert names[0] & names[1]


def test_an_earlier_report_tells_that_it_is_the_same_patient() -> None:
    now = Case.model_validate(
        {"id": "now", "reports": [{"text": "Now."}, {"text": "Before.", "is_prior": True}]}
    )
    before = Case.model_validate({"id": "before", "reports": [{"text": "before. "}]})
    assert identities_of(now) & identities_of(before)


def test_age_and_sex_of_a_report_are_kept_for_filters() -> None:
    case = report_case("INDICATION: 63-year-old female with cough.\n\nFINDINGS: Clear lungs.")
    from graphs.workbench import default_workbench

    findings = default_workbench().reader.read(case.reports[0].text).findings
    kept = case_record(case, findings, Origin(source="x"))
    assert (kept.age, kept.sex) == (63, "F")


@pytest.mark.usefixtures("place")
def test_images_are_searched_with_the_model_that_the_settings_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch", reason="needs the extra 'experts'")
    pytest.importorskip("transformers", reason="needs the extra 'experts'")
    import yaml

    from apps.commands.case_adding import add_cases
    from apps.commands.cases import SearchRequest, search_cases
    from tests.unit.expert_models.image_embedding.tiny_models import write_dinov2
    from tests.unit.expert_models.radiographs import write_dicom, write_noise
    from tools.similar_cases.images import image_embedder

    model = tmp_path / "model"
    model.mkdir()
    write_dinov2(model)
    entry = {
        "name": "eyes", "family": "image_embedding", "folder": str(model),
        "options": {"modalities": ["CR", "DX"]},
    }  # fmt: skip
    (tmp_path / "experts.yaml").write_text(yaml.safe_dump({"experts": [entry]}))
    monkeypatch.setenv("DXTRACE_EXPERTS", str(tmp_path / "experts.yaml"))
    monkeypatch.setenv("DXTRACE_IMAGE_EMBEDDER", "eyes")
    image_embedder.cache_clear()
    for name, write_image in (("wedge.dcm", write_dicom), ("noise.png", write_noise)):
        (tmp_path / "cases").mkdir(exist_ok=True)
        write_image(tmp_path / "cases" / name)
    asked = write_dicom(tmp_path / "asked.dcm", rows=150)
    add_cases([str(tmp_path / "cases")], max_report_chars=1000)
    capsys.readouterr()
    search_cases(SearchRequest(str(asked), 5, None, None, None, None, json=True, data_root=None))
    assert '"image": 1' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("EXAM: CT chest without contrast.\nFINDINGS: Clear.", ("CT", "chest")),
        ("MRI of the liver.\n\nFINDINGS: Normal.", ("MR", "abdomen")),
        ("EXAM: Chest radiograph.\nFINDINGS: Clear.", ("CR", "chest")),
        ("FINDINGS: Clear lungs.", (None, None)),
        ("COMPARISON: CT abdomen of 2020.\nFINDINGS: Clear lungs.", (None, None)),
        ("EXAM: Ultrasound.\nINDICATION: Chest pain.\nFINDINGS: Clear.", ("US", None)),
    ],
)
def test_what_a_report_says_of_its_examination_is_kept_for_filters(
    text: str, expected: tuple[str | None, str | None]
) -> None:
    from graphs.workbench import default_workbench
    from tools.report_tool import ReportTool

    case = report_case(text)
    findings = ReportTool(default_workbench().reader).run(case)
    kept = case_record(case, findings, Origin(source="x"))
    assert (kept.modality, kept.body_part) == expected
