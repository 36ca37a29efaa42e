"""
Azure Managed Redis: the cache of a site, and its exports.

An export goes into a container of the site's recovery account, whose address is signed for the length of one call: the
account has no keys, and a cache has no role on it. The service makes up the name of the file, so what is written beside
it afterwards says which file is whose.
"""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from model import names
from model.clouds import azure
from scripts.clouds.azure.objects import Account
from scripts.clouds.azure.session import Session, in_site
from scripts.clouds.protocol import Phase, PointKind, RestorePoint, StoreState
from scripts.core.errors import CloudFailed, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from model import Plan
    from scripts.clouds.azure.arm import Arm

KIND, DATABASE = "Microsoft.Cache/redisEnterprise", "databases/default"
NOTES = "notes/"
"""Says of each export which file holds it."""
PORT = 10000
WAIT_SECONDS = 3600.0
"""For an export or an import of all that a cache can hold."""
SIGNED_SECONDS = WAIT_SECONDS + 600
RUNNING = "Running"


class ManagedRedis:
    """See `Cache`."""

    def __init__(self, session: Session, plan: Plan, site: str, store: str) -> None:
        self.identifier = azure.cache(plan, site, store)
        self._session, self._plan, self._site, self._store = session, plan, site, store
        self._region = plan.site(site).region
        self._id = in_site(plan, site, KIND, self.identifier)

    def state(self) -> StoreState | None:
        cluster, database = self._arm.get(self._id), self._arm.get(f"{self._id}/{DATABASE}")
        if cluster is None or database is None:
            return None
        said = [str((each.get("properties") or {}).get("resourceState") or "") for each in (cluster, database)]
        first = next((each for each in said if each != RUNNING), RUNNING)
        failed = first.endswith("Failed") or first == "Disabled"
        return StoreState(
            self.identifier,
            Phase.AVAILABLE if first == RUNNING else Phase.FAILED if failed else Phase.CHANGING,
            first,
            str(cluster["properties"].get("hostName") or ""),
            int(database["properties"].get("port") or PORT),
        )

    def export(self, name: str) -> RestorePoint:
        account = self._account(self._site)
        if account.read(self._note(name)) is not None:
            raise Refused(f"there is an export {name} of {self._store} already", "take another name")
        before, taken_at = set(account.keys(names.CACHES)), datetime.now(UTC)
        where = account.signed(names.CACHES.rstrip("/"), "rwl", SIGNED_SECONDS)
        what = f"exporting {self.identifier}"
        self._arm.post(f"{self._id}/{DATABASE}", "export", what, {"sasUri": where}, wait=WAIT_SECONDS)
        files = self._mine(each for each in account.keys(names.CACHES) if each not in before)
        if len(files) != 1:
            raise CloudFailed(f"{what}: {len(files)} files arrived, and one was expected", "try again")
        note = {"file": files[0], "source": self.identifier, "takenAt": taken_at.isoformat()}
        account.create(self._note(name), json.dumps(note).encode())
        return self._point(name, note)

    def exports(self) -> list[RestorePoint]:
        account, stem = self._account(self._site), self._note("").removesuffix(".json")
        found = []
        for key in account.keys(stem):
            held = account.read(key)
            if held is not None:
                found.append(self._point(key.removeprefix(stem).removesuffix(".json"), json.loads(held.body)))
        return sorted(found, key=lambda each: each.newest, reverse=True)

    def send(self, name: str, to: str) -> None:
        here, there = self._account(self._site), self._account(to)
        note = self._read(name)
        if there.read(self._note(name)) is None:
            here.copy(str(note["file"]), there)
            there.create(self._note(name), json.dumps(dict(note)).encode())

    def forget(self, name: str) -> None:
        """The note goes first: without its file it would promise what is not there."""
        account, held = self._account(self._site), self._account(self._site).read(self._note(name))
        if held is not None:
            account.delete(self._note(name))
            account.delete(str(json.loads(held.body)["file"]))

    def why_not_readable(self, name: str) -> str | None:
        """A scratch cache of the same size, which nobody reaches and which is gone afterwards."""
        file = str(self._read(name)["file"])
        found = self._arm.get(self._id)
        if found is None:
            raise CloudFailed(f"{self.identifier} is not there", f"`dr up` on the stack of {self._site} makes it")
        scratch = in_site(self._plan, self._site, KIND, f"{self._plan.system}-scratch-{secrets.token_hex(3)}")
        shut = {"publicNetworkAccess": "Disabled", "highAvailability": "Disabled"}
        body = {"location": self._region, "sku": found["sku"], "properties": shut, "tags": {"dr-scratch": "true"}}
        try:
            self._arm.put(scratch, body, wait=WAIT_SECONDS)
            policy = {"clusteringPolicy": "EnterpriseCluster", "clientProtocol": "Encrypted"}
            self._arm.put(f"{scratch}/{DATABASE}", {"properties": policy}, wait=WAIT_SECONDS)
            try:
                self._bring(scratch, file)
            except CloudFailed as error:
                return str(error)
        finally:
            self._arm.delete(scratch, wait=WAIT_SECONDS)
        return None

    def bring(self, name: str) -> None:
        self._bring(self._id, str(self._read(name)["file"]))

    def flush(self) -> None:
        self._arm.post(f"{self._id}/{DATABASE}", "flush", f"flushing {self.identifier}", {}, wait=WAIT_SECONDS)

    # parts ------------------------------------------------------------------------------------------------------------
    def _bring(self, cluster: str, file: str) -> None:
        container, _, rest = file.partition("/")
        where, _, signature = self._account(self._site).signed(container, "r", SIGNED_SECONDS).partition("?")
        body = {"sasUris": [f"{where}/{rest}?{signature}"]}
        what = f"importing into {cluster.rpartition('/')[2]}"
        self._arm.post(f"{cluster}/{DATABASE}", "import", what, body, wait=WAIT_SECONDS)

    def _read(self, name: str) -> Mapping[str, Any]:
        held = self._account(self._site).read(self._note(name))
        if held is None:
            raise Refused(f"{self._site} holds no export {name} of {self._store}", "`dr restore --list` shows them")
        found: Mapping[str, Any] = json.loads(held.body)
        return found

    def _point(self, name: str, note: Mapping[str, Any]) -> RestorePoint:
        taken = datetime.fromisoformat(str(note["takenAt"]))
        return RestorePoint(name, self._site, PointKind.SNAPSHOT, str(note["source"]), taken, None, str(note["file"]))

    def _note(self, name: str) -> str:
        return f"{names.CACHES}{NOTES}{self._store}/{name}.json"

    def _mine(self, arrived: Iterable[str]) -> list[str]:
        """
        The files at the top of the container that the service wrote of this cache. How it names them is its own
        affair; where those of another cache arrived at the same time, the name of the cache in theirs has to tell.
        """
        files = [each for each in arrived if "/" not in each.removeprefix(names.CACHES)]
        return files if len(files) == 1 else [each for each in files if self.identifier in each]

    def _account(self, site: str) -> Account:
        return Account(self._session, self._plan.site(site).region, azure.storage_account(self._plan, site, "recovery"))

    @property
    def _arm(self) -> Arm:
        return self._session.arm(self._region)
