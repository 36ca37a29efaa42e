"""
management.azure.com of a world: one protocol for every type of resource.

A request passes, in this order: who asks, the type and its version, whether they may, the group and its region, the
parent, locks, and what the type itself refuses. What takes its time is answered with 202 and done beside.
"""

from __future__ import annotations

import copy
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sandbox.clouds.azure import ids
from sandbox.clouds.azure.errors import ArmError, not_done
from sandbox.clouds.azure.ids import ResourceId
from sandbox.clouds.azure.kind import Kind, Record, merged, plain_location, put, take
from sandbox.clouds.azure.messages import Request, Response, as_json
from sandbox.clouds.azure.operations import Operations
from sandbox.clouds.azure.roles import covers
from sandbox.clouds.azure.throttling import Throttle
from sandbox.clouds.azure.tokens import BadToken, Claims, bearer
from sandbox.clouds.azure.world import AzureWorld
from sandbox.clouds.calls import Call, CallLog, Outcome
from sandbox.fabric import FabricError

HOST = "management.azure.com"
AUDIENCES = frozenset({"https://management.azure.com", "https://management.core.windows.net"})
LOCKS = "Microsoft.Authorization/locks"
EXTENSIONS = "microsoft.authorization/"
GROUPS = "Microsoft.Resources/resourceGroups"
ALL_OF_ONE = re.compile(r"/subscriptions/([^/]+)/resources", re.IGNORECASE)
OF_A_PRINCIPAL = re.compile(r"principalId eq '([^']+)'")
OF_TYPE = re.compile(r"resourceType eq '([^']+)'")
TYPE_OF_SUBSCRIPTIONS = {"/subscriptions": "Microsoft.Resources/subscriptions", "/subscriptions/resourceGroups": GROUPS}


@dataclass(frozen=True)
class Asked:
    """One request, once it is known what it is about."""

    method: str
    kind: Kind
    identity: ResourceId
    body: Any
    claims: Claims
    version: str


