"""Bearer tokens of a world: made by its own login, signed with a key that no other world has."""

import base64
import hmac
import json
import secrets
import time
from dataclasses import dataclass
from typing import Any

VALID_SECONDS = 3600


class BadToken(Exception):
    """Why a token says nothing; the text goes to whoever presented it."""


@dataclass(frozen=True)
class Claims:
    """Who asks (`object_id` of the principal, `client_id` of the application), and whom the token is for."""

    object_id: str
    client_id: str
    audience: str


class Tokens:
    """Signs and verifies. The key lives in this object alone."""

    def __init__(self, tenant: str) -> None:
        self.tenant = tenant
        self._key = secrets.token_bytes(32)

    @property
    def issuer(self) -> str:
        return f"https://sts.windows.net/{self.tenant}/"

    def make(self, claims: Claims, *, seconds: int = VALID_SECONDS) -> str:
        now = int(time.time())
        body = {
            "aud": claims.audience,
            "iss": self.issuer,
            "tid": self.tenant,
            "oid": claims.object_id,
            "appid": claims.client_id,
            "iat": now,
            "nbf": now,
            "exp": now + seconds,
        }
        text = f"{_packed({'alg': 'HS256', 'typ': 'JWT'})}.{_packed(body)}"
        return f"{text}.{self._signature(text)}"

    def verify(self, token: str, audiences: frozenset[str]) -> Claims:
        """Raises BadToken."""
        text, _, signature = token.rpartition(".")
        if not text or not hmac.compare_digest(signature.encode(), self._signature(text).encode()):
            raise BadToken("the token was not signed here")
        body = _unpacked(text.rpartition(".")[2])
        if not body["nbf"] <= time.time() < body["exp"]:
            raise BadToken("the token has expired")
        if body["tid"] != self.tenant or body["iss"] != self.issuer:
            raise BadToken("the token is from the wrong tenant")
        if body["aud"].rstrip("/") not in audiences:
            raise BadToken(f"the token is for {body['aud']}")
        return Claims(body["oid"], body["appid"], body["aud"])

    def _signature(self, text: str) -> str:
        return base64.urlsafe_b64encode(hmac.digest(self._key, text.encode(), "sha256")).decode().rstrip("=")


def bearer(header: str) -> str:
    """The token in an Authorization header, or "" where there is none."""
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _packed(document: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def _unpacked(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return found
