"""A batch with one of ``fake_reviewers``: ``MANIFEST OUT REVIEWER [TIMEOUT_S] [--FLAG ...]``."""

import sys
from functools import partial
from pathlib import Path

from apps.commands import batch
from apps.reviewing import Reviewer


def main() -> int:
    """As ``dxtrace batch``, but for the reviewer."""
    flags = {word for word in sys.argv if word.startswith("--")}
    manifest, out, reviewer, *timeout = [w for w in sys.argv[1:] if w not in flags]
    batch.Reviewer = partial(  # type: ignore[misc, assignment]  # the one difference
        Reviewer, entry=f"tests.integration.fake_reviewers:{reviewer}"
    )
    request = batch.BatchRequest(
        manifest=manifest, out=Path(out), workers=2, engine="local", planner="pathway",
        timeout_s=float(timeout[0]) if timeout else 60.0, retry_failed="--retry-failed" in flags,
        accept_changes="--accept-changes" in flags, max_report_chars=10_000, data_root=None,
    )  # fmt: skip
    return batch.review_manifest(request)


if __name__ == "__main__":
    sys.exit(main())
