"""A small vocabulary and packs, written as YAML files, for tests of loading and reasoning.

The clinical content is made up: spots have a size and a composition, gas lies on a side. What the
tests plant into it are the defects that a pack author makes.
"""

from pathlib import Path
from typing import Any

import yaml

from dxtrace.knowledge import Knowledge, load_knowledge

CONCEPTS = """
- {key: shadow, name: Shadow, description: Anything dark., sided: true,
   reader: {phrases: ['shadows?']}}
- key: gas
  name: Gas
  description: Gas where none belongs.
  parents: [shadow]
  sided: true
  reader: {phrases: ['gas']}
- {key: fluid, name: Fluid, description: Fluid where none belongs., parents: [shadow], sided: true,
   reader: {phrases: ['fluid']}}
- {key: all_clear, name: All clear, description: Nothing to see., kind: state,
   reader: {phrases: ['all clear']}}
- key: spot
  name: Spot
  description: A small round thing.
  kind: lesion
  sided: true
  attributes:
    - {key: size, name: Size, type: numeric, unit: mm, measured_as: mean_diameter}
    - {key: prior_size, name: Prior size, type: numeric, unit: mm,
       measured_as: prior_mean_diameter}
    - {key: interval, name: Interval, type: numeric, unit: mo, measured_as: prior_interval}
    - {key: volume, name: Volume, type: numeric, unit: mm3, measured_as: volume}
    - {key: count, name: Count, type: integer}
    - {key: rough, name: Rough, type: boolean, phrases: ['rough']}
    - key: composition
      name: Composition
      type: choice
      values: [{key: solid, name: solid}, {key: soft, name: soft}, {key: mixed, name: mixed}]
    - key: marks
      name: Marks
      type: multichoice
      values: [{key: dots, name: dots}, {key: lines, name: lines}]
  reader: {phrases: ['spots?']}
- key: person
  name: Person
  description: The person.
  kind: context
  attributes:
    - {key: age, name: Age, type: numeric, unit: a, measured_as: age}
    - key: risk
      name: Risk
      type: choice
      values: [{key: low, name: low}, {key: high, name: high}]
"""

PACK = """
id: spots
title: Spots
publisher: Nobody
year: 2020
version: "1"
source: {text: made up for tests}
licence: none
reviewed: not reviewed
outputs:
  - name: spots.action
    title: Action for spots
    values: [{key: nothing}, {key: watch, say: watch and wait}, {key: cut}]
    combine: {from: spots.one, over: spot, pick: highest, order: [nothing, watch, cut],
              none: nothing}
  - name: spots.one
    for_each: spot
    report: false
    values: [{key: nothing}, {key: watch}, {key: cut}]
definitions:
  - {name: spots.rounded, for_each: spot, type: real, unit: mm, expr: 'round_half_up(spot.size)'}
  - {name: spots.band, for_each: spot, type: choice, values: [small, middle, large],
     expr: 'spots.rounded < 6.0 ? "small" : spots.rounded <= 8.0 ? "middle" : "large"'}
"""

TABLE = """
table: spots.by_size
title: Spots by size
for_each: spot
output: spots.one
applies: 'true'
passage: spots-size
rows:
  - {row: soft, when: 'spot.composition == "soft"', then: nothing}
  - {row: small, when: 'spot.composition != "soft" && spots.band == "small"', then: nothing}
  - {row: middle-low, when: 'spot.composition != "soft" && spots.band == "middle" && person.risk == "low"', then: nothing}
  - {row: middle-high, when: 'spot.composition != "soft" && spots.band == "middle" && person.risk == "high"', then: watch}
  - {row: large, when: 'spot.composition != "soft" && spots.band == "large"', then: cut}
"""  # noqa: E501  # one row a line, as in real tables

RULES = """
- rule: spots.clear
  when: all_clear.present
  then: '!shadow.present && !spot.present'
  say: All clear excludes shadows and spots.
  passage: spots-clear
"""

PASSAGES = """
- {passage: spots-size, section: Table 1, text: Larger spots need more.}
- {passage: spots-clear, section: Text, text: Clear means clear.}
"""


def write_pack(
    folder: Path,
    *,
    concepts: str = CONCEPTS,
    pack: str = PACK,
    table: str = TABLE,
    rules: str = RULES,
    passages: str = PASSAGES,
) -> Path:
    """Write the small knowledge folder with some of its files replaced; returns the folder."""
    home = folder / "packs" / "spots"
    files = {
        folder / "concepts" / "small.yaml": concepts,
        home / "pack.yaml": pack,
        home / "tables" / "size.yaml": table,
        home / "rules" / "clear.yaml": rules,
        home / "passages" / "text.yaml": passages,
    }
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if text:
            path.write_text(text, encoding="utf-8")
    return folder


def small_knowledge(folder: Path, **parts: str) -> Knowledge:
    """The small knowledge, loaded."""
    return load_knowledge(write_pack(folder, **parts))


def with_entries(text: str, **entries: Any) -> str:
    """A YAML mapping with some entries replaced or, for None, removed."""
    data = {**yaml.safe_load(text), **entries}
    return yaml.safe_dump({k: v for k, v in data.items() if v is not None}, sort_keys=False)


def with_rows(*rows: tuple[str, str, str], applies: str = "true", **entries: Any) -> str:
    """The small table with other rows (name, condition, value)."""
    written = [{"row": name, "when": when, "then": then} for name, when, then in rows]
    return with_entries(TABLE, applies=applies, rows=written, **entries)


def with_definition(name: str, kind: str, expr: str, **entries: Any) -> str:
    """The small pack with one more definition."""
    data = yaml.safe_load(PACK)
    data["definitions"].append({"name": name, "type": kind, "expr": expr, **entries})
    return yaml.safe_dump(data, sort_keys=False)
