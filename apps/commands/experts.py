"""``dxtrace experts list``."""

from apps.exit_status import UsageError
from dxtrace.knowledge import KnowledgeError
from graphs.workbench import default_workbench


def list_experts() -> None:
    """Print every tool that the planner can call, and the plug-ins that cannot be loaded.

    Raises:
        UsageError: if the knowledge packs do not load.
    """
    try:
        registry = default_workbench().registry
    except KnowledgeError as error:
        raise UsageError(str(error)) from None
    for tool in registry:
        card = tool.card
        print(f"{card.name} {card.version} ({tool.origin}): {card.title}")
        print(f"  accepts {_join(card.accepts)}; produces {_join(card.produces)}")
        for label, text in (("for", card.intended_use), ("limits", card.limits)):
            if text:
                print(f"  {label}: {text}")
    for name, reason in registry.problems.items():
        print(f"{name}: cannot be loaded: {reason}")


def _join(names: tuple[str, ...]) -> str:
    if names == ("*",):
        return "findings of any concept"
    return ", ".join(names) or "nothing"
