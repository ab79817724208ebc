"""A count of nothing denies; other zeros do not."""

import pytest

from dxtrace.clinical import Presence
from graphs.workbench import default_workbench


@pytest.mark.parametrize(
    ("text", "presence"),
    [
        ("0 nodules.", Presence.ABSENT),
        ("There are zero pulmonary nodules.", Presence.ABSENT),
        ("Nodules: 0.", Presence.ABSENT),
        ("Number of nodules: 0", Presence.ABSENT),
        ("10 nodules.", Presence.PRESENT),
        ("0.5 cm nodule.", Presence.PRESENT),
        ("Nodules: 0.5 cm.", Presence.PRESENT),
        ("2.0 cm nodule.", Presence.PRESENT),
    ],
)
def test_zero(text: str, presence: Presence) -> None:
    (finding,) = default_workbench().reader.read(text).findings
    assert finding.presence is presence
