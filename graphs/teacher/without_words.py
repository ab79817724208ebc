"""A review without free text: what was found stays, the words it was found in do not."""

from dataclasses import replace

from dxtrace.clinical import Case, Finding, Image, Observation, Series, Study, ToolCall
from graphs.teacher.traced import TracedReview


def without_words(review: TracedReview) -> TracedReview:
    """Leave out whatever somebody wrote freely, and what may name somebody.

    Reports, series descriptions, the words behind findings, notes of tools, days and times, and
    the names of files and of the case. What stays is typed: keys of the vocabulary, numbers, sides.
    Sites are the report reader's names; the question stays, for it is what is answered.
    """
    return replace(
        review,
        case=_bare_case(review.case),
        findings=tuple(_bare_finding(f) for f in review.findings),
        called=tuple(_bare_call(c) for c in review.called),
        similar=(),
    )


def _bare_case(case: Case) -> Case:
    return case.model_copy(
        update={
            "id": "case",
            "reports": (),
            "studies": tuple(_bare_study(s, n) for n, s in enumerate(case.studies, start=1)),
            "observations": tuple(_bare_observation(o) for o in case.observations),
            "findings": tuple(_bare_finding(f) for f in case.findings),
        }
    )


def _bare_study(study: Study, number: int) -> Study:
    series = tuple(_bare_series(s, n) for n, s in enumerate(study.series, start=1))
    return study.model_copy(update={"id": f"study-{number}", "day": None, "series": series})


def _bare_series(series: Series, number: int) -> Series:
    images = tuple(_bare_image(i, n) for n, i in enumerate(series.images, start=1))
    return series.model_copy(update={"id": f"series-{number}", "description": "", "images": images})


def _bare_image(image: Image, number: int) -> Image:
    return image.model_copy(update={"path": type(image.path)(f"image-{number}")})


def _bare_observation(observation: Observation) -> Observation:
    return observation.model_copy(update={"time": None})


def _bare_finding(finding: Finding) -> Finding:
    evidence = tuple(e.model_copy(update={"artifact": None}) for e in finding.evidence)
    return finding.model_copy(update={"text": "", "evidence": evidence})


def _bare_call(call: ToolCall) -> ToolCall:
    return call.model_copy(update={"notes": (), "reason": ""})
