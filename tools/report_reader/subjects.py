"""Words that speak of a concept without any phrase having read them: the concept stays open.

"Haemorrhage" in a sentence that no phrase fits is not the same as silence about haemorrhages. Such
a word denies nothing and states nothing; it only keeps anybody from assuming that nothing was said.
"""

from collections.abc import Iterator, Sequence

from dxtrace.clinical.states import Context, Presence
from tools.report_reader.context import assess
from tools.report_reader.mentions import Mention
from tools.report_reader.sentences import MeaningHit, Scan
from tools.report_reader.vocabulary import Vocabulary


def left_unread(
    scans: Sequence[Scan], mentions: Sequence[Mention], vocabulary: Vocabulary
) -> Iterator[Mention]:
    """One open mention for each concept whose subject is touched on and nowhere read.

    Only concepts of a domain that the report has been found to speak of count: the same word means
    other things elsewhere.
    """
    spoken = {d for m in mentions for d in m.concept.domains}
    read = {m.concept.key for m in mentions if m.context is Context.CURRENT}
    for scan in scans:
        for hit in scan.hits["word"]:
            concept = vocabulary.concepts[hit.entry.concept]
            if concept.key in read or not spoken.intersection(concept.domains):
                continue
            if _is_read(scan, hit) or not _is_of_today(scan, hit):
                continue
            read.add(concept.key)
            part = scan.sentence.part
            yield Mention(concept, hit, scan, Presence.UNKNOWN, Context.CURRENT, part.source)


def _is_read(scan: Scan, hit: MeaningHit) -> bool:
    """Whether a name covers the word, or a phrase says that it means something else."""
    names = scan.hits["mention"]
    others = [n for n in scan.hits["not_when"] if n.entry.concept == hit.entry.concept]
    return any(n.start < hit.end and hit.start < n.end for n in (*names, *others))


def _is_of_today(scan: Scan, hit: MeaningHit) -> bool:
    assertion = assess(scan, hit)
    context = assertion.context or scan.sentence.part.context
    return context is Context.CURRENT and assertion.presence is not Presence.ABSENT
