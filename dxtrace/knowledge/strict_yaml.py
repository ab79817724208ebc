"""YAML without its usual leniencies: a key given twice is an error; only plain data is built."""

from typing import Any

import yaml


class _UniqueKeys:
    """A constructor that refuses repeated keys, which YAML's own loaders silently overwrite."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)  # type: ignore[attr-defined]
            try:
                repeated = key in seen
            except TypeError:
                message = "expected a simple key, got a list or a mapping"
                raise _located(message, key_node) from None
            if repeated:
                raise _located(f"the key {key!r} is given twice", key_node)
            seen.add(key)
        return dict(super().construct_mapping(node, deep=deep))  # type: ignore[misc]


class _Loader(_UniqueKeys, yaml.SafeLoader):
    """For files from outside."""


class _FastLoader(_UniqueKeys, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # libyaml is optional
    """For files of the package: libyaml is six times faster, but deep nesting ends the process."""


def _located(message: str, node: Any) -> yaml.MarkedYAMLError:
    return yaml.constructor.ConstructorError(None, None, message, node.start_mark)


def parse_yaml(text: str, *, trusted: bool = False) -> Any:
    """Parse one YAML document strictly.

    Args:
        text: the document.
        trusted: it is one of the package's own files.

    Raises:
        yaml.YAMLError: on anything that is not YAML, and on a key given twice; with the place of
            the fault where there is one.
    """
    try:
        return yaml.load(text, _FastLoader if trusted else _Loader)  # noqa: S506  # safe loaders
    except RecursionError:
        raise yaml.YAMLError("nested too deeply") from None
    except ValueError as error:  # an impossible date, for example
        raise yaml.YAMLError(str(error)) from None
