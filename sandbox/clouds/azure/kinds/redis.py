"""
Azure Managed Redis (Microsoft.Cache/redisEnterprise) over real servers: a cluster, and the one database in it.

A cluster is a name, a size and a door to the network; the server is there with its database. Active geo-replication is
not done here: two writable servers and a merge of our own would prove nothing about the real one.
"""

from __future__ import annotations

import base64
import re
import secrets
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from model.clouds.azure import CACHE_SIZES, CACHE_ZONE, STORE_RULES
from sandbox.clouds.azure.errors import ArmError, not_done
from sandbox.clouds.azure.kind import Action, Body, Kind, Record
from sandbox.clouds.azure.kinds.network import PrivateEndpoint, PrivateZoneLink, SecurityGroup, ZoneGroup, group_of
from sandbox.clouds.azure.messages import Request

VERSIONS = ("2024-10-01", "2025-04-01", "2025-07-01")
SUFFIX = "redis.azure.net"
DEFAULT = "default"
GB = 1 << 30
NAME = re.compile(r"(?!.*--)(?=.{1,60}$)[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?")
SKU = re.compile(STORE_RULES["redis"].size)
HOURS = {"1h": 1, "6h": 6, "12h": 12}
KEYS = ("Primary", "Secondary")


def host_of(cluster: Record) -> str:
    return f"{cluster.id.name.lower()}.{cluster.location}.{SUFFIX}"


class Cluster(Kind):
    """Its name is taken for everybody in its region, because its host name is."""

    type = "Microsoft.Cache/redisEnterprise"
    versions = VERSIONS
    regional = True
    is_long = True
    takes_capacity = True
    create_only = ("zones", "properties.encryption")
    defaults = {"properties.highAvailability": "Enabled", "properties.minimumTlsVersion": "1.2"}

    def check(self, new: Record, old: Record | None) -> None:
        given, name = new.properties, new.id.name
        if not NAME.fullmatch(name):
            raise ArmError(400, "InvalidClusterName", f"The cluster name '{name}' is not valid.")
        others = [each for each in self.store.of_type(self.type) if each.id.name.lower() == name.lower()]
        if old is None and any(each.location == new.location for each in others):
            raise ArmError(409, "NameNotAvailable", f"The name '{name}' is already in use in {new.location}.")
        sku = str((new.body.get("sku") or {}).get("name", ""))
        if not SKU.fullmatch(sku):
            raise ArmError(400, "InvalidSku", f"The sku '{sku}' is not supported.")
        if old is not None and _memory_gb(sku) < _memory_gb(str(old.body["sku"]["name"])):
            raise ArmError(400, "ScaleDownNotAllowed", "A cluster cannot be made smaller.")
        if given.get("publicNetworkAccess") not in {"Enabled", "Disabled"}:
            message = "The property 'publicNetworkAccess' is required, and is Enabled or Disabled."
            raise ArmError(400, "MissingRequiredParameter", message)
        if given["minimumTlsVersion"] not in {"1.2", "1.3"}:
            raise ArmError(400, "InvalidParameterValue", "minimumTlsVersion must be 1.2 or 1.3.")

    def settle(self, record: Record, old: Record | None) -> None:
        self.reach(record)

    def subnet_changed(self, identity: str) -> None:
        """Or an endpoint in it, or the rules of who may pass."""
        for record in self.store.of_type(self.type):
            self.reach(record)

    def reach(self, record: Record) -> None:
        """
        What nobody may reach is shut. Which addresses a rule names makes no difference.

        One with an endpoint in a network is open to the operator outside as well: no agent stands inside yet to ask on
        his behalf.
        """
        caches = self.world.context.fabric.caches
        if caches.describe(record.location, record.id.name) is not None:
            is_open = record.properties["publicNetworkAccess"] == "Enabled" or self._has_way_in(record)
            caches.shut(record.location, record.id.name, shut=not is_open)

    def _has_way_in(self, record: Record) -> bool:
        for endpoint in self.store.of_type(PrivateEndpoint.type):
            if record.id.key not in PrivateEndpoint.leads_to(endpoint) or endpoint.location != record.location:
                continue
            subnet = self.store.find(str(endpoint.properties["subnet"]["id"]))
            if subnet is None or not self._is_found(endpoint, subnet):
                continue
            policies = str(subnet.properties.get("privateEndpointNetworkPolicies", "Disabled"))
            rules = self.store.find(group_of(subnet))
            if policies not in {"Enabled", "NetworkSecurityGroupEnabled"} or rules is None:
                return True  # rules are not looked at
            if SecurityGroup(self.world).allows(rules):
                return True
        return False

    def _is_found(self, endpoint: Record, subnet: Record) -> bool:
        """Do names of caches lead to endpoints in this network?"""
        for group in self.store.children(endpoint, ZoneGroup.type):
            for zone in map(self.store.find, ZoneGroup.zones(group)):
                if zone is None or zone.id.name.lower() != CACHE_ZONE:
                    continue
                links = self.store.children(zone, PrivateZoneLink.type)
                if any(str(it.properties["virtualNetwork"]["id"]).lower() == subnet.id.parent.lower() for it in links):  # type: ignore[union-attr]
                    return True
        return False

    def shown(self, record: Record) -> Body:
        more = {"hostName": host_of(record), "resourceState": _state(record), "redisVersion": "6.2"}
        return {**super().shown(record), **more}


