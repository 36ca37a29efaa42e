"""
REGISTRY.azurecr.io: the distribution protocol of OCI, and the REST API of Azure Container Registry beside it.

Who asks exchanges a token of the login for one of the registry, as its challenge says. The registry has one name, and
the copy that is nearest answers: the one in the asker's own region, else another. One that is gone is passed over, and
one that is sick is not (Azure/acr, issue 842): only taking its region out of the routing helps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qs

from sandbox.clouds.azure import access
from sandbox.clouds.azure.images import ImageStore
from sandbox.clouds.azure.kind import Record, get
from sandbox.clouds.azure.kinds.containerregistry import DOMAIN, SOFT_DELETE, Registry, Replication, data_host
from sandbox.clouds.azure.messages import Request, Response, as_json
from sandbox.clouds.azure.registry_operations import Asked, Operations, Refusal
from sandbox.clouds.azure.roles import IMAGES
from sandbox.clouds.azure.tokens import BadToken, Claims, bearer
from sandbox.clouds.azure.world import AzureWorld
from sandbox.clouds.server import NoAnswer

SUFFIX = f".{DOMAIN}"
OF_THE_LOGIN = frozenset({
    *("https://management.azure.com", "https://management.core.windows.net", "https://containerregistry.azure.net"),
})  # fmt: skip
"""What a token may be for that is exchanged (Microsoft Learn: azureADAuthenticationAsArmPolicy)."""
NEEDS = {
    "pull": "pull/read", "metadata_read": "pull/read", "*": "pull/read", "push": "push/write",
    "metadata_write": "push/write", "delete": "artifacts/delete",
}  # fmt: skip
"""By the action in the scope of a token, what a role has to allow."""
ANYBODY = frozenset({"pull", "metadata_read"})
"""What needs no credentials where anonymous pull is on."""


class Registries:
    """The data plane of all registries, that of their data endpoints with it."""

    def __init__(self, world: AzureWorld) -> None:
        self.world, self.images = world, world.context.one(ImageStore)
        self._operations = Operations(self.images, world.login.tokens)

    # which copy answers -----------------------------------------------------------------------------------------------
    def registry(self, host: str) -> Record | None:
        """Whose host this is: that of a registry, or one of its data endpoints."""
        found = self.world.named(Registry.type, host.removesuffix(SUFFIX).partition(".")[0])
        if found is None or host == f"{found.id.name.lower()}{SUFFIX}":
            return found
        return found if self._region_of_data(found, host) else None

    def _copies(self, registry: Record) -> dict[str, bool]:
        """The regions of a registry, its own first: is each of them led to?"""
        made = {each.location: each for each in self.world.store.children(registry, Replication.type)}
        own = made.pop(registry.location, None)
        led = {registry.location: own is None or bool(own.properties["regionEndpointEnabled"])}
        return led | {region: bool(each.properties["regionEndpointEnabled"]) for region, each in made.items()}

    def _region_of_data(self, registry: Record, host: str) -> str | None:
        if not registry.properties["dataEndpointEnabled"]:
            return None
        return next((region for region in self._copies(registry) if data_host(registry, region) == host), None)

    def _nearest(self, registry: Record, source: str) -> str:
        """Raises NoAnswer where none can be reached."""
        led = [region for region, is_led in self._copies(registry).items() if is_led]
        led.sort(key=lambda region: region != source)
        for region in led:
            if self.world.is_reachable(source, region):
                return region
        if not led:
            raise NoAnswer
        self.world.check_reachable(source, led[0])
        raise NoAnswer

    # what comes in ----------------------------------------------------------------------------------------------------
    def answer(self, request: Request) -> Response:
        registry = self.registry(request.host)
        if registry is None:
            raise NoAnswer
        of_data = self._region_of_data(registry, request.host)
        region = of_data or self._nearest(registry, request.source)
        self.world.check_reachable(request.source, region)
        try:
            self._check_well(registry, region)
            if of_data:
                return self._operations.data(request, registry, region)
            return self._let_in(request, registry, region)
        except Refusal as refusal:
            document = {"errors": [{"code": refusal.code, "message": str(refusal), "detail": None}]}
            return as_json(refusal.status, document, self._challenge(request, refusal.scope))

    def _check_well(self, registry: Record, region: str) -> None:
        if (registry.id.name.lower(), region) in self.images.sick:
            raise Refusal(503, "UNAVAILABLE", f"The registry is unavailable in {region}.")

    def _challenge(self, request: Request, scope: str) -> dict[str, str]:
        if not scope:
            return {}
        realm = f'Bearer realm="https://{request.host}/oauth2/token",service="{request.host}"'
        return {"WWW-Authenticate": f'{realm},scope="{scope}"'}

    def _let_in(self, request: Request, registry: Record, region: str) -> Response:
        if not _is_let_in(registry, request.source):
            raise Refusal(403, "DENIED", "client is not allowed access: the registry's network rules keep it out")
        if (request.method, request.path) == ("POST", "/oauth2/exchange"):
            return self._exchange(request, _form(request))
        if (request.method, request.path) == ("POST", "/oauth2/token"):
            return self._token(request, registry, _form(request))
        path = request.path if request.path.endswith("/uploads/") else request.path.rstrip("/")
        if path == "/v2":
            self._check(request, registry, "pull", "")
            return as_json(200, {})
        found = self._operations.find(request.method, path)
        if found is None:
            raise Refusal(501, "UNSUPPORTED", f"The sandbox does not do {request.method} {request.path} of a registry.")
        action, given, answer = found
        if request.method == "DELETE" and get(registry.body, f"{SOFT_DELETE}.status") == "enabled":
            raise Refusal(501, "UNSUPPORTED", "The sandbox does not do this: deletions that can be taken back.")
        self._check(request, registry, action, given.get("name", ""))
        with self.images.lock:
            return answer(Asked(request, registry, region, self.images.copy(registry.id.name, region)), **given)

    # who --------------------------------------------------------------------------------------------------------------
    def _exchange(self, request: Request, form: Mapping[str, str]) -> Response:
        if form.get("grant_type") != "access_token":
            raise Refusal(400, "UNSUPPORTED", f"the grant type {form.get('grant_type')} is not exchanged here")
        try:
            claims = access.caller(self.world, f"Bearer {form.get('access_token', '')}", OF_THE_LOGIN)
        except BadToken as error:
            raise Refusal(401, "UNAUTHORIZED", f"authentication required: {error}") from error
        given = self.world.login.tokens.make(replace(claims, audience=f"{request.host}/refresh"))
        return as_json(200, {"refresh_token": given})

    def _token(self, request: Request, registry: Record, form: Mapping[str, str]) -> Response:
        """One that is for this registry. What it may do is looked at when it is used, by the roles of that moment."""
        if form.get("grant_type") == "password" and registry.properties["anonymousPullEnabled"]:
            claims = Claims("", "", request.host)
        else:
            try:
                claims = access.caller(
                    self.world, f"Bearer {form.get('refresh_token', '')}", frozenset({f"{request.host}/refresh"})
                )
            except BadToken as error:
                raise Refusal(401, "UNAUTHORIZED", f"authentication required: {error}") from error
        given = self.world.login.tokens.make(replace(claims, audience=request.host))
        return as_json(200, {"access_token": given})

    def _check(self, request: Request, registry: Record, action: str, name: str) -> None:
        scope = f"repository:{name}:{'pull,push' if action == 'push' else action}" if name else "registry:catalog:*"
        token = bearer(request.headers.get("authorization", ""))
        try:
            claims = self.world.login.tokens.verify(token, frozenset({request.host}))
        except (BadToken, ValueError, KeyError) as error:
            raise Refusal(401, "UNAUTHORIZED", f"authentication required: {error}", scope) from error
        if not claims.object_id:
            if not (registry.properties["anonymousPullEnabled"] and action in ANYBODY):
                raise Refusal(
                    401, "UNAUTHORIZED", "authentication required, visit https://aka.ms/acr/authorization", scope
                )
        elif not self.world.may(claims, f"{IMAGES}/{NEEDS[action]}", registry.id.text):
            raise Refusal(401, "UNAUTHORIZED", f"authentication required: no role allows {action} of {name}", scope)


def _form(request: Request) -> Mapping[str, str]:
    return {name: values[-1] for name, values in parse_qs(request.body.decode(errors="replace")).items()}


def _is_let_in(registry: Record, source: str) -> bool:
    """
    Addresses of a region are nobody's before they are asked from, so no rule names them; a private endpoint would let a
    network in, and the sandbox has none.
    """
    rules = registry.properties.get("networkRuleSet") or {}
    if registry.properties["publicNetworkAccess"] == "Disabled":
        return False
    return rules.get("defaultAction", "Allow") == "Allow" or (source == "outside" and bool(rules.get("ipRules")))
