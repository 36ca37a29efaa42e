"""
login.microsoftonline.com of a world, and the endpoint of managed identities.

It knows the operator's application, which has a secret, and the identities that were declared, which have none: a
process gets a token of one from the door itself, with the header that only its own environment holds.
"""

import hmac
import secrets
import time
import uuid
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from sandbox.clouds.azure.messages import Request, Response, as_json
from sandbox.clouds.azure.tokens import VALID_SECONDS, Claims, Tokens

HOST = "login.microsoftonline.com"
IDENTITY_PATH = "/msi/token"


@dataclass(frozen=True)
class Principal:
    """Who can ask for a token. `secret` is that of an application, or of the environment of a process."""

    name: str
    object_id: str
    client_id: str
    secret: str = field(default="", repr=False)


class Login:
    """`operator` is the one application that every world has."""

    def __init__(self, tenant: str) -> None:
        self.tokens = Tokens(tenant)
        self.operator = Principal("operator", str(uuid.uuid4()), str(uuid.uuid4()), secrets.token_urlsafe(32))
        self._identities: dict[str, Principal] = {}  # by client id

    @property
    def tenant(self) -> str:
        return self.tokens.tenant

    def add_identity(self, name: str) -> Principal:
        """A managed identity: its secret is for the environments of the processes that are given it."""
        made = Principal(name, str(uuid.uuid4()), str(uuid.uuid4()), secrets.token_urlsafe(32))
        self._identities[made.client_id] = made
        return made

    def remove_identity(self, client_id: str) -> None:
        self._identities.pop(client_id, None)

    def identity(self, client_id: str) -> Principal | None:
        return self._identities.get(client_id)

    def of_object(self, object_id: str) -> Principal | None:
        """Whoever has this object id."""
        everybody = (self.operator, *self._identities.values())
        return next((each for each in everybody if each.object_id == object_id), None)

    # what is asked over HTTPS ---------------------------------------------------------------------------------------
    def answer(self, request: Request) -> Response:
        parts = request.path.strip("/").split("/")
        if parts[-2:] == ["discovery", "instance"]:
            return self._instance()
        if parts[0] != self.tenant:
            return _refused(400, "invalid_tenant", f"AADSTS90002: Tenant '{parts[0]}' not found.")
        if request.path.endswith("/.well-known/openid-configuration"):
            return as_json(200, self._configuration())
        if parts[1:] == ["oauth2", "v2.0", "token"] and request.method == "POST":
            return self._token({name: values[-1] for name, values in parse_qs(request.body.decode()).items()})
        return _refused(404, "not_found", f"AADSTS900144: {request.path} is not served here.")

    def _instance(self) -> Response:
        metadata = [{"preferred_network": HOST, "preferred_cache": "login.windows.net", "aliases": [HOST]}]
        where = f"https://{HOST}/{self.tenant}/v2.0/.well-known/openid-configuration"
        return as_json(200, {"tenant_discovery_endpoint": where, "api-version": "1.1", "metadata": metadata})

    def _configuration(self) -> dict[str, object]:
        base = f"https://{HOST}/{self.tenant}"
        return {
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "issuer": f"{base}/v2.0",
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "tenant_region_scope": "EU",
            "cloud_instance_name": "microsoftonline.com",
        }

    def _token(self, form: dict[str, str]) -> Response:
        if form.get("grant_type") != "client_credentials":
            return _refused(400, "unsupported_grant_type", "AADSTS70003: only client_credentials is served here.")
        known = self.operator.client_id == form.get("client_id")
        if not known or not hmac.compare_digest(form.get("client_secret", "").encode(), self.operator.secret.encode()):
            return _refused(401, "invalid_client", "AADSTS7000215: Invalid client secret provided.")
        audience = form.get("scope", "").removesuffix("/.default")
        if not audience:
            return _refused(400, "invalid_scope", "AADSTS70011: The provided value for 'scope' is not valid.")
        claims = Claims(self.operator.object_id, self.operator.client_id, audience)
        return as_json(
            200,
            {"token_type": "Bearer", "expires_in": VALID_SECONDS, "access_token": self.tokens.make(claims)},
        )

    # what a process with a managed identity asks of the door itself ---------------------------------------------------
    def managed_identity(self, request: Request) -> Response:
        """The protocol of IDENTITY_ENDPOINT, api-version 2019-08-01."""
        if request.path != IDENTITY_PATH or request.method != "GET":
            return _refused(404, "not_found", "only tokens of managed identities are served here")
        found = self._identities.get(request.query.get("client_id", ""))
        given = request.headers.get("x-identity-header", "")
        if found is None or not hmac.compare_digest(given.encode(), found.secret.encode()):
            return _refused(401, "unauthorized", "the header of this identity is not right")
        audience = request.query.get("resource", "").removesuffix("/.default")
        token = self.tokens.make(Claims(found.object_id, found.client_id, audience))
        expires = str(int(time.time()) + VALID_SECONDS)
        answer = {"access_token": token, "expires_on": expires, "resource": audience, "token_type": "Bearer"}
        return as_json(200, {**answer, "client_id": found.client_id})


def _refused(status: int, error: str, description: str) -> Response:
    return as_json(status, {"error": error, "error_description": description})
