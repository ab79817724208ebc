"""``dxtrace`` and ``python -m dxtrace``: check that our packages are ours, then start."""

import importlib
import importlib.util
import sys
from pathlib import Path

OUR_PACKAGES = ("apps", "graphs", "agents", "tools", "expert_models")
_USAGE_ERROR = 2


def find_foreign_packages() -> dict[str, str]:
    """Packages with our plain names that Python would import from somewhere else.

    Returns:
        Name to the place it would come from.
    """
    home = Path(__file__).resolve().parent.parent
    foreign = {}
    for name in OUR_PACKAGES:
        spec = importlib.util.find_spec(name)
        places = list(spec.submodule_search_locations or [str(spec.origin)]) if spec else []
        if not any(Path(place).resolve().parent == home for place in places[:1]):
            foreign[name] = places[0] if places else "nowhere"
    return foreign


def main() -> None:
    """Run the command line."""
    foreign = find_foreign_packages()
    if foreign:
        home = Path(__file__).resolve().parent.parent
        lines = [f"  {name}: found in {place}" for name, place in foreign.items()]
        sys.stderr.write(
            f"dxtrace: these packages should come from {home}, but do not:\n"
            + "\n".join(lines)
            + "\nAnother distribution, or a folder on the path, has the same name. Start dxtrace "
            "from another folder, unset PYTHONPATH, or install it into its own environment.\n"
        )
        sys.exit(_USAGE_ERROR)
    importlib.import_module("apps.main").main()


if __name__ == "__main__":
    main()