class Database(Kind):
    """Always called `default`. With the keys that open it, of which there are two."""

    type = "Microsoft.Cache/redisEnterprise/databases"
    versions = VERSIONS
    is_long = True
    create_only = ("properties.port", "properties.modules", "properties.clusteringPolicy")
    defaults = {
        "properties.clientProtocol": "Encrypted",
        "properties.clusteringPolicy": "OSSCluster",
        "properties.evictionPolicy": "VolatileLRU",
        "properties.accessKeysAuthentication": "Disabled",
    }

    def check(self, new: Record, old: Record | None) -> None:
        given = new.properties
        if new.id.name != DEFAULT:
            raise ArmError(400, "InvalidDatabaseName", f"The database of a cluster is called {DEFAULT}.")
        if given.get("geoReplication"):
            raise not_done("active geo-replication of a cache")
        if given.get("modules"):
            raise not_done("modules of a cache")
        if given["clientProtocol"] != "Encrypted":
            raise not_done("a cache without TLS")
        kept = given.get("persistence") or {}
        if kept.get("rdbEnabled") and kept.get("aofEnabled"):
            raise ArmError(400, "InvalidPersistence", "At most one of AOF and RDB persistence can be enabled.")
        if kept.get("rdbEnabled") and kept.get("rdbFrequency") not in HOURS:
            raise ArmError(400, "InvalidPersistence", f"rdbFrequency must be one of {', '.join(HOURS)}.")
        if old is None:
            new.held["keys"] = {name: _key() for name in KEYS}

    def settle(self, record: Record, old: Record | None) -> None:
        cluster, caches = self._cluster(record), self.world.context.fabric.caches
        name, region = cluster.id.name, cluster.location
        if old is not None:
            caches.set_saving(region, name, _saving(record))
            caches.set_keys(region, name, self._opens(record))
            return
        host = host_of(cluster)
        issued = self.world.authority.issue([host])
        caches.create(
            region, name, memory_bytes=round(_memory_gb(str(cluster.body["sku"]["name"])) * GB),
            keys=self._opens(record), save_seconds=_saving(record), certificate=issued.certificate + issued.key,
        )  # fmt: skip
        self.world.context.names.add_cache(host, region, name)
        Cluster(self.world).reach(cluster)

    def remove(self, record: Record) -> None:
        cluster, caches = self._cluster(record), self.world.context.fabric.caches
        if caches.describe(cluster.location, cluster.id.name) is not None:  # else it never came up
            caches.delete(cluster.location, cluster.id.name)
        self.world.context.names.remove(host_of(cluster))

    def shown(self, record: Record) -> Body:
        return {**super().shown(record), "port": self.world.context.ports.caches, "resourceState": _state(record)}

    def actions(self) -> dict[str, Action]:
        return {
            "listKeys": self._list_keys,
            "regenerateKey": self._regenerate,
            "export": self._export,
            "import": self._import,
            "flush": self._flush,
        }

    def _list_keys(self, record: Record, body: Body) -> Body:
        if record.properties["accessKeysAuthentication"] != "Enabled":
            message = "Access keys cannot be listed while accessKeysAuthentication is disabled."
            raise ArmError(400, "AccessKeysDisabled", message)
        keys = record.held["keys"]
        return {"primaryKey": keys["Primary"], "secondaryKey": keys["Secondary"]}

    def _regenerate(self, record: Record, body: Body) -> Any:
        which = body.get("keyType")
        if which not in KEYS:
            raise ArmError(400, "InvalidParameterValue", f"keyType must be one of {', '.join(KEYS)}.")
        cluster = self._cluster(record)

        def work() -> None:
            record.held["keys"] = {**record.held["keys"], which: _key()}
            self.world.context.fabric.caches.set_keys(cluster.location, cluster.id.name, self._opens(record))

        return work

    def _export(self, record: Record, body: Body) -> Any:
        """Into a container, under a name that the service makes."""
        cluster, uri = self._cluster(record), str(body.get("sasUri") or "")
        if not uri:
            raise ArmError(400, "MissingRequiredParameter", "The required parameter 'sasUri' is missing.")

        def work() -> None:
            found = self.world.context.fabric.caches.export(cluster.location, cluster.id.name)
            name = f"{cluster.id.name}-{DEFAULT}-{datetime.now(UTC):%Y%m%d%H%M%S%f}.rdb"
            container, _, sas = uri.partition("?")
            self._ask_blobs("PUT", f"{container.rstrip('/')}/{name}?{sas}", cluster.location, found)

        return work

    def _import(self, record: Record, body: Body) -> Any:
        """What it held before is gone, also where it had keys that the file has not."""
        cluster, uris = self._cluster(record), body.get("sasUris") or []
        if not uris:
            raise ArmError(400, "MissingRequiredParameter", "The required parameter 'sasUris' is missing.")
        if len(uris) > 1:
            raise not_done("an import of several files")

        def work() -> None:
            found = self._ask_blobs("GET", str(uris[0]), cluster.location, b"")
            self.world.context.fabric.caches.bring(cluster.location, cluster.id.name, found)

        return work

    def _flush(self, record: Record, body: Body) -> Any:
        cluster = self._cluster(record)
        return lambda: self.world.context.fabric.caches.flush(cluster.location, cluster.id.name)

    def _ask_blobs(self, method: str, uri: str, region: str, data: bytes) -> bytes:
        """As the service itself, which has nothing but the signature that it was given."""
        parts = urlsplit(uri)
        headers = {"x-ms-blob-type": "BlockBlob", "content-type": "application/octet-stream"}
        target = f"{parts.path}?{parts.query}"
        answer = self.world.ask_blobs(Request(method, parts.netloc.lower(), target, headers, data, region))
        if answer.status >= 400:
            code = answer.headers.get("x-ms-error-code", str(answer.status))
            raise ArmError(400, "StorageAccessFailed", f"The storage account answered {code}.")
        return answer.body

    def _cluster(self, record: Record) -> Record:
        found = self.store.find(record.id.parent or "")
        if found is None:
            raise ArmError(404, "ResourceNotFound", f"There is no cluster {record.id.parent}.")
        return found

    @staticmethod
    def _opens(record: Record) -> tuple[str, ...]:
        """Nothing opens one whose keys are switched off: nobody logs in with an identity here."""
        if record.properties["accessKeysAuthentication"] == "Enabled":
            return tuple(record.held["keys"].values())
        return (secrets.token_hex(32),)


def _state(record: Record) -> str:
    return record.busy or ("Failed" if record.failure else "Running")


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _saving(record: Record) -> int | None:
    kept = record.properties.get("persistence") or {}
    if kept.get("aofEnabled"):
        return 1
    return HOURS[kept["rdbFrequency"]] * 3600 if kept.get("rdbEnabled") else None


def _memory_gb(sku: str) -> float:
    """The sizes that are not in the table hold as many GB as they are called."""
    return CACHE_SIZES.get(sku) or float(re.sub(r"\D", "", sku)) or 0.5


KINDS = (Cluster, Database)