class ResourceManager:
    """`kinds` are all the types of the world."""

    def __init__(self, world: AzureWorld, kinds: Iterable[type[Kind]], calls: CallLog) -> None:
        self.world, self.store, self._calls = world, world.store, calls
        self.kinds = {each.type.lower(): each(world) for each in kinds}
        self.operations = Operations(world)
        world.listeners += [each.subnet_changed for each in self.kinds.values()]
        self.throttle = Throttle(world.context.pace)

    def answer(self, request: Request) -> Response:
        self.world.check_reachable(request.source, None)
        status, region, started = 0, "global", time.time()
        try:
            claims = self._who(request)
            answer = self._throttled(request, claims)
            status = answer.status
        except ArmError as error:
            status = error.status
            return error.response()
        except FabricError as error:
            status = 500
            return ArmError(500, "InternalServerError", str(error)).response()
        else:
            return answer
        finally:
            outcome: Outcome = "denied" if status in {401, 403} else "answered"
            action = f"{request.method} {request.path.rpartition('/providers/')[2]}"
            self._calls.add(Call(started, request.source, region, "management", action, outcome, status))

    # who --------------------------------------------------------------------------------------------------------------
    def _who(self, request: Request) -> Claims:
        login = self.world.login
        challenge = f'Bearer authorization_uri="https://login.windows.net/{login.tenant}", error="invalid_token"'
        headers = {"WWW-Authenticate": challenge}
        token = bearer(request.headers.get("authorization", ""))
        if not token:
            raise ArmError(
                401, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.", headers
            )
        try:
            claims = login.tokens.verify(token, AUDIENCES)
        except (BadToken, ValueError, KeyError) as error:
            raise ArmError(
                401, "InvalidAuthenticationToken", f"The access token is invalid: {error}", headers
            ) from error
        if login.of_object(claims.object_id) is None:
            raise ArmError(401, "InvalidAuthenticationToken", "The principal of the token is gone.", headers)
        return claims

    def _throttled(self, request: Request, claims: Claims) -> Response:
        parts = request.path.strip("/").split("/")
        subscription = parts[1].lower() if len(parts) > 1 else ""
        what, left, wait = self.throttle.take(claims.object_id, subscription, request.method)
        if wait:
            message = f"Number of '{what}' for the subscription and principal exceeded the limit. Please try again."
            again = {"Retry-After": str(max(1, round(wait)))}
            raise ArmError(429, "SubscriptionRequestsThrottled", message, again)
        answer = self._dispatch(request, claims)
        return Response(
            answer.status, {f"x-ms-ratelimit-remaining-subscription-{what}": str(left), **answer.headers}, answer.body
        )

    def _authorise(self, claims: Claims, action: str, scope: str) -> None:
        if self.world.may(claims, action, scope):
            return
        raise ArmError(
            403,
            "AuthorizationFailed",
            f"The client '{claims.client_id}' with object id '{claims.object_id}' does not have authorization to "
            f"perform action '{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, "
            "please refresh your credentials.",
        )

    # what -------------------------------------------------------------------------------------------------------------
    def _dispatch(self, request: Request, claims: Claims) -> Response:
        version = request.query.get("api-version", "")
        if not version:
            raise ArmError(
                400, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required."
            )
        path = "/" + request.path.strip("/")
        known = self.operations.answer(path, version) if request.method == "GET" else None
        if known is not None:
            return known
        if request.method == "GET" and (whole := ALL_OF_ONE.fullmatch(path)) is not None:
            return self._all_of(whole[1], claims, request)
        action = ""
        try:
            identity = ids.parse(path)
        except ValueError as error:
            raise ArmError(404, "InvalidResourceId", str(error)) from error
        if identity.subscription.lower() not in self.world.subscriptions:
            message = f"The subscription '{identity.subscription}' could not be found."
            raise ArmError(404, "SubscriptionNotFound", message)
        if request.method == "POST":
            path, _, action = path.rpartition("/")
            identity = ids.parse(path)
        kind = self._kind_of(identity, version)
        body = self._body(request)
        if request.method == "POST" and not body:  # some actions are asked for more by their address
            body = {name: value for name, value in request.query.items() if name != "api-version"}
        asked = Asked(request.method, kind, identity, body, claims, version)
        if identity.is_collection:
            if request.method != "GET":
                raise ArmError(405, "MethodNotAllowed", f"{request.method} is not allowed on a collection.")
            return self._list(kind, identity, claims, request)
        if action:
            return self._act(asked, action)
        if request.method not in {*kind.taken_methods, "HEAD"}:
            raise ArmError(405, "MethodNotAllowed", f"The sandbox does not do {request.method} of {kind.type}.")
        if request.method in {"GET", "HEAD"}:
            self._authorise(claims, f"{kind.type}/read", identity.text)
            record = self._found(kind, identity)
            self._check_region(kind, record)
            return Response(204) if request.method == "HEAD" else as_json(200, self._shown(kind, record, request))
        if request.method == "DELETE":
            return self._delete(asked)
        return self._write(asked)

    @staticmethod
    def _shown(kind: Kind, record: Record, request: Request) -> Any:
        document, more = kind.document(record), request.query.get("$expand", "")
        if more:
            document["properties"] |= kind.expanded(record, more)
        return document

    def _body(self, request: Request) -> Any:
        try:
            return request.document()
        except ValueError as error:
            raise ArmError(400, "InvalidRequestContent", f"The request content was invalid: {error}") from error

    def _kind_of(self, identity: ResourceId, version: str) -> Kind:
        named = TYPE_OF_SUBSCRIPTIONS.get(identity.type, identity.type)
        kind = self.kinds.get(named.lower())
        if kind is None:
            raise ArmError(
                404,
                "InvalidResourceType",
                f"The resource type '{'/'.join(k for k, _ in identity.segments)}' could not be found in the namespace "
                f"'{identity.namespace}' for api version '{version}'. The sandbox does not have it.",
            )
        if version not in kind.versions:
            where = ", ".join(self.world.regions)
            raise ArmError(
                400,
                "NoRegisteredProviderFound",
                f"No registered resource provider found for API version '{version}' for type '{kind.type}'. The "
                f"supported api-versions are '{', '.join(kind.versions)}'. The supported locations are '{where}'.",
            )
        return kind

    def _found(self, kind: Kind, identity: ResourceId) -> Record:
        record = self.store.find(identity)
        if record is not None:
            return record
        if identity.group and self.store.group_of(identity) is None:
            raise _no_group(identity.group)
        implicit = kind.implicit(identity)
        if implicit is not None:
            return implicit
        if not self._has_parent(identity):
            raise _no_resource(ids.parse(identity.parent or ""))
        if identity.type == "/subscriptions/resourceGroups":
            raise _no_group(identity.group)
        raise _no_resource(identity)

    def _has_parent(self, identity: ResourceId) -> bool:
        if identity.parent is None or self.store.find(identity.parent) is not None:
            return True
        above = ids.parse(identity.parent)
        kind = self.kinds.get(above.type.lower())
        return kind is not None and kind.implicit(above) is not None

    def _list(self, kind: Kind, identity: ResourceId, claims: Claims, request: Request) -> Response:
        self._authorise(claims, f"{kind.type}/read", identity.scope or identity.text.rpartition("/")[0])
        if (whole := kind.whole(identity)) is not None:
            return as_json(200, whole)
        if kind.type.lower().startswith(EXTENSIONS):
            below = [each for each in self.store.of_type(kind.type) if _reaches(each.id.scope, identity.scope)]
        else:
            below = [each for each in self.store.of_type(identity.type) if _is_in(each.id, identity)]
        records = _of_the_filter([*below, *kind.listed(identity)], request.query.get("$filter", ""))
        shown = []
        for record in records:
            try:
                self._check_region(kind, record)
            except ArmError:
                if len(identity.segments) > 1:
                    raise
                continue  # a list of a whole group is of what answers
            shown.append(kind.document(record))
        return as_json(200, {"value": shown})

    def _all_of(self, subscription: str, claims: Claims, request: Request) -> Response:
        """The Resource Manager's own list: what is where, known also of a region that does not answer."""
        self._authorise(claims, "Microsoft.Resources/subscriptions/resources/read", f"/subscriptions/{subscription}")
        asked = request.query.get("$filter", "")
        wanted = OF_TYPE.fullmatch(asked)
        if asked and wanted is None:
            raise not_done(f"the filter {asked!r} of a list of resources")
        shown = [
            {"id": each.id.text, "name": each.id.name, "type": each.id.type, "location": each.location}
            | ({"tags": each.body["tags"]} if each.body.get("tags") else {})
            for each in self.store.all()
            if each.id.subscription.lower() == subscription.lower()
            and each.location
            and (wanted is None or each.id.type.lower() == wanted[1].lower())
        ]
        return as_json(200, {"value": shown})

    # may it be touched ------------------------------------------------------------------------------------------------
    def _check_region(self, kind: Kind, record: Record) -> None:
        if kind.type != GROUPS:
            self.world.check_managed(kind.managed_in(record), kind.type.partition("/")[0])

    def _check_group(self, identity: ResourceId) -> None:
        """A group's own record lies in its region: while that is lost, nothing in the group can be changed."""
        if not identity.group or identity.type == "/subscriptions/resourceGroups":
            return
        group = self.store.group_of(identity)
        if group is None:
            raise _no_group(identity.group)
        if group.busy == "Deleting":
            message = (
                f"The resource group '{identity.group}' is in deprovisioning state and cannot perform this operation."
            )
            raise ArmError(409, "ResourceGroupBeingDeleted", message)
        try:
            self.world.check_managed(group.location, "Microsoft.Resources")
        except ArmError as error:
            message = f"The region '{group.location}' of the resource group '{identity.group}' does not answer."
            raise ArmError(503, "ServiceUnavailable", message) from error

    def _check_locks(self, identity: ResourceId, operation: str, *, below: bool = False) -> None:
        if identity.type.lower() == LOCKS.lower():
            return
        kept = [lock for lock in self.store.of_type(LOCKS) if covers(lock.id.scope, identity.text)]
        if below:
            kept += [lock for lock in self.store.of_type(LOCKS) if covers(identity.text, lock.id.scope)]
        blocking = [lock for lock in kept if lock.properties["level"] == "ReadOnly" or operation == "delete"]
        if blocking:
            scopes = ", ".join(sorted({f"'{lock.id.scope}'" for lock in blocking}))
            raise ArmError(
                409,
                "ScopeLocked",
                f"The scope '{identity.text}' cannot perform {operation} operation because following scope(s) are "
                f"locked: {scopes}. Please remove the lock and try again.",
            )

    def _check_idle(self, record: Record) -> None:
        if record.busy:
            raise ArmError(
                409,
                "AnotherOperationInProgress",
                f"Cannot complete the operation because '{record.id.name}' is busy with another one ({record.busy}).",
            )

    def _check_capacity(self, kind: Kind, region: str | None) -> None:
        if kind.takes_capacity and region and not self.world.context.fabric.network.has_capacity(region):
            raise ArmError(
                409,
                "SkuNotAvailable",
                f"The requested size for '{kind.type}' is currently not available in location '{region}'.",
            )

    def _check_frozen(self, kind: Kind) -> None:
        if kind.is_global and self.world.context.fabric.network.global_is_frozen():
            message = f"Changes of {kind.type} are blocked while the service recovers from an outage."
            raise ArmError(503, "ServiceUnavailable", message)

    # changes ----------------------------------------------------------------------------------------------------------
    def _write(self, asked: Asked) -> Response:
        kind, identity, body = asked.kind, asked.identity, asked.body
        self._authorise(asked.claims, f"{kind.type}/write", identity.text)
        if body is None:
            body = {}
        if not isinstance(body, dict):
            raise ArmError(400, "InvalidRequestContent", "The request content was invalid: a JSON object is expected.")
        with self.store.lock:
            self._check_group(identity)
            if not self._has_parent(identity):
                raise ArmError(
                    404,
                    "ParentResourceNotFound",
                    f"Failed to perform '{asked.method}' on resource '{identity.text}', because the parent resource "
                    f"'{identity.parent}' could not be found.",
                )
            old = self.store.find(identity) or kind.implicit(identity)
            if asked.method == "PATCH":
                if old is None:
                    raise _no_resource(identity)
                wanted = merged(old.body, {k: v for k, v in body.items() if k not in {"id", "name", "type"}})
            else:
                wanted = {k: v for k, v in body.items() if k not in {"id", "name", "type", "etag", "systemData"}}
            new = Record(old.id if old else identity, copy.deepcopy(wanted))
            if old is not None:
                new.held, new.created = old.held, old.created
            self._check_location(kind, new, old)
            region = self.store.region_of(old or new)
            self.world.check_managed(kind.managed_in(old or new), identity.namespace)
            self._check_frozen(kind)
            self._check_capacity(kind, region)
            self._check_locks(identity, "write")
            if old is not None:
                self._check_idle(old)
                kind.check_create_only(new, old)
            kind.fill_in(new)
            new.held = dict(new.held)
            new.held["request"] = body if asked.method == "PATCH" else wanted
            kind.check(new, old)
            hidden = {path: found for path in kind.secret if isinstance(found := take(new.body, path), str)}
            new.held["secrets"] = {**(old.held.get("secrets", {}) if old else {}), **hidden}
            before = copy.deepcopy(old) if old is not None else None
            kept = old if old is not None and self.store.find(identity) is old else new
            if kept is not new:
                kept.body, kept.held = new.body, new.held
            self.store.keep(kept)
            if kind.is_long:
                kept.busy = "Updating" if before is not None else "Creating"
        if kind.is_long:
            return self._beside(kind, kept, before, asked.version)
        try:
            kind.settle(kept, before)
        except (FabricError, ArmError):
            self._restore(kept, before)
            raise
        return as_json(200 if before is not None else kind.created_status, kind.document(kept))

    def _restore(self, record: Record, before: Record | None) -> None:
        if before is None:
            self.store.forget(record.id)
        else:
            record.body, record.held = before.body, before.held

    def _check_location(self, kind: Kind, new: Record, old: Record | None) -> None:
        given = str(new.body.get("location") or "")
        if kind.regional or kind.type == GROUPS:
            location = plain_location(given) or (old.location if old else "")
            if not location:
                raise ArmError(400, "LocationRequired", "The location property is required for this definition.")
            if location not in self.world.regions:
                raise ArmError(
                    400,
                    "LocationNotAvailableForResourceType",
                    f"The provided location '{given}' is not available for resource type '{kind.type}'. List of "
                    f"available regions for the resource type is '{','.join(self.world.regions)}'.",
                )
            if old is not None and old.location != location:
                raise ArmError(
                    409,
                    "InvalidResourceLocation",
                    f"The resource '{new.id.name}' already exists in location '{old.location}' in resource group "
                    f"'{new.id.group}'. A resource with the same name cannot be created in location '{location}'. "
                    "Please select a new resource name.",
                )
            put(new.body, "location", location)

    def _beside(self, kind: Kind, record: Record, before: Record | None, version: str) -> Response:
        def work() -> None:
            kind.settle(record, before)
            record.busy, record.failure = "", ""

        def failed(message: str) -> None:
            record.busy, record.failure = "", message
            if before is not None:
                record.body, record.held = before.body, before.held

        shown = kind.document(record)
        done = self.operations.start(_scope(record.id), work, result=lambda: kind.document(record), failed=failed)
        return as_json(202, shown, self.operations.headers(done, version))

    def _delete(self, asked: Asked) -> Response:
        kind, identity = asked.kind, asked.identity
        self._authorise(asked.claims, f"{kind.type}/delete", identity.text)
        with self.store.lock:
            record = self.store.find(identity)
            if record is None:
                if identity.type == "/subscriptions/resourceGroups":
                    raise _no_group(identity.group)
                return Response(204)
            self._check_group(identity)
            self._check_region(kind, record)
            self._check_frozen(kind)
            self._check_locks(identity, "delete", below=True)
            self._check_idle(record)
            below = [each for each in self.store.below(record.id.text) if each.id.type.lower() != LOCKS.lower()]
            for child in below:
                self._kind(child).check_gone(child)
            kind.check_gone(record)
            if kind.is_long:
                record.busy = "Deleting"
        if not kind.is_long:
            self._remove(kind, record)
            return Response(200)

        def failed(message: str) -> None:
            record.busy, record.failure = "", message

        done = self.operations.start(
            _scope(record.id), lambda: self._remove(kind, record), result=lambda: None, failed=failed
        )
        return Response(202, self.operations.headers(done, asked.version))

    def _kind(self, record: Record) -> Kind:
        named = TYPE_OF_SUBSCRIPTIONS.get(record.id.type, record.id.type)
        return self.kinds[named.lower()]

    def _remove(self, kind: Kind, record: Record) -> None:
        """What lies below goes first, the deepest before all others."""
        below = sorted(self.store.below(record.id.text), key=lambda each: -each.id.text.count("/"))
        for child in below:
            if self.store.find(child.id) is child:
                self._kind(child).remove(child)
                self.store.forget(child.id)
        kind.remove(record)
        self.store.forget(record.id)

    def _act(self, asked: Asked, action: str) -> Response:
        kind, identity = asked.kind, asked.identity
        known = {name.lower(): (name, act) for name, act in kind.actions().items()}
        if action.lower() not in known:
            raise kind.not_offered(action)
        name, act = known[action.lower()]
        self._authorise(asked.claims, f"{kind.type}/{name}/action", identity.text)
        with self.store.lock:
            record = self._found(kind, identity)
            self._check_group(identity)
            self._check_region(kind, record)
            self._check_frozen(kind)
            self._check_locks(identity, "write")
            self._check_idle(record)
            answer = act(record, asked.body or {})
            if callable(answer):
                record.busy = "Updating"
        if not callable(answer):
            if isinstance(answer, str):
                return Response(200, {"Content-Type": "text/plain"}, answer.encode())
            return Response(200) if answer is None else as_json(200, answer)

        def work() -> None:
            answer()
            record.busy, record.failure = "", ""

        def failed(message: str) -> None:
            record.busy, record.failure = "", message

        done = self.operations.start(_scope(record.id), work, result=lambda: kind.document(record), failed=failed)
        return Response(202, self.operations.headers(done, asked.version))


