"""The packs and the vocabulary that come with DxTrace."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from dxtrace.knowledge import Knowledge, load_knowledge
from dxtrace.reasoning import prove_packs

ROOT = Path(__file__).parents[3]
OIFM = ROOT.parent / "shared" / "data" / "oifm"
GUIDELINES = {
    "fleischner": ["fleischner.recommendation"],
    "lung_rads": ["lung_rads.category", "lung_rads.s_modifier"],
    "tnm_lung_8": ["tnm_lung.t", "tnm_lung.n", "tnm_lung.m", "tnm_lung.stage"],
    "tnm_lung_9": ["tnm_lung.t", "tnm_lung.n", "tnm_lung.m", "tnm_lung.stage"],
    "ti_rads": ["ti_rads.level", "ti_rads.recommendation"],
    "li_rads": ["li_rads.category"],
    "icdr": ["icdr.grade", "icdr.dme"],
    "recist": ["recist.response"],
    "marrow": ["marrow.conclusion"],
    "chest_radiograph": [],
}
VALUES = {
    "lung_rads.category": {"0", "1", "2", "3", "4A", "4B", "4X"},
    "lung_rads.s_modifier": set(),
    "ti_rads.level": {"TR1", "TR2", "TR3", "TR4", "TR5"},
    "icdr.grade": {"none", "mild", "moderate", "severe", "proliferative"},
    "icdr.dme": set(),
    "recist.response": {"CR", "PR", "SD", "PD", "NE"},
}
DOMAINS = {"chest_radiograph", "chest_ct", "thyroid_us", "liver", "retina", "marrow"}


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load_knowledge()


@pytest.fixture(scope="module")
def published() -> dict[str, dict[str, object]]:
    """The Open Imaging Finding Model definitions, by id."""
    if not OIFM.is_dir():
        pytest.skip(f"the OIFM definitions are not at {OIFM}")
    models = [json.loads(p.read_text(encoding="utf-8")) for p in OIFM.glob("*.fm.json")]
    return {m["oifm_id"]: m for m in models}


def test_every_guideline_is_there_with_its_conclusions(knowledge: Knowledge) -> None:
    assert set(GUIDELINES) <= set(knowledge.packs)
    for pack, wanted in GUIDELINES.items():
        names = {o.public_name for o in knowledge.packs[pack].header.outputs if o.report}
        assert set(wanted) <= names, pack


@pytest.mark.parametrize("name", VALUES)
def test_conclusions_have_the_stable_values(knowledge: Knowledge, name: str) -> None:
    (output,) = [o for _, o in knowledge.outputs.values() if o.public_name == name]
    further = {"INCONSISTENT"}  # what cannot be: findings that no level fits
    assert {v.key for v in output.values} - further == VALUES[name]
    assert (output.type == "boolean") == (not VALUES[name])


@pytest.mark.parametrize("edition", ["tnm_lung_8", "tnm_lung_9"])
def test_lung_stages_are_those_of_the_edition(knowledge: Knowledge, edition: str) -> None:
    values = {
        o.public_name: {v.key for v in o.values} for o in knowledge.packs[edition].header.outputs
    }
    stages = {"IA1", "IA2", "IA3", "IB", "IIA", "IIB", "IIIA", "IIIB", "IVA", "IVB"}
    assert stages <= values["tnm_lung.stage"]
    assert {"T1a", "T1b", "T1c", "T2a", "T2b", "T3", "T4"} <= values["tnm_lung.t"]
    nodes = {"N2a", "N2b"} if edition == "tnm_lung_9" else {"N2"}
    assert {"N0", "N1", "N3"} | nodes <= values["tnm_lung.n"]
    spread = {"M1c1", "M1c2"} if edition == "tnm_lung_9" else {"M1c"}
    assert {"M0", "M1a", "M1b"} | spread <= values["tnm_lung.m"]


def test_every_pack_is_proved(knowledge: Knowledge) -> None:
    proofs = prove_packs(knowledge)
    assert [str(p) for proof in proofs for p in proof.problems] == []
    assert {p.pack for p in proofs} == set(knowledge.packs)
    assert sum(p.rows for p in proofs) > 200
    for proof in proofs:
        pack = knowledge.packs[proof.pack]
        assert (proof.tables, proof.rules) == (len(pack.tables), len(pack.rules))


def test_every_passage_is_cited(knowledge: Knowledge) -> None:
    uncited = []
    for pack in knowledge.packs.values():
        cited = {t.passage for t in pack.tables} | {r.passage for r in pack.rules}
        cited |= {row.passage for t in pack.tables for row in t.rows}
        cited |= {d.passage for d in pack.header.definitions}
        uncited += [f"{pack.id}: {p.passage}" for p in pack.passages if p.passage not in cited]
    assert set(uncited) <= {"chest_radiograph: cxr-devices"}  # a step of the reading without rules


def test_every_table_and_rule_cites_a_passage(knowledge: Knowledge) -> None:
    bare = [
        f"{pack.id}: {t.table}"
        for pack in knowledge.packs.values()
        for t in pack.tables
        if t.passage is None and any(row.passage is None for row in t.rows)
    ]
    bare += [
        f"{p.id}: {r.rule}" for p in knowledge.packs.values() for r in p.rules if r.passage is None
    ]
    assert bare == []


def test_every_source_can_be_looked_up(knowledge: Knowledge) -> None:
    for pack in knowledge.packs.values():
        header = pack.header
        assert header.source.text
        assert header.reviewed
        assert header.source.url.startswith("https://") or not header.source.url


def test_the_vocabulary_covers_the_specialties(knowledge: Knowledge) -> None:
    concepts = knowledge.vocabulary.concepts.values()
    assert len(list(concepts)) >= 90
    assert sum(c.oifm_id is not None for c in concepts) >= 90
    covered = {d for c in concepts for d in c.domains}
    assert not {d for d in DOMAINS if not any(c.startswith(d) for c in covered)}
    assert all(c.description for c in concepts)


def test_finding_model_ids_and_names_are_the_published_ones(
    knowledge: Knowledge, published: dict[str, dict[str, object]]
) -> None:
    wrong = []
    for concept in knowledge.vocabulary.concepts.values():
        if concept.oifm_id is None:
            continue
        model = published.get(concept.oifm_id)
        if model is None:
            wrong.append(f"{concept.key}: {concept.oifm_id} does not exist")
        elif concept.description == model.get("description"):
            wrong.append(f"{concept.key}: its description is copied")
    assert wrong == []


def test_attribute_ids_are_the_published_ones(
    knowledge: Knowledge, published: dict[str, dict[str, object]]
) -> None:
    known = {
        a["oifma_id"]: a
        for m in published.values()
        for a in m.get("attributes", ())  # type: ignore[attr-defined]  # a list in each file
    }
    # One published attribute may be several of ours (shape and margin), so codes are of any.
    codes = {v["value_code"] for a in known.values() for v in a.get("values", ())}
    wrong = []
    for concept in knowledge.vocabulary.concepts.values():
        for attribute in concept.attributes:
            if attribute.oifma_id and attribute.oifma_id not in known:
                wrong.append(f"{concept.key}.{attribute.key}: {attribute.oifma_id}")
            wrong += [
                f"{concept.key}.{attribute.key}={v.key}: {v.value_code}"
                for v in attribute.values
                if v.value_code is not None and v.value_code not in codes
            ]
    assert wrong == []


# -- no clinical number in Python --------------------------------------------------------------

NOT_CLINICAL = {
    # How far two statements of one size (2.5 cm and 24.6 mm) differ by rounding.
    "tools/report_reader/sizes.py": "abs(one.value - other.value) <= Decimal('0.5')",
}
"""File and expression of comparisons with a decimal number that are no clinical threshold."""
CLINICAL_WORDS = (
    "diameter", "size_mm", "volume", "axis", "age", "attenuation", "calcium", "creatinine",
    "haemoglobin", "hemoglobin", "ratio", "growth", "points",
)  # fmt: skip


def python_files() -> list[Path]:
    folders = ("dxtrace", "agents", "tools", "graphs")
    return sorted(p for f in folders for p in (ROOT / f).rglob("*.py"))


def clinical_comparisons(source: str) -> Iterator[tuple[int, str]]:
    """Comparisons with a decimal number, or of a clinical quantity with any number."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Compare):
            continue
        sides = [node.left, *node.comparators]
        ordered = any(isinstance(o, ast.Lt | ast.LtE | ast.Gt | ast.GtE) for o in node.ops)
        numbers = [_number(s) for s in sides]
        decimal = any(isinstance(n, float) and n != int(n) for n in numbers)
        some = any(n is not None and n not in (0, 1) for n in numbers)
        named = {
            part.id if isinstance(part, ast.Name) else part.attr
            for side in sides
            for part in ast.walk(side)
            if isinstance(part, ast.Name | ast.Attribute)
        }
        quantity = any(w in name.lower().split("_") for name in named for w in CLINICAL_WORDS)
        if decimal or (ordered and some and quantity):
            yield node.lineno, ast.unparse(node)


def _number(node: ast.expr) -> float | int | None:
    if isinstance(node, ast.UnaryOp):
        return _number(node.operand)
    if isinstance(node, ast.Call) and node.args and ast.unparse(node.func) == "Decimal":
        argument = node.args[0]
        text = getattr(argument, "value", None)
        return float(text) if isinstance(text, str | int | float) else None
    value = getattr(node, "value", None)
    plain = isinstance(node, ast.Constant) and not isinstance(value, bool)
    return value if plain and isinstance(value, int | float) else None


def test_no_clinical_threshold_is_compared_in_python() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for path in python_files()
        for line, text in clinical_comparisons(path.read_text(encoding="utf-8"))
        if NOT_CLINICAL.get(str(path.relative_to(ROOT))) != text
    ]
    assert found == []


@pytest.mark.parametrize(
    "source",
    ["if size >= 6.5: pass", "x = nodule.mean_diameter > 8", "ok = Decimal('0.55') < ctr",
     "w = 35 <= patient.age"],
)  # fmt: skip
def test_the_search_for_thresholds_finds_them(source: str) -> None:
    assert list(clinical_comparisons(source))
