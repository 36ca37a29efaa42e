"""
A command that is run once where an app runs. App Service runs none beside what serves, so it is a container group of
its own in the network of the site, with the image, the settings and the identity of the app
(`docs/decisions/jobs-without-a-cluster.md`).

The cloud ends no group when its time is over: a tag of the group says when it is, and whoever waits for it ends it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from scripts.core.commands import Ran, said_by
from scripts.core.errors import CloudFailed
from scripts.core.moments import now
from scripts.core.waiting import wait_until

if TYPE_CHECKING:
    from scripts.clouds.azure.arm import Arm

KIND = "Microsoft.ContainerInstance/containerGroups"
TAG, ENDS_TAG = "dr-job", "dr-ends-at"
KEPT = timedelta(days=7)
"""How long a group that ended stays, so that people can look at it."""
BEGINNING_SECONDS = 300.0
"""How long it may take until the command begins: the image is pulled anew for each."""
ENDED = frozenset({"Succeeded", "Failed", "Stopped"})
CONTAINER = "job"
SIZE = {"cpu": 1, "memoryInGB": 1.5}


@dataclass(frozen=True)
class Job:
    """`id` is that of the group, `app` the one in whose place the command runs, `subnet` an ID as well."""

    id: str
    app: Mapping[str, Any]
    image: str
    settings: Mapping[str, str] = field(repr=False)
    subnet: str
    command: Sequence[str]
    seconds: float


def run_job(arm: Arm, job: Job) -> Ran:
    """See `ManagedService.run_once`."""
    identity, seconds = job.id, job.seconds
    present = arm.get(identity)
    if present is not None and _state(present) in ENDED and _exit_code(present) != 0:
        arm.delete(identity, wait=BEGINNING_SECONDS)
        present = None
    if present is None:
        _forget_old(arm, identity.rpartition("/")[0])
        arm.put(identity, _group(job), wait=BEGINNING_SECONDS)
    found = _wait(arm, identity, seconds)
    log = _log(arm, identity)
    if _state(found) not in ENDED:
        arm.post(identity, "stop", f"ending {_name(identity)}")
        return Ran(None, log)
    return Ran(_exit_code(found), log)


def _group(job: Job) -> dict[str, Any]:
    """It is tried once: whether a command may be repeated is not ours to say. No setting can be read from it again."""
    identities = [*((job.app.get("identity") or {}).get("userAssignedIdentities") or {})]
    container = {
        "image": job.image,
        "command": list(job.command),
        "environmentVariables": [{"name": key, "secureValue": job.settings[key]} for key in sorted(job.settings)],
        "resources": {"requests": SIZE},
    }
    registry, found, _ = job.image.partition("/")
    pulled = [{"server": registry, "identity": identities[0]}] if identities and found and "." in registry else []
    ends = now() + timedelta(seconds=job.seconds + BEGINNING_SECONDS)
    return {
        "location": job.app["location"],
        "tags": {TAG: "true", ENDS_TAG: f"{ends.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"},
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {each: {} for each in identities}},
        "properties": {
            "osType": "Linux",
            "restartPolicy": "Never",
            "subnetIds": [{"id": job.subnet}],
            "imageRegistryCredentials": pulled,
            "containers": [{"name": CONTAINER, "properties": container}],
        },
    }


def _wait(arm: Arm, identity: str, seconds: float) -> Mapping[str, Any]:
    """The group once it has ended, or its time is over, which counts from when the command began."""

    def over() -> Mapping[str, Any] | None:
        found = arm.get(identity)
        if found is None:
            raise CloudFailed(f"the job {_name(identity)} is not there any more")
        began = str(_current(found).get("startTime") or "")
        is_late = bool(began) and now() - datetime.fromisoformat(began) > timedelta(seconds=seconds)
        return found if is_late or _state(found) in ENDED else None

    what = f"the job {_name(identity)} to end"
    return wait_until(over, seconds=seconds + BEGINNING_SECONDS, what=what, every=0.5)


def _forget_old(arm: Arm, every: str) -> None:
    """Those whose time was over long ago."""
    for each in arm.list(every):
        tags = each.get("tags") or {}
        if TAG in tags and now() - datetime.fromisoformat(str(tags.get(ENDS_TAG))) > KEPT:
            arm.delete(str(each["id"]))


def _current(group: Mapping[str, Any]) -> Mapping[str, Any]:
    """What its one container does."""
    found: list[Mapping[str, Any]] = (group.get("properties") or {}).get("containers") or []
    views = [(each.get("properties") or {}).get("instanceView") or {} for each in found]
    return views[0].get("currentState") or {} if views else {}


def _state(group: Mapping[str, Any]) -> str:
    return str((((group.get("properties") or {}).get("instanceView")) or {}).get("state") or "")


def _exit_code(group: Mapping[str, Any]) -> int:
    """One that was stopped, or never started, counts as failed."""
    found = _current(group).get("exitCode")
    return int(found) if found is not None else 1


def _log(arm: Arm, identity: str) -> str:
    """What it wrote; empty where that cannot be had any more: the command has ended all the same."""
    try:
        found = arm.get(f"{identity}/containers/{CONTAINER}/logs")
    except CloudFailed:
        return ""
    return said_by(str((found or {}).get("content") or ""))


def _name(identity: str) -> str:
    return identity.rpartition("/")[2]
