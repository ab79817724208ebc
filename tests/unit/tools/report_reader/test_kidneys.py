"""A cystic mass of a kidney is another finding than a solid one."""

import pytest

from graphs.workbench import default_workbench


@pytest.mark.parametrize(
    ("text", "concepts"),
    [
        ("Cystic renal mass of 3 cm.", []),
        ("Bosniak III cystic mass of the right kidney.", []),
        ("Renal mass of 4 cm.", ["renal_mass"]),
        ("Non-cystic renal mass.", ["renal_mass"]),
        ("Cystic renal mass on the left. Solid renal mass on the right.", ["renal_mass"]),
    ],
)
def test_a_cystic_mass_is_not_read_as_a_solid_one(text: str, concepts: list[str]) -> None:
    findings = default_workbench().reader.read(text).findings
    assert [f.concept for f in findings] == concepts
