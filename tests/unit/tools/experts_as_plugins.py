"""Isolated experts as a plug-in writes them; importing this registers them."""

from dxtrace.clinical import Case, Finding
from expert_models import ModelCard
from tests.unit.tools.experts_that_misbehave import hang, work
from tools import expert_tool

CARD = {"accepts": ("report",), "produces": ("gas",), "isolated": True}


@expert_tool(ModelCard(name="decorated_work", timeout_s=600, **CARD))
def decorated_work(case: Case) -> list[Finding]:
    """As a plug-in writes it."""
    return work(case)


@expert_tool(ModelCard(name="decorated_hang", timeout_s=0.5, **CARD))
def decorated_hang(case: Case) -> list[Finding]:
    """Never returns."""
    hang(case)


class Adapter:
    """An expert as a class."""

    card = ModelCard(name="adapter", **CARD)

    def run(self, case: Case) -> list[Finding]:
        """One finding."""
        return work(case)