def _scope(identity: ResourceId) -> str:
    return f"/subscriptions/{identity.subscription}/providers/{identity.namespace or 'Microsoft.Resources'}"


def _reaches(scope: str, asked: str) -> bool:
    """Is an extension on `scope` of interest to whoever lists those of `asked`: on it, above it or below it?"""
    return covers(scope, asked) or covers(asked, scope)


def _of_the_filter(records: list[Record], asked: str) -> list[Record]:
    """Raises ArmError for a filter that the sandbox does not know."""
    if not asked:
        return records
    if (wanted := OF_A_PRINCIPAL.fullmatch(asked)) is None:
        raise not_done(f"the filter {asked!r} of a list")
    return [each for each in records if str(each.properties.get("principalId")).lower() == wanted[1].lower()]


def _is_in(found: ResourceId, collection: ResourceId) -> bool:
    return found.key.startswith(collection.key + "/") or (
        not collection.group
        and found.subscription.lower() == collection.subscription.lower()
        and found.names[:-1] == collection.names[:-1]
    )


def _no_group(group: str) -> ArmError:
    return ArmError(404, "ResourceGroupNotFound", f"Resource group '{group}' could not be found.")


def _no_resource(identity: ResourceId) -> ArmError:
    name = f"{identity.namespace}/" + "/".join(f"{kind}/{name}" for kind, name in identity.segments)
    return ArmError(
        404,
        "ResourceNotFound",
        f"The Resource '{name}' under resource group '{identity.group}' was not found. For more details please go to "
        "https://aka.ms/ARMResourceNotFoundFix",
    )
