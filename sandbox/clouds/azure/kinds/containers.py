"""Container Instances over real processes: a group of one container that runs once, in a network of its own site."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.clouds.azure.errors import ArmError, not_done
from sandbox.clouds.azure.ids import ResourceId, parse
from sandbox.clouds.azure.kind import Action, Body, Kind, Record
from sandbox.clouds.azure.kinds.identity import identities_of, identity_of
from sandbox.clouds.azure.kinds.network import Subnet
from sandbox.clouds.azure.kinds.web import read_by_processes
from sandbox.fabric import FabricError, JobSpec, JobState

VERSIONS = ("2023-05-01", "2024-05-01-preview", "2024-11-01-preview", "2025-09-01")
DELEGATION = "Microsoft.ContainerInstance/containerGroups"
LONGEST_SECONDS = 86400.0
"""Container Instances ends nothing by itself; a world ends what was forgotten."""


class ContainerGroup(Kind):
    type = DELEGATION
    versions = VERSIONS
    regional = True
    is_long = True
    takes_capacity = True

    def check(self, new: Record, old: Record | None) -> None:
        if old is not None and old.properties != new.properties:
            raise not_done("a change of a container group that is there")
        properties = new.properties
        if properties.get("osType") != "Linux" or properties.get("restartPolicy") != "Never":
            raise not_done("a container group that is no Linux or that is started again")
        containers = properties.get("containers") or []
        if len(containers) != 1:
            raise not_done("a container group of several containers")
        given = containers[0].get("properties") or {}
        if not given.get("image") or not (given.get("resources") or {}).get("requests"):
            raise ArmError(400, "InvalidContainerGroup", "The container needs an image and requests for resources.")
        self._check_subnet(new)
        for identity in identities_of(new):
            if self.store.find(identity) is None:
                raise ArmError(400, "FailedIdentityOperation", f"The identity '{identity}' was not found.")
        new.held["env"] = {
            str(each["name"]): str(each.pop("secureValue", None) or each.get("value") or "")
            for each in given.get("environmentVariables") or []
        }

    def _check_subnet(self, new: Record) -> None:
        for each in new.properties.get("subnetIds") or []:
            found = self.store.find(str(each.get("id") or ""))
            if found is None or found.id.type.lower() != Subnet.type.lower():
                raise ArmError(400, "SubnetNotFound", f"The subnet '{each.get('id')}' was not found.")
            delegated = [
                str((it.get("properties") or it).get("serviceName")) for it in found.properties.get("delegations") or []
            ]
            if DELEGATION not in delegated:
                message = f"The subnet '{found.id.name}' is not delegated to {DELEGATION}."
                raise ArmError(400, "SubnetDelegationNotPresent", message)

    def settle(self, record: Record, old: Record | None) -> None:
        if old is not None:
            return
        given = record.properties["containers"][0]["properties"]
        settings = read_by_processes(self.world, record.held["env"])
        record.held["began"] = datetime.now(UTC).isoformat(timespec="milliseconds")
        self.world.context.fabric.compute.start_job(
            record.location,
            JobSpec(
                self._namespace(record), record.id.name, tuple(given.get("command") or ("app",)),
                {**settings, "DR_IMAGE": str(given["image"])}, LONGEST_SECONDS, identity_of(self.world, record),
            ),
        )  # fmt: skip

    def remove(self, record: Record) -> None:
        self.world.context.fabric.compute.remove_job(record.location, self._namespace(record), record.id.name)

    def shown(self, record: Record) -> Body:
        current: Body
        code, began = self.exit_code(record), record.held.get("began")
        if began is None or record.busy == "Creating":
            state, current = "Pending", {"state": "Waiting"}
        elif record.held.get("stopped"):
            state, current = "Stopped", {"state": "Terminated", "startTime": began, "detailStatus": "Stopped"}
        elif code is None:
            state, current = "Running", {"state": "Running", "startTime": began}
        else:
            state = "Failed" if code else "Succeeded"
            current = {"state": "Terminated", "startTime": began, "exitCode": code, "detailStatus": "Completed"}
        (container,) = record.properties["containers"]
        seen = {**container, "properties": {**container["properties"], "instanceView": {"currentState": current}}}
        return {**super().shown(record), "containers": [seen], "instanceView": {"state": state, "events": []}}

    def exit_code(self, record: Record) -> int | None:
        """That of its process; 1 where its region has forgotten it."""
        try:
            jobs = self.world.context.fabric.compute.jobs(record.location, self._namespace(record))
        except FabricError:
            return None
        known: dict[str, JobState] = {each.name: each for each in jobs}
        found = known.get(record.id.name)
        return found.exit_code if found is not None else 1

    def log(self, record: Record) -> str:
        return self.world.context.fabric.compute.job_log(record.location, self._namespace(record), record.id.name)

    def actions(self) -> Mapping[str, Action]:
        return {"stop": self._stop}

    def _stop(self, record: Record, body: Body) -> None:
        if self.exit_code(record) is None:
            record.held["stopped"] = True
            self.remove(record)

    @staticmethod
    def _namespace(record: Record) -> str:
        return f"group-{record.id.group.lower()}"


class Logs(Kind):
    """What the container of a group wrote: one document, where a collection would be."""

    type = f"{DELEGATION}/containers/logs"
    versions = VERSIONS
    taken_methods = ("GET",)

    def whole(self, identity: ResourceId) -> Any:
        group = self.store.find(parse((parse(identity.parent or "")).parent or ""))
        if group is None:
            raise ArmError(404, "ResourceNotFound", f"The container group of '{identity.text}' was not found.")
        return {"content": ContainerGroup(self.world).log(group)}


KINDS = (ContainerGroup, Logs)
