"""
What the store of runs holds, as JSON: results of rows, how an attempt ended, and errors as data.

Whoever can write to the store (a shared PostgreSQL, a copied file) must not be able to run code on the machine of who
goes on with a run. So nothing is made from what is read but plain values and the few types named here, each checked;
the pickles that DBOS writes by default, and would read wherever a row of its tables says so, are refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, get_args

from dbos import Serializer
from dbos._serialization import DefaultSerializer

from scripts.core.errors import DrError, Interrupted
from scripts.core.redaction import redact
from scripts.runs.runbook import Result, Status

TAG = "$"
LARGEST_CHARACTERS = 64 * 1024 * 1024


@dataclass(frozen=True)
class Ended:
    """How an attempt ended."""

    results: Mapping[str, Result]
    error: DrError | None


class NotReached(Interrupted):
    """A row that was not executed, because the run stops or a row before it failed."""


class StoreNotOurs(DrError):
    """The store of runs holds what no run of ours has written."""

    default_hint = "somebody has written to the store of runs: keep it as evidence, and begin a new run"


class JsonStore(Serializer):
    """The serialiser that DBOS uses for inputs, outputs and errors."""

    def name(self) -> str:
        return "dr_json"

    def serialize(self, data: Any) -> str:
        """Raises TypeError for what is not on the list."""
        return json.dumps(_plain(data), separators=(",", ":"), allow_nan=False)

    def deserialize(self, serialized_data: str) -> Any:
        """Raises StoreNotOurs."""
        if len(serialized_data) > LARGEST_CHARACTERS:
            raise StoreNotOurs("the store of runs holds a value of more than 64 MiB")
        try:
            return _made(json.loads(serialized_data))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise StoreNotOurs(f"the store of runs holds a value that cannot be read: {type(error).__name__}") from None


def _refuse(_self: Serializer, _data: str) -> NoReturn:
    raise StoreNotOurs("the store of runs holds a pickle: reading it could run what somebody put into it")


# Each row of DBOS's tables names its own serialiser, so the default one has to be closed and not only left unused.
setattr(DefaultSerializer, "deserialize", _refuse)  # noqa: B010 - not an assignment for the type checker


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Result):
        kept = value.to_json()
        return {TAG: "result", **kept, "evidence": _plain(kept["evidence"])}
    if isinstance(value, Ended):
        return {TAG: "ended", "results": _plain(value.results), "error": _plain(value.error)}
    if isinstance(value, BaseException):
        return _error_plain(value)
    if isinstance(value, Mapping):
        if not all(isinstance(name, str) for name in value):
            raise TypeError("a stored mapping has text for keys")
        plain = {name: _plain(each) for name, each in value.items()}
        return {TAG: "mapping", "of": plain} if TAG in plain else plain
    if isinstance(value, tuple):
        return {TAG: "tuple", "of": [_plain(each) for each in value]}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    raise TypeError(f"the store of runs takes no {type(value).__name__}")


def _error_plain(error: BaseException) -> dict[str, Any]:
    ours = isinstance(error, DrError)
    return {
        TAG: "error",
        "kinds": [kind.__name__ for kind in type(error).__mro__ if issubclass(kind, DrError)],
        "message": str(error) if ours else redact(f"{type(error).__name__}: {error}"),
        "hint": error.hint if isinstance(error, DrError) else "",
        "notes": [redact(str(note)) for note in getattr(error, "__notes__", ())],
    }


def _made(value: Any) -> Any:
    if isinstance(value, list):
        return [_made(each) for each in value]
    if not isinstance(value, dict):
        return value
    kind = value.get(TAG)
    if kind is None:
        return {name: _made(each) for name, each in value.items()}
    make: Callable[[dict[str, Any]], Any] = _MAKERS[kind]
    return make(value)


def _mapping(value: dict[str, Any]) -> dict[str, Any]:
    return {name: _made(each) for name, each in value["of"].items()}


def _tuple(value: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(_made(each) for each in value["of"])


def _result(value: dict[str, Any]) -> Result:
    status, said, kind, evidence = value["status"], value["said"], value["kind"], _made(value["evidence"])
    if status not in get_args(Status) or not isinstance(evidence, dict):
        raise TypeError("not a result")
    if not isinstance(said, str) or not isinstance(kind, str):
        raise TypeError("not a result")
    return Result(status, said, evidence, kind)


def _ended(value: dict[str, Any]) -> Ended:
    results, error = _made(value["results"]), _made(value["error"])
    if not isinstance(results, dict) or not all(isinstance(each, Result) for each in results.values()):
        raise TypeError("not results")
    if error is not None and not isinstance(error, DrError):
        raise TypeError("not an error")
    return Ended(results, error)


def _error(value: dict[str, Any]) -> DrError:
    """An error of our own tree: the nearest kind of it that this program knows, with the same words."""
    known = {kind.__name__: kind for kind in _tree(DrError)}
    kind = next((known[name] for name in value["kinds"] if name in known), DrError)
    made = kind(str(value["message"]), str(value["hint"]))
    for note in value["notes"]:
        made.add_note(str(note))
    return made


def _tree(kind: type[DrError]) -> Iterator[type[DrError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _tree(below)


_MAKERS = {
    "result": _result,
    "ended": _ended,
    "error": _error,
    "mapping": _mapping,
    "tuple": _tuple,
}
