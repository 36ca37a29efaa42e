"""
Azure Database for PostgreSQL, flexible server: one server, its backups, and its replica in another region.

Promotion is a PATCH of `replica` alone, done by a run and never declared: a PUT of the whole server would have to name
the source, and a value that stays in a program acts once (`docs/decisions/promotion-on-azure.md`).
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from model.clouds import azure, pair_of
from scripts.clouds.azure.arm import unless
from scripts.clouds.azure.session import Session, group_id, in_site, subnet_id
from scripts.clouds.protocol import Phase, PointKind, RestorePoint, StoreFeature, StoreState, need
from scripts.core.errors import Refused

if TYPE_CHECKING:
    from model import Plan
    from scripts.clouds.azure.arm import Arm
    from scripts.clouds.protocol import Declared

KIND, ZONES = "Microsoft.DBforPostgreSQL/flexibleServers", "Microsoft.Network/privateDnsZones"
RESOURCE = "azure-native:dbforpostgresql:Server"
PORT = 5432
"""That of every server. DR_POSTGRES_PORT names the one that stands for it in the sandbox."""
READY = "Ready"
FAILED = frozenset({"Disabled", "Dropping", "Inaccessible", "Stopped"})
"""States that a server does not leave by itself. A stopped one is started again by the vendor after seven days."""
WAIT_SECONDS = 1800.0
"""For what a server does to itself: a promotion, a failover, a restart."""
NOT_YET = timedelta(minutes=5)
"""
A log leaves a server every five minutes at most (Microsoft Learn: backup and restore). The Resource Manager does not
say up to when a server can be restored. DR_PACE tells how many times faster the clouds of the sandbox are.
"""
GEO, GEO_NOT_YET = "-geo", timedelta(hours=1)
"""How far a geo-redundant backup may be behind (the same page)."""


class FlexibleServer:
    """See `ManagedStore`."""

    features = (
        StoreFeature.PROMOTE
        | StoreFeature.STANDBY
        | StoreFeature.RESTART
        | StoreFeature.SNAPSHOT
        | StoreFeature.POINT_IN_TIME
        | StoreFeature.FORGET_PASSWORD
    )

    clouds_own_users = ("azure", "azuresu", "replication")

    def __init__(self, session: Session, plan: Plan, site: str, store: str, identifier: str) -> None:
        self.identifier = identifier
        self._session, self._plan, self._site, self._store = session, plan, site, store
        self._region = plan.site(site).region
        self._id = server_id(plan, site, identifier)

    def state(self) -> StoreState | None:
        found = self._arm.get(self._id)
        if found is None:
            return None
        properties = found.get("properties") or {}
        said = str(properties.get("state") or "Provisioning")
        follows = str(properties.get("sourceServerResourceId") or "") if _is_replica(properties) else ""
        return StoreState(
            self.identifier,
            Phase.AVAILABLE if said == READY else Phase.FAILED if said in FAILED else Phase.CHANGING,
            said,
            str(properties.get("fullyQualifiedDomainName") or ""),
            int(os.environ.get("DR_POSTGRES_PORT") or PORT),
            follows.rstrip("/").rpartition("/")[2] or None,
        )

    def promote(self) -> None:
        """
        Forced where the source's region is lost: `Planned` waits for a primary that answers. All that the source
        acknowledged has arrived before a planned move gets here, because the guard stopped it first.
        """
        found = self._arm.get(self._id)
        properties = (found or {}).get("properties") or {}
        if found is not None and not _is_replica(properties):
            return
        source = str(properties.get("sourceServerResourceId") or "").lower()
        lost = [each for each in self._plan.sites if each.region in self._session.lost]
        is_lost = any(source.startswith(f"{group_id(self._plan, each.name).lower()}/") for each in lost)
        self._stand_alone(self._id, "Forced" if is_lost else "Planned", f"promoting {self.identifier}")

    def fail_over_in_region(self) -> None:
        body = {"restartWithFailover": True, "failoverMode": "ForcedFailover"}
        what = f"failing {self.identifier} over to its standby"
        self._arm.post(self._id, "restart", what, body, wait=WAIT_SECONDS)

    def why_no_standby(self) -> str | None:
        found = self._arm.get(self._id)
        if found is None:
            return f"{self.identifier} is not there"
        standby = (found.get("properties") or {}).get("highAvailability") or {}
        if standby.get("mode", "Disabled") == "Disabled":
            return f"{self.identifier} has no standby"
        if standby.get("state") != "Healthy":
            return f"the standby of {self.identifier} is {standby.get('state') or 'not said to be healthy'}"
        return None

    def restart(self) -> None:
        body = {"restartWithFailover": False}
        self._arm.post(self._id, "restart", f"restarting {self.identifier}", body, wait=WAIT_SECONDS)

    def restore(self, point: RestorePoint, tags: Mapping[str, str]) -> None:
        """A restored server gets none of the standby, firewall or parameters of its source: its stack declares them."""
        if self._arm.get(self._id) is not None:
            return
        source = point.reference
        is_own = source.lower().startswith(f"{group_id(self._plan, self._site).lower()}/")
        # The newest that there is has no name: a restore to now ends with the last log that has left the server.
        moment = (point.until or datetime.now(UTC)).astimezone(UTC)
        self._arm.put(
            self._id,
            {
                "location": self._region,
                "tags": dict(tags),
                "sku": sku(self._plan.incarnated_store(self._store).size.get("azure", azure.DEFAULT_SIZE)),
                "properties": {
                    "createMode": "PointInTimeRestore" if is_own else "GeoRestore",
                    "sourceServerResourceId": source,
                    "pointInTimeUTC": f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}",
                    "network": self._network(),
                },
            },
        )

    def snapshot(self, name: str, tags: Mapping[str, str]) -> None:
        """On-demand backups have no tags; their names say what they are."""
        del tags
        with unless("BackupAlreadyExists"):
            self._arm.put(f"{self._id}/backups/{name}", {})

    def send_snapshot(self, name: str, to: str, tags: Mapping[str, str]) -> str:
        """A geo-redundant backup is sent to the paired region by the server itself, and to no other place."""
        del tags
        there = self._plan.site(to)
        need(f"{name} of {self.identifier}", f"be sent to {there.region}", able=self._is_geo_redundant_in(there.region))
        return f"{self.identifier}{GEO}"

    def why_not_sent(self, to: str) -> str | None:
        """Geo-redundant backup is had when a server is made and never later, and a replica cannot be made with it."""
        there, pair = self._plan.site(to).region, pair_of("azure", self._region)
        if pair != there:
            return f"backups of {self._region} go to {pair or 'no other region'}"
        if self._is_geo_redundant_in(there):
            return None
        return f"{self.identifier} was promoted and sends none; `dr restore --latest` makes a server that does"

    def set_password(self, password: str) -> None:
        body = {"properties": {"administratorLoginPassword": password}}
        self._arm.patch(self._id, body, f"changing the password of {self.identifier}", wait=WAIT_SECONDS)

    def forget_password(self) -> None:
        self.set_password(secrets.token_hex(32))

    def release_followers(self) -> None:
        """A server that has replicas is not deleted (Microsoft Learn: manage read replicas)."""
        for each in self._arm.list(f"{self._id}/replicas"):
            if _is_replica(each.get("properties") or {}):
                self._stand_alone(str(each["id"]), "Forced", f"letting {each['name']} go")

    def final_snapshot(self) -> str | None:
        """A deleted server takes its on-demand backups along; a restore of it is offered for five days."""
        return None

    def discard(self) -> None:
        for each in self._arm.list(f"{self._id}/providers/Microsoft.Authorization/locks"):
            self._arm.delete(str(each["id"]))
        self.delete()

    def delete(self) -> None:
        self._arm.delete(self._id)

    def is_declared_by(self, resource: Declared) -> bool:
        return resource.type == RESOURCE and resource.inputs.get("serverName") == self.identifier

    def _stand_alone(self, replica: str, option: str, what: str) -> None:
        """A replica follows nobody any more, and takes writes."""
        body = {"role": "None", "promoteMode": "Standalone", "promoteOption": option}
        self._arm.patch(replica, {"properties": {"replica": body}}, what, wait=WAIT_SECONDS)

    def _network(self) -> dict[str, str]:
        """That of its site: a server whose source is private is restored into a network, and nowhere else."""
        plan, site = self._plan, self._site
        return {
            "delegatedSubnetResourceId": subnet_id(plan, site, "stores"),
            "privateDnsZoneArmResourceId": in_site(plan, site, ZONES, azure.private_zone(plan, site)),
        }

    def _is_geo_redundant_in(self, region: str) -> bool:
        if pair_of("azure", self._region) != region:
            return False
        found = self._arm.get(self._id) or {}
        backup = (found.get("properties") or {}).get("backup") or {}
        return backup.get("geoRedundantBackup") == "Enabled"

    @property
    def _arm(self) -> Arm:
        return self._session.arm(self._region)


def restore_points(session: Session, plan: Plan, site: str, store: str) -> list[RestorePoint]:
    """
    Everything that a server can be restored from in the site's region, newest first: the logs and backups of servers
    there, and the geo-redundant backups of the site whose region is paired with it. Where that region is lost, its
    servers are known from the list that the Resource Manager itself keeps of a subscription: nothing there is asked.
    """
    region = plan.site(site).region
    arm = session.arm(region)
    found = _own_points(_listed(arm, plan, site), site, arm)
    for other in plan.sites:
        if other.name != site and pair_of(other.cloud, other.region) == region:
            servers = (
                _known_of(arm, plan, other.name) if other.region in session.lost else _listed(arm, plan, other.name)
            )
            found += [point for server in servers for point in _geo_points(server, site, plan, store)]
    stem = f"-{store}-"
    return sorted((it for it in found if stem in it.source), key=lambda it: it.newest, reverse=True)


def _own_points(servers: list[Mapping[str, Any]], site: str, arm: Arm) -> list[RestorePoint]:
    points = []
    for server in servers:
        properties, name, where = server.get("properties") or {}, str(server["name"]), str(server["id"])
        if _is_replica(properties):
            continue  # a replica has no backup of its own
        earliest = _moment((properties.get("backup") or {}).get("earliestRestoreDate"))
        size = (properties.get("storage") or {}).get("storageSizeGB")
        if earliest is not None:
            newest = max(_before(NOT_YET), earliest)
            points.append(RestorePoint(name, site, PointKind.CONTINUOUS, name, newest, earliest, where, size_gb=size))
        for backup in arm.list(f"{where}/backups"):
            taken = _moment((backup.get("properties") or {}).get("completedTime"))
            if taken is not None:
                kept = str(backup["name"])
                points.append(
                    RestorePoint(kept, site, PointKind.SNAPSHOT, name, taken, None, where, until=taken, size_gb=size)
                )
    return points


def _listed(arm: Arm, plan: Plan, site: str) -> list[Mapping[str, Any]]:
    return arm.list(in_site(plan, site, KIND))


def _known_of(arm: Arm, plan: Plan, site: str) -> list[Mapping[str, Any]]:
    """Names alone: what a server is like is known by its own region."""
    wanted, group = f"resourceType eq '{KIND}'", f"{group_id(plan, site).lower()}/"
    listed = arm.list(f"/subscriptions/{plan.site(site).account}/resources", where=wanted)
    return [each for each in listed if str(each["id"]).lower().startswith(group)]


def _geo_points(server: Mapping[str, Any], site: str, plan: Plan, store: str) -> list[RestorePoint]:
    properties, name = server.get("properties"), str(server["name"])
    newest = _before(GEO_NOT_YET)
    if properties is None:  # its region is lost: the plan says how far its backups reach back
        earliest: datetime | None = newest - plan.incarnated_store(store).backups.retention
    else:
        backup = properties.get("backup") or {}
        earliest = _moment(backup.get("earliestRestoreDate"))
        if backup.get("geoRedundantBackup") != "Enabled" or _is_replica(properties):
            return []
    if earliest is None:
        return []
    size = ((properties or {}).get("storage") or {}).get("storageSizeGB")
    kind, newest = PointKind.CONTINUOUS, max(newest, earliest)
    return [RestorePoint(f"{name}{GEO}", site, kind, name, newest, earliest, str(server["id"]), size_gb=size)]


def _before(behind: timedelta) -> datetime:
    """What has left a server for certain by now."""
    return datetime.now(UTC).replace(microsecond=0) - behind / float(os.environ.get("DR_PACE") or 1)


def server_id(plan: Plan, site: str, identifier: str) -> str:
    return in_site(plan, site, KIND, identifier)


def sku(size: str) -> dict[str, str]:
    """`GP_Standard_D2ds_v5`, as a plan says it, in the two parts that the Resource Manager wants."""
    tier, _, name = size.partition("_")
    if tier not in azure.TIERS or not name:
        raise Refused(f"{size!r} is no size of a flexible server", "`dr plan check` says what a size looks like")
    return {"tier": azure.TIERS[tier], "name": name}


def _is_replica(properties: Mapping[str, Any]) -> bool:
    role = (properties.get("replica") or {}).get("role") or properties.get("replicationRole")
    return role in {"AsyncReplica", "GeoAsyncReplica"}


def _moment(value: Any) -> datetime | None:
    if not isinstance(value, str) or not value:
        return None
    found = datetime.fromisoformat(value)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
