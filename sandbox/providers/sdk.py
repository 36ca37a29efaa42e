"""What Pulumi's own SDK says about a resource type: its properties, which are required, and their types."""

import importlib
import inspect
import threading
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pulumi import _types

from sandbox.providers.values import UNKNOWN

_LOADING = threading.Lock()
"""The SDK's modules load themselves at the first look into them, which two threads must not do at once."""


@dataclass(frozen=True)
class InputType:
    """The inputs of a resource, or of a type nested in one, by the names that go over the wire."""

    types: Mapping[str, Any]
    required: frozenset[str]


def inputs_of(package: str, module: str, name: str) -> InputType:
    """The inputs of a resource class, e.g. ("pulumi_aws", "rds", "Instance"). Raises LookupError for an unknown one."""
    with _LOADING:
        return _input_type(_args_class(package, module, name))


def load(package: str, classes: Iterable[tuple[str, str] | None]) -> None:
    """Read beforehand what the SDK says about the inputs of some (module, class)."""
    for found in classes:
        if found is not None:
            inputs_of(package, *found)


def outputs_of(package: str, module: str, name: str) -> frozenset[str]:
    """The names of the outputs that the SDK's class can show."""
    resource = getattr(importlib.import_module(f"{package}.{module}"), name)
    return frozenset(_types.resource_types(resource))


def token_of(package: str, module: str, name: str) -> str:
    """The type name that the SDK's class registers under."""
    return str(getattr(importlib.import_module(f"{package}.{module}"), name).pulumi_type)


def _args_class(package: str, module: str, name: str) -> type:
    try:
        namespace = importlib.import_module(f"{package}.{module}")
    except ModuleNotFoundError as error:
        raise LookupError(f"{package} has no module {module}") from error
    # a resource whose name is also that of a nested type has its arguments in XInitArgs
    for candidate in (f"{name}InitArgs", f"{name}Args"):
        found = getattr(namespace, candidate, None)
        if isinstance(found, type):
            return found
    raise LookupError(f"{package}.{module} has no resource {name}")


@cache
def _input_type(args: type) -> InputType:
    names = _types.input_type_py_to_pulumi_names(args)
    parameters = inspect.signature(args.__init__).parameters  # type: ignore[misc]
    required = {
        names[python]
        for python, parameter in parameters.items()
        if python in names and parameter.default is inspect.Parameter.empty
    }
    return InputType(_types.input_type_types(args), frozenset(required))


def problems(value: Any, expected: InputType, path: str = "") -> list[tuple[str, str]]:
    """(path, reason) for each property that the SDK does not know, that is missing, or of the wrong kind."""
    found = [
        (_at(path, key), f"there is no property {key!r}; known are {', '.join(sorted(expected.types))}")
        for key in value
        if key not in expected.types and not key.startswith("__")
    ]
    found += [(_at(path, key), "a value is required") for key in sorted(expected.required) if value.get(key) is None]
    for key, item in value.items():
        if key in expected.types and item is not None:
            found += _wrong(item, expected.types[key], _at(path, key))
    return found


def _at(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _wrong(value: Any, expected: Any, path: str) -> list[tuple[str, str]]:
    if value == UNKNOWN or expected is Any:
        return []
    origin = typing.get_origin(expected)
    if origin is typing.Union or origin is typing.Literal:
        return _wrong_union(value, expected, origin, path)
    if origin is not None and issubclass(origin, Mapping):
        inner = typing.get_args(expected)[1]
        if not isinstance(value, dict):
            return [(path, "a map is expected")]
        return [fault for key, item in value.items() for fault in _wrong(item, inner, _at(path, key))]
    if origin is not None:
        inner = typing.get_args(expected)[0]
        if not isinstance(value, list):
            return [(path, "a list is expected")]
        return [fault for n, item in enumerate(value) for fault in _wrong(item, inner, f"{path}[{n}]")]
    return _wrong_simple(value, expected, path)


def _wrong_union(value: Any, expected: Any, origin: Any, path: str) -> list[tuple[str, str]]:
    if origin is typing.Literal:
        allowed = typing.get_args(expected)
        return [] if value in allowed else [(path, f"must be one of {allowed}")]
    attempts = [_wrong(value, choice, path) for choice in typing.get_args(expected) if _is_value_type(choice)]
    return min(attempts, key=len, default=[])


def _is_value_type(choice: Any) -> bool:
    """Leave out the ways in which a program may hand the value over: outputs and awaitables."""
    name = getattr(typing.get_origin(choice) or choice, "__name__", "")
    return name not in {"Output", "Awaitable", "NoneType"}


def _wrong_simple(value: Any, expected: Any, path: str) -> list[tuple[str, str]]:
    if not isinstance(expected, type):
        return []
    if _types.is_input_type(expected):
        if not isinstance(value, dict):
            return [(path, "an object is expected")]
        return problems(value, _input_type(expected), path)
    if expected is bool:
        return [] if isinstance(value, bool) or value in {"true", "false"} else [(path, "true or false is expected")]
    if expected in {int, float}:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return [] if number else [(path, "a number is expected")]
    if expected is str:
        return [(path, "a string is expected")] if isinstance(value, (dict, list)) else []
    return []
