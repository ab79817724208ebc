"""Which vocabulary is meant where several claim the same words."""

from collections import Counter
from collections.abc import Sequence

from dxtrace.clinical.concept import Concept
from tools.report_reader.sentences import MeaningHit, Scan
from tools.report_reader.vocabulary import Vocabulary

_SENTENCE_WEIGHT = 1000
_BEFORE_WEIGHT = 100
_FIRST = "chest"
_ELSEWHERE = "elsewhere"
_ANYWHERE = frozenset({"oncology", "staging", "response"})


def choose_mentions(
    scans: Sequence[Scan], vocabulary: Vocabulary, around: Sequence[Scan] = ()
) -> None:
    """Keep, in each sentence, the mentions that are meant: by region, then the longest.

    Args:
        scans: the sentences.
        vocabulary: knows the regions of the concepts.
        around: sentences of the text that these are about, for their regions alone.
    """
    whole = Counter({_FIRST: 0})
    whole.update(c for scan in around for c in _cues(scan))
    cues = [_cues(scan) for scan in scans]
    for cue in cues:
        whole.update(cue)
    elsewhere = _elsewhere(whole, vocabulary)
    before: Counter[str] = Counter()
    for scan, cue in zip(scans, cues, strict=True):
        for role in ("mention", "value", "flag", "number"):
            scan.hits[role] = [h for h in scan.hits[role] if h.entry.concept not in elsewhere]
        weight = Counter({r: min(whole[r], _BEFORE_WEIGHT - 1) for r in whole})
        weight[_FIRST] += 0
        for region, count in before.items():
            weight[region] += _BEFORE_WEIGHT * count
        for region, count in cue.items():
            weight[region] += _SENTENCE_WEIGHT * count
        _leave_out_other_organs(scan, vocabulary)
        scan.hits["mention"] = _meant(scan, weight, vocabulary)
        before = cue or before


def _cues(scan: Scan) -> Counter[str]:
    """How often a sentence names each region that has a vocabulary."""
    named = Counter(str(h.entry.value) for h in scan.hits["region"])
    del named[_ELSEWHERE]
    return named


def of_one_organ(concept: Concept) -> bool:
    """Whether a concept is a lesion of one organ; tumours and targets may lie anywhere."""
    anywhere = _ANYWHERE.intersection(concept.domains)
    return concept.kind == "lesion" and bool(concept.domains) and not anywhere


def is_told_at_its_name(concept: Concept) -> bool:
    """Whether a lesion is described where it is named; targets of a response are listed by site."""
    return concept.kind == "lesion" and "response" not in concept.domains


def _leave_out_other_organs(scan: Scan, vocabulary: Vocabulary) -> None:
    """Read nothing of a lesion from a clause that speaks of an organ without a vocabulary.

    A name that has the organ in it ("adrenal nodule") is meant, and so is one that shares its
    clause with an organ of its own region.
    """
    cues = scan.hits["region"]
    organs = [h for h in cues if h.entry.value == _ELSEWHERE]
    if not organs:
        return
    foreign = {scan.clause(h.start) for h in organs}
    foreign -= {scan.clause(h.start) for h in cues if h.entry.value != _ELSEWHERE}

    def stays(hit: MeaningHit) -> bool:
        if scan.clause(hit.start) not in foreign or hit.entry.concept not in vocabulary.concepts:
            return True
        named = any(o.start < hit.end and hit.start < o.end for o in organs)
        return named or not of_one_organ(vocabulary.concepts[hit.entry.concept])

    def is_of_a_lesion(hit: MeaningHit) -> bool:
        concept = vocabulary.concepts.get(hit.entry.concept)
        foreign_clause = scan.clause(hit.start) in foreign
        return foreign_clause and concept is not None and is_told_at_its_name(concept)

    scan.hits["mention"] = [h for h in scan.hits["mention"] if stays(h)]
    kept = {(scan.clause(h.start), h.entry.concept) for h in scan.hits["mention"]}
    for role in ("value", "flag", "number"):
        scan.hits[role] = [
            h for h in scan.hits[role]
            if not is_of_a_lesion(h) or (scan.clause(h.start), h.entry.concept) in kept
        ]  # fmt: skip
    spoken = {clause for clause, _ in kept}
    scan.foreign.update(foreign - spoken)


def _elsewhere(whole: Counter[str], vocabulary: Vocabulary) -> frozenset[str]:
    """Concepts of regions that the report never speaks of, while it speaks of another one."""
    spoken = {region for region, count in whole.items() if count}
    return frozenset(
        key
        for key in vocabulary.concepts
        if spoken and (own := vocabulary.regions(key)) and not own & spoken
    )


def _meant(scan: Scan, weight: Counter[str], vocabulary: Vocabulary) -> list[MeaningHit]:
    hits = [h for h in scan.hits["mention"] if not _meant_otherwise(scan, h)]
    rivals = [*hits, *scan.hits["value"], *scan.hits["flag"]]
    regional = [h for h in hits if not _outweighed(h, rivals, weight, vocabulary)]
    kept: list[MeaningHit] = []
    for hit in sorted(regional, key=lambda h: (h.start - h.end, h.start)):
        overlapping = [k for k in kept if k.start < hit.end and hit.start < k.end]
        same = any(k.entry.concept == hit.entry.concept for k in overlapping)
        covered = any(
            k.covers(hit)
            and not k.entry.denies
            and vocabulary.hides(k.entry.concept)
            and not _counts_on(scan, k, hit, vocabulary)
            for k in overlapping
        )
        if not (same or covered):
            kept.append(hit)
    return sorted(kept, key=lambda h: (h.start, h.end))


def _counts_on(scan: Scan, longer: MeaningHit, hit: MeaningHit, vocabulary: Vocabulary) -> bool:
    """Whether a lesion's name only adds "second" or "additional" to the name of another one."""
    lesions = {vocabulary.concepts[h.entry.concept].kind for h in (longer, hit)} == {"lesion"}
    return lesions and any(
        q.start == longer.start < hit.start and not scan.between(q.end, hit.start).strip(" -\n")
        for q in scan.hits["qualifier"]
    )


def _meant_otherwise(scan: Scan, hit: MeaningHit) -> bool:
    return any(
        n.entry.concept == hit.entry.concept and n.start < hit.end and hit.start < n.end
        for n in scan.hits["not_when"]
    )


def _outweighed(
    hit: MeaningHit, rivals: Sequence[MeaningHit], weight: Counter[str], vocabulary: Vocabulary
) -> bool:
    own = vocabulary.regions(hit.entry.concept)
    if not own:
        return False
    best = max(_strength(weight, r) for r in own)
    for other in rivals:
        if other.start < hit.end and hit.start < other.end:
            theirs = vocabulary.regions(other.entry.concept)
            if theirs and not theirs & own and max(_strength(weight, r) for r in theirs) > best:
                return True
    return False


def _strength(weight: Counter[str], region: str) -> tuple[int, bool]:
    return weight[region], region == _FIRST
