"""Defects that a pack author makes are refused on loading, with file and place."""

import re
from pathlib import Path

import pytest
import yaml

from dxtrace.knowledge import KnowledgeError
from tests.unit.small_packs import (
    CONCEPTS,
    PACK,
    PASSAGES,
    RULES,
    TABLE,
    small_knowledge,
    with_definition,
    with_entries,
    with_rows,
)


def concepts_with(**entries: object) -> str:
    """The small vocabulary with entries added to the gas concept."""
    concepts = yaml.safe_load(CONCEPTS)
    concepts[1] |= entries
    return yaml.safe_dump(concepts)


def pack_with_output(**entries: object) -> str:
    """The small pack with entries of its combined output replaced."""
    pack = yaml.safe_load(PACK)
    pack["outputs"][0] |= entries
    return yaml.safe_dump(pack, sort_keys=False)


def combined(**entries: object) -> str:
    """The small pack with entries of the combination replaced."""
    combine = yaml.safe_load(PACK)["outputs"][0]["combine"]
    return pack_with_output(combine={**combine, **entries})


def one_row(when: str, **entries: object) -> str:
    """A table whose row r has this condition."""
    return with_rows(("r", when, "watch"), **entries)


REST = '- {row: rest, when: "false", then: watch}\n'
ROW = "packs/spots/tables/size.yaml spots.by_size row r"
TABLE_FILE = "packs/spots/tables/size.yaml spots.by_size"
HEADER = "packs/spots/pack.yaml"

