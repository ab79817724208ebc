"""Train a planner model of our own, from nothing.

    python -m benchmarks.planner_training.train --out DIR [--minutes 60] [--device cuda]

The state is kept in ``--out``; training started again with the same ``--out`` goes on. The model is
written to ``DIR/model``: ``--planner transformers:DIR/model``. With ``--steps`` instead of
``--minutes`` the same seed gives the same model on the same machine.
"""

from __future__ import annotations

import argparse
import math
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from expert_models.runtime import torchvision_guard

torchvision_guard.install()

import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402
from torch.utils.data import DataLoader, Subset  # noqa: E402

from agents.vlm.wording import CompactWording  # noqa: E402
from benchmarks.planner_training.batches import (  # noqa: E402
    IGNORED,
    Batch,
    Lessons,
    Row,
    RowMaker,
    batches_of,
)
from benchmarks.planner_training.lessons import School, question_reader  # noqa: E402
from benchmarks.planner_training.network import (  # noqa: E402
    CHAT_TEMPLATE,
    Size,
    new_model,
    processor_for,
    save_folder,
    train_tokenizer,
)
from benchmarks.planner_training.subjects import readable_subjects  # noqa: E402
from graphs.workbench import Workbench, default_workbench  # noqa: E402

PEAK_RATE = 1e-3
DECAY = 0.05
WARM = 0.03  # of the time
LAST_RATE = 0.02  # of the peak
REPORT_S = 120.0
TWO = 0.5  # of the questions to experts ask for two findings: more than in the examination
MOST_ROWS = 50_000_000
ROWS_AT_ONCE = 64
_FIRST_HELD_OUT = 10**9


@dataclass(frozen=True)
class Plan:
    """How long and on what.

    Attributes:
        out: where state and model are kept.
        device: of torch.
        seconds: of training, earlier runs counted in.
        steps: of the optimiser; None if time decides.
        tokens: of a batch.
        workers: processes that make lessons; 0 for this one.
        seed: of the network's first weights.
        texts: lessons that the tokenizer is made from.
        checked: held-out lessons that are answered at each report.
    """

    out: Path
    device: str = "cpu"
    seconds: float = 3600.0
    steps: int | None = None
    tokens: int = 3072
    workers: int = 0
    seed: int = 1
    texts: int = 3000
    checked: int = 100


def school_of(
    bench: Workbench, keys: Sequence[str] = (), *, held_out: bool = False, rounds: int = 3
) -> School:
    """The school with the findings that can be said and read; all of them, if none are named."""
    asked = question_reader(bench)
    names = CompactWording(bench.knowledge, asked).names
    subjects = tuple(readable_subjects(bench, names, keys))
    return School(bench, subjects, asked, held_out=held_out, rounds=rounds)


def train(plan: Plan, size: Size, school: School, examined: School) -> dict[str, float]:
    """Train, or go on; the model's folder is written at every report.

    Args:
        plan: how long and on what.
        size: of the network; one that is kept in ``plan.out`` must be of that size.
        school: makes lessons.
        examined: makes held-out lessons.

    Returns:
        ``steps``, ``loss``, and ``right``: the share of held-out lessons whose answer the model
        would have written word by word.
    """
    torch.manual_seed(plan.seed)
    plan.out.mkdir(parents=True, exist_ok=True)
    processor = _processor(plan, school, size)
    return _Run(plan, size, processor, school, examined).go()


def _processor(plan: Plan, school: School, size: Size) -> Any:
    """The tokenizer of an earlier run, or one that is made from lessons."""
    from transformers import PreTrainedTokenizerFast

    kept = plan.out / "tokenizer"
    if not kept.is_dir():
        texts = list(_texts(school, plan.texts))
        train_tokenizer(texts, size.vocabulary).save_pretrained(kept)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(kept)
    tokenizer.chat_template = CHAT_TEMPLATE
    return processor_for(tokenizer)


def _texts(school: School, lessons: int) -> Iterator[str]:
    for number in range(lessons):
        lesson = school.lesson(_FIRST_HELD_OUT - 1 - number)
        for message in lesson.messages:
            content = message.content if isinstance(message.content, list) else [message.content]
            yield from (str(c.get("text", "")) if isinstance(c, dict) else c for c in content)
        yield lesson.written


