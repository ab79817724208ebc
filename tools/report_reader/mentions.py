"""A mention of a concept while a report is being read."""

from dataclasses import dataclass, field

from dxtrace.clinical.concept import Concept
from dxtrace.clinical.finding import AttributeValue
from dxtrace.clinical.measurement import Measurement
from dxtrace.clinical.states import Context, Laterality, Presence, Source
from tools.report_reader.sentences import MeaningHit, Scan


@dataclass(frozen=True, slots=True)
class Site:
    """A place in the body, by its words; a side that only a plural implies is ``weak``."""

    start: int
    end: int
    side: Laterality | None = None
    name: str | None = None
    weak: bool = False

    @property
    def words(self) -> str | None:
        """Side and site in words, such as ``right upper lobe``."""
        if self.name is None:
            return None
        parts = [self.side.value if self.side else "", self.name]
        return " ".join(p for p in parts if p)


@dataclass(eq=False)
class Mention:
    """What is gathered about one mention of a concept before it becomes a finding."""

    concept: Concept
    hit: MeaningHit
    scan: Scan
    presence: Presence
    context: Context
    source: Source
    sites: list[Site] = field(default_factory=list)
    attributes: dict[str, AttributeValue] = field(default_factory=dict)
    measurements: list[Measurement] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
    change: str | None = None
    qualified: bool = False
    reference: str | None = None
    label: str | None = None
    plural: bool = False
    role: str | None = None
    lesion: str | None = None
    probable: bool = False

    @property
    def start(self) -> int:
        """Offset of the first character."""
        return self.hit.start

    @property
    def end(self) -> int:
        """Offset after the last character."""
        return self.hit.end

    @property
    def is_lesion(self) -> bool:
        """Whether its concept is counted one by one."""
        return self.concept.kind == "lesion"

    @property
    def is_there(self) -> bool:
        """Whether it is said to be there today, certainly or possibly."""
        return self.context is Context.CURRENT and self.presence in (
            Presence.PRESENT, Presence.INDETERMINATE,
        )  # fmt: skip

    @property
    def side(self) -> Laterality | None:
        """The side of all its sites together; one that a plural implies yields to a stated one."""
        stated = {s.side for s in self.sites if s.side and not s.weak}
        implied = {s.side for s in self.sites if s.side and not self.is_lesion}
        sides = stated or implied
        if {Laterality.LEFT, Laterality.RIGHT} <= sides or Laterality.BILATERAL in sides:
            return Laterality.BILATERAL
        return sides.pop() if len(sides) == 1 else None

    @property
    def location(self) -> str | None:
        """The most telling site in words."""
        named = [s.words for s in self.sites if s.words]
        return ", ".join(dict.fromkeys(named)) or None
