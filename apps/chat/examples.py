"""The example cases that come along, for whoever has nothing at hand."""

import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "example_cases"  # a link to the examples of the repository
_KNOWN = (
    ("nodule-ct", "nodule-ct", "Chest CT with two nodules (synthetic)"),
    ("chest-ct-report", "chest_ct_report.txt", "Report of a chest CT"),
    ("chest-radiograph-report", "chest_radiograph_report.txt", "Report of a chest radiograph"),
    ("thyroid", "thyroid", "Thyroid nodule, findings as data"),
    ("fhir", "chest_ct_fhir.json", "FHIR bundle of a chest CT"),
)


@dataclass(frozen=True, slots=True)
class Example:
    """An example case.

    Attributes:
        key: how the page names it.
        path: the file or folder.
        title: what a visitor reads.
    """

    key: str
    path: Path
    title: str


@cache
def example_cases() -> tuple[Example, ...]:
    """The examples that are there."""
    found = (Example(key, _FOLDER / name, title) for key, name, title in _KNOWN)
    return tuple(e for e in found if e.path.exists())


def copy_example(key: str, folder: Path) -> bool:
    """Copy an example into a session, as if somebody had dropped it there.

    Returns:
        Whether there is such an example.
    """
    example = next((e for e in example_cases() if e.key == key), None)
    if example is None:
        return False
    if example.path.is_dir():
        shutil.copytree(example.path, folder / example.path.name, dirs_exist_ok=True)
    else:
        shutil.copy(example.path, folder)
    return True
