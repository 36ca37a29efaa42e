"""What a site is at the moment."""

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from .plan import Plan
    from .topology import Topology

Role = Literal["active", "warm", "cold", "fenced"]


def role_of(plan: "Plan", topology: "Topology", site: str) -> Role:
    """
    `active`: traffic and writes go there. `warm`: its database follows the active site's present incarnation.
    `cold`: a cold site by design that holds no database. `fenced`: anything else; it was active, or what it followed is
    gone. A fenced site keeps exactly what it had, until it is re-protected.

    Raises KeyError for a site that the plan does not have.
    """
    kind = plan.site(site).kind
    if site == topology.active_site:
        return "active"
    database = topology.databases.get(site)
    if database is None:
        return "cold" if kind == "cold" else "fenced"
    active = topology.databases.get(topology.active_site)
    follows = (
        database.built is not None
        and active is not None
        and database.source == topology.active_site
        and database.source_built == active.built
    )
    return "warm" if follows else "fenced"


def scale_of(plan: "Plan", topology: "Topology", site: str) -> Literal["active", "warm", "none"]:
    """
    At which scale a site's services are declared. A fenced site keeps what it had: the active scale when its database
    follows nobody (it was active), else the warm one.
    """
    role = role_of(plan, topology, site)
    if role != "fenced":
        return "none" if role == "cold" else role
    database = topology.databases.get(site)
    return "active" if database is not None and database.source is None else "warm"
