"""First weights with which the network can look up, before it has learned anything.

What the lessons ask for is to find again what stands in the prompt and to write on from there. A
network finds out by itself how that is done (induction heads; Olsson et al., In-context Learning
and Induction Heads, 2022, arXiv:2209.11895), but it takes longer than everything else together.
So the two steps are laid into the first weights, and training changes them like all others:

* *layer 0*: three heads bring the token before, and those two and three before, to each place;
* *layer 1*: three heads look for an earlier place before which stood what stands here now (one
  token, two, three), and propose what came there.

The width is laid out as: one coordinate that is the same for every token (heads that look at a
distance need something to ask with), the token itself, the three before it, and what is proposed.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

HEADS = 3  # tokens before that are looked at
BLOCKS = HEADS + 2  # the token, three before it, the proposal
_CONSTANT, _SPREAD = 0.4, 0.1  # of an embedding's first coordinate; of the token's own
_DISTANCE_PAIRS = 8  # of a head's rotated pairs; the quickest, which tell neighbours apart
_DISTANCE, _MATCH = 1.8, 1.3  # how sharply heads look
_WRITTEN, _PROPOSED = 0.06, 0.25
_SLOW = 1 / 500  # radians a token: pairs that hardly turn within a prompt carry what is matched


def begin_with_looking_up(model: Any, seed: int) -> None:
    """Lay the weights of looking up into a new network; all others stay as they are.

    Args:
        model: a LLaVA whose text part is a Llama, its embeddings not tied. One that has fewer than
            two layers or three heads cannot look up in this way, and stays as it is.
        seed: of the random directions.
    """
    text = model.model.language_model
    config = text.config
    if config.num_hidden_layers == 1 or config.num_attention_heads < HEADS:
        return
    block = (config.hidden_size - 1) // BLOCKS
    head = config.hidden_size // config.num_attention_heads
    rng = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        tokens = torch.randn(config.vocab_size, block, generator=rng) * _SPREAD
        text.embed_tokens.weight[:, 1:] *= 0.1
        text.embed_tokens.weight[:, 0] = _CONSTANT
        text.embed_tokens.weight[:, _at(0, block)] = tokens
        model.lm_head.weight[:, _at(BLOCKS - 1, block)] = tokens / _SPREAD * _PROPOSED
        turns = _turns(config, head)
        for number in range(HEADS):
            _look_back(text.layers[0].self_attn, number, number + 1, turns, head, block)
        slow = (turns < _SLOW).nonzero().flatten()
        carried = torch.cat([slow, slow + head // 2])
        for number in range(HEADS):
            _look_up(text.layers[1].self_attn, number, carried, head, block, rng)


def _at(number: int, block: int) -> slice:
    return slice(1 + number * block, 1 + (number + 1) * block)


def _turns(config: Any, head: int) -> Tensor:
    """Radians by which each pair of a head turns from token to token (rotary positions)."""
    theta = float(config.rope_parameters["rope_theta"])
    return theta ** -(torch.arange(0, head, 2) / head)


def _look_back(
    attention: Any, number: int, distance: int, turns: Tensor, head: int, block: int
) -> None:
    """A head that copies the token so many places before."""
    rows = slice(number * head, (number + 1) * head)
    asks, holds = torch.zeros(head), torch.zeros(head)
    quick, angle = slice(0, _DISTANCE_PAIRS), turns[:_DISTANCE_PAIRS] * distance
    asks[quick] = _DISTANCE
    holds[quick] = _DISTANCE * angle.cos()
    holds[head // 2 : head // 2 + _DISTANCE_PAIRS] = _DISTANCE * angle.sin()
    attention.q_proj.weight[rows] = 0
    attention.k_proj.weight[rows] = 0
    attention.q_proj.weight[rows, 0] = asks
    attention.k_proj.weight[rows, 0] = holds
    _copy(attention, rows, _at(number + 1, block), block, _WRITTEN)


def _look_up(
    attention: Any, number: int, carried: Tensor, head: int, block: int, rng: torch.Generator
) -> None:
    """A head that looks for where the same ``number + 1`` tokens stood, and takes the next."""
    rows = slice(number * head, (number + 1) * head)
    attention.q_proj.weight[rows] = 0
    attention.k_proj.weight[rows] = 0
    shared = _MATCH / (number + 1) ** 0.5
    for back in range(number + 1):
        shown = torch.randn(len(carried), block, generator=rng) * shared * (block**-0.5) * 2
        columns = torch.arange(number * head, (number + 1) * head)[carried]
        attention.q_proj.weight[columns, _at(back, block)] = shown
        attention.k_proj.weight[columns, _at(back + 1, block)] = shown
    _copy(attention, rows, _at(BLOCKS - 1, block), block, _WRITTEN * 2)


def _copy(attention: Any, rows: slice, into: slice, block: int, strength: float) -> None:
    """Let a head write the token that it looks at."""
    width = min(block, rows.stop - rows.start)
    attention.v_proj.weight[rows] = 0
    attention.o_proj.weight[:, rows] = 0
    for n in range(width):
        attention.v_proj.weight[rows.start + n, 1 + n] = 1
        attention.o_proj.weight[into.start + n, rows.start + n] = strength
