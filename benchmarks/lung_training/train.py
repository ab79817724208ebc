"""Train the chest-radiograph lung segmenter on two cores.

    python -m benchmarks.lung_training.train --data DIR --out DIR [--minutes 24] [--negatives DIR]

``--data`` is the folder ``cxr_hannover``. The state of every epoch is kept in ``--out``; training
started again with the same ``--out`` goes on. The best epoch on the validation patients is written
as ``model.safetensors``. The patients held out are not looked at.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.lung_training.augmentation import augment
from benchmarks.lung_training.negatives import read_negatives
from benchmarks.lung_training.radiographs import Radiograph, read_radiographs, split_of
from expert_models.lung_segmenter.pixels import letterboxed, normalised

SIZE = 256
SMALL = 192  # twice as fast; good enough for the first part of the time
SMALL_PART = 0.5
CANVAS = 320  # larger than the network's input: turning and scaling lose less
CHANNELS = (16, 32, 64, 96, 128, 192)
BATCH = 8
STEPS_PER_EPOCH = 100
NEGATIVE = 0.5  # of the batches have one picture without lungs
ON = 0.5
PEAK_RATE = 2e-3
KEEP = 0.99  # of the running mean of weights, a step


def build_network() -> nn.Module:
    """The network of the bundle, as its ``inference.json`` names it."""
    from monai.networks.nets import UNet

    return UNet(2, 1, 2, CHANNELS, [2] * (len(CHANNELS) - 1), num_res_units=2)


def planes_of(radiograph: Radiograph, size: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Image (size, size) and targets (3, size, size): right lung, left lung, known."""
    image = letterboxed(normalised(radiograph.pixels.astype(np.float32)), size)
    unknown = letterboxed((~radiograph.known).astype(np.float32), size)
    lungs = [letterboxed(lung.astype(np.float32), size) for lung in radiograph.lungs]
    return image, np.stack([*lungs, 1 - unknown])


def loss_of(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross entropy and Dice over what is known."""
    lungs, known = targets[:, :2], targets[:, 2:]
    entropy = functional.binary_cross_entropy_with_logits(logits, lungs, reduction="none")
    chance = torch.sigmoid(logits) * known
    truth = lungs * known
    overlap = (chance * truth).sum((2, 3))
    total = chance.sum((2, 3)) + truth.sum((2, 3))
    there = (truth.sum((2, 3)) > 0).float()
    dice = (1 - (2 * overlap + 1) / (total + 1)) * there
    return (entropy * known).mean() + dice.sum() / there.sum().clamp(min=1)


@torch.no_grad()
def validation_dice(network: nn.Module, images: Tensor, targets: Tensor) -> float:
    """Mean Dice of both lungs together on the network's own grid."""
    network.eval()
    marked = (torch.sigmoid(torch.cat([network(i[None]) for i in images])) > ON).float()
    known = targets[:, 2:]
    marked, truth = marked * known, (targets[:, :2] > ON).float() * known
    dice = 2 * (marked * truth).sum((1, 2, 3)) / (marked.sum((1, 2, 3)) + truth.sum((1, 2, 3)))
    return float(dice.mean())


def main() -> None:
    """Train until the time is up."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--negatives", type=Path, help="folder with bccd, ct_abdomen, mr_brain")
    options.add_argument("--minutes", type=float, default=24)
    options.add_argument("--threads", type=int, default=1)
    given = options.parse_args()
    torch.set_num_threads(given.threads)
    given.out.mkdir(parents=True, exist_ok=True)
    radiographs = list(read_radiographs(given.data))
    split = split_of({r.patient for r in radiographs})
    groups = {name: [r for r in radiographs if split[r.patient] == name] for name in split.values()}
    print({name: len(group) for name, group in groups.items()}, flush=True)
    prepared = [planes_of(r, CANVAS) for r in groups["training"]]
    nothing = np.stack([np.zeros((CANVAS, CANVAS))] * 2 + [np.ones((CANVAS, CANVAS))])
    negatives = [
        (letterboxed(normalised(p), CANVAS), nothing.astype(np.float32))
        for p in (read_negatives(given.negatives) if given.negatives else [])
    ]
    checked = [planes_of(r, SIZE) for r in groups["validation"]]
    _train(given.out, given.minutes * 60, prepared, negatives, checked)


_Planes = tuple[NDArray[np.float32], NDArray[np.float32]]


def _train(
    out: Path,
    seconds: float,
    prepared: list[_Planes],
    negatives: list[_Planes],
    checked: list[_Planes],
) -> None:
    from safetensors.torch import save_file

    torch.manual_seed(1)
    network, mean = build_network(), build_network()
    mean.load_state_dict(network.state_dict())
    optimiser = torch.optim.AdamW(network.parameters(), lr=PEAK_RATE, weight_decay=1e-3)
    images = torch.from_numpy(np.stack([c[0] for c in checked])[:, None])
    targets = torch.from_numpy(np.stack([c[1] for c in checked]))
    done, best, spent = 0, 0.0, 0.0
    state = out / "last.pt"
    if state.is_file():
        kept = torch.load(state, weights_only=True)
        network.load_state_dict(kept["network"])
        mean.load_state_dict(kept["mean"])
        optimiser.load_state_dict(kept["optimiser"])
        done, best, spent = kept["done"], kept["best"], kept["spent"]
    rng = np.random.default_rng(1 + done)
    started = time.monotonic() - spent
    while spent < seconds:
        network.train()
        losses = []
        for _ in range(STEPS_PER_EPOCH):
            spent = time.monotonic() - started
            rate = _rate(spent / seconds)
            for group in optimiser.param_groups:
                group["lr"] = rate
            chosen = [prepared[i] for i in rng.integers(len(prepared), size=BATCH)]
            if negatives and rng.random() < NEGATIVE:
                chosen[0] = negatives[rng.integers(len(negatives))]
            size = SMALL if spent < SMALL_PART * seconds else SIZE
            x, y = augment(*map(np.stack, zip(*chosen, strict=True)), size, rng)
            with torch.autocast("cpu", torch.bfloat16):
                logits = network(x)
            loss = loss_of(logits.float(), y)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            losses.append(float(loss.detach()))
            _follow(mean, network, min(KEEP, (done + 1) / (done + 10)))
            done += 1
        dice = validation_dice(mean, images, targets)
        print(f"step {done} {spent:.0f} s loss {np.mean(losses):.4f} dice {dice:.4f}", flush=True)
        if dice > best:
            best = dice
            save_file(
                {k: v.half() for k, v in mean.state_dict().items()}, out / "model.safetensors"
            )
        kept = {"network": network.state_dict(), "mean": mean.state_dict()}
        kept |= {"optimiser": optimiser.state_dict(), "done": done, "best": best, "spent": spent}
        torch.save(kept, state)


def _rate(part: float) -> float:
    """Learning rate: up over the first twentieth of the time, then down as a cosine."""
    warm = 0.05
    if part < warm:
        return PEAK_RATE * max(part / warm, 0.02)
    return PEAK_RATE * max(
        0.5 * (1 + math.cos(math.pi * min(1.0, (part - warm) / (1 - warm)))), 0.005
    )


@torch.no_grad()
def _follow(mean: nn.Module, network: nn.Module, keep: float) -> None:
    for old, new in zip(mean.state_dict().values(), network.state_dict().values(), strict=True):
        if old.is_floating_point():
            old.lerp_(new, 1 - keep)
        else:
            old.copy_(new)


if __name__ == "__main__":
    main()