class _Run:
    """A training run with its state."""

    def __init__(
        self, plan: Plan, size: Size, processor: Any, school: School, examined: School
    ) -> None:
        self.plan, self.processor = plan, processor
        self.pad = processor.tokenizer.pad_token_id
        self.model = new_model(processor.tokenizer, size).to(plan.device)
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(), PEAK_RATE, betas=(0.9, 0.98), weight_decay=DECAY
        )
        maker = RowMaker(processor)
        self.rows = Lessons(school, maker, MOST_ROWS)
        self.checked = [
            maker.row(examined.lesson(_FIRST_HELD_OUT + n)) for n in range(plan.checked)
        ]
        self.state = plan.out / "last.pt"
        self.done, self.seen, self.spent = 0, 0, 0.0
        if self.state.is_file():
            kept = torch.load(self.state, map_location=plan.device, weights_only=True)
            self.model.load_state_dict(kept["model"])
            self.optimiser.load_state_dict(kept["optimiser"])
            self.done, self.seen, self.spent = kept["done"], kept["seen"], kept["spent"]

    def go(self) -> dict[str, float]:
        """Until the time is up."""
        losses: list[float] = []
        self._tokens, self._core_s = 0, time.process_time()
        started, reported = time.monotonic() - self.spent, self.spent
        for batch in self._batches():
            if self._part() >= 1:
                break
            losses.append(self._step(batch))
            self._tokens += batch.ids.numel()
            self.done += 1
            self.spent = time.monotonic() - started
            if self.spent - reported > REPORT_S:
                self._report(losses)
                losses, reported = losses[-1:], self.spent
        return self._report(losses)

    def _batches(self) -> Iterator[Batch]:
        left = Subset(self.rows, range(self.seen, MOST_ROWS))
        loader = DataLoader(
            left, batch_size=ROWS_AT_ONCE, num_workers=self.plan.workers, collate_fn=list
        )
        for rows in loader:
            made = batches_of(rows, self.plan.tokens, self.pad)
            random.Random(self.seen).shuffle(made)  # noqa: S311  # no secret
            yield from made
            self.seen += len(rows)

    def _part(self) -> float:
        """How much of the training is over."""
        if self.plan.steps is not None:
            return self.done / self.plan.steps
        return self.spent / self.plan.seconds

    def _step(self, batch: Batch) -> float:
        for group in self.optimiser.param_groups:
            group["lr"] = _rate(self._part())
        self.model.train()
        logits, wanted = self._logits(batch)
        loss = functional.cross_entropy(logits.float(), wanted)
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        return float(loss.detach())

    def _logits(self, batch: Batch) -> tuple[Any, Any]:
        """What the model says where something is to be learned, and what it should say."""
        device = self.plan.device
        labels = batch.labels[:, 1:].to(device)
        learned = labels != IGNORED
        with torch.autocast(torch.device(device).type, torch.bfloat16):
            hidden = self.model.model(
                input_ids=batch.ids.to(device), attention_mask=batch.mask.to(device),
                pixel_values=None if batch.pixels is None else batch.pixels.to(device),
            ).last_hidden_state  # fmt: skip
            return self.model.lm_head(hidden[:, :-1][learned]), labels[learned]

    def _report(self, losses: Sequence[float]) -> dict[str, float]:
        loss = sum(losses) / max(1, len(losses))
        speed = self._tokens / max(time.process_time() - self._core_s, 1e-3)
        right = self._right()
        print(
            f"step {self.done} rows {self.seen} {self.spent:.0f} s loss {loss:.4f} "
            f"held-out answers right {right:.1%} {speed:.0f} tokens per s of processor",
            flush=True,
        )
        kept = {"model": self.model.state_dict(), "optimiser": self.optimiser.state_dict()}
        part = self.state.with_suffix(".part")
        torch.save({**kept, "done": self.done, "seen": self.seen, "spent": self.spent}, part)
        part.replace(self.state)
        save_folder(self.model, self.processor, self.plan.out / "model")
        return {"steps": self.done, "loss": loss, "right": right}

    @torch.no_grad()
    def _right(self) -> float:
        self.model.eval()
        rows = [_only_last(r) for r in self.checked]
        right = 0
        for batch in batches_of(rows, self.plan.tokens, self.pad):
            logits, wanted = self._logits(batch)
            lengths = (batch.labels[:, 1:] != IGNORED).sum(1).tolist()
            hits = (logits.argmax(-1) == wanted).cpu().split(lengths)
            right += sum(bool(h.all()) for h in hits)
        return right / len(rows)


def _only_last(row: Row) -> Row:
    """A row of which only the last answer counts."""
    labels = [IGNORED] * row.last + row.ids[row.last :]
    return Row(row.ids, labels, row.pixels, row.last)


def _rate(part: float) -> float:
    """Up over the first part of the training, then down as a cosine."""
    if part < WARM:
        return PEAK_RATE * max(part / WARM, 0.02)
    down = 0.5 * (1 + math.cos(math.pi * min(1.0, (part - WARM) / (1 - WARM))))
    return PEAK_RATE * max(down, LAST_RATE)


def main() -> None:
    """Train until the time is up."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--minutes", type=float, default=60)
    options.add_argument("--steps", type=int, help="instead of minutes")
    options.add_argument("--device", default="cpu")
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--workers", type=int, default=0, help="processes that make lessons")
    options.add_argument("--tokens", type=int, default=Plan.tokens, help="of a batch")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--width", type=int, default=Size.width)
    options.add_argument("--layers", type=int, default=Size.layers)
    given = options.parse_args()
    torch.set_num_threads(given.threads)
    plan = Plan(
        out=given.out, device=given.device, seconds=60 * given.minutes, steps=given.steps,
        tokens=given.tokens, workers=given.workers, seed=given.seed,
    )  # fmt: skip
    bench = default_workbench()
    school = replace(school_of(bench), two=TWO)
    examined = School(bench, school.subjects, school.asked, held_out=True)
    train(plan, Size(width=given.width, layers=given.layers), school, examined)


if __name__ == "__main__":
    main()
