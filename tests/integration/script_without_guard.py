"""A user's script that begins at once, with an expert of its own: no ``if __name__`` guards it."""

import sys

from dxtrace.clinical import Case, Finding, Presence, Report
from expert_models import ModelCard
from tools import Tool, run_tool
from tools.host import own_host

print("begun", flush=True)  # noqa: T201


def look(case: Case) -> list[Finding]:
    """Finds something."""
    return [Finding(id=case.id, concept="gas", presence=Presence.PRESENT)]


CARD = ModelCard(name="look", accepts=("report",), produces=("gas",), isolated=True)
CASE = Case(id="c-1", reports=(Report(text="Gas."),))
if sys.argv[1:] == ["own"]:
    print(run_tool(Tool(CARD, look, "own"), CASE).call.outcome)  # noqa: T201
else:
    from tests.unit.tools.experts_that_misbehave import work

    print(run_tool(Tool(CARD, work, "other"), CASE).call.outcome)  # noqa: T201
print(own_host().running())  # noqa: T201
