"""
The sentinel of a site: renews the writer lease while it is this site's, and tells the database until when it may write.

One runs in every site (Deployment `dr-sentinel`, `python -m agent.sentinel`). Each round:
1. read the database's clock;
2. renew the lease in the witness by a conditional write. Only then
3. the lease in the database is granted until that clock + ttl - margin: never later than the lease that was really
   renewed.
Nothing of a round waits for a table or a transaction of the service: tables are guarded, and the logins of the services
are kept, beside it (`agent/keeper.py`).
While the service moves, the lease names nobody, and the sentinel does nothing at all.
When the lease names another site, or a younger epoch, the sentinel renews nothing. It takes back this site's own claim
on the traffic, so that a site which comes back draws no traffic that it would refuse, and closes a database whose lease
is over.

Environment: DR_SYSTEM, DR_SITE, DR_CLOUD, DR_REGION, DR_WITNESS_CLOUD, DR_WITNESS_REGION, DR_WITNESS_BUCKET,
DR_RECOVERY_BUCKET (this site's own), DR_LEASE_TTL_MS, DR_LEASE_RENEW_MS; DR_STORES (names, separated by commas), and
for each of them DR_STORE_NAME_HOST, _PORT, _NAME, _USER and _PASSWORD, which are the owner's, and _SERVICES, who else
logs in to it (`model.logins`); PORT (optional): answers GET /health with what it last did and what is not guarded.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from agent.keeper import Keeper
from model.logins import MIGRATE, password_of, service_role, variable
from scripts.clouds.protocol import ConditionFailed, ObjectStore
from scripts.clouds.registry import bucket
from scripts.core.errors import BadInput, DrError
from scripts.core.net import Login
from scripts.engines.postgres import guard
from scripts.engines.postgres.session import ENGINE_ONLY, Database
from scripts.engines.protocol import QueryRefused
from scripts.fencing.lease import BETWEEN, MARGIN, Lease, Seen, WitnessLease

CLAIM = "claims/active"
RETRY_SECONDS = 0.05
NO_GUARD = {"3F000", "42P01", "42883"}  # SQLSTATEs of a schema, a table, a function that is not there


@dataclass(frozen=True)
class Guarded:
    """A store: how its owner logs in, and with which passwords the services and migrations do, by role."""

    login: Login
    passwords: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, env: Mapping[str, str], system: str, store: str) -> Guarded:
        """Raises KeyError, ValueError."""
        host, port, name, user, owners = (
            env[variable(store, part)] for part in ("HOST", "PORT", "NAME", "USER", "PASSWORD")
        )
        services = [service for service in env.get(variable(store, "SERVICES"), "").split(",") if service]
        roles = [MIGRATE, *(service_role(service) for service in services)]
        passwords = {role: password_of(owners, system, store, role) for role in roles}
        return cls(Login(host, int(port), name, user, owners), passwords)


@dataclass(frozen=True)
class Settings:
    """What the environment says."""

    system: str
    site: str
    cloud: str
    region: str
    witness_cloud: str
    witness_region: str
    witness_bucket: str
    recovery_bucket: str
    ttl_ms: int
    renew_seconds: float
    stores: tuple[Guarded, ...]

    @classmethod
    def of(cls, env: Mapping[str, str]) -> Settings:
        """Raises BadInput with the names of everything that is missing."""
        needed = (
            "DR_SYSTEM",
            "DR_SITE",
            "DR_CLOUD",
            "DR_REGION",
            "DR_WITNESS_CLOUD",
            "DR_WITNESS_REGION",
            "DR_WITNESS_BUCKET",
            "DR_RECOVERY_BUCKET",
            "DR_LEASE_TTL_MS",
            "DR_LEASE_RENEW_MS",
            "DR_STORES",
        )
        stores = [store for store in env.get("DR_STORES", "").split(",") if store]
        parts = [variable(store, part) for store in stores for part in ("HOST", "PORT", "NAME", "USER", "PASSWORD")]
        missing = [name for name in (*needed, *parts) if name not in env or (name in needed and not env[name])]
        if missing:
            raise BadInput(
                f"the sentinel's environment lacks {', '.join(missing)}", "the Deployment dr-sentinel sets them"
            )
        return cls(
            env["DR_SYSTEM"],
            env["DR_SITE"],
            env["DR_CLOUD"],
            env["DR_REGION"],
            env["DR_WITNESS_CLOUD"],
            env["DR_WITNESS_REGION"],
            env["DR_WITNESS_BUCKET"],
            env["DR_RECOVERY_BUCKET"],
            int(env["DR_LEASE_TTL_MS"]),
            int(env["DR_LEASE_RENEW_MS"]) / 1000,
            tuple(Guarded.of(env, env["DR_SYSTEM"], store) for store in stores),
        )


class Sentinel:
    """Call `round` again and again; it says how long to wait before the next."""

    def __init__(self, settings: Settings, witness: ObjectStore, own: ObjectStore) -> None:
        self.settings = settings
        self.said = "has not begun"
        self._own = own
        self._witness = WitnessLease(witness, settings.system)
        bound = max(settings.renew_seconds / 2, 0.2)
        self._databases = [
            Database(each.login, connect_timeout=bound, timeout=bound, search_path=ENGINE_ONLY)
            for each in settings.stores
        ]
        self.keepers = [Keeper(each.login, each.passwords) for each in settings.stores]
        self._seen: Seen | None = None
        self._claim_checked_for = 0
        self._renewals = 0
        self.held = threading.Event()

    @property
    def holds(self) -> bool:
        """Did the last round renew the lease?"""
        return self.held.is_set()

    def guard_tables(self) -> None:
        """Guard what is not guarded yet, in sessions of their own. Never raises; the next call tries again."""
        for keeper in self.keepers:
            keeper.look()

    def round(self) -> float:
        """One renewal, or one look. Never raises for what the world does; the next round tries again."""
        before = self._renewals
        wait = self._round()
        if self._renewals > before:
            self.held.set()
        else:
            self.held.clear()
        return wait

    def _round(self) -> float:
        try:
            if self._seen is None:
                self._seen = self._witness.read()
            if self._seen is None:
                return self._idle("there is no writer lease yet")
            lease = self._seen.lease
            if lease.site == BETWEEN:
                self._seen = None  # whose claim and whose database this will be is not decided
                return self._idle(f"nobody holds the writer lease, epoch {lease.epoch}: the service is being moved")
            if lease.site != self.settings.site:
                self._seen = None
                self._take_back_claim(lease)
                self._close_databases()
                return self._idle(f"{lease.site} holds the writer lease, epoch {lease.epoch}")
            return self._renew(lease)
        except ConditionFailed:
            self._seen = None  # somebody changed it: look again at once
            self.said = "the writer lease was changed by somebody else"
            return 0.0
        except DrError as error:
            self.said = str(error)
            return RETRY_SECONDS

    def _renew(self, lease: Lease) -> float:
        settings = self.settings
        clocks = [clock for database in self._databases if (clock := guard.clock(database)) is not None]
        if len(clocks) < len(self._databases):
            self.said = "the writer lease is this site's, and its database is not promoted yet"
            return RETRY_SECONDS
        started = time.monotonic()
        if self._seen is None:
            return 0.0
        renewed = Lease.new(settings.system, settings.site, lease.epoch, settings.ttl_ms)
        self._seen = self._witness.replace(self._seen, renewed)
        for database, clock in zip(self._databases, clocks, strict=True):
            self._grant(database, clock, lease.epoch)
        self.said = f"renewed the writer lease, epoch {lease.epoch}"
        self._renewals += 1
        return max(settings.renew_seconds - (time.monotonic() - started), 0.0)

    def _grant(self, database: Database, clock: datetime, epoch: int) -> None:
        until = clock + timedelta(milliseconds=self.settings.ttl_ms * (1 - MARGIN))
        try:
            guard.grant(database, self.settings.site, epoch, until)
        except QueryRefused as refused:
            if refused.sqlstate not in NO_GUARD:
                raise
            guard.install(database, tables=False)
            guard.grant(database, self.settings.site, epoch, until)

    def _close_databases(self) -> None:
        """Databases whose lease is over. A replica, one without a guard and one that is closed are left alone."""
        for database in self._databases:
            with contextlib.suppress(DrError):
                guard.close(database)

    def _take_back_claim(self, lease: Lease) -> None:
        if lease.epoch > self._claim_checked_for:
            self._own.delete(CLAIM)
            self._claim_checked_for = lease.epoch

    def _idle(self, said: str) -> float:
        self.said = said
        return self.settings.renew_seconds


def serve_health(sentinel: Sentinel, address: str, port: int) -> ThreadingHTTPServer:
    """GET anything: 200, what the sentinel last did, and what of its databases is not guarded."""

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            unguarded = [
                {"database": keeper.database, "name": each.name, "reason": each.reason}
                for keeper in sentinel.keepers
                for each in keeper.unguarded
            ]
            body = json.dumps({"status": "ok", "said": sentinel.said, "unguarded": unguarded}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the library's name)
            pass

    server = ThreadingHTTPServer((address, port), Health)
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server


def main(env: Mapping[str, str] | None = None) -> None:
    """Run until told to stop (SIGTERM)."""
    env = os.environ if env is None else env
    stop = threading.Event()
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
    settings = Settings.of(env)
    witness = bucket(settings.witness_cloud, settings.witness_region, settings.witness_bucket)
    own = bucket(settings.cloud, settings.region, settings.recovery_bucket)
    sentinel = Sentinel(settings, witness, own)
    if env.get("PORT"):
        serve_health(sentinel, env.get("HOST", "0.0.0.0"), int(env["PORT"]))  # noqa: S104 (a pod listens on its own address)
    threading.Thread(target=_keep, args=(sentinel, stop), name="keeper", daemon=True).start()
    while not stop.wait(sentinel.round()):
        pass


def _keep(sentinel: Sentinel, stop: threading.Event) -> None:
    """At once when the lease is ours: no service can log in before its role is there."""
    while not stop.is_set():
        if sentinel.held.wait(sentinel.settings.renew_seconds):
            sentinel.guard_tables()
            stop.wait(sentinel.settings.renew_seconds)


if __name__ == "__main__":
    main()