DEFECTS = {
    "unknown concept": (
        {"table": one_row("spott.size > 6.0")}, ROW, "unknown concept or name 'spott.size'",
    ),
    "unknown concept, with a suggestion": (
        {"table": one_row("fluids.present")}, ROW, "did you mean 'fluid'",
    ),
    "unknown attribute": (
        {"table": one_row("spot.sise > 6.0")}, ROW, "unknown attribute 'spot.sise'; did you mean "
        "'size'",
    ),
    "unknown value of a choice": (
        {"table": one_row('spot.composition == "sold"')}, ROW,
        "unknown value 'sold', expected one of solid, soft, mixed; did you mean 'solid'",
    ),
    "unknown value in a list": (
        {"table": one_row('spot.composition in ["solid", "hard"]')}, ROW, "unknown value 'hard'",
    ),
    "unknown value of a multichoice": (
        {"table": one_row('"stars" in spot.marks')}, ROW, "unknown value 'stars'",
    ),
    "unknown value of a row": (
        {"table": with_rows(("r", "true", "wait"))}, ROW, "expected one of .* got 'wait'",
    ),
    "a side of what has none": (
        {"table": one_row("all_clear.left")}, ROW, "all_clear has no sides",
    ),
    "unknown output": (
        {"table": with_entries(TABLE, output="spots.won")}, TABLE_FILE,
        "unknown output 'spots.won'; did you mean 'spots.one'",
    ),
    "for_each that the output has not": (
        {"table": one_row("true", for_each=None)}, TABLE_FILE, "for_each differs",
    ),
    "unit mismatch in units": (
        {"table": one_row("spot.size > 6.0", units={"spot.size": "cm"})}, TABLE_FILE,
        "unit mismatch for spot.size: units says cm, the vocabulary mm",
    ),
    "unit not given": (
        {"table": one_row("spot.size > 6.0")}, TABLE_FILE,
        "unit mismatch for spot.size: units says None, the vocabulary mm",
    ),
    "unit of what is not used": (
        {"table": one_row("true", units={"spot.sise": "mm"})}, TABLE_FILE,
        "unknown attribute 'spot.sise'",
    ),
    "unit mismatch in a comparison": (
        {"table": one_row("spot.size > spot.interval")}, ROW, "unit mismatch around '>': mm and mo",
    ),
    "unit mismatch in a sum": (
        {"table": one_row("spot.size + spot.volume > 6.0")}, ROW,
        r"unit mismatch around '\+': mm and mm3",
    ),
    "unit mismatch hidden in a quotient": (
        {"table": one_row("spot.size / spot.interval > spot.size")}, ROW,
        "unit mismatch around '>': mm/mo and mm",
    ),
    "unit mismatch in a definition": (
        {"pack": with_definition("spots.x", "real", "spot.size * 2.0", for_each="spot", unit="cm")},
        f"{HEADER} spots.x", "unit mismatch: cm given, mm found",
    ),
    "definition of another type": (
        {"pack": with_definition("spots.x", "boolean", "spot.size * 2.0", for_each="spot")},
        f"{HEADER} spots.x", "expected a boolean, got a number",
    ),
    "definition with undeclared values": (
        {"pack": with_definition("spots.x", "choice", 'gas.present ? "a" : "b"', values=["a"])},
        f"{HEADER} spots.x", r"values not declared: \['b'\]",
    ),
    "definition with an unknown passage": (
        {"pack": with_definition("spots.x", "boolean", "gas.present", passage="spots-none")},
        f"{HEADER} spots.x", "unknown passage 'spots-none'",
    ),
    "a name given twice": (
        {"pack": with_definition("spots.band", "boolean", "gas.present")}, HEADER,
        "the name 'spots.band' is already taken",
    ),
    "a name that is a concept": (
        {"pack": with_definition("gas.amount", "boolean", "gas.present")}, HEADER,
        "the name 'gas.amount' is already taken",
    ),
    "a number where a condition belongs": (
        {"table": one_row("spots.rounded")}, ROW, "expected a condition, got a number",
    ),
    "a choice where a number belongs": (
        {"table": one_row("spot.composition > 3.0")}, ROW, "expected numbers around >",
    ),
    "a truth value compared with a choice": (
        {"table": one_row("spot.rough == spot.composition")}, ROW,
        "cannot compare a boolean with a choice",
    ),
    "a choice in a conjunction": (
        {"table": one_row("spot.rough && spot.composition")}, ROW, "expected true or false",
    ),
    "whether a definition was stated": (
        {"table": one_row("has(spots.band)")}, ROW, "has\\(\\) .* 'spots.band'",
    ),
    "a lesion's fact without a lesion": (
        {"pack": with_definition("spots.x", "boolean", "spot.rough")}, f"{HEADER} spots.x",
        "'spot.rough' belongs to each spot: expected for_each: spot or a list form",
    ),
    "a lesion's fact in a rule without for_each": (
        {"rules": "- {rule: spots.r, when: spot.rough, then: gas.present}"},
        "packs/spots/rules/clear.yaml spots.r", "belongs to each spot",
    ),
    "a list form over what is no lesion": (
        {"table": one_row("gas.exists(g, g.present)")}, ROW, "expected a lesion concept",
    ),
    "a list form that is not closed": (
        {"table": one_row("spot.filter(s, s.rough)")}, ROW, "",
    ),
    "a list form with an unknown method": (
        {"table": one_row("spot.most(s, s.rough)")}, ROW, "unknown method",
    ),
    "a sum of conditions": (
        {"table": one_row("spot.map(s, s.rough).sum() > 2.0")}, ROW, "expected numbers",
    ),
    "not CEL": (
        {"table": one_row("spot.size >>> 6.0")}, ROW, r"not CEL at line 1, column \d+",
    ),
    "not closed": ({"table": one_row("(gas.present")}, ROW, "not CEL at line 1"),
    "an unknown function": ({"table": one_row("floor(spot.size) > 6.0")}, ROW, "floor"),
    "too many arguments": ({"table": one_row("max(spot.size) > 6.0")}, ROW, "max"),
    "an assignment": ({"table": one_row("spot.size = 6.0")}, ROW, "not CEL"),
    "code": ({"table": one_row("__import__('os').system('true')")}, ROW, ""),
    "a missing passage of a table": (
        {"table": with_entries(TABLE, passage="spots-sise")}, TABLE_FILE,
        "unknown passage 'spots-sise'; did you mean 'spots-size'",
    ),
    "a missing passage of a rule": (
        {"rules": RULES.replace("spots-clear", "spots-cleer")},
        "packs/spots/rules/clear.yaml spots.clear", "unknown passage 'spots-cleer'",
    ),
    "a row given twice": (
        {"table": with_rows(("r", "true", "watch"), ("r", "false", "cut"))}, TABLE_FILE,
        "the row 'r' is given twice",
    ),
    "a table given twice": (
        {"table": f"[{', '.join(['{table: t, output: spots.one, rows: []}'] * 2)}]"},
        "packs/spots/tables/size.yaml", "rows",
    ),
    "a table without rows": ({"table": with_entries(TABLE, rows=[])}, "size.yaml", "rows"),
    "an unknown key in a table": (
        {"table": with_entries(TABLE, aplies="true")}, "packs/spots/tables/size.yaml", "aplies",
    ),
    "an unknown key in a row": (
        {"table": TABLE.replace("{row: soft,", "{row: soft, unless: x,")}, "size.yaml", "unless",
    ),
    "an unknown key in pack.yaml": ({"pack": with_entries(PACK, titel="x")}, HEADER, "titel"),
    "an unknown key in a concept": (
        {"concepts": concepts_with(colour="red")}, "concepts/small.yaml gas", "colour",
    ),
    "a missing key": ({"pack": with_entries(PACK, year=None)}, HEADER, "year"),
    "a key given twice": (
        {"table": TABLE + "for_each: spot\n"}, "packs/spots/tables/size.yaml",
        "the key 'for_each' is given twice",
    ),
    "a key given twice in a concept": (
        {"concepts": CONCEPTS.replace("name: Gas\n", "name: Gas\n  name: Air\n")},
        "concepts/small.yaml", "the key 'name' is given twice",
    ),
    "not YAML": ({"table": "table: [spots"}, "packs/spots/tables/size.yaml", "not readable YAML"),
    "a tag that makes an object": (
        {"table": "!!python/object/apply:os.getcwd []"}, "size.yaml", "not readable YAML",
    ),
    "a list where a mapping belongs": ({"pack": "- id: spots"}, HEADER, ""),
    "a mapping where a list belongs": (
        {"rules": "rule: spots.r"}, "packs/spots/rules/clear.yaml", "expected a list",
    ),
    "a rule that is neither": (
        {"rules": "- {rule: spots.r, when: gas.present}"},
        "packs/spots/rules/clear.yaml spots.r", "either when and then, or never alone",
    ),
    "a rule given twice": ({"rules": RULES + RULES}, "rules/clear.yaml", "given twice"),
    "a passage given twice": ({"passages": PASSAGES * 2}, "passages/text.yaml", "given twice"),
    "a pack in the wrong folder": (
        {"pack": with_entries(PACK, id="dots")}, "packs/spots", "expected the id 'spots'",
    ),
    "an unknown pack is needed": (
        {"pack": with_entries(PACK, needs=["dots"])}, HEADER, "needs unknown pack 'dots'",
    ),
    "unknown parent": (
        {"concepts": concepts_with(parents=["shade"])}, "concept gas", "unknown parent 'shade'",
    ),
    "cyclic parents": (
        {"concepts": CONCEPTS.replace("Anything dark.", "Anything dark., parents: [gas]")},
        "concept ", "parents form a cycle: .*shadow > gas|gas > shadow",
    ),
    "a concept given twice": (
        {"concepts": CONCEPTS + "- {key: gas, name: Gas, description: Again.}\n"},
        "concepts/small.yaml", "the concept 'gas' is given twice",
    ),
    "an OIFM id given twice": (
        {"concepts": CONCEPTS + "".join(
            f"- {{key: {k}, name: N, description: D., oifm_id: OIFM_CDE_000001}}\n" for k in "xy"
        )}, "concept y", "OIFM_CDE_000001 is already the id of x",
    ),
    "an id that is no OIFM id": (
        {"concepts": concepts_with(oifm_id="CDE-195")}, "concepts/small.yaml gas", "oifm_id",
    ),
    "an attribute without a unit": (
        {"concepts": concepts_with(attributes=[{"key": "a", "name": "A", "type": "numeric"}])},
        "concepts/small.yaml gas", "a numeric attribute needs a unit",
    ),
    "a choice without values": (
        {"concepts": concepts_with(attributes=[{"key": "a", "name": "A", "type": "choice"}])},
        "concepts/small.yaml gas", "values belong to a choice",
    ),
    "selection by an unknown concept": (
        {"pack": with_entries(PACK, selection={"concepts": ["spots"]})}, "concept 'spots'",
        "did you mean 'spot'",
    ),
    "selection by what is no condition": (
        {"pack": with_entries(PACK, selection={"when": "person.age"})}, f"{HEADER} selection",
        "expected a condition",
    ),
    "an assumption about what nobody knows": (
        {"pack": with_entries(PACK, assumptions=[
            {"fact": "person.hight", "value": 1, "because": "x"}])},
        f"{HEADER} assumption person.hight", "unknown attribute",
    ),
    "an assumption about a definition": (
        {"pack": with_entries(PACK, assumptions=[
            {"fact": "spots.band", "value": "small", "because": "x"}])},
        f"{HEADER} assumption spots.band", "expected a fact, got a definition",
    ),
    "an assumption of an unknown value": (
        {"pack": with_entries(PACK, assumptions=[
            {"fact": "person.risk", "value": "medium", "because": "x"}])},
        f"{HEADER} assumption person.risk", "expected one of low, high, got 'medium'",
    ),
    "a combination of an unknown output": (
        {"pack": combined(**{"from": "spots.won"})}, HEADER, "combines unknown output 'spots.won'",
    ),
    "a combination that orders unknown values": (
        {"pack": combined(order=["nothing", "watch", "cut", "burn"])}, HEADER,
        "combine orders unknown values",
    ),
    "a combination that leaves out a value": (
        {"pack": combined(order=["nothing", "cut"])}, HEADER, "does not order .*watch",
    ),
    "a combination with an unknown value for none": (
        {"pack": combined(none="nil")}, HEADER, "'nil'",
    ),
    "a combination over another concept": (
        {"pack": combined(over="gas")}, HEADER, "combines over 'gas'",
    ),
    "an output for each of an unknown concept": (
        {"pack": PACK.replace("for_each: spot\n    report", "for_each: sport\n    report")},
        HEADER, "",
    ),
    "a choice without values as output": (
        {"pack": pack_with_output(values=[], combine=None)}, HEADER, "a choice has values",
    ),
}  # fmt: skip


