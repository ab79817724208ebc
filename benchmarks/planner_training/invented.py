"""Names that nobody has seen: of experts and of what they mark."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable

_STARTS = ("b", "br", "c", "d", "dr", "f", "fl", "g", "h", "j", "k", "l", "m", "n", "p", "pr", "qu",
           "r", "s", "st", "t", "tr", "v", "w", "x", "z")  # fmt: skip
_MIDDLES = ("a", "e", "i", "o", "u", "ai", "ea", "io", "ou")
_ENDS = ("", "n", "l", "r", "s", "x", "nd", "rk", "m", "t")
_KINDS = ("net", "seg", "finder", "reader", "scan", "model", "expert", "v2", "3d", "lite", "xl",
          "ct", "detector", "unet")  # fmt: skip
_EVERY = 5  # so many names are one held-out name


def is_held_out(name: str) -> bool:
    """Whether a name is kept for the examination; it follows from the name alone."""
    return zlib.crc32(name.lower().encode()) % _EVERY == 0


def invented_word(rng: random.Random, *, held_out: bool) -> str:
    """A word of two or three syllables."""
    return _one(rng, _word, held_out=held_out)


def invented_name(rng: random.Random, *, held_out: bool) -> str:
    """An expert's name, in one of the ways in which people write them."""
    return _one(rng, _name, held_out=held_out)


def _one(rng: random.Random, make: Callable[[random.Random], str], *, held_out: bool) -> str:
    while True:
        name = make(rng)
        if is_held_out(name) == held_out:
            return name


def _word(rng: random.Random) -> str:
    return "".join(
        rng.choice(_STARTS) + rng.choice(_MIDDLES) + rng.choice(_ENDS)
        for _ in range(rng.choice((2, 2, 3)))
    )


def _name(rng: random.Random) -> str:
    word, kind = _word(rng), rng.choice(_KINDS)
    forms = (
        word, f"{word}_{kind}", f"{word}{kind}", word.upper(), f"{word.capitalize()}{kind.upper()}",
        f"the_{kind}_{word}", f"{word}-{rng.randint(1, 99)}", f"{word}_{_word(rng)}",
    )  # fmt: skip
    return rng.choice(forms)
