"""A build backend (PEP 517) that packs the folder ``src`` into a wheel, with nothing installed."""

from __future__ import annotations

import tomllib
import zipfile
from pathlib import Path

HERE = Path(__file__).parent


def build_wheel(
    wheel_directory: str,
    config_settings: object = None,
    metadata_directory: str | None = None,
) -> str:
    """Write the wheel; returns its file name."""
    del config_settings, metadata_directory  # the standard's signature
    project = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    stem = f"{project['name'].replace('-', '_')}-{project['version']}"
    files = {
        str(p.relative_to(HERE / "src")): p.read_text(encoding="utf-8")
        for p in sorted((HERE / "src").rglob("*.py"))
    }
    info = f"{stem}.dist-info"
    files[f"{info}/METADATA"] = (
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    files[f"{info}/WHEEL"] = (
        "Wheel-Version: 1.0\nGenerator: here\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    groups = project["entry-points"].items()
    files[f"{info}/entry_points.txt"] = "\n".join(
        line for group, points in groups for line in (f"[{group}]", *_assignments(points))
    )
    files[f"{info}/RECORD"] = "\n".join(f"{name},," for name in [*files, f"{info}/RECORD"])
    wheel = f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(Path(wheel_directory) / wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return wheel


def _assignments(points: dict[str, str]) -> list[str]:
    return [f"{name} = {place}" for name, place in points.items()]
