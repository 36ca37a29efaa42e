"""
Who signed a request: AWS Signature Version 4, verified as the cloud verifies it.

The expected signature is computed over exactly what arrived. Source: AWS, IAM User Guide, "AWS Signature Version 4 for
API requests"; tests compare it with botocore's signer.
"""

import hashlib
import hmac
import io
import re
import time
from calendar import timegm
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

Environ = dict[str, Any]
SecretOf = Callable[[str], str | None]
"""Name of an access key -> its secret, or None when there is no such key."""

ALGORITHM = "AWS4-HMAC-SHA256"
LARGEST_SKEW_SECONDS = 15 * 60
LONGEST_EXPIRY_SECONDS = 7 * 24 * 3600
UNSIGNED = "UNSIGNED-PAYLOAD"
STREAMED = "STREAMING-"

_HEADER = re.compile(
    rf"{ALGORITHM} Credential=(?P<credential>[^,\s]+),\s*SignedHeaders=(?P<headers>[^,\s]+),\s*"
    r"Signature=(?P<signature>[0-9a-f]{64})"
)
_SCOPE = re.compile(
    r"(?P<key>[A-Za-z0-9]{16,128})/(?P<day>\d{8})/(?P<region>[a-z0-9-]+)/(?P<service>[a-z0-9-]+)/aws4_request"
)
_TIME = re.compile(r"\d{8}T\d{6}Z")
_HEX = re.compile(r"[0-9a-f]{64}")


