"""
How a run reaches the things of each site: clients, databases and the witness, made once and shared by its steps.

Sites in `lost` are never asked anything: their region gets no client, their cluster none, their database no connection.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from model import names
from scripts.clouds.aws import Aws, DatabaseInstance
from scripts.core.errors import DatabaseFailed, Refused
from scripts.core.net import Database, Login
from scripts.fencing.lease import WitnessLease

if TYPE_CHECKING:
    from model import Plan
    from scripts.clouds.kubernetes import Cluster


@dataclass
class Clouds:
    """The clients of one run."""

    plan: Plan
    lost: frozenset[str] = frozenset()  # names of sites
    aws: Aws = field(init=False)
    _clusters: dict[str, Cluster] = field(default_factory=dict, init=False)
    _databases: dict[str, Database] = field(default_factory=dict, init=False)
    _front_doors: dict[str, str] = field(default_factory=dict, init=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, init=False)

    def __post_init__(self) -> None:
        self.aws = Aws(frozenset(self.plan.site(name).region for name in self.lost))

    def region(self, site: str) -> str:
        """The site's region. Raises Refused for a lost site."""
        if site in self.lost:
            raise Refused(f"site {site} counts as lost and is not asked", "this is a defect in a step")
        return self.plan.site(site).region

    def front_door(self, site: str, name: str) -> str:
        """The DNS name of a site's load balancer, which stays the same for its life."""
        if site not in self._front_doors:
            self._front_doors[site] = self.aws.front_door(self.region(site), name)
        return self._front_doors[site]

    def witness(self) -> WitnessLease:
        """The writer lease in the witness site."""
        site = self.plan.fencing.witness
        return WitnessLease(self.aws, self.region(site), names.recovery_bucket(self.plan, site))

    def cluster(self, site: str) -> Cluster:
        """The site's Kubernetes cluster."""
        from scripts.clouds.kubernetes import Cluster  # noqa: PLC0415 (half a second of import, not always needed)

        self.region(site)
        with self._lock:
            if site not in self._clusters:
                self._clusters[site] = Cluster(names.cluster(self.plan, site), names.namespace(self.plan))
            return self._clusters[site]

    def instance(self, site: str, database: str, built: int) -> DatabaseInstance:
        """What RDS says of a site's database. Raises DatabaseFailed where there is none."""
        identifier = names.database_identifier(self.plan, site, database, built)
        found = self.aws.database(self.region(site), identifier)
        if found is None:
            raise DatabaseFailed(f"{identifier}: there is no such database in {self.plan.site(site).region}")
        return found

    def database(self, site: str, database: str, built: int) -> Database:
        """A connection to one incarnation of a site's database, opened at first use."""
        identifier = names.database_identifier(self.plan, site, database, built)
        with self._lock:
            if identifier not in self._databases:
                self._databases[identifier] = Database(self.login(site, database, built))
            return self._databases[identifier]

    def login(self, site: str, database: str, built: int) -> Login:
        """How to log in to one incarnation of a site's database: address from RDS, the rest from the site's secret."""
        found = self.instance(site, database, built)
        secret = names.database_secret(self.plan, site, database)
        return self.aws.login(self.region(site), secret, host=found.host, port=found.port)

    def forget(self, site: str, database: str, built: int) -> None:
        """Drop the connection: the database moved or was replaced."""
        with self._lock:
            gone = self._databases.pop(names.database_identifier(self.plan, site, database, built), None)
        if gone is not None:
            gone.close()

    def close(self) -> None:
        with self._lock:
            for database in self._databases.values():
                database.close()
            self._databases.clear()
