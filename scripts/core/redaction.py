"""
What never leaves a program: what looks like a secret, and what would drive a terminal.

`redact` is the one redactor of all outputs (errors, logs, journals, reports, messages). It is the last net only: nobody
should put a secret into a text. `printable` is for texts that others wrote, such as names, notes and journals of other
machines, where they are shown.
"""

from __future__ import annotations

import re

HIDDEN = "***"

_NAMED = (
    r"(?:pass(?:word|wd|phrase)|pwd|secret(?:[_-]?(?:access[_-]?)?key|string)?|client[_-]?secret|private[_-]?key"
    r"|access[_-]?token|refresh[_-]?token|id[_-]?token|session[_-]?token|security[_-]?token|bot[_-]?token|token"
    r"|api[_-]?key|account[_-]?key|shared[_-]?access[_-]?key|sharedaccesssignature|x-api-key|webhook(?:[_-]?url)?"
    r"|signature|sig|credentials?|authorization)"
)
_QUOTE = r"(?:\\{0,8}[\"'])"
# Each begins with fixed letters, and none has two parts that can both grow over the same text: a long text must not
# take long.
_SECRETS = (
    # Private keys, whole or cut off.
    (
        re.compile(
            r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----(?:(?!-----END)[\s\S])*(?:-----END [A-Z0-9 ]{0,40}-----)?"
        ),
        HIDDEN,
    ),
    # A password in an address, also one that holds the characters which end it: up to the last @ before a space.
    (re.compile(r"(?P<keep>://[^\s:/@\"'<>]{0,128}:)[^\s\"']{1,512}(?=@)"), r"\g<keep>" + HIDDEN),
    (re.compile(r"(?P<keep>://)[^\s:/@\"'<>]{16,256}(?=@)"), r"\g<keep>" + HIDDEN),
    # Addresses that are a secret themselves: whoever knows one may post.
    (
        re.compile(
            r"(?P<keep>https?://(?:hooks\.slack\.com|(?:[a-z]+\.)?discord(?:app)?\.com/api/webhooks|[a-z0-9.-]+\.webhook\.office\.com"
            r"|[a-z0-9.-]+\.logic\.azure\.com|events\.pagerduty\.com/integration|api\.telegram\.org|chat\.googleapis\.com)/)[^\s\"'<>\\]+",
            re.IGNORECASE,
        ),
        r"\g<keep>" + HIDDEN,
    ),
    # Authorization: Bearer x, Basic x, and the scheme alone.
    (
        re.compile(r"(?P<keep>\b(?:Bearer|Basic|Negotiate|ApiKey)\s{1,3})[A-Za-z0-9._~+/=:-]{6,}", re.IGNORECASE),
        r"\g<keep>" + HIDDEN,
    ),
    # name=value, name: value, "name": "value", and JSON that was escaped once or more.
    (
        re.compile(
            rf"(?P<keep>{_NAMED}{_QUOTE}?\s{{0,3}}[:=]\s{{0,3}})"
            r"(?:(?P<quote>\\{0,8}[\"'])(?:(?!(?P=quote))[\s\S])*(?P=quote)?|(?!\*\*\*)[^\s,;}&\"'\\]+)",
            re.IGNORECASE,
        ),
        r"\g<keep>" + HIDDEN,
    ),
    # What has the form of one kind of secret.
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), HIDDEN),
    (re.compile(r"\bv1:[A-Za-z0-9+/=]{8,}:[A-Za-z0-9+/=]+"), HIDDEN),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{6,2048}\.[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*)?"), HIDDEN),
    (re.compile(r"\bk8s-aws-v1\.[A-Za-z0-9_-]+"), HIDDEN),
    (re.compile(r"\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|pul-|sk_live_|npm_)[A-Za-z0-9_-]{10,}"), HIDDEN),
)
# C0 but tab and line feed, DEL, C1, and what turns or hides text: marks of direction, zero widths, the byte order mark.
_DRIVES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def redact(text: str) -> str:
    """`text` without what looks like a secret."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def printable(text: str) -> str:
    """`text` without control characters but tab and line feed, and without marks that make it look like another."""
    return _DRIVES.sub("", text)
