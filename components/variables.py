"""
What the processes of a site are told, the same in every cloud: which site they are in, and how to reach and log in to
its stores (`model.logins.variable`). The sentinel says what it needs of it (`agent/sentinel.py`).
"""

from collections.abc import Callable, Mapping

import pulumi

from components.parts import Endpoint, Endpoints, Place
from model import logins, names

Variables = Mapping[str, pulumi.Input[str]]


def of_site(place: Place, bucket_of: Callable[[str], str]) -> dict[str, str]:
    """`bucket_of` gives the name of the recovery bucket of a site."""
    plan, site = place.settings.plan, place.site
    witness, lease = plan.fencing.witness, plan.fencing.lease
    return {
        "DR_SYSTEM": plan.system,
        "DR_SITE": site.name,
        "DR_CLOUD": site.cloud,
        "DR_REGION": site.region,
        "DR_WITNESS_CLOUD": plan.site(witness).cloud,
        "DR_WITNESS_REGION": plan.site(witness).region,
        "DR_WITNESS_BUCKET": bucket_of(witness),
        "DR_RECOVERY_BUCKET": bucket_of(site.name),
        "DR_LEASE_TTL_MS": str(round(lease.ttl.total_seconds() * 1000)),
        "DR_LEASE_RENEW_MS": str(round(lease.renew.total_seconds() * 1000)),
    }


def address_of(store: str, endpoint: Endpoint) -> Variables:
    """Where a store is that is found by its address."""
    return {
        logins.variable(store, "HOST"): endpoint.address,
        logins.variable(store, "PORT"): endpoint.port.apply(lambda port: str(int(port))),
        logins.variable(store, "NAME"): names.database_name(store),
    }


def where(place: Place, store: str, endpoints: Endpoints) -> Variables:
    """Where a store of the site is: by its address, or, where it has none, by the name of its bucket."""
    endpoint = endpoints.get(store)
    if endpoint is None:
        return {logins.variable(store, "NAME"): names.bucket(place.settings.plan, place.site.name, store)}
    return address_of(store, endpoint)


def as_owner(place: Place, store: str) -> Variables:
    """For the sentinel alone, which works out the logins of the services from it."""
    return {
        logins.variable(store, "USER"): names.database_user(place.settings.plan),
        logins.variable(store, "PASSWORD"): place.settings.password,
    }


def as_role(place: Place, store: str, role: str) -> Variables:
    """For whoever logs in as this role."""
    return {
        logins.variable(store, "USER"): role,
        logins.variable(store, "PASSWORD"): password_of(place, store, role),
    }


def password_of(place: Place, store: str, role: str) -> pulumi.Output[str]:
    """Of a role in a store: as secret as what it is made from."""
    system = place.settings.plan.system
    return place.settings.password.apply(lambda owners: logins.password_of(owners, system, store, role))


def of_agent(place: Place, stores: Mapping[str, Endpoint]) -> dict[str, str]:
    """Which stores the sentinel guards, and which services log in to each."""
    plan = place.settings.plan
    users = {logins.variable(store, "SERVICES"): ",".join(logins.users_of(plan, store)) for store in stores}
    return {"DR_STORES": ",".join(stores), **users}
