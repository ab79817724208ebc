"""How often real reports read like instructions, and which attack texts do not.

Run: ``python benchmarks/instruction_signs.py``

The reports of Indiana University (torchxrayvision) and the passages of all packs should have no
sign; the texts of ``tests/attacks`` should have one, but for those written to have none. A sign is
a notice and no protection: a miss costs a notice, and a false one a needless look.
"""

from __future__ import annotations

import sys
from pathlib import Path
from time import process_time

sys.path.insert(0, str(Path(__file__).parents[1]))

from dxtrace.intake.indiana import read_indiana
from dxtrace.knowledge import load_knowledge
from dxtrace.retrieval.instruction_signs import suspicions_in
from dxtrace.retrieval.visible_text import visible
from tests.attacks import attacks


def show(name: str, texts: list[str]) -> None:
    """One row: how many have a sign, and how many are changed when they are quoted."""
    started = process_time()
    signs = sum(bool(suspicions_in(text)) for text in texts)
    took = 1000 * (process_time() - started) / len(texts)
    spelled = sum(visible(text) != text for text in texts)
    print(f"| {name} | {len(texts)} | {signs} | {spelled} | {took:.1f} |")


def main() -> None:
    """Print the table."""
    print("| texts | number | with a sign | with something spelled out | ms each |")
    print("|---|---|---|---|---|")
    show("Indiana reports", [report.text for report in read_indiana()])
    packs = load_knowledge().packs.values()
    show("passages of the packs", [p.text for pack in packs for p in pack.passages])
    show("attack texts, open", [a.text for a in attacks() if a.openly])
    show("attack texts without a sign", [a.text for a in attacks() if not a.openly])


if __name__ == "__main__":
    main()
