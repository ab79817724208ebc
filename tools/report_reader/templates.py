"""Templates that describe a lesion and never name it: "Dimensions: 10 mm. Composition: solid."."""

from collections import Counter
from collections.abc import Mapping, Sequence

from dxtrace.clinical.states import Context
from tools.report_reader.phrases import Hit
from tools.report_reader.sentences import Scan
from tools.report_reader.vocabulary import Meaning, Vocabulary

_TELLING = 4
"""So many different features of one kind of lesion are a description of it."""


class TemplateFinder:
    """Finds the lesion that a report describes in a template without a noun."""

    def __init__(self, vocabulary: Vocabulary):
        self._lesions: Mapping[str, frozenset[str]] = {
            c.key: vocabulary.regions(c.key)
            for c in vocabulary.concepts.values()
            if c.kind == "lesion" and vocabulary.regions(c.key)
        }

    def name(self, scans: Sequence[Scan]) -> None:
        """Make the first words of such a description a mention of its lesion."""
        told: dict[str, set[str]] = {}
        for scan in scans:
            if any(h.entry.concept in self._lesions for h in scan.hits["mention"]):
                return
            for role in ("value", "flag"):
                for hit in scan.hits[role]:
                    if hit.entry.concept in self._lesions:
                        told.setdefault(hit.entry.concept, set()).add(hit.entry.attribute)
        best = max(told, key=lambda k: len(told[k]), default=None)
        if best is None or len(told[best]) < _TELLING or not any(s.sizes for s in scans):
            return
        spoken = Counter(str(h.entry.value) for s in scans for h in s.hits["region"])
        if spoken and spoken.most_common(1)[0][0] in self._lesions[best]:
            self._open(best, scans)

    @staticmethod
    def _open(concept: str, scans: Sequence[Scan]) -> None:
        """The description begins where a size, a place or a feature first stands."""
        for scan in scans:
            hits = [h for role in ("value", "flag") for h in scan.hits[role]]
            described = scan.sizes or any(h.entry.concept == concept for h in hits)
            if scan.sentence.part.context is Context.CURRENT and (
                described or (scan.hits["side"] and scan.hits["site"])
            ):
                start = scan.sentence.start
                words = scan.between(start, scan.sentence.end).split(maxsplit=1)[0]
                meaning = Meaning("mention", concept)
                scan.hits["mention"].insert(0, Hit(start, start + len(words), meaning))
                return
