"""``dxtrace doctor``: what is here, what is missing, what would run."""

import importlib
import importlib.util
import platform
import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, packages_distributions, requires, version

from apps.commands.batch import count_cores
from apps.commands.doctor_planners import list_planners
from apps.exit_status import ExitStatus
from dxtrace import __version__
from dxtrace.__main__ import OUR_PACKAGES, find_foreign_packages
from dxtrace.intake import IntakeError
from dxtrace.intake.indiana import find_archive

_REQUIREMENT = re.compile(
    r"(?P<name>[A-Za-z0-9._-]+)[^;]*(?:;.*extra == ['\"](?P<extra>[^'\"]+)['\"])?"
)
_DEVELOPMENT_EXTRAS = {"dev"}


def examine() -> ExitStatus:
    """Print the state of this installation.

    Returns:
        ``USAGE`` if a core part is missing or broken.
    """
    print(f"dxtrace {__version__}, Python {platform.python_version()}, {platform.platform()}")
    print(f"cores: {count_cores()}\n")
    problems = [*_examine_packages(), *_examine_names(), *_examine_knowledge()]
    _examine_corpus()
    print("\nplanner: pathway (needs no weights) would run")
    list_planners()
    _examine_experts()
    _examine_search()
    for problem in problems:
        sys.stderr.write(f"problem: {problem}\n")
    return ExitStatus.USAGE if problems else ExitStatus.OK


def _examine_experts() -> None:
    registry = importlib.import_module("graphs.workbench").default_workbench().registry
    for kind, title in (("report", "readers"), ("image", "experts on images")):
        names = [t.card.name for t in registry if kind in t.card.accepts]
        print(f"{title}: {', '.join(names) or 'none'}")
    if importlib.util.find_spec("torch") is None:
        print("torch: not installed; an expert with weights says unavailable (extra 'experts')")
    for name, problem in registry.problems.items():
        print(f"expert {name} cannot be used: {problem}")
    _examine_configuration()


def _examine_search() -> None:
    from dxtrace.retrieval.errors import RetrievalError
    from tools.embedder import configured_embedder

    try:
        print(f"text embedder: {configured_embedder().name}")
    except RetrievalError as error:
        print(f"text embedder: none, so no guideline search: {error}")


def _examine_configuration() -> None:
    from expert_models.entries import catalogue_entries, configured_entries, experts_file
    from expert_models.runtime.device import describe_devices
    from expert_models.runtime.store import WeightsStore

    own, store = configured_entries().entries, WeightsStore.default()
    place = experts_file()
    if place.exists():
        print(f"configured experts ({place}): {', '.join(own) or 'none'}")
    else:
        print(f"configured experts: none ({place} is not there)")
    entries = {**catalogue_entries().entries, **own}.values()
    pulled = [e.name for e in entries if e.files and store.folder(e).is_dir()]
    print(f"weights store ({store.root}): {', '.join(pulled) or 'nothing pulled'}")
    print(f"devices: {describe_devices()}")


def _examine_packages() -> Iterator[str]:
    try:
        declared = requires("dxtrace") or []
    except PackageNotFoundError:
        print("not installed as a package: its dependencies cannot be listed")
        return
    for extra, names in _by_extra(declared).items():
        if extra in _DEVELOPMENT_EXTRAS:
            continue
        found = {name: _installed(name) for name in names}
        missing = [name for name, what in found.items() if what is None]
        have = ", ".join(f"{name} {what}" for name, what in found.items() if what)
        print(f"{extra or 'core'}: {have or 'nothing installed'}")
        if missing and extra:
            print(f"  not installed: {', '.join(missing)} (pip install 'dxtrace[{extra}]')")
        elif missing:
            yield f"core packages are missing: {', '.join(missing)}"


def _by_extra(declared: list[str]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for text in declared:
        match = _REQUIREMENT.match(text)
        if match:
            grouped.setdefault(match["extra"] or "", []).append(match["name"])
    return grouped


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _examine_names() -> Iterator[str]:
    for name, place in find_foreign_packages().items():
        yield f"the package {name!r} is not ours, it comes from {place}"
    owners = packages_distributions()
    for name in OUR_PACKAGES:
        others = sorted(set(owners.get(name, ())) - {"dxtrace"})
        if others:
            yield f"the package {name!r} was also installed by {', '.join(others)}"


def _examine_knowledge() -> Iterator[str]:
    from dxtrace.knowledge import KnowledgeError, load_knowledge

    if importlib.util.find_spec("z3") is None:
        yield "z3-solver is missing: nothing can be checked"
    try:
        knowledge = load_knowledge()
    except KnowledgeError as error:
        yield str(error)
    else:
        print(f"\nknowledge: {len(knowledge.vocabulary.concepts)} concepts; packs: ", end="")
        print(", ".join(knowledge.packs))


def _examine_corpus() -> None:
    try:
        print(f"Indiana reports: {find_archive()}")
    except IntakeError as error:
        print(f"Indiana reports: {error}")
