"""
Shared access signatures of a user delegation: an address of a container or a blob that opens it for a while.

Whoever has a role asks for a key, signs with it what he allows, and gives the address to a service that has no role.
Nobody is allowed more by it than the one who signed (Microsoft Learn: create a user delegation SAS).
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

LONGEST = timedelta(days=7)
SIGNED_BY = ("skoid", "sktid", "skt", "ske", "sks", "skv")
AFTER_THE_KEY = ("saoid", "suoid", "scid", "skdutid", "sduoid", "sip", "spr", "sv", "sr", "snapshot", "ses")
OF_THE_ANSWER = ("srh", "srq", "rscc", "rscd", "rsce", "rscl", "rsct")
FIRST_VERSION = "2025-07-05"
"""Since which what is signed has these lines."""
PERMISSIONS = {"read": "r", "write": "w", "delete": "d"}


class BadSignature(Exception):
    """It opens nothing; the text says why."""


def key_of(secret: bytes, given: Mapping[str, str]) -> str:
    """The key of one delegation; `given` names who it is for and how long it lasts, as `SIGNED_BY` does."""
    parts = "\n".join(given[name] for name in SIGNED_BY)
    return base64.b64encode(hmac.new(secret, parts.encode(), hashlib.sha256).digest()).decode()


def check(secret: bytes, query: Mapping[str, str], account: str, container: str, blob: str) -> tuple[str, str]:
    """Who signed, by object ID, and the letters of what he allows. Raises BadSignature."""
    try:
        key = key_of(secret, query)
    except KeyError as error:
        raise BadSignature(f"{error} is missing") from error
    if query.get("sv", "") < FIRST_VERSION:
        raise BadSignature(f"the sandbox knows versions from {FIRST_VERSION} on")
    where = {"c": container, "b": f"{container}/{blob}"}.get(query.get("sr", ""))
    if where is None:
        raise BadSignature("sr is neither c nor b")
    first = [query.get("sp", ""), query.get("st", ""), query.get("se", ""), f"/blob/{account}/{where}"]
    rest = [query.get(name, "") for name in (*SIGNED_BY, *AFTER_THE_KEY, *OF_THE_ANSWER)]
    made = hmac.new(base64.b64decode(key), "\n".join([*first, *rest]).encode(), hashlib.sha256).digest()
    if not hmac.compare_digest(base64.b64encode(made).decode(), query.get("sig", "")):
        raise BadSignature("the signature does not match")
    now = datetime.now(UTC)
    for start, end in (("st", "se"), ("skt", "ske")):
        begins, ends = query.get(start), query.get(end)
        if (begins and datetime.fromisoformat(begins) > now) or not ends or datetime.fromisoformat(ends) < now:
            raise BadSignature("it is not valid now")
    return query["skoid"], query.get("sp", "")
