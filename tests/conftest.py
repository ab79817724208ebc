"""What all tests share."""

import os

from hypothesis import HealthCheck, settings

# Checkpoints may restore our own types only; LangGraph reads this when it is imported.
os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")

# No timed tests: a busy machine must not make them fail.
settings.register_profile("dxtrace", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("dxtrace")
