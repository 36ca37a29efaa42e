"""Container registries, their copies in other regions, and images that are taken over from elsewhere."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from model.clouds.azure import WITHOUT_ZONES
from sandbox.clouds.azure.errors import ArmError, not_done
from sandbox.clouds.azure.ids import ResourceId, parse
from sandbox.clouds.azure.images import Copy, ImageStore, Repository
from sandbox.clouds.azure.kind import Action, Body, Kind, Record, get

VERSIONS = (
    "2022-12-01",
    "2023-01-01-preview",
    "2023-07-01",
    "2023-11-01-preview",
    "2024-11-01-preview",
    "2025-04-01",
    "2025-11-01",
)
NAME = re.compile(r"[a-zA-Z0-9]{5,50}")
IMAGE = re.compile(
    r"(?P<name>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)(?:@(?P<digest>sha256:[0-9a-f]{64})|:(?P<tag>[\w][\w.-]{0,127}))"
)
TIERS = ("Basic", "Standard", "Premium")
DOMAIN = "azurecr.io"
RETENTION, SOFT_DELETE = "properties.policies.retentionPolicy", "properties.policies.softDeletePolicy"


class Registry(Kind):
    """
    Its name is taken for everybody. What changes it or one of its copies is done where it lies itself: while that
    region is lost, images are pulled from the other copies and nothing about the registry can be changed.
    """

    type = "Microsoft.ContainerRegistry/registries"
    versions = VERSIONS
    regional = True
    created_status = 200
    create_only = ("properties.zoneRedundancy",)
    defaults = {
        "properties.adminUserEnabled": False,
        "properties.anonymousPullEnabled": False,
        "properties.dataEndpointEnabled": False,
        "properties.publicNetworkAccess": "Enabled",
        "properties.networkRuleBypassOptions": "AzureServices",
        "properties.zoneRedundancy": "Disabled",
        f"{RETENTION}.status": "disabled",
        f"{RETENTION}.days": 7,
        f"{SOFT_DELETE}.status": "disabled",
        f"{SOFT_DELETE}.retentionDays": 7,
        "properties.policies.exportPolicy.status": "enabled",
    }

    def check(self, new: Record, old: Record | None) -> None:
        name, tier = new.id.name, str((new.body.get("sku") or {}).get("name", ""))
        if not NAME.fullmatch(name):
            message = f"Registry names may contain alpha numeric characters only and must be between 5 and 50. ({name})"
            raise ArmError(400, "InvalidResourceName", message)
        if tier not in TIERS:
            raise ArmError(400, "SkuInvalid", f"The sku '{tier}' is not one of {', '.join(TIERS)}.")
        if old is None and self.world.named(self.type, name) is not None:
            message = f"The registry DNS name {name.lower()}.{DOMAIN} is already in use."
            raise ArmError(409, "AlreadyInUse", message)
        new.body["sku"] = {"name": tier, "tier": tier}
        if tier != TIERS[-1]:
            self._check_tier(new, tier)
        self._check_policies(new)
        check_zones(new)

    def _check_tier(self, new: Record, tier: str) -> None:
        given = new.properties
        asked = {
            "zone redundancy": given["zoneRedundancy"] == "Enabled",
            "dedicated data endpoints": bool(given["dataEndpointEnabled"]),
            "closing the public network": given["publicNetworkAccess"] == "Disabled",
            "network rules": bool(given.get("networkRuleSet")),
            "a retention policy": get(new.body, f"{RETENTION}.status") == "enabled",
            "replications": bool(self.store.children(new, Replication.type)),
        }
        if refused := [what for what, is_asked in asked.items() if is_asked]:
            message = f"The registry {new.id.name} of sku {tier} does not support {', '.join(refused)}."
            raise ArmError(400, "SkuNotSupported", message)

    def _check_policies(self, new: Record) -> None:
        days, kept = int(get(new.body, f"{RETENTION}.days")), int(get(new.body, f"{SOFT_DELETE}.retentionDays"))
        is_retained, is_soft = (get(new.body, f"{each}.status") == "enabled" for each in (RETENTION, SOFT_DELETE))
        if not 0 <= days <= 365:
            raise ArmError(400, "InvalidRetentionPolicy", "retentionPolicy.days must be between 0 and 365.")
        if not 1 <= kept <= 90:
            raise ArmError(400, "InvalidSoftDeletePolicy", "softDeletePolicy.retentionDays must be between 1 and 90.")
        if is_soft and is_retained:
            message = "The retention policy and the soft delete policy cannot be enabled at the same time."
            raise ArmError(400, "InvalidSoftDeletePolicy", message)
        if is_soft and self.store.children(new, Replication.type):
            raise soft_delete_is_alone()
        if get(new.body, "properties.policies.exportPolicy.status") == "disabled" and (
            new.properties["publicNetworkAccess"] != "Disabled"
        ):
            message = "The export policy can only be disabled when public network access is disabled."
            raise ArmError(400, "InvalidExportPolicy", message)

    def settle(self, record: Record, old: Record | None) -> None:
        self.images.add(record.id.name, record.location)

    def remove(self, record: Record) -> None:
        self.images.forget(record.id.name)

    @property
    def images(self) -> ImageStore:
        return self.world.context.one(ImageStore)

    def shown(self, record: Record) -> Body:
        login = f"{record.id.name.lower()}.{DOMAIN}"
        shown = {**super().shown(record), "loginServer": login, "creationDate": record.created.isoformat()}
        if record.properties["dataEndpointEnabled"]:
            copies = self.store.children(record, Replication.type)
            regions = dict.fromkeys([record.location, *(each.location for each in copies)])
            shown["dataEndpointHostNames"] = [data_host(record, region) for region in regions]
        return shown

    def actions(self) -> Mapping[str, Action]:
        return {"importImage": self._import}

    def _import(self, record: Record, body: Body) -> Any:
        """An image of a registry of the world, by tag or digest, under tags of this one."""
        digest, found = self._source(body.get("source") or {})
        tags = [IMAGE.fullmatch(str(each)) for each in body.get("targetTags") or ()]
        if not tags or any(each is None or not each["tag"] for each in tags) or body.get("untaggedTargetRepositories"):
            raise not_done("an import under no tag, or one without a repository and a tag")
        wanted = [(each["name"], each["tag"]) for each in tags if each is not None]
        with self.images.lock:
            mine = self.images.copy(record.id.name, record.location)
            taken = [f"{name}:{tag}" for name, tag in wanted if name in mine and tag in mine[name].tags]
        if taken and body.get("mode", "NoForce") != "Force":
            message = f"Tag {taken[0]} already exists in target registry, and mode NoForce does not overwrite it."
            raise ArmError(409, "Conflict", message)

        def take_over() -> None:
            at = time.time()

            def change(copy: Copy) -> None:
                for name, tag in wanted:
                    repository = copy.setdefault(name, Repository())
                    repository.blobs |= found.blobs
                    for each in found.manifests.values():
                        repository.put_manifest(each)
                    repository.put_tag(tag, digest, at)

            self.images.change(record.id.name, record.location, change)

        return take_over

    def _source(self, given: Body) -> tuple[str, Repository]:
        """The digest of the image that is named, and what belongs to it."""
        registry = self.store.find(str(given.get("resourceId") or ""))
        if given.get("registryUri"):
            uri = str(given["registryUri"]).lower()
            registry = self.world.named(self.type, uri.removesuffix(f".{DOMAIN}")) if uri.endswith(DOMAIN) else None
        if registry is None or registry.id.type.lower() != self.type.lower():
            where = given.get("resourceId") or given.get("registryUri")
            raise ArmError(400, "InvalidImportSource", f"The source registry {where} was not found.")
        image = IMAGE.fullmatch(str(given.get("sourceImage") or ""))
        with self.images.lock:
            there = self.images.copy(registry.id.name, registry.location)
            repository = there.get(image["name"]) if image else None
            digest = repository.digest(image["digest"] or image["tag"]) if image and repository else None
            if repository is None or digest is None:
                message = f"The image {given.get('sourceImage')} was not found in {registry.id.name}."
                raise ArmError(404, "ImageNotFound", message)
            return digest, repository.part(digest)


class Replication(Kind):
    """A copy in another region. The registry's own region has one too, which is there without being made."""

    type = "Microsoft.ContainerRegistry/registries/replications"
    versions = VERSIONS
    regional = True
    created_status = 200
    create_only = ("properties.zoneRedundancy",)
    defaults = {"properties.regionEndpointEnabled": True, "properties.zoneRedundancy": "Disabled"}

    def managed_in(self, record: Record) -> str | None:
        """What leads requests to a copy is written where the registry lies, not where the copy does."""
        registry = self.store.find(record.id.parent or "")
        return registry.location if registry is not None else None

    def implicit(self, identity: ResourceId) -> Record | None:
        registry = self.store.find(identity.parent or "")
        if registry is None or identity.name.lower() != registry.location:
            return None
        zones = registry.properties["zoneRedundancy"]
        given = {"regionEndpointEnabled": True, "zoneRedundancy": zones}
        return Record(identity, {"location": registry.location, "properties": given})

    def listed(self, parent: ResourceId) -> list[Record]:
        registry = self.store.find(parent.parent or "")
        if registry is None:
            return []
        own = parse(f"{parent.text}/{registry.location}")
        found = self.implicit(own) if self.store.find(own) is None else None
        return [found] if found is not None else []

    def check(self, new: Record, old: Record | None) -> None:
        registry = self.store.find(new.id.parent or "")
        if registry is None or registry.body["sku"]["name"] != TIERS[-1]:
            message = f"Replications need a registry of sku {TIERS[-1]}."
            raise ArmError(400, "SkuNotSupported", message)
        if get(registry.body, f"{SOFT_DELETE}.status") == "enabled":
            raise soft_delete_is_alone()
        if old is None:
            others = [registry, *self.store.children(registry, self.type)]
            if any(each.location == new.location for each in others):
                message = f"The registry {registry.id.name} has a replication in {new.location} already."
                raise ArmError(409, "ReplicationAlreadyExists", message)
            self.world.check_managed(new.location, "Microsoft.ContainerRegistry")
        check_zones(new)

    def settle(self, record: Record, old: Record | None) -> None:
        self.images.add(record.id.names[0], record.location)

    def check_gone(self, record: Record) -> None:
        registry = self.store.find(record.id.parent or "")
        if registry is not None and registry.location == record.location:
            raise ArmError(409, "CannotDeleteHomeReplication", "The registry's own region cannot be taken away.")

    def remove(self, record: Record) -> None:
        self.images.remove(record.id.names[0], record.location)

    @property
    def images(self) -> ImageStore:
        return self.world.context.one(ImageStore)

    def shown(self, record: Record) -> Body:
        is_ready = self.images.is_in_step(record.id.names[0], record.location)
        status = {"displayStatus": "Ready" if is_ready else "Syncing", "timestamp": datetime.now(UTC).isoformat()}
        return {**super().shown(record), "status": status}


def check_zones(record: Record) -> None:
    if record.properties["zoneRedundancy"] == "Enabled" and record.location in WITHOUT_ZONES:
        message = f"Zone redundancy is not supported in {record.location}."
        raise ArmError(400, "ZoneRedundancyNotSupported", message)


def soft_delete_is_alone() -> ArmError:
    """Microsoft Learn, soft delete policy: it "doesn't support a geo-replicated registry"."""
    return ArmError(
        400, "InvalidSoftDeletePolicy", "The soft delete policy does not support a geo-replicated registry."
    )


def data_host(registry: Record, region: str) -> str:
    return f"{registry.id.name.lower()}.{region}.data.{DOMAIN}"


KINDS = (Registry, Replication)
