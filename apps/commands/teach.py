"""``dxtrace trace reward``: what the teacher says of recorded reviews."""

import json
import sys
from pathlib import Path

from apps.commands.trace import read_trace_file
from apps.exit_status import ExitStatus, UsageError
from dxtrace.clinical import TraceError


def reward_traces(paths: list[Path], *, weights: Path | None, as_json: bool) -> ExitStatus:
    """Print the reward of each trace and what it is made of.

    Returns:
        ``CASE_FAILED`` if any trace is broken or holds no answer.

    Raises:
        UsageError: if the file of weights is none.
    """
    from graphs.teacher import Teacher
    from graphs.teacher.settings import SettingsError, read_settings
    from graphs.teacher.traced import UntaughtTraceError, conversation_of, traced_review

    try:
        settings = read_settings(weights) if weights is not None else None
    except SettingsError as error:
        raise UsageError(str(error)) from None
    teacher, failed = Teacher(settings=settings), False
    for path in paths:
        try:
            reward = teacher.score(conversation_of(traced_review(read_trace_file(path))))
        except (TraceError, UntaughtTraceError) as error:
            failed = True
            sys.stderr.write(f"{path}: {error}\n")
            continue
        if as_json:
            print(json.dumps({"trace": str(path), **reward.model_dump(mode="json")}))
        else:
            print(f"{path}: {reward.explained()}")
    return ExitStatus.CASE_FAILED if failed else ExitStatus.OK
