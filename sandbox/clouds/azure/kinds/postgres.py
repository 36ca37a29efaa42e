"""
Azure Database for PostgreSQL flexible server over real servers.

A promotion is a PATCH that is acted on once: nothing of it stays in the server's properties. What a promoted server
lacks (standby, geo-redundant backup, firewall rules, parameters) it lacks here too.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from model.clouds.azure import AZURE
from sandbox.clouds.azure.errors import ArmError, not_done
from sandbox.clouds.azure.ids import ResourceId, parse
from sandbox.clouds.azure.kind import ABSENT, Action, Body, Kind, Record, get, merged, take
from sandbox.clouds.azure.kinds.network import SecurityGroup, group_of
from sandbox.fabric import Backup, DatabaseState, FabricError

VERSIONS = (
    "2022-12-01", "2023-06-01-preview", "2023-12-01-preview", "2024-08-01", "2025-08-01", "2026-01-01-preview",
    "2026-10-01",
)  # fmt: skip
SUFFIX = "postgres.database.azure.com"
FIRST_DATABASE = "postgres"
NAME = re.compile(r"(?=.{3,63}$)[a-z0-9][a-z0-9-]*[a-z0-9]")
RETENTION_DAYS = 7
MODES = ("Default", "Create", "Update", "Replica", "PointInTimeRestore", "GeoRestore")
ONLY_AT_CREATION = ("createMode", "sourceServerResourceId", "pointInTimeUTC")


class Server(Kind):
    """The name of one is taken for everybody, and is the identifier of the database behind it."""

    type = "Microsoft.DBforPostgreSQL/flexibleServers"
    versions = VERSIONS
    regional = True
    is_long = True
    takes_capacity = True
    create_only = (
        "properties.administratorLogin", "properties.availabilityZone", "properties.version",
        "properties.backup.geoRedundantBackup", "properties.network.delegatedSubnetResourceId",
        "properties.network.privateDnsZoneArmResourceId",
    )  # fmt: skip
    secret = ("properties.administratorLoginPassword",)

    # what is asked for ------------------------------------------------------------------------------------------------
    def check(self, new: Record, old: Record | None) -> None:
        given = new.properties
        asked = new.held.pop("request").get("properties") or {}
        mode = str(given.pop("createMode", "Default"))
        made_of = {name: given.pop(name, None) for name in ONLY_AT_CREATION[1:]}
        promotes = take(new.body, "properties.replica")
        given.pop("replicationRole", None)
        if mode not in MODES:
            raise not_done(f"createMode {mode} of a flexible server")
        if old is None:
            self._check_new(new, mode, made_of)
            new.held.update(mode=mode, source=made_of["sourceServerResourceId"], moment=made_of["pointInTimeUTC"])
        else:
            self._check_again(new, old, mode, made_of, is_patch="createMode" not in asked)
        new.held["command"] = None
        if old is not None and asked.keys() == {"replica"} and isinstance(promotes, dict):
            new.held["command"] = self._check_promotion(old, promotes)
        elif isinstance(promotes, dict) and promotes.get("promoteMode") and "sourceServerResourceId" not in asked:
            raise ArmError(
                400, "MissingRequiredParameter", "The required parameter 'sourceServerResourceId' is missing."
            )
        self._check_sizes(new, old)
        self._check_network(new)

    def _check_new(self, new: Record, mode: str, made_of: Body) -> None:
        given, name = new.properties, new.id.name
        if not NAME.fullmatch(name):
            raise ArmError(400, "InvalidServerName", f"The server name '{name}' is not valid.")
        if self.world.named(self.type, name) is not None:
            raise ArmError(409, "ServerNameAlreadyExists", f"Specified server name '{name}' is already used.")
        if mode in {"Default", "Create", "Update"}:
            if not given.get("administratorLogin") or not given.get("administratorLoginPassword"):
                parameter = "administratorLoginPassword" if given.get("administratorLogin") else "administratorLogin"
                raise ArmError(400, "MissingRequiredParameter", f"The required parameter '{parameter}' is missing.")
            self._fill_in_new(new)
            return
        source = self._source(str(made_of["sourceServerResourceId"] or ""))
        for inherited in ("administratorLogin", "version", "sku", "storage"):
            holder = new.body if inherited == "sku" else given
            if holder.get(inherited) is None:
                holder[inherited] = (source.body if inherited == "sku" else source.properties).get(inherited)
        if mode == "Replica":
            self._check_replica(new, source)
        else:
            self._check_restore(new, source, mode, made_of["pointInTimeUTC"])
        self._fill_in_new(new)

    def _fill_in_new(self, new: Record) -> None:
        given = new.properties
        given.setdefault("version", "16")
        given["backup"] = {"backupRetentionDays": RETENTION_DAYS, "geoRedundantBackup": "Disabled"} | (
            given.get("backup") or {}
        )
        given["storage"] = {"storageSizeGB": 32, "autoGrow": "Disabled"} | (given.get("storage") or {})
        given["highAvailability"] = {"mode": "Disabled"} | (given.get("highAvailability") or {})
        given.setdefault("availabilityZone", "1")
        if given["backup"]["geoRedundantBackup"] == "Enabled" and AZURE.regions.get(new.location) is None:
            message = f"Geo-redundant backup is not available in {new.location}: the region has no pair."
            raise ArmError(400, "GeoRedundantBackupNotSupported", message)

    def _source(self, identity: str) -> Record:
        if not identity:
            message = "The required parameter 'sourceServerResourceId' is missing."
            raise ArmError(400, "MissingRequiredParameter", message)
        source = self.store.find(identity)
        if source is None or source.id.type.lower() != self.type.lower():
            raise ArmError(404, "ResourceNotFound", f"The source server '{identity}' was not found.")
        return source

    def _check_replica(self, new: Record, source: Record) -> None:
        if _tier(source) == "Burstable" or _tier(new) == "Burstable":
            raise ArmError(400, "ReplicaNotSupportedForTier", "Read replicas are not supported on the Burstable tier.")
        if self._is_replica(source):
            raise not_done("a replica of a replica")
        if len(self.replicas(source)) >= 5:
            raise ArmError(400, "ReplicaLimitReached", "A server can have five read replicas at most.")
        if get(new.body, "properties.backup.geoRedundantBackup") == "Enabled":
            message = "A read replica cannot have geo-redundant backup."
            raise ArmError(400, "GeoRedundantBackupNotSupportedForReplica", message)
        self.world.check_managed(source.location, "Microsoft.DBforPostgreSQL")

    def _check_restore(self, new: Record, source: Record, mode: str, moment: Any) -> None:
        if mode == "PointInTimeRestore":
            if moment is None:
                raise ArmError(400, "MissingRequiredParameter", "The required parameter 'pointInTimeUTC' is missing.")
            if new.location != source.location:
                message = "A server is restored to a point in time in its own region."
                raise ArmError(400, "InvalidParameterValue", message)
        else:
            pair = AZURE.regions.get(source.location)
            if get(source.body, "properties.backup.geoRedundantBackup") != "Enabled":
                message = f"Geo-redundant backup is not enabled on {source.id.name}."
                raise ArmError(400, "GeoRedundantBackupNotEnabled", message)
            if new.location != pair:
                message = f"A geo-restore of a server in {source.location} can only be had in its paired region {pair}."
                raise ArmError(400, "GeoRestoreNotSupportedInRegion", message)
        backup = self._backup_for(source, new.location, geo=mode == "GeoRestore")
        # Now is a moment too: it ends with the newest log that there is.
        if moment is not None and not backup.earliest <= _moment(moment) <= datetime.now(UTC):
            message = f"The restore point {moment} is not between {backup.earliest} and {backup.latest}."
            raise ArmError(400, "RestorePointOutOfRange", message)

    def _check_again(self, new: Record, old: Record, mode: str, made_of: Body, *, is_patch: bool) -> None:
        if not is_patch and mode == "Replica" and not made_of["sourceServerResourceId"]:
            message = "The required parameter 'sourceServerResourceId' is missing."
            raise ArmError(400, "MissingRequiredParameter", message)
        if mode not in {"Default", "Update", old.held["mode"]}:
            message = f"createMode {mode} is not allowed for a server that exists."
            raise ArmError(400, "InvalidParameterValue", message)
        for name, was in (("sourceServerResourceId", old.held["source"]), ("pointInTimeUTC", old.held["moment"])):
            if made_of[name] is not None and str(made_of[name]).lower() != str(was).lower():
                raise ArmError(400, "PropertyChangeNotAllowed", f"Changing property '{name}' is not allowed.")
        if not is_patch:  # what a PUT does not say again stays as it is
            new.body = {**{key: old.body[key] for key in ("sku", "tags") if key in old.body}, **new.body}
            new.body["properties"] = merged(old.properties, new.properties)
        if old.held.get("stopped") and new.body != old.body:
            raise ArmError(409, "ServerIsStopped", f"The server {old.id.name} is stopped.")

    def _check_sizes(self, new: Record, old: Record | None) -> None:
        size, before = get(new.body, "properties.storage.storageSizeGB"), ABSENT
        if old is not None:
            before = get(old.body, "properties.storage.storageSizeGB")
        if before is not ABSENT and size is not ABSENT and size < before:
            raise ArmError(400, "StorageDownsizeNotAllowed", "The storage of a server can grow only.")
        if not 7 <= int(get(new.body, "properties.backup.backupRetentionDays")) <= 35:
            raise ArmError(400, "InvalidParameterValue", "backupRetentionDays must be between 7 and 35.")
        mode = get(new.body, "properties.highAvailability.mode")
        if mode not in {"Disabled", "ZoneRedundant", "SameZone"}:
            raise ArmError(400, "InvalidParameterValue", f"highAvailability.mode {mode} is not known.")
        if mode != "Disabled" and _tier(new) == "Burstable":
            raise ArmError(400, "HANotSupportedForTier", "High availability is not supported on the Burstable tier.")
        if mode != "Disabled" and (self._is_replica(old) if old else new.held["mode"] == "Replica"):
            raise ArmError(400, "HANotSupportedForReplica", "High availability is not supported on a read replica.")

    def _check_network(self, new: Record) -> None:
        subnet = get(new.body, "properties.network.delegatedSubnetResourceId")
        if isinstance(subnet, str) and subnet:
            found = self.store.find(subnet)
            if found is None:
                raise ArmError(400, "SubnetNotFound", f"The subnet '{subnet}' was not found.")
            names = [d.get("properties", d).get("serviceName") for d in found.properties.get("delegations") or ()]
            if self.type not in names:
                message = f"The subnet '{subnet}' is not delegated to {self.type}."
                raise ArmError(400, "SubnetNotDelegated", message)
            if self.store.region_of(found) != new.location:
                raise ArmError(400, "SubnetInOtherRegion", f"The subnet '{subnet}' is not in {new.location}.")
            zone = get(new.body, "properties.network.privateDnsZoneArmResourceId")
            if not isinstance(zone, str) or self.store.find(zone) is None:
                message = "A server in a network needs a private DNS zone that exists."
                raise ArmError(400, "PrivateDnsZoneNotFound", message)

    def _check_promotion(self, old: Record, promotes: Body) -> Body:
        mode, option = promotes.get("promoteMode"), promotes.get("promoteOption", "Planned")
        role = promotes.get("role")
        if role not in {None, "None", "Primary"}:
            raise ArmError(400, "InvalidParameterValue", f"replica.role cannot be set to {role}.")
        if str(mode).lower() not in {"standalone", "switchover"} or str(option).lower() not in {"planned", "forced"}:
            message = "promoteMode is Standalone or Switchover, promoteOption is Planned or Forced."
            raise ArmError(400, "InvalidParameterValue", message)
        if not self._is_replica(old):
            raise ArmError(400, "ServerIsNotReplica", f"The server {old.id.name} is not a read replica.")
        source = self._source(old.held["source"])
        answers = self._answers(source.location)
        if str(option).lower() == "planned":
            if not answers or source.busy:
                message = f"The primary {source.id.name} is not ready: a planned promotion needs both servers to be."
                raise ArmError(409, "PrimaryNotReady", message)
            if _tier(source) != _tier(old) or get(source.body, "properties.storage.storageSizeGB") != get(
                old.body, "properties.storage.storageSizeGB"
            ):
                message = "A planned promotion needs the tier and the storage of both servers to be the same."
                raise ArmError(400, "ServersNotSymmetrical", message)
        command = {"mode": str(mode).lower(), "planned": str(option).lower() == "planned"}
        if command["mode"] == "switchover" and self._endpoint_of(source, old) is None:
            message = (
                "A switchover needs a virtual endpoint whose writer is the primary and whose reader is this replica."
            )
            raise ArmError(400, "VirtualEndpointRequired", message)
        return command

    # what becomes of it -----------------------------------------------------------------------------------------------
    def settle(self, record: Record, old: Record | None) -> None:
        password = record.held.get("secrets", {}).pop("properties.administratorLoginPassword", None)
        if old is None:
            self._make(record, password)
        elif record.held.get("command"):
            self._promote(record, record.held.pop("command"))
        else:
            self._modify(record, old, password)
        self._reach(record)

    def _make(self, record: Record, password: str | None) -> None:
        databases, name, region = self.world.context.fabric.databases, record.id.name, record.location
        mode, standby = record.held["mode"], _wants_standby(record)
        days = int(record.properties["backup"]["backupRetentionDays"])
        if mode in {"Default", "Create", "Update"}:
            databases.create(
                region, name, database=FIRST_DATABASE, username=str(record.properties["administratorLogin"]),
                password=str(password), standby=standby, retention_days=days,
            )  # fmt: skip
        elif mode == "Replica":
            source = self._source(record.held["source"])
            source.busy = "Updating"
            try:
                databases.create_replica(
                    region, name, source_region=source.location, source=source.id.name, standby=False,
                    retention_days=days,
                )  # fmt: skip
            finally:
                source.busy = ""
            record.held["replicates"] = source.id.text
        else:
            source = self._source(record.held["source"])
            backup = self._backup_for(source, region, geo=mode == "GeoRestore")
            moment = _moment(record.held["moment"]) if record.held["moment"] else None
            if moment is not None and moment > backup.latest:
                moment = None
            databases.restore(
                region, name, backup=backup.name, target_time=moment, standby=standby, retention_days=days
            )
        self.world.context.names.add_database(_host(name), region, name)
        pair = AZURE.regions.get(region)
        if record.properties["backup"]["geoRedundantBackup"] == "Enabled" and pair in self.world.regions:
            record.held["geo"] = databases.replicate_backups(region, name, str(pair))

    def _modify(self, record: Record, old: Record, password: str | None) -> None:
        databases = self.world.context.fabric.databases
        if password is not None and not self._is_replica(record):
            databases.set_password(record.location, record.id.name, password)
        days = int(record.properties["backup"]["backupRetentionDays"])
        before = int(old.properties["backup"]["backupRetentionDays"])
        if _wants_standby(record) != _wants_standby(old) or days != before:
            databases.modify(record.location, record.id.name, standby=_wants_standby(record), retention_days=days)

    def _promote(self, record: Record, command: Body) -> None:
        """Act once. Nothing of the old primary comes along: no standby, no geo-redundant backup."""
        databases, source = self.world.context.fabric.databases, self._source(record.held["source"])
        switches, answers = command["mode"] == "switchover", self._answers(source.location)
        endpoint = self._endpoint_of(source, record)
        if switches and answers and command["planned"]:
            source.busy = "Updating"
            try:
                databases.switch_over(record.location, record.id.name)
            finally:
                source.busy = ""
        else:
            databases.promote(record.location, record.id.name)
        record.held["replicates"] = None
        record.properties["highAvailability"] = {"mode": "Disabled"}
        record.properties["backup"]["geoRedundantBackup"] = "Disabled"
        if switches:
            source.properties["highAvailability"] = {"mode": "Disabled"}
            source.held.update(replicates=record.id.text, source=record.id.text, mode="Replica")
            if not (answers and command["planned"]):
                source.held["broken"] = True
        if endpoint is not None:
            self._move(endpoint, record, source, switches=switches)

    def _move(self, endpoint: Record, promoted: Record, source: Record, *, switches: bool) -> None:
        """On a switchover the endpoint becomes a child of the new primary; else the promoted server leaves it."""
        if switches:
            endpoint.properties["members"] = [promoted.id.name, source.id.name]
            identity = f"{promoted.id.text}/virtualEndpoints/{endpoint.id.name}"
            self.store.rename(endpoint, parse(identity))
        else:
            endpoint.properties["members"] = [source.id.name]
        point(self.world, endpoint)

    def _reach(self, record: Record) -> None:
        """
        What lets nobody in is shut. Which addresses a rule names makes no difference.

        A server in a network is open to the operator outside as well: no agent stands inside yet to ask on his behalf.
        """
        network = record.properties.get("network") or {}
        subnet = self.store.find(str(network.get("delegatedSubnetResourceId") or ""))
        if subnet is not None:
            rules = self.store.find(group_of(subnet))
            shut = rules is not None and not SecurityGroup(self.world).allows(rules)
        else:
            public = str(network.get("publicNetworkAccess", "Enabled")).lower() == "enabled"
            shut = not (public and self.store.children(record, FirewallRule.type))
        self.world.context.fabric.databases.shut(record.location, record.id.name, shut=shut)

    def subnet_changed(self, identity: str) -> None:
        for record in self.store.of_type(self.type):
            subnet = get(record.body, "properties.network.delegatedSubnetResourceId")
            if str(subnet).lower() == identity.lower():
                self.reach(record.id.text)

    def reach(self, identity: str) -> None:
        found = self.store.find(identity)
        if found is not None and self._state(found) is not None:
            self._reach(found)

    def check_gone(self, record: Record) -> None:
        if self.replicas(record):
            message = f"The server {record.id.name} has read replicas: promote or delete them first."
            raise ArmError(409, "ServerHasReplicas", message)

    def remove(self, record: Record) -> None:
        databases = self.world.context.fabric.databases
        if record.held.get("geo"):
            databases.stop_replicating_backups(str(AZURE.regions[record.location]), record.held["geo"])
        if self._state(record) is not None:  # else it never came up
            databases.delete(record.location, record.id.name)
        self.world.context.names.remove(_host(record.id.name))

    # what it looks like -----------------------------------------------------------------------------------------------
    def shown(self, record: Record) -> Body:
        state, busy = self._state(record), record.busy
        standby = "NotEnabled"
        if _wants_standby(record):
            standby = "Healthy" if state and state.standby and state.standby_in_step else "CreatingStandby"
        shown: Body = {
            "state": self._words(record, state, busy),
            "fullyQualifiedDomainName": _host(record.id.name),
            "replicationRole": self._role(record),
            "replicaCapacity": 0 if self._is_replica(record) else 5 - len(self.replicas(record)),
            "replica": self._replica(record, state),
            "highAvailability": {**record.properties["highAvailability"], "state": standby},
            "network": {"publicNetworkAccess": self._access(record), **(record.properties.get("network") or {})},
        }
        if record.failure:
            shown["lastError"] = record.failure
        if self._is_replica(record):
            shown["sourceServerResourceId"] = record.held["replicates"]
        backup = self._continuous(record.location, record.id.name)
        earliest = {"earliestRestoreDate": backup.earliest.isoformat()} if backup else {}
        shown["backup"] = {**record.properties["backup"], **earliest}
        return shown

    def _access(self, record: Record) -> str:
        private = get(record.body, "properties.network.delegatedSubnetResourceId") not in {ABSENT, None, ""}
        return "Disabled" if private else "Enabled"

    def _words(self, record: Record, state: DatabaseState | None, busy: str) -> str:
        if busy == "Deleting":
            return "Dropping"
        if busy or state is None:
            return "Provisioning" if busy == "Creating" else "Updating" if busy else "Inaccessible"
        if record.held.get("stopped"):
            return "Stopped"
        return "Ready" if state.status == "available" else "Inaccessible"

    def _role(self, record: Record) -> str:
        if not self._is_replica(record):
            return "Primary"  # also for one that has no replica, and for one that was asked to be None
        source = self.store.find(record.held["replicates"])
        return "AsyncReplica" if source is not None and source.location == record.location else "GeoAsyncReplica"

    def _replica(self, record: Record, state: DatabaseState | None) -> Body:
        shown: Body = {"role": self._role(record)}
        if self._is_replica(record):
            broken = record.held.get("broken") or state is None or state.role != "replica"
            shown["replicationState"] = "Broken" if broken else "Active"
        else:
            shown["capacity"] = 5 - len(self.replicas(record))
        return shown

    def actions(self) -> dict[str, Action]:
        return {"restart": self._restart, "stop": self._stop, "start": self._start}

    def _restart(self, record: Record, body: Body) -> Any:
        databases, where = self.world.context.fabric.databases, (record.location, record.id.name)
        if record.held.get("stopped"):
            raise ArmError(409, "ServerIsStopped", f"The server {record.id.name} is stopped.")
        if not body.get("restartWithFailover"):
            return lambda: databases.restart(*where)
        if not _wants_standby(record):
            message = f"The server {record.id.name} has no standby: it cannot fail over."
            raise ArmError(400, "HighAvailabilityNotEnabled", message)
        return lambda: databases.fail_over_to_standby(*where)

    def _stop(self, record: Record, body: Body) -> Any:
        if self._is_replica(record) or self.replicas(record):
            message = "A server with read replicas, or one that is a replica, cannot be stopped."
            raise ArmError(400, "OperationNotSupportedForReplica", message)

        def work() -> None:
            self.world.context.fabric.databases.stop(record.location, record.id.name)
            record.held["stopped"] = True

        return work

    def _start(self, record: Record, body: Body) -> Any:
        def work() -> None:
            self.world.context.fabric.databases.start(record.location, record.id.name)
            record.held["stopped"] = False

        return work

    # parts ------------------------------------------------------------------------------------------------------------
    def _state(self, record: Record) -> DatabaseState | None:
        return self.world.context.fabric.databases.describe(record.location, record.id.name)

    def _answers(self, region: str) -> bool:
        network = self.world.context.fabric.network
        return (
            network.region_is_up(region)
            and network.control_plane_answers(region)
            and network.allowed("outside", region)
        )

    def _is_replica(self, record: Record) -> bool:
        return bool(record.held.get("replicates"))

    def replicas(self, record: Record) -> list[Record]:
        every = self.store.of_type(self.type)
        return [each for each in every if str(each.held.get("replicates")).lower() == record.id.key]

    def _endpoint_of(self, source: Record, replica: Record) -> Record | None:
        for endpoint in self.store.children(source, VirtualEndpoint.type):
            if replica.id.name in (endpoint.properties.get("members") or ()):
                return endpoint
        return None

    def _continuous(self, region: str, source: str, name: str = "") -> Backup | None:
        try:
            backups = self.world.context.fabric.databases.backups(region)
        except FabricError:
            return None
        found = [b for b in backups if b.kind == "continuous" and b.source == source and (not name or b.name == name)]
        return max(found, key=lambda each: each.latest) if found else None

    def _backup_for(self, source: Record, region: str, *, geo: bool) -> Backup:
        name = str(source.held.get("geo") or "-") if geo else ""
        found = self._continuous(region, source.id.name, name)
        if found is None:
            message = f"There is no backup of {source.id.name} in {region} yet."
            raise ArmError(400, "BackupNotFound", message)
        return found


class Child(Kind):
    """Of a server: it waits until nothing else is done to it."""

    versions = VERSIONS
    is_long = True

    def server(self, record: Record) -> Record:
        found = self.store.find(record.id.parent or "")
        if found is None:
            raise ArmError(404, "ParentResourceNotFound", "The server is gone.")
        return found

    def check(self, new: Record, old: Record | None) -> None:
        server = self.server(new)
        if server.busy:
            message = (
                f"Cannot complete operation because server '{server.id.name}' is busy processing another operation."
            )
            raise ArmError(409, "ServerIsBusy", message)

    def shown(self, record: Record) -> Body:
        return {}

    @property
    def databases(self) -> Any:
        return self.world.context.fabric.databases


class Database(Child):
    type = f"{Server.type}/databases"
    create_only = ("properties.charset", "properties.collation")
    defaults = {"properties.charset": "UTF8", "properties.collation": "en_US.utf8"}

    def settle(self, record: Record, old: Record | None) -> None:
        server = self.server(record)
        if server.held.get("replicates"):
            raise ArmError(400, "ReadOnlyServer", "A database cannot be made on a read replica.")
        self.databases.create_database(server.location, server.id.name, record.id.name)

    def remove(self, record: Record) -> None:
        server = self.server(record)
        if server.busy != "Deleting" and not server.held.get("replicates"):
            self.databases.drop_database(server.location, server.id.name, record.id.name)


class Configuration(Child):
    """A parameter. Each is there without being made; deleting one is not done, as in Azure."""

    type = f"{Server.type}/configurations"
    taken_methods = ("GET", "PUT", "PATCH")

    def implicit(self, identity: ResourceId) -> Record | None:
        there = self.store.find(identity.parent or "") is not None
        return Record(identity, {"properties": {"source": "system-default"}}) if there else None

    def settle(self, record: Record, old: Record | None) -> None:
        server, value = self.server(record), record.properties.get("value")
        if value is None:
            raise ArmError(400, "InvalidParameterValue", "properties.value is required.")
        if "." in record.id.name:
            raise not_done(f"the parameter {record.id.name} of an extension")
        if record.id.name == "azure.extensions":
            return
        self.databases.set_parameter(server.location, server.id.name, record.id.name, str(value))


class FirewallRule(Child):
    """Without one a public server lets nobody in."""

    type = f"{Server.type}/firewallRules"

    def check(self, new: Record, old: Record | None) -> None:
        super().check(new, old)
        if get(self.server(new).body, "properties.network.delegatedSubnetResourceId") not in {ABSENT, None, ""}:
            message = "Firewall rules cannot be set on a server that is in a network."
            raise ArmError(400, "FirewallRulesNotAllowed", message)
        for name in ("startIpAddress", "endIpAddress"):
            if not new.properties.get(name):
                raise ArmError(400, "InvalidParameterValue", f"properties.{name} is required.")

    def settle(self, record: Record, old: Record | None) -> None:
        Server(self.world).reach(record.id.parent or "")

    def remove(self, record: Record) -> None:
        self.store.forget(record.id)
        Server(self.world).reach(record.id.parent or "")


class VirtualEndpoint(Child):
    """Two names that follow a switchover: the writer's and the reader's. There is one pair for a primary."""

    type = f"{Server.type}/virtualEndpoints"
    create_only = ("properties.endpointType",)
    defaults = {"properties.endpointType": "ReadWrite"}

    def check(self, new: Record, old: Record | None) -> None:
        super().check(new, old)
        server, members = self.server(new), list(new.properties.get("members") or ())
        if server.held.get("replicates"):
            raise ArmError(400, "ServerIsReplica", "A virtual endpoint is made on the primary.")
        for other in self.store.of_type(self.type):
            if other.id.name.lower() == new.id.name.lower() and (old is None or other.id.key != old.id.key):
                message = f"The virtual endpoint name '{new.id.name}' is already used by {other.id.text}."
                raise ArmError(409, "VirtualEndpointNameAlreadyExists", message)
        if old is None and self.store.children(server, self.type):
            raise ArmError(409, "VirtualEndpointLimitReached", "A server can have one pair of virtual endpoints.")
        allowed = {server.id.name, *(each.id.name for each in Server(self.world).replicas(server))}
        if not 1 <= len(members) <= 2 or members[0] not in allowed or set(members) - allowed:
            message = f"members are the primary and one of its replicas: {', '.join(sorted(allowed))}."
            raise ArmError(400, "InvalidParameterValue", message)

    def settle(self, record: Record, old: Record | None) -> None:
        point(self.world, record)

    def remove(self, record: Record) -> None:
        for name in endpoint_names(record):
            self.world.context.names.remove(name)

    def shown(self, record: Record) -> Body:
        return {"virtualEndpoints": list(endpoint_names(record))}


class OnDemandBackup(Child):
    """A full backup of the moment it was asked for, kept as long as the server's others."""

    type = f"{Server.type}/backups"
    taken_methods = ("GET", "PUT", "DELETE")

    def check(self, new: Record, old: Record | None) -> None:
        super().check(new, old)
        if old is not None:
            raise ArmError(409, "BackupAlreadyExists", f"A backup named '{new.id.name}' already exists.")
        if self.server(new).held.get("replicates"):
            raise ArmError(400, "BackupNotSupportedForReplica", "A read replica has no backups of its own.")

    def settle(self, record: Record, old: Record | None) -> None:
        server = self.server(record)
        made = self.databases.snapshot(server.location, server.id.name, self._name(record))
        record.held["completed"] = made.latest.isoformat()

    def remove(self, record: Record) -> None:
        self.databases.delete_backup(self.server(record).location, self._name(record))

    def _name(self, record: Record) -> str:
        return f"{record.id.names[0]}-{record.id.name}"

    def shown(self, record: Record) -> Body:
        done = record.held.get("completed")
        return {"backupType": "Customer On-Demand", "source": "Full", **({"completedTime": done} if done else {})}


