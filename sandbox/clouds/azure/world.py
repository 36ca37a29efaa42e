"""What every type of resource may reach: the world, the login, and all other resources."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from model import Plan
from sandbox.authority import Authority
from sandbox.clouds.azure.errors import ArmError
from sandbox.clouds.azure.ids import group_text
from sandbox.clouds.azure.kind import Record
from sandbox.clouds.azure.login import Login
from sandbox.clouds.azure.messages import Request, Response
from sandbox.clouds.azure.roles import BUILT_IN, OPERATOR, Role, covers
from sandbox.clouds.azure.store import Store
from sandbox.clouds.azure.tokens import Claims
from sandbox.clouds.context import Context
from sandbox.clouds.server import NoAnswer

LONGEST_SILENCE_SECONDS = 300.0
ROLE_ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"
ROLE_DEFINITIONS = "Microsoft.Authorization/roleDefinitions"


@dataclass
class AzureWorld:
    """
    `subscriptions` are the accounts of the plan's sites."""

    context: Context
    login: Login
    authority: Authority
    subscriptions: tuple[str, ...]
    store: Store = field(default_factory=Store)
    kept_names: dict[tuple[str, str], Any] = field(default_factory=dict)
    """(type, name) of what is deleted and can be recovered: its name stays taken."""

    unprobed_children_count: bool = True
    """
    Does an endpoint that is always served count towards minChildEndpoints of a nested profile? The documents do not
    say; what has to work with both answers is tried with both.
    """
    find_service: Callable[[str], Callable[[str, str], int] | None] = lambda _host: None
    ask_blobs: Callable[[Request], Response] = lambda _request: Response(503)
    """The data plane of the storage accounts, asked by a service of the cloud."""
    listeners: list[Callable[[str], object]] = field(default_factory=list)

    @property
    def regions(self) -> tuple[str, ...]:
        return tuple(self.context.fabric.regions)

    def changed(self, identity: str) -> None:
        """Tell whoever listens that a resource is not what it was."""
        for listener in self.listeners:
            listener(identity)

    def later(self, name: str, work: Callable[[], object]) -> None:
        self.context.background(name, work)

    def service_of(self, host: str) -> Callable[[str, str], int] | None:
        """What answers (host, path) with a status to somebody outside who has no credentials, where the door has it."""
        find = self.find_service
        return find(host)

    # reachability -----------------------------------------------------------------------------------------------------
    def check_reachable(self, source: str, region: str | None) -> None:
        """Raises NoAnswer where no byte goes from the asker to a data plane of this region (None: a global one)."""
        if self.is_reachable(source, region):
            return
        if self.context.fabric.network.hangs(source, region or "outside"):
            self.context.stopping.wait(LONGEST_SILENCE_SECONDS)
        raise NoAnswer

    def is_reachable(self, source: str, region: str | None) -> bool:
        network, target = self.context.fabric.network, region or "outside"
        if region is not None and region not in self.context.fabric.regions:
            return True
        return network.region_is_up(target) and (source == target or network.allowed(source, target))

    def check_managed(self, region: str | None, namespace: str) -> None:
        """Raises ArmError where a region's control plane does not answer the Resource Manager."""
        network = self.context.fabric.network
        if region is None or region not in self.context.fabric.regions:
            return
        if not (network.control_plane_answers(region) and network.allowed("outside", region)):
            raise ArmError(
                504,
                "GatewayTimeout",
                f"The gateway did not receive a response from '{namespace}' within the specified time period.",
            )

    # permissions ------------------------------------------------------------------------------------------------------
    def may(self, claims: Claims, action: str, scope: str, *, data: bool = False) -> bool:
        """Does one of the role assignments of whoever asks allow this on a resource?"""
        is_operator = claims.object_id == self.login.operator.object_id
        if is_operator and any(BUILT_IN[role].allows(action, data=data) for role in OPERATOR):
            return True
        for assignment in self.store.of_type(ROLE_ASSIGNMENTS):
            given = assignment.properties
            if given.get("principalId") != claims.object_id or not covers(assignment.id.scope, scope):
                continue
            role = self.role(str(given.get("roleDefinitionId", "")))
            if role is not None and role.allows(action, data=data):
                return True
        return False

    def role(self, definition: str) -> Role | None:
        built_in = BUILT_IN.get(definition.rstrip("/").rpartition("/")[2].lower())
        if built_in is not None:
            return built_in
        custom = self.store.find(definition)
        if custom is None:
            return None
        lists = custom.properties.get("permissions") or [{}]
        return Role(
            str(custom.properties.get("roleName")),
            *(
                tuple(each for one in lists for each in one.get(name) or ())
                for name in ("actions", "notActions", "dataActions", "notDataActions")
            ),
        )

    def named(self, kind: str, name: str) -> Record | None:
        """The one resource of a type whose names are taken for everybody (a vault, a storage account, a server)."""
        return next((each for each in self.store.of_type(kind) if each.id.name.lower() == name.lower()), None)

    def scope_of_group(self, record: Record) -> str:
        return group_text(record.id.subscription, record.id.group)


def subscriptions_of(plan: Plan) -> tuple[str, ...]:
    return tuple(dict.fromkeys(site.account.lower() for site in plan.sites if site.cloud == "azure"))
