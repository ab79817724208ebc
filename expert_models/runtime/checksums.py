"""SHA-256 of files of weights."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from expert_models.errors import ToolRefusal

_CHUNK = 1 << 20


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def check_weights(folder: Path, expected: Mapping[str, str]) -> None:
    """Compare files of weights with what they must be.

    Args:
        folder: where they lie.
        expected: path below the folder to SHA-256.

    Raises:
        ToolRefusal: if one is missing or another file.
    """
    for name, sha256 in expected.items():
        path = folder / name
        if not path.is_file():
            raise ToolRefusal(f"the weights {name} of {folder.name} are not here")
        found = file_sha256(path)
        if found != sha256:
            raise ToolRefusal(
                f"the weights {name} of {folder.name} are not the ones expected: "
                f"SHA-256 {found[:12]}..., expected {sha256[:12]}..."
            )