def endpoint_names(endpoint: Record) -> tuple[str, str]:
    return f"{endpoint.id.name}.writer.{SUFFIX}", f"{endpoint.id.name}.reader.{SUFFIX}"


def point(world: Any, endpoint: Record) -> None:
    """Lead the names of an endpoint to its members: the first writes, the last is read."""
    members = list(endpoint.properties.get("members") or ())
    for name, member in zip(endpoint_names(endpoint), (members[0], members[-1]), strict=True):
        server = world.named(Server.type, member)
        world.context.names.remove(name)
        if server is not None:
            world.context.names.add_database(name, server.location, server.id.name)


def _host(name: str) -> str:
    return f"{name}.{SUFFIX}"


def _tier(record: Record) -> str:
    return str((record.body.get("sku") or {}).get("tier", ""))


def _wants_standby(record: Record) -> bool:
    return bool((record.properties.get("highAvailability") or {}).get("mode", "Disabled") != "Disabled")


def _moment(text: Any) -> datetime:
    """Raises ArmError."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise ArmError(400, "InvalidParameterValue", f"pointInTimeUTC {text} is not a time.") from error
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


class Replicas(Kind):
    """What follows a server, wherever it is: servers of their own."""

    type = "Microsoft.DBforPostgreSQL/flexibleServers/replicas"
    versions = VERSIONS
    taken_methods = ("GET",)

    def whole(self, identity: ResourceId) -> Body | None:
        source = self.store.find(identity.parent or "")
        if source is None:
            raise ArmError(404, "ResourceNotFound", f"The server '{identity.parent}' was not found.")
        server = Server(self.world)
        return {"value": [server.document(each) for each in server.replicas(source)]}


KINDS = (Server, Replicas, Database, Configuration, FirewallRule, VirtualEndpoint, OnDemandBackup)
