"""Which pictures of a case a model is shown, within a budget.

What matters most comes first, and what there is no room for is said: what was found (and the same
place earlier), whole images, an overview of each series, parts at full resolution, further windows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from agents.vlm.sight.budget import SightBudget
from agents.vlm.sight.drawing import Draft, slice_shape
from agents.vlm.sight.kept_marks import SHOWN_PRESENCE, KeptFiles, Mark, MarkError, marks_of
from agents.vlm.sight.key_slices import KeySlice, draw_beside, draw_key_slice, key_slice_of
from agents.vlm.sight.matching import Matching, match
from agents.vlm.sight.memory import SightMemory, key_of
from agents.vlm.sight.montage import (
    MontagePlan,
    draw_matched,
    draw_montage,
    least_tile_px,
    plan_montages,
)
from agents.vlm.sight.picture import Sight
from agents.vlm.sight.planar import draw_marked, draw_tiles, draw_whole, is_worth_cutting, tiling
from agents.vlm.sight.purse import Purse
from agents.vlm.sight.scenes import (
    Loader,
    Opened,
    Scene,
    earlier_of,
    later_of,
    scenes_of,
)
from agents.vlm.sight.series_reader import SeriesReader
from agents.vlm.sight.wording import ct_windows, is_named, names, wording
from dxtrace.clinical import Case, Concept, Finding
from dxtrace.reporting.windows import Window, ct_window
from tools.marks import load_series

_MOST_PAGES = 4
_MOST_TILES = 9
_MOST_NAMED = 8
_FOUND, _WHOLE, _PARTS, _FURTHER = range(4)
"""In which order the pictures of a series come."""
DEFAULT_BUDGET = SightBudget()
_memory = SightMemory()


def pictures_for(  # noqa: PLR0913 - all but the case have defaults
    case: Case,
    *,
    question: str | None = None,
    findings: Iterable[Finding] = (),
    kept: KeptFiles | None = None,
    concepts: Mapping[str, Concept] | None = None,
    budget: SightBudget = DEFAULT_BUDGET,
    allow_burned_in_text: bool = False,
    load: Loader = load_series,
) -> Sight:
    """Choose and draw the pictures of a case.

    One volume at a time is read, two where an earlier one is laid beside it; nothing that a single
    series does stops the others. The same case, question and findings give the same pictures; the
    last ones are remembered, and made anew if an image file has changed.

    Args:
        case: the case.
        question: what is asked; the case's own question if None.
        findings: what was found so far.
        kept: the files that calls have left: their masks are outlined.
        concepts: the vocabulary, for names.
        budget: how many pictures, how large.
        allow_burned_in_text: whether images may be shown whose pixels may carry text, and so names:
            whoever answers for them says so.
        load: reads the pixels of a series.
    """
    asked = question if question is not None else case.question or ""
    what = _Known(tuple(findings), kept, concepts or {})

    def make() -> Sight:
        reader = SeriesReader(load, allow_text=allow_burned_in_text)
        look = _Look(asked, what, Purse(budget), reader, scenes_of(case, asked))
        look.run()
        notes = dict.fromkeys((*reader.notes, *look.notes, *look.left_out()))
        return Sight(look.purse.in_order(look.scenes), tuple(notes))

    if load is not load_series:
        return make()
    further = (asked, budget, allow_burned_in_text)
    return _memory.recall(key_of(case, what.findings, kept, what.concepts, *further), make)


@dataclass(frozen=True)
class _Known:
    """What was found so far."""

    findings: tuple[Finding, ...]
    kept: KeptFiles | None
    concepts: Mapping[str, Concept]

    @property
    def there(self) -> list[str]:
        """Concepts of what was found, with or without doubt."""
        return [f.concept for f in self.findings if f.presence in SHOWN_PRESENCE]


@dataclass
class _Look:
    """The steps of one look at a case."""

    question: str
    found: _Known
    purse: Purse
    reader: SeriesReader
    scenes: tuple[Scene, ...]
    notes: list[str] = field(default_factory=list)
    slices: dict[str, int] = field(default_factory=dict)
    plans: dict[str, tuple[MontagePlan, ...]] = field(default_factory=dict)
    drawn: dict[str, KeySlice | None] = field(default_factory=dict)
    matchings: dict[tuple[str, str], Matching] = field(default_factory=dict)

    def run(self) -> None:
        """Every step over every series, for as long as there is room."""
        self.marks = self._wanted_marks()
        half = max(1, self.purse.budget.max_pictures // 2)
        steps: list[Callable[[Scene], None]] = [
            lambda scene: self._findings(scene, half), self._beside, self._whole, self._overview,
            lambda scene: self._findings(scene, len(self.marks)), self._tiles, self._windows,
        ]  # fmt: skip
        for step in steps:
            for scene in self.scenes:
                if self.purse.edge is None:
                    return
                step(scene)

    # -- what was found ----------------------------------------------------------------------

    def _wanted_marks(self) -> list[Mark]:
        """Findings that the question speaks of, then the others; structures only if it does."""
        marks = [
            m for m in marks_of(self.found.findings, self.found.kept)
            if m.finding is not None or names(self.question, m.name.replace("_", " "))
        ]  # fmt: skip
        return sorted(marks, key=lambda m: not self._is_asked_for(m))

    def _is_asked_for(self, mark: Mark) -> bool:
        return mark.finding is None or is_named(self.question, mark.finding, self.found.concepts)

    def _findings(self, scene: Scene, most: int) -> None:
        """Key slices of what was marked on a series."""
        for mark in self.marks:
            if mark.series != scene.series.id or mark.label in self.drawn:
                continue
            opened = self.reader.open(scene)
            edge = self.purse.edge
            if opened is None or edge is None or len(self.drawn) >= most:
                return
            try:
                self._draw_mark(opened, mark, edge)
            except MarkError as error:
                self.drawn[mark.label] = None
                self.notes.append(f"{mark.label} is not shown: {error}")

    def _draw_mark(self, opened: Opened, mark: Mark, edge: int) -> None:
        concepts = self.found.concepts
        if not opened.grid.is_volume:
            self._take(opened, draw_marked(opened, mark, concepts, edge), _FOUND)
            self.drawn[mark.label] = None
            return
        key = key_slice_of(opened, mark)
        self._take(opened, draw_key_slice(opened, key, concepts, edge), _FOUND)
        self.drawn[mark.label] = key

    def _beside(self, scene: Scene) -> None:
        """What was marked on a current series beside the same place of an earlier one."""
        keys = [k for k in self.drawn.values() if k and k.mark.series == scene.series.id]
        earlier = earlier_of(scene, self.scenes)
        if not keys or earlier is None:
            return
        now = self.reader.open(scene)
        then = self.reader.open(earlier)
        if now is None or then is None:
            return
        matching = self._match(now, then)
        for key in keys:
            edge = self.purse.edge
            if edge is None:
                return
            try:
                self._take(now, draw_beside(now, then, key, matching, edge), _FOUND)
            except MarkError as error:
                self.notes.append(f"{key.mark.label} is not shown on the prior: {error}")

    def _match(self, now: Opened, then: Opened) -> Matching:
        """How two volumes lie over each other; found out once."""
        pair = now.scene.series.id, then.scene.series.id
        if pair not in self.matchings:
            self.matchings[pair] = match(now, then)
        return self.matchings[pair]

    # -- whole series ------------------------------------------------------------------------

    def _whole(self, scene: Scene) -> None:
        """A single image as a whole."""
        if scene.is_stack:
            return
        opened, edge = self.reader.open(scene), self.purse.edge
        if opened is not None and edge is not None and not opened.grid.is_volume:
            self._take(opened, draw_whole(opened, edge), _WHOLE)

    def _tiles(self, scene: Scene) -> None:
        """Parts of a single image, if what is asked is seen at full resolution only."""
        if scene.is_stack or scene.is_prior:
            return
        if not wording().detail.ask(self.question, self.found.there):
            return
        opened, edge = self.reader.open(scene), self.purse.edge
        if opened is None or edge is None or opened.grid.is_volume:
            return
        room = min(_MOST_TILES, self.purse.pictures_left)
        tiles = tiling(slice_shape(opened, "stored"), edge, room)
        if tiles is None and is_worth_cutting(slice_shape(opened, "stored"), edge):
            self.notes.append(f"{scene.series.id}: no room for its parts at a higher resolution")
        for draft in draw_tiles(opened, tiles, edge) if tiles else ():
            self._take(opened, draft, _PARTS)

    def _overview(self, scene: Scene) -> None:
        """Slices of a volume in its chief window; of an earlier one, those that fit the current."""
        if scene.is_stack is False:
            return
        opened = self.reader.open(scene)
        if opened is None or not opened.grid.is_volume:
            return
        window, *_ = self._windows_of(opened)
        current = later_of(scene, self.scenes)
        if current is not None and current.series.id in self.plans:
            self._matched(current, scene, window)
        else:
            self._montages(opened, window, self._pages(scene), _WHOLE)

    def _pages(self, scene: Scene) -> int:
        """A fair share of the pictures that are left; half of them are for other things."""
        waiting = [s for s in self.scenes if s.is_stack is not False]
        after = len(waiting) - waiting.index(scene) if scene in waiting else 1
        return max(1, min(_MOST_PAGES, self.purse.pictures_left // (2 * after)))

    def _montages(self, opened: Opened, window: Window, pages: int, rank: int) -> None:
        edge = self.purse.edge
        if edge is None:
            return
        plans = plan_montages(
            opened, window, edge=edge, least=least_tile_px(self.purse.budget.patch_px), pages=pages
        )
        if not plans:
            self.notes.append(
                f"{opened.scene.series.id} is not shown: text, and with it a name, may be burned "
                "into its slices"
            )
        for plan in plans:
            self._take(opened, draw_montage(opened, plan, window), rank)
        self.plans.setdefault(opened.scene.series.id, plans)

    def _matched(self, current: Scene, scene: Scene, window: Window) -> None:
        """The slices of an earlier volume that fit those shown of the current one."""
        now, then = self.reader.open(current), self.reader.open(scene)
        if now is None or then is None:
            return
        matching = self._match(now, then)
        for plan in self.plans[current.series.id]:
            draft = draw_matched(now, then, plan, matching, window)
            if draft is not None:
                self._take(then, draft, _WHOLE)

    def _windows(self, scene: Scene) -> None:
        """A current CT in a second window."""
        if scene.is_prior or scene.series.id not in self.plans:
            return
        opened = self.reader.open(scene)
        further = self._windows_of(opened)[1:] if opened is not None else ()
        for window in further:
            if opened is not None:
                self._montages(opened, window, self._pages(scene), _FURTHER)

    def _windows_of(self, opened: Opened) -> list[Window]:
        """The windows of a series, the chief one first."""
        volume = opened.volume
        if volume.unit != "HU" or volume.is_colour:
            return [opened.plain_window]
        names_ = ct_windows(volume.body_part, self.question, self.found.there)
        return [ct_window(name) for name in names_]

    # -- keeping account ---------------------------------------------------------------------

    def _take(self, opened: Opened, draft: Draft, rank: int) -> None:
        self.purse.take(opened.scene, draft, rank)
        if opened.grid.is_volume:
            self.slices[opened.scene.series.id] = opened.volume.spatial_shape[0]

    def left_out(self) -> Iterator[str]:
        """What there was no room for."""
        shown: dict[str, set[int]] = {}
        for _, _, picture in self.purse.taken:
            for one in picture.shows:
                shown.setdefault(one.series, set()).update(
                    () if one.slice is None else (one.slice,)
                )
        for series, count in self.slices.items():
            if series in shown and len(shown[series]) < count:
                yield f"{series}: {len(shown[series])} of {count} slices are shown"
        unseen = [
            s.series.id for s in self.scenes
            if s.series.id not in shown and s.series.id not in self.reader.refused
        ]  # fmt: skip
        if unseen:
            yield f"no room for {len(unseen)} of {len(self.scenes)} series: {_some(unseen)}"
        waiting = [m.label for m in self.marks if m.label not in self.drawn]
        if waiting:
            yield f"no room for what was marked of {_some(waiting)}"


def _some(names_: list[str]) -> str:
    more = len(names_) - _MOST_NAMED
    return ", ".join(names_[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
