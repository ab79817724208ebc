"""``dxtrace experts``: which tools there are, and the card of each."""

import difflib

from apps.exit_status import UsageError
from dxtrace.knowledge import KnowledgeError, load_knowledge
from expert_models import ModelCard
from expert_models.card_text import render_card, render_card_for_prompt
from expert_models.entries import catalogue_entries
from expert_models.families import ExpertEntry
from graphs.workbench import default_workbench
from tools import Tool, ToolRegistry


def list_experts() -> None:
    """Print every tool that the planner can call, and the plug-ins that cannot be loaded.

    Raises:
        UsageError: if the knowledge packs do not load.
    """
    registry, concepts = _registry(), load_knowledge().vocabulary.concepts
    for tool in registry:
        card = tool.card
        print(f"{card.name} {card.version} ({tool.origin}): {card.title}")
        print(f"  accepts {_join(card.accepts)}; {_gives(card)}")
        if unknown := sorted(set(card.produces) - {"*"} - set(concepts)):
            print(f"  not in the vocabulary, so that no planner asks for it: {', '.join(unknown)}")
        for label, text in (("for", card.intended_use), ("limits", card.limits)):
            if text:
                print(f"  {label}: {text}")
    for name, reason in registry.problems.items():
        print(f"{name}: cannot be used: {reason}")
    for entry in _unpulled(registry):
        print(f"{entry.name} (catalogue): can be pulled: dxtrace experts pull {entry.name}")
        print(f"  family {entry.family}; licence: {entry.licence}")


def _unpulled(registry: ToolRegistry) -> list[ExpertEntry]:
    """Entries of the catalogue that are not among the tools."""
    known = {*(t.card.name for t in registry), *registry.problems}
    return [e for name, e in catalogue_entries().entries.items() if name not in known]


def show_expert(name: str, *, for_prompt: bool = False) -> None:
    """Print the card of a tool.

    Args:
        name: the tool's name.
        for_prompt: print it as a planner's prompt lists it.

    Raises:
        UsageError: if there is no such tool, or the knowledge packs do not load.
    """
    tool = find_tool(name)
    if for_prompt:
        print(render_card_for_prompt(tool.card))
        return
    print(render_card(tool.card))
    print(f"  comes from: {tool.origin}")


def find_tool(name: str) -> Tool:
    """The tool with this name.

    Raises:
        UsageError: if there is none, saying why, or the knowledge packs do not load.
    """
    registry = _registry()
    tool = registry.get(name)
    if tool is not None:
        return tool
    if name in registry.problems:
        raise UsageError(f"{name} cannot be used: {registry.problems[name]}")
    if any(entry.name == name for entry in _unpulled(registry)):
        raise UsageError(f"{name} is not here yet: dxtrace experts pull {name}")
    known = [t.card.name for t in registry]
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"expected one of {', '.join(known)}"
    raise UsageError(f"no tool is named {name!r}: {hint}")


def _registry() -> ToolRegistry:
    try:
        return default_workbench().registry
    except KnowledgeError as error:
        raise UsageError(str(error)) from None


def _gives(card: ModelCard) -> str:
    marks = f"marks {', '.join(card.marks)}" if card.marks else ""
    if marks and not card.produces:
        return marks
    return "; ".join(filter(None, (f"produces {_join(card.produces)}", marks)))


def _join(names: tuple[str, ...]) -> str:
    if names == ("*",):
        return "findings of any concept"
    return ", ".join(names) or "nothing"
