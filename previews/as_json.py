"""The report for machines."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from previews.report import Report

VERSION = 1


def render(report: Report) -> str:
    """JSON with `version`, `quiet`, `weaker` and so on, named as the report's own fields. Every string is safe."""
    body = {"version": VERSION, "quiet": report.quiet, "is_weaker": report.is_weaker, **_plain(report)}
    return json.dumps(body, indent=1, ensure_ascii=True) + "\n"


def _plain(thing: Any) -> Any:
    if isinstance(thing, Enum):
        return thing.value
    if is_dataclass(thing) and not isinstance(thing, type):
        return {field.name: _plain(getattr(thing, field.name)) for field in fields(thing)}
    if isinstance(thing, dict):
        return {str(key): _plain(value) for key, value in thing.items()}
    if isinstance(thing, (list, tuple)):
        return [_plain(item) for item in thing]
    return thing
