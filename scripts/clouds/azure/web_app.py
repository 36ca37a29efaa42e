"""
App Service: the services of a site that run as web apps, and its agent, which is one too.

A slot holds the version before, or the next one. What exchanges them is a swap, which warms the other version up first
and which no stack sees: image and settings of both are the run's to change once they are declared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from model import names
from model.clouds import azure
from scripts.clouds.azure.jobs import KIND as JOBS
from scripts.clouds.azure.jobs import Job, run_job
from scripts.clouds.azure.session import Session, in_site, subnet_id
from scripts.clouds.protocol import ServiceFeature, ServiceState, ServiceVersion, need
from scripts.core.errors import CloudFailed, Refused

if TYPE_CHECKING:
    from model import Plan
    from model.hooks import RunAs
    from scripts.clouds.azure.arm import Arm
    from scripts.clouds.protocol import Declared
    from scripts.core.commands import Ran

KIND = "Microsoft.Web/sites"
RESOURCE = "azure-native:web:WebApp"
SERVICE_TAG, RESTARTED_TAG = "dr-service", "dr-restarted-at"
RUNNING, READY = "Running", "READY"
SWAP_SECONDS = 900.0


class WebApps:
    """See `Services`."""

    def __init__(self, session: Session, plan: Plan, site: str) -> None:
        self._session, self._plan, self._site = session, plan, site

    def service(self, name: str) -> WebApp:
        return WebApp(self._session, self._plan, self._site, name)

    def running(self) -> Mapping[str, ServiceState]:
        arm = self._session.arm(self._plan.site(self._site).region)
        apps = arm.list(in_site(self._plan, self._site, KIND))
        tagged = [str((each.get("tags") or {}).get(SERVICE_TAG, "")) for each in apps]
        states = {name: self.service(name).state() for name in tagged if name}
        return {name: state for name, state in states.items() if state is not None}


class WebApp:
    """See `ManagedService`."""

    def __init__(self, session: Session, plan: Plan, site: str, service: str) -> None:
        self.where = azure.app(plan, site, service)
        self._session, self._plan, self._site, self._service = session, plan, site, service
        self._region = plan.site(site).region
        self._id = self._in_site(KIND, self.where)
        known = {each.name: each for each in plan.services}
        self._slot = str(getattr(known.get(service), "slot", None) or "")

    @property
    def features(self) -> ServiceFeature:
        always = ServiceFeature.START | ServiceFeature.RESTART | ServiceFeature.LOGS | ServiceFeature.RUN_ONCE
        return always | ServiceFeature.ROLL_BACK if self._slot else always

    def state(self) -> ServiceState | None:
        """`settled` also waits for a swap or a deployment that is under way."""
        found = self._arm.get(self._id)
        if found is None:
            return None
        properties = found.get("properties") or {}
        config = self._config(self._id)
        wanted = int(config.get("numberOfWorkers") or 1) if properties.get("state") == RUNNING else 0
        instances = self._arm.list(f"{self._id}/instances") if wanted else []
        ready = sum((each.get("properties") or {}).get("state") == READY for each in instances)
        is_settled = not properties.get("inProgressOperationId") and ready >= wanted
        return ServiceState(self._service, wanted, min(ready, wanted), _artefact(config), is_settled)

    def start(self, count: int) -> None:
        """As many as the plan under it has room for: a smaller plan grows first."""
        found = self._there()
        self._make_room(str((found.get("properties") or {}).get("serverFarmId") or ""), count)
        if int(self._config(self._id).get("numberOfWorkers") or 1) != count:
            body = {"properties": {"numberOfWorkers": count}}
            self._arm.patch(f"{self._id}/config/web", body, f"running {count} of {self.where}")
        properties = found.get("properties") or {}
        if properties.get("enabled") is False:  # its stack switched it off
            self._arm.patch(self._id, {"properties": {"enabled": True}}, f"switching {self.where} on")
        if properties.get("state") != RUNNING:
            self._arm.post(self._id, "start", f"starting {self.where}")

    def stop(self) -> None:
        if self._arm.get(self._id) is not None:
            self._arm.post(self._id, "stop", f"stopping {self.where}")

    def restart(self, asked_at: datetime) -> None:
        """A tag remembers the moment: changing one restarts nothing."""
        moment = f"{asked_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        tags = dict(self._there().get("tags") or {})
        if tags.get(RESTARTED_TAG) == moment:
            return
        self._arm.post(self._id, "restart", f"restarting {self.where}")
        tags[RESTARTED_TAG] = moment
        self._arm.patch(self._id, {"tags": tags}, f"noting when {self.where} was restarted")

    def replace(self, asked_at: datetime) -> None:
        del asked_at
        raise Refused(
            f"{self.where} runs on machines of the cloud's own", "`dr recover` tries what can be done instead"
        )

    def versions(self) -> list[ServiceVersion]:
        """What the app runs, and what its slot holds. Both are named by their artefact."""
        found = [self._version(self._id, is_wanted=True)]
        if self._slot and (held := self._version(self._slot_id, is_wanted=False)) is not None:
            found.append(held)
        there = [each for each in found if each is not None and each.artefact]
        by_artefact = {each.artefact: each for each in reversed(there)}  # the one that runs counts
        return sorted(by_artefact.values(), key=lambda it: it.made_at, reverse=True)

    def roll_back(self, version: str) -> None:
        need(self.where, "go back to an earlier version", able=ServiceFeature.ROLL_BACK in self.features)
        if _artefact(self._config(self._id)) == version:
            return
        if _artefact(self._config(self._slot_id)) != version:
            raise Refused(
                f"{version} is not in the slot {self._slot} of {self.where}", "`dr rollback --list` shows what is"
            )
        body = {"targetSlot": self._slot, "preserveVnet": True}
        self._arm.post(self._id, "slotsswap", f"swapping {self.where} with {self._slot}", body, wait=SWAP_SECONDS)

    def run_once(self, name: str, command: Sequence[str], seconds: float, *, login: RunAs = "service") -> Ran:
        """The migration's login is in the settings of the app that migrates."""
        found, told = self._there(), self._id
        if login == "migration":
            told = self._in_site(KIND, azure.app(self._plan, self._site, f"{names.MIGRATOR}{self._service}"))
            found = self._arm.get(told) or {}
        if not found:
            raise CloudFailed(
                f"{self.where} has no migration whose login {name} could have",
                "name `migrate` of the service in the plan, or let the command have the login of the service",
            )
        what = f"reading what {self.where} is told"
        settings = (self._arm.post(f"{told}/config/appsettings", "list", what) or {}).get("properties") or {}
        image, subnet = _artefact(self._config(self._id)), subnet_id(self._plan, self._site, "jobs")
        job = Job(self._in_site(JOBS, name), found, image, settings, subnet, command, seconds)
        return run_job(self._arm, job)

    def logs(self, lines: int) -> Mapping[str, tuple[str, ...]]:
        """App Service gives the lines of all instances together."""
        said = self._arm.text(self._id, "containerlogs", f"reading the log of {self.where}")
        return {self.where: tuple(said.splitlines()[-lines:])}

    def is_declared_by(self, resource: Declared) -> bool:
        return resource.type == RESOURCE and resource.inputs.get("name") == self.where

    def declared_artefact(self, resource: Declared) -> str | None:
        """What an app with a slot runs is declared once and then ignored: swaps change it."""
        if self._slot:
            return None
        return _artefact(resource.inputs.get("siteConfig") or {})

    def resources(self, resources: Sequence[Declared]) -> list[str]:
        """The app and its slot: both get the names again that they had, and with them their addresses."""
        kinds = (RESOURCE, f"{RESOURCE}Slot")
        return [each.urn for each in resources if each.type in kinds and each.inputs.get("name") == self.where]

    def _version(self, identity: str, *, is_wanted: bool) -> ServiceVersion | None:
        found = self._arm.get(identity)
        if found is None:
            return None
        artefact = _artefact(self._config(identity))
        changed = str((found.get("properties") or {}).get("lastModifiedTimeUtc") or "")
        at = datetime.fromisoformat(changed) if changed else datetime.fromtimestamp(0, UTC)
        return ServiceVersion(artefact, artefact, at if at.tzinfo else at.replace(tzinfo=UTC), is_wanted, artefact)

    def _make_room(self, farm: str, count: int) -> None:
        found = self._arm.get(farm) if farm else None
        if found is None or int((found.get("sku") or {}).get("capacity") or 1) >= count:
            return
        kept = {key: found[key] for key in ("location", "kind", "tags", "properties") if key in found}
        self._arm.put(farm, {**kept, "sku": {**found["sku"], "capacity": count}})

    def _config(self, identity: str) -> Mapping[str, Any]:
        return (self._arm.get(f"{identity}/config/web") or {}).get("properties") or {}

    def _there(self) -> Mapping[str, Any]:
        found = self._arm.get(self._id)
        if found is None:
            raise CloudFailed(f"{self.where} is not there", "`dr up` on the stack of its site makes it")
        return found

    def _in_site(self, kind: str, name: str) -> str:
        return in_site(self._plan, self._site, kind, name)

    @property
    def _slot_id(self) -> str:
        return f"{self._id}/slots/{self._slot}"

    @property
    def _arm(self) -> Arm:
        return self._session.arm(self._region)


def _artefact(config: Mapping[str, Any]) -> str:
    """`DOCKER|registry/image:tag` without what says of which kind it is."""
    return str(config.get("linuxFxVersion") or "").removeprefix("DOCKER|")
