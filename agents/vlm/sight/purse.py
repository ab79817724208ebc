"""What a budget still allows."""

from __future__ import annotations

from dataclasses import dataclass, field

from agents.vlm.sight.budget import SightBudget
from agents.vlm.sight.drawing import Draft, finished
from agents.vlm.sight.picture import Picture
from agents.vlm.sight.scenes import Scene


@dataclass
class Purse:
    """Pictures that were taken so far, and what is left.

    Attributes:
        budget: what there was.
        taken: pictures with their series and rank, in the order in which they were taken.
    """

    budget: SightBudget
    taken: list[tuple[Scene, int, Picture]] = field(default_factory=list)

    @property
    def pictures_left(self) -> int:
        """How many more pictures there is room for at full size, one at least while any fits."""
        count = self.budget.max_pictures - len(self.taken)
        if self.edge is None or count < 1:
            return 0
        full = self.budget.tokens(self.budget.max_edge_px, self.budget.max_edge_px)
        return min(count, max(1, self._tokens_left // full))

    @property
    def edge(self) -> int | None:
        """The longest side that the next picture may have; None if there is no room for one."""
        if len(self.taken) >= self.budget.max_pictures:
            return None
        return self.budget.edge_for(self._tokens_left)

    @property
    def _tokens_left(self) -> int:
        return self.budget.total_tokens - sum(picture.tokens for _, _, picture in self.taken)

    def take(self, scene: Scene, draft: Draft, rank: int) -> bool:
        """Take a picture, if there is room for it."""
        edge = self.edge
        if edge is None:
            return False
        picture = finished(draft, self.budget, edge)
        if picture.tokens > self._tokens_left:
            return False
        self.taken.append((scene, rank, picture))
        return True

    def in_order(self, scenes: tuple[Scene, ...]) -> tuple[Picture, ...]:
        """The pictures series by series, in each the finding's before the rest."""
        place = {id(scene): number for number, scene in enumerate(scenes)}
        ordered = sorted(self.taken, key=lambda t: (place[id(t[0])], t[1]))
        return tuple(picture for _, _, picture in ordered)
