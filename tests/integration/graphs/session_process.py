"""One step of a session in a process of its own: start a review or go on with one.

Reads a JSON object from standard input: ``checkpoints``, ``thread``, and ``case`` or ``reply``.
Writes status, question, options, answer, conclusions and the trace.
"""

import json
import sys

from dxtrace.clinical import Case
from graphs import Settings, resume_review, review_with_trace
from graphs.questions import ReplyError
from graphs.reviewing import ReviewRun


def main() -> None:
    """Do the step."""
    asked = json.load(sys.stdin)
    settings = Settings(interactive=True, checkpoints=asked["checkpoints"])
    try:
        if "case" in asked:
            case = Case.model_validate(asked["case"])
            run = review_with_trace(case, settings=settings, thread=asked["thread"])
        else:
            run = resume_review(asked["thread"], asked["reply"], settings=settings)
    except ReplyError as error:
        found: dict[str, object] = {"refused": str(error)}
    else:
        found = described(run)
    sys.stdout.write(json.dumps(found))


def described(run: ReviewRun) -> dict[str, object]:
    """What the tests look at."""
    run.trace.verify()
    return {
        "id": run.result.id,
        "status": run.result.status,
        "question": run.result.question,
        "pending": run.pending.model_dump(mode="json") if run.pending else None,
        "answer": run.result.answer.text,
        "values": {c.concept: c.value for c in run.result.answer.conclusions},
        "possible": {c.concept: c.possible for c in run.result.answer.conclusions},
        "user": [f.text for f in run.result.findings if f.source == "user"],
        "kinds": [e.kind for e in run.trace.entries],
        "trace": run.trace.to_json(),
    }


if __name__ == "__main__":
    main()
