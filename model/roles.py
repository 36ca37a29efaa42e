"""What a site is at the moment."""

from typing import TYPE_CHECKING, Literal

from model.clouds import CLOUDS

if TYPE_CHECKING:
    from .plan import Plan
    from .topology import Topology

Role = Literal["active", "warm", "cold", "fenced"]


def role_of(plan: "Plan", topology: "Topology", site: str) -> Role:
    """
    `active`: traffic and writes go there. `warm`: its stores follow the active site's present incarnations. `cold`: a
    cold site by design that holds nothing. `fenced`: anything else; it was active, or what one of its stores followed
    is gone. A fenced site keeps exactly what it had, until it is re-protected.

    Raises KeyError for a site that the plan does not have.
    """
    kind = plan.site(site).kind
    if site == topology.active_site:
        return "active"
    if site not in topology.stores:
        return "cold" if kind == "cold" else "fenced"
    if topology.not_following(plan, site) or (kind == "cold" and not _followed(plan)):
        return "fenced"
    return "warm"


def scale_of(plan: "Plan", topology: "Topology", site: str) -> Literal["active", "warm", "none"]:
    """
    The scale of a site's services as declared. A fenced site keeps what it had: the active scale when one of its
    stores that should follow another follows nobody (it was active), else the warm one.
    """
    role = role_of(plan, topology, site)
    if role != "fenced":
        return "none" if role == "cold" else role
    if site not in topology.stores:
        return "warm"
    held = [topology.held(site, name) for name in _followed(plan)]
    was_active = any(each is not None and each.source is None for each in held) or not held
    return "active" if was_active else "warm"


def without_roles_region(plan: "Plan", site: str) -> str | None:
    """
    The site of the plan whose loss takes with it the one region in which the cloud of `site` makes roles; None where
    there is none, or where it is this site. `site` has to have its roles before: then none can be made for it.
    """
    own = plan.site(site)
    makes = CLOUDS[own.cloud].roles_made_in
    others = (each.name for each in plan.sites if each.cloud == own.cloud and each.region == makes)
    return None if own.region == makes else next(others, None)


def keeps_roles(plan: "Plan", site: str) -> bool:
    """Does a cold site have what its services act as from the start, because it may not be possible to make it then?"""
    return plan.site(site).kind == "cold" and without_roles_region(plan, site) is not None


def _followed(plan: "Plan") -> list[str]:
    return [store.name for store in plan.incarnated_stores if store.is_followed]
