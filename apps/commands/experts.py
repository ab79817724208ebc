"""``dxtrace experts list``."""

from importlib.metadata import entry_points

EXPERT_GROUP = "dxtrace.experts"


def list_experts() -> None:
    """Print one line a tool."""
    print("report_reader   built in; report text to findings; runs here")
    for entry in sorted(entry_points(group=EXPERT_GROUP), key=lambda e: e.name):
        owner = entry.dist.name if entry.dist else "unknown distribution"
        print(f"{entry.name:<15} from {owner} ({entry.value})")
