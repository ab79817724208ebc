"""Where DxTrace keeps what belongs to the user: caches, configuration and data."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """The folder for what can be made or fetched again (XDG Base Directory Specification)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dxtrace"


def config_folder() -> Path:
    """The folder for what the user wrote (XDG Base Directory Specification)."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "dxtrace"


def data_folder() -> Path:
    """The folder for what cannot be made again (XDG Base Directory Specification)."""
    home = Path.home() / ".local" / "share"
    return Path(os.environ.get("XDG_DATA_HOME") or home) / "dxtrace"
