"""Settings of the runner; the environment may set them (``DXTRACE_EXPERT_MEMORY_MB=8000``)."""

import os
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

_SHARE_OF_MEMORY = 0.6
_MIB = 2**20


class RunnerSettings(BaseSettings):
    """What experts may use.

    Attributes:
        expert_memory_mb: memory in MiB that experts in processes of their own may ask for together.
        expert_idle_s: such an expert is ended when nobody has called it for so long.
        result_cache: folder for the results of calls on images; None keeps them in memory.
        result_cache_mb: room for them, in MiB; 0 keeps none.
    """

    model_config = SettingsConfigDict(env_prefix="DXTRACE_", frozen=True, extra="ignore")

    expert_memory_mb: int = Field(
        default_factory=lambda: int(_machine_mb() * _SHARE_OF_MEMORY), ge=1
    )
    expert_idle_s: float = Field(default=600.0, gt=0)
    result_cache: Path | None = None
    result_cache_mb: int = Field(default=500, ge=0)


def _machine_mb() -> int:
    """The memory of this machine, or of the container, in MiB."""
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return min(pages * size, _container_bytes() or pages * size) // _MIB


def _container_bytes() -> int | None:
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
    except OSError:
        return None
    return int(limit) if limit.isdigit() else None