@pytest.mark.parametrize("defect", DEFECTS)
def test_each_defect_is_refused_with_its_place(tmp_path: Path, defect: str) -> None:
    parts, place, message = DEFECTS[defect]
    with pytest.raises(KnowledgeError) as caught:
        small_knowledge(tmp_path, **parts)
    assert place in str(caught.value)
    assert re.search(message, str(caught.value)), str(caught.value)


def test_without_a_defect_the_small_pack_loads(tmp_path: Path) -> None:
    knowledge = small_knowledge(tmp_path)
    assert list(knowledge.packs) == ["spots"]
    assert set(knowledge.outputs) == {"spots.action", "spots.one"}


def test_a_pack_without_its_header_is_not_a_pack(tmp_path: Path) -> None:
    small_knowledge(tmp_path / "a")
    (tmp_path / "a" / "packs" / "spots" / "pack.yaml").unlink()
    knowledge = small_knowledge(tmp_path / "b")
    assert "spots" in knowledge.packs


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    small_knowledge(tmp_path / "good")
    path = tmp_path / "good" / "packs" / "spots" / "rules" / "clear.yaml"
    path.write_bytes(RULES.encode() + b"# \xff\xfe\n")
    from dxtrace.knowledge.loader import load_pack

    with pytest.raises(KnowledgeError, match=r"rules/clear\.yaml: not readable YAML"):
        load_pack(tmp_path / "good" / "packs" / "spots")
