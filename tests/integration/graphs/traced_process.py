"""Reviews one case and waits until what LangSmith's tracing has to send is sent.

Run by ``test_tracing.py`` in a process of its own: the tracer reads the environment once.
"""

from langchain_core.tracers.langchain import get_client, wait_for_all_tracers

from dxtrace.clinical import Case, Report
from graphs.reviewing import review_with_trace

if __name__ == "__main__":
    review_with_trace(Case(id="c-1", reports=(Report(text="FINDINGS: Pleural effusion."),)))
    wait_for_all_tracers()
    get_client().flush()
