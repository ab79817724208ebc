"""Settings of a review; the environment may set them (``DXTRACE_MAX_STEPS=4``)."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """How far a review may go.

    Attributes:
        max_steps: how often the planner may plan again.
        time_limit_s: after this many seconds no new call is planned; the answer then says what is
            open.
        interactive: stop and ask (LangGraph ``interrupt``) when a person must decide.
        checkpoints: SQLite file that keeps sessions; None keeps them in no file.
        langsmith: whether LangSmith's tracing, where the environment switches it on, may copy
            cases to that service.
    """

    model_config = SettingsConfigDict(env_prefix="DXTRACE_", frozen=True, extra="ignore")

    max_steps: int = Field(default=4, ge=1)
    time_limit_s: float = Field(default=120.0, gt=0, allow_inf_nan=False)
    interactive: bool = False
    checkpoints: Path | None = None
    langsmith: bool = False
