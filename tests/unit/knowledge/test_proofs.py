"""Proofs about packs: planted gaps, overlaps, dead rows and contradictions are refuted."""

from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from dxtrace.reasoning import PackProblem, prove_packs
from tests.unit.small_packs import PACK, small_knowledge, with_entries, with_rows

TABLE_FILE = "packs/spots/tables/size.yaml"
MM = {"spot.size": "mm"}


def problems(folder: Path, **parts: str) -> list[PackProblem]:
    """What the prover says of the small pack with some files replaced."""
    (proof,) = prove_packs(small_knowledge(folder, **parts))
    return list(proof.problems)


def number(text: str) -> Decimal:
    """The number of ``"13/2 mm"``, exactly."""
    top, _, bottom = text.split(maxsplit=1)[0].partition("/")
    return Decimal(top) / Decimal(bottom or 1)


def test_the_small_pack_is_proved(tmp_path: Path) -> None:
    (proof,) = prove_packs(small_knowledge(tmp_path))
    assert (proof.pack, proof.tables, proof.rows, proof.rules) == ("spots", 1, 5, 1)
    assert proof.problems == ()


def test_a_gap_at_a_boundary_is_found_with_the_very_value(tmp_path: Path) -> None:
    rows = (("small", "spot.size < 6.0", "nothing"), ("large", "spot.size > 6.0", "cut"))
    (gap,) = problems(tmp_path, table=with_rows(*rows, units=MM))
    assert (gap.kind, gap.file, gap.place) == ("gap", TABLE_FILE, "table spots.by_size")
    assert number(gap.example["spot.size"]) == 6
    assert "spot.size = 6 mm" in str(gap)


def test_a_gap_of_a_combination_is_found_with_values_that_no_row_covers(tmp_path: Path) -> None:
    rows = (
        ("solid", 'spot.composition == "solid" && spot.size >= 4.0', "cut"),
        ("small", "spot.size < 4.0", "nothing"),
        ("soft", 'spot.composition == "soft" && spot.size >= 4.0', "watch"),
    )
    (gap,) = problems(tmp_path, table=with_rows(*rows, units=MM))
    assert gap.kind == "gap"
    assert gap.example["spot.composition"] == "mixed"
    assert number(gap.example["spot.size"]) >= 4


def test_an_overlap_names_both_rows_and_a_case_of_both(tmp_path: Path) -> None:
    rows = (("small", "spot.size <= 6.0", "nothing"), ("large", "spot.size >= 6.0", "cut"))
    (overlap,) = problems(tmp_path, table=with_rows(*rows, units=MM))
    assert (overlap.kind, overlap.file) == ("overlap", TABLE_FILE)
    assert overlap.place == "table spots.by_size row small"
    assert "large" in overlap.message
    assert number(overlap.example["spot.size"]) == 6


def test_an_overlap_counts_even_if_both_rows_say_the_same(tmp_path: Path) -> None:
    rows = (("all", "true", "watch"), ("rough", "spot.rough", "watch"))
    assert [p.kind for p in problems(tmp_path, table=with_rows(*rows))] == ["overlap"]


def test_rounding_is_part_of_the_proof(tmp_path: Path) -> None:
    """5.5 rounds up to 6, so cutting the raw size at 6 leaves 5.5 to 6 to two rows."""
    rows = (
        ("small", "spot.size < 6.0", "nothing"),
        ("large", "round_half_up(spot.size) >= 6.0", "cut"),
    )
    (overlap,) = problems(tmp_path, table=with_rows(*rows, units=MM))
    assert overlap.kind == "overlap"
    assert Decimal("5.5") <= number(overlap.example["spot.size"]) < 6


@pytest.mark.parametrize(
    "condition",
    ["spot.size < 0.0", "spot.size > 6.0 && spot.size < 6.0",
     'spot.composition == "solid" && spot.composition == "soft"',
     "round_half_up(spot.size) > 6.0 && spot.size < 6.4"],
)  # fmt: skip
def test_a_dead_row_is_found(tmp_path: Path, condition: str) -> None:
    table = with_rows(("rest", f"!({condition})", "nothing"), ("dead", condition, "cut"), units=MM)
    (dead,) = problems(tmp_path, table=table)
    assert (dead.kind, dead.file) == ("dead row", TABLE_FILE)
    assert dead.place == "table spots.by_size row dead"


def test_a_row_outside_of_the_tables_domain_is_dead(tmp_path: Path) -> None:
    first = yaml.safe_load(
        with_rows(("a", "spot.size < 6.0", "nothing"), ("b", "spot.size >= 6.0", "cut"),
                  applies='spot.composition == "solid" && spot.size >= 4.0 && spot.size < 6.0',
                  units=MM)
    )  # fmt: skip
    rest = yaml.safe_load(
        with_rows(("c", "true", "nothing"), units=MM, table="spots.rest",
                  applies='!(spot.composition == "solid" && spot.size >= 4.0 && spot.size < 6.0)')
    )  # fmt: skip
    (dead,) = problems(tmp_path, table=yaml.safe_dump([first, rest]))
    assert (dead.kind, dead.place) == ("dead row", "table spots.by_size row b")


