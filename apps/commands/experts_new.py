"""``dxtrace experts new``: a package with an expert to start from."""

import keyword
import re
from pathlib import Path
from string import Template

from apps.exit_status import UsageError

TEMPLATES = Path(__file__).parents[1] / "templates" / "expert"
_NAME = re.compile(r"[a-z][a-z0-9_]{1,39}")


def new_expert(name: str, out: Path) -> None:
    """Write an installable package with an expert, its card, a mask, a test and a README.

    Args:
        name: the expert's name, which is the package's too.
        out: the folder in which the package's folder is made.

    Raises:
        UsageError: if the name is none for a package, or something is there.
    """
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise UsageError(f"expected a snake_case name of 2 to 40 letters, got {name!r}")
    folder = out / name
    if folder.exists():
        raise UsageError(f"{folder} is there already")
    values = {
        "name": name,
        "distribution": name.replace("_", "-"),
        "class_name": "".join(part.capitalize() for part in name.split("_")),
    }
    places = {
        "pyproject.toml": folder / "pyproject.toml",
        "README.md": folder / "README.md",
        "init.py": folder / "src" / name / "__init__.py",
        "expert.py": folder / "src" / name / "expert.py",
        "test_expert.py": folder / "tests" / "test_expert.py",
    }
    for template, target in places.items():
        text = (TEMPLATES / f"{template}.tmpl").read_text(encoding="utf-8")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(Template(text).substitute(values), encoding="utf-8")
        print(target)
    print(f"next: dxtrace experts check {folder}")
