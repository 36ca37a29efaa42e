"""Anything as plain JSON, with what looks like a secret masked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from scripts.core.redaction import redact

_SECRET_KEY = re.compile(
    r"password|passwd|passphrase|secret_?access_?key|secret_?string|api_?key|^token$", re.IGNORECASE
)


def plain(value: Any) -> Any:
    """`value` as JSON: durations in seconds, times in ISO 8601 UTC, sets sorted; what looks like a secret is masked."""
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return redact(value)
        case timedelta():
            return value.total_seconds()
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date():
            return value.isoformat()
        case Mapping():
            return {
                str(key): "***" if _SECRET_KEY.search(str(key)) and item else plain(item) for key, item in value.items()
            }
        case set() | frozenset():
            return sorted(plain(item) for item in value)
        case Sequence() if not isinstance(value, bytes):
            return [plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if hasattr(value, "model_dump"):
        return plain(value.model_dump())
    return redact(str(value))