class Unsigned(Exception):
    """Nobody who may speak signed this. `code` is what AWS calls it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Signer:
    """The access key that signed, and the service and region that the signature holds for."""

    key: str
    service: str
    region: str


@dataclass(frozen=True)
class _Claim:
    """What a request says of its own signature."""

    key: str
    day: str
    region: str
    service: str
    at: str
    headers: tuple[str, ...]
    signature: str
    lives_seconds: int
    in_query: bool


def verify(environ: Environ, secret_of: SecretOf, *, now: float | None = None) -> Signer:
    """
    Who signed the request in `environ`; its body is read, checked and put back. Raises Unsigned.

    A body that S3 clients send unsigned or in signed chunks is taken as the headers announce it: those are signed.
    """
    path, _, query = str(environ.get("RAW_URI", "")).partition("?")
    pairs = [
        (unquote(name), unquote(value)) for name, _, value in (part.partition("=") for part in query.split("&") if part)
    ]
    claim = _claim(environ, pairs)
    secret = secret_of(claim.key)
    if secret is None:
        raise Unsigned("InvalidClientTokenId", "The security token included in the request is invalid.")
    _check_time(claim, time.time() if now is None else now)
    if not path.startswith("/") or "host" not in claim.headers:
        raise Unsigned("SignatureDoesNotMatch", "The path or the Host of the request is not signed.")
    body = _take_body(environ)
    payload = _payload(environ, body, claim)
    canonical = _canonical(environ, claim, path, pairs, payload)
    if not hmac.compare_digest(_signature(secret, claim, canonical), claim.signature):
        raise Unsigned(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. "
            "Check your AWS Secret Access Key and signing method.",
        )
    return Signer(claim.key, claim.service, claim.region)


def _claim(environ: Environ, pairs: list[tuple[str, str]]) -> _Claim:
    header, asked = str(environ.get("HTTP_AUTHORIZATION", "")), dict(pairs)
    in_query = "X-Amz-Signature" in asked
    if header and in_query:
        raise Unsigned("InvalidRequest", "Only one authentication mechanism is allowed.")
    if in_query:
        found = {
            "credential": asked.get("X-Amz-Credential", ""),
            "headers": asked.get("X-Amz-SignedHeaders", ""),
            "signature": asked["X-Amz-Signature"],
        }
        at, lives = asked.get("X-Amz-Date", ""), asked.get("X-Amz-Expires", "")
        whole = asked.get("X-Amz-Algorithm") == ALGORITHM and re.fullmatch(r"\d{1,6}", lives) is not None
    else:
        matched = _HEADER.fullmatch(header)
        found = matched.groupdict() if matched else {}
        at, lives, whole = str(environ.get("HTTP_X_AMZ_DATE", "")), "0", matched is not None
    scope = _SCOPE.fullmatch(found.get("credential", ""))
    if not header and not in_query:
        raise Unsigned("MissingAuthenticationToken", "Missing Authentication Token")
    if not whole or scope is None or not _TIME.fullmatch(at) or not at.startswith(scope["day"]):
        raise Unsigned(
            "IncompleteSignature", f"The request is not signed by {ALGORITHM} with a key, a scope and a date."
        )
    headers = tuple(found["headers"].split(";"))
    return _Claim(
        scope["key"],
        scope["day"],
        scope["region"],
        scope["service"],
        at,
        headers,
        found["signature"],
        int(lives),
        in_query,
    )


def _check_time(claim: _Claim, now: float) -> None:
    try:
        signed = timegm(time.strptime(claim.at, "%Y%m%dT%H%M%SZ"))
    except ValueError as error:
        raise Unsigned("IncompleteSignature", f"{claim.at} is no time") from error
    if claim.in_query:
        fresh = claim.lives_seconds <= LONGEST_EXPIRY_SECONDS and now <= signed + claim.lives_seconds
        fresh = fresh and signed <= now + LARGEST_SKEW_SECONDS
    else:
        fresh = abs(now - signed) <= LARGEST_SKEW_SECONDS
    if not fresh:
        raise Unsigned("SignatureDoesNotMatch", f"Signature expired or not yet current: {claim.at}")


def _take_body(environ: Environ) -> bytes:
    """All of it, chunked or not, put back with its length: what is checked is what is served."""
    if environ.get("wsgi.input_terminated"):
        body: bytes = environ["wsgi.input"].read()
    else:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if environ.pop("HTTP_TRANSFER_ENCODING", None) is not None:
        environ["CONTENT_LENGTH"] = str(len(body))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _payload(environ: Environ, body: bytes, claim: _Claim) -> str:
    """What stands for the body in what was signed."""
    said = environ.get("HTTP_X_AMZ_CONTENT_SHA256")
    if claim.service == "s3" and claim.in_query:
        return str(said or UNSIGNED)
    real = hashlib.sha256(body).hexdigest()
    if said is None:
        return real
    if claim.service == "s3" and (said == UNSIGNED or str(said).startswith(STREAMED)):
        return str(said)
    if not _HEX.fullmatch(str(said)) or said != real:
        raise Unsigned("XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' does not match the body.")
    return real


def _canonical(environ: Environ, claim: _Claim, path: str, pairs: list[tuple[str, str]], payload: str) -> str:
    """The canonical request. S3 signs the path as it is sent, all others a path that is encoded once more."""
    if claim.service != "s3":
        path = quote(_without_dots(path), safe="/~")
    asked = sorted(
        (quote(name, safe="~"), quote(value, safe="~")) for name, value in pairs if name != "X-Amz-Signature"
    )
    lines = [environ["REQUEST_METHOD"], path, "&".join(f"{name}={value}" for name, value in asked)]
    lines += [f"{name}:{' '.join(_header(environ, name).split())}" for name in claim.headers]
    return "\n".join([*lines, "", ";".join(claim.headers), payload])


def _without_dots(path: str) -> str:
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in {"", "."}:
            parts.append(part)
    return "/" + "/".join(parts) + ("/" if parts and path.endswith("/") else "")


def _header(environ: Environ, name: str) -> str:
    key = name.upper().replace("-", "_")
    return str(environ.get(key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}", ""))


def _signature(secret: str, claim: _Claim, canonical: str) -> str:
    digest = hashlib.sha256(canonical.encode("latin-1")).hexdigest()
    scope = f"{claim.day}/{claim.region}/{claim.service}/aws4_request"
    key = f"AWS4{secret}".encode()
    for part in (claim.day, claim.region, claim.service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, f"{ALGORITHM}\n{claim.at}\n{scope}\n{digest}".encode(), "sha256").hex()
