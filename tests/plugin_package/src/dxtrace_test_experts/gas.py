"""An expert as a function."""

from dxtrace.clinical import Case, Finding, Presence
from expert_models import ModelCard
from tools import expert_tool


@expert_tool(
    ModelCard(name="gas_function", version="0.1", accepts=("report",), produces=("pneumothorax",))
)
def find_gas(case: Case) -> list[Finding]:
    """No pneumothorax, whatever the case."""
    return [Finding(id=f"gas-{case.id}", concept="pneumothorax", presence=Presence.ABSENT)]
