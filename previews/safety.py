"""
Text that a stranger wrote, made safe to show.

Names, messages and values of a preview come from whoever opened the pull request. Here they lose what could leak
(secrets, and values that nobody marked as secret but that stand under such a name) and what could act (control
characters, direction changes). What is left is escaped for the format by its renderer.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar

from model import pulumi_marks

REDACTED = "[redacted]"
SECRET = "[secret]"  # noqa: S105 - how the engine writes a secret value

_SHAPES = re.compile(
    r"""
    -----BEGIN[ A-Z0-9]*(?:PRIVATE|SECRET)[ A-Z0-9]*-----.*?(?:-----END[^-]*-----|\Z)   # PEM
    | \b(?:AKIA|ASIA)[0-9A-Z]{16}\b                                  # AWS access key id
    | \bgh[pousr]_[0-9A-Za-z]{20,}\b | \bgithub_pat_\w{20,}          # GitHub
    | \bglpat-[\w-]{16,} | \bxox[abeoprs]-[\w-]{10,}                 # GitLab, Slack
    | \b[rs]k_(?:live|test)_[0-9A-Za-z]{16,} | \bpul-[0-9a-f]{40}\b  # Stripe, Pulumi
    | \bnpm_\w{30,} | \bpypi-[\w-]{50,} | \bdckr_pat_[\w-]{20,}      # package registries
    | \bhv[bs]\.[\w-]{20,} | \bAGE-SECRET-KEY-1\w{50,}             # Vault, age
    | \bSG\.[\w-]{16,}\.[\w-]{16,} | \bdo[opr]_v1_\w{40,}          # SendGrid, DigitalOcean
    | \bAIza[\w-]{35} | \bxapp-[\w-]{10,}                           # Google, Slack
    | \beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?                         # JSON web token
    | (?<=://)[^\s/@:]{0,200}:[^\s/@]{1,200}(?=@)                    # user and password in an address
    | (?<=AccountKey=)[^;\s]+ | (?<=SharedAccessKey=)[^;\s]+ | (?<=[?&]sig=)[^&\s]+
    | (?<=password=)[^\s;&]+ | (?<=pwd=)[^\s;&]+ | (?<=token=)[^\s;&]+ | (?<=secret=)[^\s;&]+
    | (?<=passwd=)[^\s;&]+ | (?<=api_key=)[^\s;&]+ | (?<=apikey=)[^\s;&]+
    | (?<=Bearer[ ])[\w.~+/=-]{8,} | (?<=Basic[ ])[\w+/=-]{8,}
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_LONG_TOKEN = re.compile(r"[0-9A-Za-z+/_=-]{32,}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_PLAIN = re.compile(r"[ -~]*")
_SHORTEST = 4
_INDEX = 3

T = TypeVar("T")


def is_secret(value: Any) -> bool:
    """Whether the engine itself marked this value as a secret, in either of its notations."""
    if isinstance(value, dict):
        return value.get(pulumi_marks.SIGNATURE) == pulumi_marks.SECRET
    return isinstance(value, str) and value == SECRET


def is_unknown(value: Any) -> bool:
    """Whether the value is the engine's placeholder for something known only after the update."""
    return isinstance(value, str) and pulumi_marks.UNKNOWN in value


class Cleaner:
    """Makes strings safe to show: `clean` redacts, shows control characters as code points, and shortens."""

    def __init__(self, sensitive: Iterable[str] = (), longest: int = 240) -> None:
        self._exact = frozenset(sensitive)
        self._longest = longest
        self._by_start: dict[str, list[str]] = {}
        for value in sorted(self._exact, key=len, reverse=True):
            if len(value) >= _SHORTEST:
                self._by_start.setdefault(value[:_INDEX], []).append(value)
        self._seen: dict[str, str] = {}

    def clean(self, text: str) -> str:
        known = self._seen.get(text)
        if known is None:
            known = self._seen[text] = shorten(visible(self._redact(text)), self._longest)
        return known

    def _redact(self, text: str) -> str:
        if text in self._exact:
            return REDACTED
        if self._by_start:
            text = self._replace_known(text)
        text = _SHAPES.sub(REDACTED, text)
        return _LONG_TOKEN.sub(lambda match: REDACTED if _looks_random(match.group()) else match.group(), text)

    def _replace_known(self, text: str) -> str:
        out: list[str] = []
        position = 0
        while position < len(text):
            for value in self._by_start.get(text[position : position + _INDEX], ()):
                if text.startswith(value, position):
                    out.append(REDACTED)
                    position += len(value)
                    break
            else:
                out.append(text[position])
                position += 1
        return "".join(out)

    def clean_all(self, thing: T) -> T:
        """A copy of a dataclass, tuple, list or dict in which every string is clean: so that none can be forgotten."""
        return self._walk(thing)  # type: ignore[no-any-return]

    def _walk(self, thing: Any) -> Any:
        if isinstance(thing, Enum):
            return thing
        if isinstance(thing, str):
            return self.clean(thing)
        if is_dataclass(thing) and not isinstance(thing, type):
            values = {f.name: self._walk(getattr(thing, f.name)) for f in fields(thing)}
            return replace(thing, **values)
        if isinstance(thing, tuple):
            return tuple(self._walk(item) for item in thing)
        if isinstance(thing, list):
            return [self._walk(item) for item in thing]
        if isinstance(thing, dict):
            return {self._walk(key): self._walk(item) for key, item in thing.items()}
        return thing


def _looks_random(token: str) -> bool:
    """Whether a long run of token characters is more likely a key than a name: mixed classes and few repeats."""
    if _UUID.fullmatch(token):
        return False
    classes = sum(any(test(char) for char in token) for test in (str.islower, str.isupper, str.isdigit))
    if classes < 3 or len(set(token)) < 14 or re.search(r"[A-Za-z]+(?:[-_/][A-Za-z0-9]+){3,}", token):
        return False
    words = sum(len(run) for run in re.findall(r"[A-Z]?[a-z]{4,}", token))
    return words < 0.4 * len(token)


def visible(text: str) -> str:
    """Every character that has no shape of its own, or that changes the order of others, as its code point."""
    if text.isascii() and _PLAIN.fullmatch(text):
        return text
    return "".join(_visible_char(char) for char in text)


def _visible_char(char: str) -> str:
    if " " <= char <= "~":
        return char
    if char in "\n\r\t":
        return " "
    category = unicodedata.category(char)
    # Letters written from right to left reorder what stands beside them even without control characters.
    if category[0] in "CZM" or unicodedata.bidirectional(char) in {"R", "AL", "AN"}:
        return f"<U+{ord(char):04X}>"
    return char


def shorten(text: str, longest: int) -> str:
    """The text cut to `longest` characters, with an ellipsis that shows the cut."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


_QUOTED_KEY = re.compile(r"\[\"(?:[^\"\\]|\\.)*\"?\]?")
_PATH = re.compile(r"[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*|\[\d*\]|\[…\])*")


def safe_path(path: str) -> str:
    """A property path without the keys of maps, which may be anything: `tags["..."]` becomes `tags[…]`."""
    path = _QUOTED_KEY.sub("[…]", path)
    if _PATH.fullmatch(path):
        return path
    match = _PATH.match(path)
    return f"{match.group()}…" if match else "…"
