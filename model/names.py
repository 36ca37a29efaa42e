"""
The names of things, worked out from the plan alone.

Sites learn of each other by these names, never by asking a stack or an API in a region that may be gone.
"""

import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .plan import Plan

OURS = "dr-"
"""How the names of what runs beside the services of a plan begin."""
SENTINEL = "dr-sentinel"
MIGRATION = "migrate"
"""The container of a pod that migrates before the service runs."""
MIGRATOR = "dr-migrate-"
"""Before the name of a service: what migrates for it where that is a thing of its own."""
CLAIM_KEY = "claims/active"
TRAFFIC_PATH = "/health/traffic"
LEASE_KEY = "lease/writer.json"
ANCHORS = "journal/"
"""Where the heads of journals are kept: `journal/RUN/SEQ`, each written once and deleted by nobody."""
RESTORES, VERIFICATIONS, EXPORTS = "restores/", "verifications/", "exports/"
"""What a site remembers of its backups: what was restored beside, what was verified, and its dumps."""

CACHES = "caches/"
"""Where the exports of a site's caches lie."""


def store_identifier(plan: "Plan", site: str, store: str, incarnation: int) -> str:
    """`samia-primary-core-1`: one incarnation of a site's store. Never used again after it is gone."""
    return f"{plan.system}-{site}-{store}-{incarnation}"


def beside(plan: "Plan", site: str, store: str) -> str:
    """A copy of a store that is restored next to it, to be looked into. There is one of each store."""
    return f"{plan.system}-{site}-{store}-beside"


def database_name(database: str) -> str:
    """The name inside the server, as SQL takes it without quotes."""
    return database.replace("-", "_")


def database_user(plan: "Plan") -> str:
    """The user that owns the databases. Letters, digits and `_`."""
    return f"{plan.system.replace('-', '_')}_owner"


def database_secret(plan: "Plan", site: str, database: str) -> str:
    """The secret with host, port, name, user and password of the database that a site uses."""
    return f"{plan.system}-{site}-{database}"


def final_snapshot(identifier: str) -> str:
    """Kept when an incarnation is retired."""
    return f"{identifier}-final"


def snapshot_by_hand(identifier: str, at: datetime) -> str:
    """Taken when somebody asked for one; nothing deletes it."""
    return f"{identifier}-by-hand-{at.astimezone(UTC):%Y%m%d-%H%M%S}"


def cache_export(identifier: str, at: datetime) -> str:
    """Of a cache. It goes when it is older than the plan keeps snapshots, and a younger one is good."""
    return f"{identifier}-{at.astimezone(UTC):%Y%m%d-%H%M%S}"


def forensic_snapshot(identifier: str, epoch: int) -> str:
    """Evidence: a database as it was when it was found compromised. Nothing is ever restored into service from it."""
    return f"{identifier}-forensic-{epoch}"


def is_forensic(snapshot: str) -> bool:
    return "-forensic-" in snapshot


def snapshot(identifier: str, taken: datetime) -> str:
    """A snapshot taken by hand or by a runbook; `taken` is shown in UTC to the second."""
    return f"{identifier}-{taken:%Y%m%d-%H%M%S}"


def bucket(plan: "Plan", site: str, store: str) -> str:
    """A site's copy of an object store. Bucket names are global: a real deployment needs an unusual system name."""
    return f"{plan.system}-{site}-{store}"


def recovery_bucket(plan: "Plan", site: str) -> str:
    """Holds the site's claim on traffic and, in the witness site, the writer's lease."""
    return bucket(plan, site, "recovery")


def firewall(plan: "Plan", site: str) -> str:
    """What stands before the front door of a site, and the sets of addresses that it keeps out."""
    return f"{plan.system}-{site}-front-door"


def namespace(plan: "Plan") -> str:
    """The Kubernetes namespace, the same in each site."""
    return plan.system


def cluster(plan: "Plan", site: str) -> str:
    return f"{plan.system}-{site}"


def control_role(plan: "Plan", site: str) -> str:
    """What a site's cluster acts as."""
    return f"{cluster(plan, site)}-control"


def nodes_role(plan: "Plan", site: str) -> str:
    """What a site's nodes act as, and each of its pods that has no role of its own."""
    return f"{cluster(plan, site)}-nodes"


def agent_role(plan: "Plan", site: str) -> str:
    """What the agent of a site acts as, and nobody else."""
    return _within(64, f"{cluster(plan, site)}-agent")


def service_role(plan: "Plan", site: str, service: str) -> str:
    """What the pods of a service act as that uses an object store."""
    return _within(64, f"{cluster(plan, site)}-service-{service}")


def service_account(service: str) -> str:
    """The account of a service's pods in their cluster; the agent's own is named as the agent."""
    return f"service-{service}"


def machines(plan: "Plan", site: str, service: str) -> str:
    """The group of machines that run a service, and the template that they are made from."""
    return f"{cluster(plan, site)}-{service}"


def service_secret(plan: "Plan", site: str, store: str, service: str) -> str:
    """The secret with the login of one service in one store, for what can read no other secret."""
    return f"{database_secret(plan, site, store)}-{service}"


def load_balancer(plan: "Plan", site: str) -> str:
    return f"{plan.system}-{site}"


def target_group(plan: "Plan", site: str, service: str) -> str:
    """The name has at most 32 characters, the cloud's limit: a longer one ends in a digest of itself."""
    return _within(32, f"{load_balancer(plan, site)}-{service}")


def key(plan: "Plan", site: str) -> str:
    """The site's copy of the system's encryption key."""
    return f"{plan.system}-{site}"


def vault(plan: "Plan", site: str) -> str:
    return f"{plan.system}-{site}"


def chain_record(plan: "Plan", position: int) -> str:
    """The traffic record of a position in the chain of sites: the plan's own, `standby.` of it, `standby-2.` of it."""
    prefix = "" if position == 0 else "standby." if position == 1 else f"standby-{position}."
    return prefix + plan.traffic.record


def _within(longest: int, name: str) -> str:
    """A longer name ends in a digest of itself."""
    return name if len(name) <= longest else f"{name[: longest - 9].rstrip('-')}-{zlib.crc32(name.encode()):08x}"
