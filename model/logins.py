"""
The logins of a store, worked out from the plan: one role for each service, one that migrates, and their passwords.

Each password is derived from that of the store's owner, so that a site needs no more than this one secret: a copy that
follows another store has the same roles with the same passwords, and a new owner's password renews them all. None of
them tells anything of the owner's, nor of another one.
"""

import hashlib
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .plan import Plan

MIGRATE = "dr_migrate"
"""Owns what migrations make. Its login is given to migrations alone, never to what serves."""


def service_role(service: str) -> str:
    """
    The role that a service logs in as. No other service has the same one, and neither has an owner (`SYSTEM_owner`), a
    cloud (`rds...`) or the engine (`pg_...`).
    """
    return f"dr_{service.replace('-', '_')}_service"


def password_of(owners: str, system: str, store: str, role: str) -> str:
    """What a role logs in to a store with, from the password of its owner."""
    return hmac.new(owners.encode(), f"{system}/{store}/{role}".encode(), hashlib.sha256).hexdigest()


def variable(store: str, part: str) -> str:
    """
    The variable in which a service finds a part of a store that it names: HOST, PORT, NAME, USER or PASSWORD; of
    objects in containers CONTAINER, which it writes into, and COPIES, those with the objects of other sites. Names of
    stores hold no `_`, so no two of them share one.
    """
    return f"DR_STORE_{store.upper().replace('-', '_')}_{part}"


def users_of(plan: "Plan", store: str) -> tuple[str, ...]:
    """The services that name a store, and so have a login of it."""
    return tuple(service.name for service in plan.services if store in service.uses)
