"""Findings as people have corrected them."""

from collections.abc import Iterable

from dxtrace.clinical import Correction, Finding, Presence, Source
from dxtrace.intake import IntakeError, check_sizes
from dxtrace.knowledge import Knowledge


class CorrectionError(ValueError):
    """A correction of something that is not there, or that cannot be."""


def corrected(
    findings: Iterable[Finding], corrections: Iterable[Correction]
) -> tuple[Finding, ...]:
    """The findings, each as its last correction leaves it.

    A corrected finding is the person's statement: it keeps its id and where it came from, so that
    the page still shows the words or the mask, and the checker weighs it as what a user states.
    A denial or rejection that is taken back leaves the finding as it was before.
    """
    known = {f.id: f for f in findings}
    before: dict[str, Finding] = {}
    for correction in corrections:
        name = correction.finding
        if name not in known:
            continue
        if _denies(correction):
            before.setdefault(name, known[name])
            base = known[name]
        else:  # who takes a denial back has all again that was known of it
            base = before.pop(name, known[name])
        known[name] = _denied_as_such(_apply(base, correction), known.values())
    return tuple(known.values())


def _denies(correction: Correction) -> bool:
    return correction.rejected or correction.presence in (Presence.ABSENT, Presence.UNKNOWN)


def _denied_as_such(finding: Finding, findings: Iterable[Finding]) -> Finding:
    """The denial of the one lesion that there was is the denial of any.

    Of several, who denies one says nothing of the others: that one is unknown then.
    """
    if finding.presence is not Presence.ABSENT or finding.lesion is None:
        return finding
    if any(f.lesion not in (None, finding.lesion) for f in findings):
        return finding.model_copy(update={"presence": Presence.UNKNOWN})
    return finding.model_copy(update={"lesion": None, "location": None, "laterality": None})


def check_corrections(
    findings: Iterable[Finding], corrections: Iterable[Correction], knowledge: Knowledge
) -> None:
    """Refuse a correction of a finding that there is not, and a size that nothing has.

    Raises:
        CorrectionError: naming the findings that there are, or saying what is wrong with a size.
    """
    known = {f.id: f for f in findings}
    for correction in corrections:
        if correction.finding not in known:
            listed = ", ".join(list(known)[:40]) or "none"
            raise CorrectionError(
                f"there is no finding {correction.finding!r} to correct; expected one of {listed}"
            )
        try:
            check_sizes(known[correction.finding], correction.measurements, knowledge)
        except IntakeError as error:
            raise CorrectionError(f"{correction.finding}: {error.reason}") from None


def _apply(finding: Finding, correction: Correction) -> Finding:
    if correction.rejected:
        update: dict[str, object] = {
            "presence": Presence.UNKNOWN, "measurements": (), "attributes": {}, "score": None,
        }  # fmt: skip
    else:
        update = {"source": Source.USER, "certainty": "stated"}
        presence = correction.presence or finding.presence
        if correction.presence is not None:
            update["presence"] = presence
        elif finding.presence is not Presence.ABSENT:
            # Who gives a size or a side says that it is there.
            update["presence"] = Presence.PRESENT
        if presence is Presence.ABSENT:
            update |= {"measurements": (), "attributes": {}}
        elif correction.measurements:
            kinds = {m.kind for m in correction.measurements}
            kept = tuple(m for m in finding.measurements if m.kind.startswith("prior_"))
            update["measurements"] = (
                *correction.measurements,
                *(m for m in kept if m.kind not in kinds),
            )
        if correction.laterality is not None:
            update["laterality"] = correction.laterality
    words = f"{finding.text}, " if finding.text else ""
    update["text"] = f"{words}corrected by {correction.by}"
    return finding.model_copy(update=update)