def test_a_case_that_no_table_covers_is_a_gap_of_the_output(tmp_path: Path) -> None:
    table = with_rows(("a", "true", "nothing"), applies='spot.composition == "solid"')
    (gap,) = problems(tmp_path, table=table)
    assert (gap.kind, gap.place) == ("gap", "output spots.one")
    assert gap.example["spot.composition"] in ("soft", "mixed")


def test_two_tables_that_both_apply_are_refuted(tmp_path: Path) -> None:
    first = yaml.safe_load(with_rows(("a", "true", "nothing"), applies="!spot.rough"))
    other = yaml.safe_load(with_rows(("b", "true", "cut"), applies="true", table="spots.other"))
    found = problems(tmp_path, table=yaml.safe_dump([first, other]))
    (overlap,) = found
    assert (overlap.kind, overlap.file) == ("overlap", "packs/spots/pack.yaml")
    assert "spots.by_size" in overlap.message
    assert "spots.other" in overlap.message
    assert overlap.example["spot.rough"] == "false"


def test_an_output_without_a_table_is_refuted(tmp_path: Path) -> None:
    pack = yaml.safe_load(PACK)
    pack["outputs"].append({"name": "spots.extra", "type": "boolean"})
    (missing,) = problems(tmp_path, pack=yaml.safe_dump(pack))
    assert (missing.kind, missing.place) == ("no table", "output spots.extra")


def test_a_stated_constraint_may_close_a_gap(tmp_path: Path) -> None:
    rows = (("a", "spot.size <= spot.prior_size", "nothing"),)
    table = with_rows(*rows, units={**MM, "spot.prior_size": "mm"})
    assert [p.kind for p in problems(tmp_path / "open", table=table)] == ["gap"]
    constraint = {
        "expr": "spot.size <= spot.prior_size", "for_each": "spot", "because": "they only shrink",
    }  # fmt: skip
    pack = with_entries(PACK, constraints=[constraint])
    assert problems(tmp_path / "closed", table=table, pack=pack) == []


def test_rules_that_say_the_opposite_of_each_other_are_refuted(tmp_path: Path) -> None:
    rules = """
- {rule: spots.one, when: all_clear.present, then: '!gas.present'}
- {rule: spots.two, when: 'all_clear.present && person.age < 3.0', then: gas.present}
"""
    found = problems(tmp_path, rules=rules)
    assert {p.kind for p in found} >= {"contradiction"}
    contradiction = next(p for p in found if p.kind == "contradiction")
    assert contradiction.file == "packs/spots/rules/clear.yaml"
    assert "spots.two" in f"{contradiction.place} {contradiction.message}"
    assert "spots.one" in f"{contradiction.place} {contradiction.message}"
    assert contradiction.example["all_clear.present"] == "true"
    assert number(contradiction.example["person.age"]) < 3


def test_a_contradiction_through_the_vocabulary_is_refuted(tmp_path: Path) -> None:
    """Gas is a shadow: a rule may not demand the one and forbid the other."""
    rules = """
- {rule: spots.one, when: all_clear.present, then: gas.present}
- {rule: spots.two, when: all_clear.present, then: '!shadow.present'}
"""
    assert "contradiction" in {p.kind for p in problems(tmp_path, rules=rules)}


@pytest.mark.parametrize(
    "rules",
    [
        "- {rule: spots.dead, when: 'gas.present && !shadow.present', then: fluid.present}",
        "- {rule: spots.dead, when: 'person.age < 0.0', then: fluid.present}",
        "- {rule: spots.dead, never: 'gas.left && !gas.present'}",
        "- {rule: spots.dead, when: 'gas.present && fluid.present', then: all_clear.present}\n"
        "- {rule: spots.live, never: 'gas.present && fluid.present'}",
    ],
)
def test_a_rule_that_can_never_fire_is_refuted(tmp_path: Path, rules: str) -> None:
    dead = [p for p in problems(tmp_path, rules=rules) if p.kind == "dead rule"]
    assert [p.place for p in dead] == ["rule spots.dead"]
    assert dead[0].file == "packs/spots/rules/clear.yaml"


def test_rules_of_two_packs_are_held_against_each_other(tmp_path: Path) -> None:
    from dxtrace.knowledge import load_knowledge
    from tests.unit.small_packs import write_pack

    write_pack(tmp_path)
    other = tmp_path / "packs" / "other"
    (other / "rules").mkdir(parents=True)
    (other / "pack.yaml").write_text(
        with_entries(PACK, id="other", outputs=[], definitions=[]), encoding="utf-8"
    )
    (other / "rules" / "r.yaml").write_text(
        "- {rule: other.r, when: all_clear.present, then: gas.present}", encoding="utf-8"
    )
    proofs = {p.pack: p.problems for p in prove_packs(load_knowledge(tmp_path))}
    assert "contradiction" in {p.kind for p in proofs["other"]}
    assert "contradiction" in {p.kind for p in proofs["spots"]}
