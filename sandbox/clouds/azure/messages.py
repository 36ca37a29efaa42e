"""HTTP requests and responses as the services behind the door see them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass(frozen=True)
class Request:
    """
    `host` is the name that was asked for, in lower case, and `path` without escapes. Headers and the names in `query`
    are in lower case. `source` is the region of the caller, or "outside".
    """

    method: str
    host: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    source: str

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, str]:
        return {name.lower(): value for name, value in parse_qsl(urlsplit(self.target).query, keep_blank_values=True)}

    @property
    def url(self) -> str:
        return f"https://{self.host}{self.target}"

    def document(self) -> Any:
        """The body as JSON; None where there is none. Raises ValueError."""
        return json.loads(self.body) if self.body.strip() else None


@dataclass(frozen=True)
class Response:
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


Service = Callable[[Request], Response]
"""Answers every request to the hosts that are its own. Raises NoAnswer where nothing answers."""


def as_json(status: int, document: Any, headers: Mapping[str, str] | None = None) -> Response:
    given = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
    return Response(status, given, json.dumps(document).encode())


def date() -> str:
    """Now, in whole seconds, as HTTP writes it."""
    return formatdate(usegmt=True)
