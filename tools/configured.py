"""Tools by configuration: the user's ``experts.yaml``, and what was pulled of the catalogue."""

import logging

from expert_models.configured_expert import ConfiguredExpert
from expert_models.entries import catalogue_entries, configured_entries
from expert_models.families import ExpertEntry
from expert_models.runtime.store import WeightsStore
from tools.registry import ToolRegistry
from tools.tool import Tool

CONFIGURED, CATALOGUE = "experts.yaml", "catalogue"
log = logging.getLogger(__name__)


def load_configured(registry: ToolRegistry) -> None:
    """Register configured entries, and entries of the catalogue whose files are in the store.

    Only what is here is built, and nothing is fetched. An entry that cannot be used is remembered
    in ``registry.problems`` and stops no other. An entry of the user stands for the one of the same
    name in the catalogue.

    Args:
        registry: where they go.
    """
    store, own = WeightsStore.default(), configured_entries()
    registry.problems.update(own.problems)
    for entry in own.entries.values():
        _register(registry, store, entry, CONFIGURED)
    for name, entry in catalogue_entries().entries.items():
        if name not in own.entries and store.folder(entry).is_dir():
            _register(registry, store, entry, CATALOGUE)


def _register(registry: ToolRegistry, store: WeightsStore, entry: ExpertEntry, origin: str) -> None:
    try:
        expert = ConfiguredExpert(store.with_hashes(entry), store.folder(entry))
        registry.register(Tool(expert.card, expert.run, origin))
    except ValueError as error:
        registry.problems[entry.name] = str(error)
    except Exception as error:  # noqa: BLE001  # a broken entry must not stop the others
        registry.problems[entry.name] = f"{type(error).__name__}: {error}"
    if entry.name in registry.problems:
        log.warning("expert %s cannot be used: %s", entry.name, registry.problems[entry.name])
