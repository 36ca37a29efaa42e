"""
What policies allow: the part of IAM's evaluation that the sandbox's own calls meet.

A statement that says something this does not know (an operator of a condition, NotPrincipal) counts as closed: it
allows nothing and denies all that it is about. Source: AWS, IAM User Guide, "Policy evaluation logic" and "IAM JSON
policy elements".
"""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

Statement = Mapping[str, Any]
Facts = Mapping[str, str]
"""Condition keys of a request, in lower case, with their values. A key that is not there is absent from the request."""


class _Unknown(Exception):
    """A condition that is not known here."""


def statements(document: str | Mapping[str, Any]) -> list[Statement]:
    """The statements of a policy; none of one that is not a policy."""
    try:
        read = json.loads(document) if isinstance(document, str) else document
        found = read.get("Statement", [])
    except (ValueError, AttributeError):
        return []
    return [each for each in _listed(found) if isinstance(each, Mapping)]


def denies(found: Iterable[Statement], action: str, resource: str, facts: Facts) -> bool:
    """Does one of them forbid it?"""
    return any(each.get("Effect") == "Deny" and _fits(each, action, resource, facts, unknown=True) for each in found)


def allows(found: Iterable[Statement], action: str, resource: str, facts: Facts) -> bool:
    """Does one of them allow it? Whether another forbids it is asked of `denies`."""
    return any(each.get("Effect") == "Allow" and _fits(each, action, resource, facts, unknown=False) for each in found)


def _fits(statement: Statement, action: str, resource: str, facts: Facts, *, unknown: bool) -> bool:
    if not (_named(statement, "Action", action.lower(), str.lower) and _named(statement, "Resource", resource, str)):
        return False
    try:
        return _principal(statement, facts) and _conditions(statement.get("Condition") or {}, facts)
    except _Unknown:
        return unknown


def _named(statement: Statement, element: str, value: str, spell: Callable[[str], str]) -> bool:
    if f"Not{element}" in statement:
        return not any(_like(spell(str(each)), value) for each in _listed(statement[f"Not{element}"]))
    return any(_like(spell(str(each)), value) for each in _listed(statement.get(element, [])))


def _principal(statement: Statement, facts: Facts) -> bool:
    """A policy of a role names nobody: it is about that role."""
    if "NotPrincipal" in statement:
        raise _Unknown
    named = statement.get("Principal", "*")
    listed = _listed(named.get("AWS", [])) if isinstance(named, Mapping) else [named]
    return any(each == "*" or each == facts.get("aws:principalarn") for each in listed)


def _conditions(condition: Mapping[str, Any], facts: Facts) -> bool:
    return all(
        _condition(operator, facts.get(key.lower()), [str(each) for each in _listed(wanted)])
        for operator, keys in condition.items()
        for key, wanted in keys.items()
    )


def _condition(operator: str, found: str | None, wanted: list[str]) -> bool:
    if operator == "Null":
        return (found is None) == (wanted == ["true"])
    plain, is_optional = operator.removesuffix("IfExists"), operator.endswith("IfExists")
    if plain not in _OPERATORS:
        raise _Unknown
    if found is None:
        return is_optional or "Not" in plain
    holds = any(_OPERATORS[plain](found, each) for each in wanted)
    return not holds if "Not" in plain else holds


def _like(pattern: str, value: str) -> bool:
    """`*` and `?`, and no sets in brackets as the library has them."""
    return fnmatchcase(value, pattern.replace("[", "[[]"))


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise _Unknown from error


def _same(one: str, other: str) -> bool:
    return one == other


_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": _same,
    "StringNotEquals": _same,
    "StringLike": lambda found, wanted: _like(wanted, found),
    "StringNotLike": lambda found, wanted: _like(wanted, found),
    "ArnEquals": lambda found, wanted: _like(wanted, found),
    "ArnLike": lambda found, wanted: _like(wanted, found),
    "ArnNotLike": lambda found, wanted: _like(wanted, found),
    "Bool": lambda found, wanted: found.lower() == wanted.lower(),
    "DateLessThan": lambda found, wanted: _moment(found) < _moment(wanted),
    "DateGreaterThan": lambda found, wanted: _moment(found) > _moment(wanted),
}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
