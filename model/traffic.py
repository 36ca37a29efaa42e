"""How traffic finds the active site, how a failure is seen, and who may write."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from .base import Flag, Model, Name, Text, form
from .durations import Duration, PositiveDuration

Domain = Annotated[
    str,
    form(r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$", "a domain name such as api.example.com", longest=200),
]


class Health(Model):
    """The cloud's health check of a site's front door."""

    path: Annotated[str, form(r"^/[\x21-\x7e]*$", "a path such as /health/db", longest=200)]
    interval: PositiveDuration
    failures: Annotated[int, Field(ge=1, le=10, strict=True)]


class GlobalFrontDoor(Model):
    """
    One front door before those of all sites, which chooses among them by their claims. `tier` is what it is bought as;
    the web firewall comes with `premium`. `bypass` says whether clients may reach the sites without it: they do while
    it is out, and whoever knows the name of a site can at any time, so no firewall of it sees these requests.
    """

    tier: Literal["standard", "premium"]
    bypass: Flag


class Traffic(Model):
    """
    The record that clients resolve. `stack` holds it; `ttl` is how long a resolver may keep an answer. HTTPS is spoken
    unless `port` is 80. `default_service` gets the requests that no service's path is about (`model/routes.py`).
    `firewall`: the front door of every site keeps out the addresses that `dr contain --block` names.
    `global_front_door`: clients reach the sites through it, and without it only while it is out.
    """

    stack: Name
    state: Text | None = None
    zone: Domain
    record: Domain
    ttl: PositiveDuration
    port: Annotated[int, Field(ge=1, le=65535, strict=True)] = 443
    health: Health
    default_service: Name | None = None
    firewall: Flag = False
    global_front_door: GlobalFrontDoor | None = None

    @property
    def tls(self) -> bool:
        """Plain HTTP is spoken on port 80 and nowhere else."""
        return self.port != 80

    @property
    def ports(self) -> tuple[int, ...]:
        """Where front doors are open: the port, and where TLS is spoken also 80, which leads to it."""
        return (self.port, 80) if self.tls else (self.port,)


LONGEST_TTL = timedelta(minutes=5)
"""No failover waits longer than this for a lease to run out, whatever somebody wrote into it."""


class Lease(Model):
    """The writer's lease: valid for `ttl` after each renewal, renewed every `renew`."""

    ttl: Annotated[PositiveDuration, Field(le=LONGEST_TTL)]
    renew: PositiveDuration


class Fencing(Model):
    """`witness` is the site whose object store holds the lease: not the one that writes by design."""

    witness: Name
    lease: Lease


class Switchover(Model):
    """
    A planned switch: transactions that write get `drain` to end by themselves, and from the moment that the old site is
    closed `hand_over` may pass until the new one has everything. If it is not over then, the old site is opened again.
    """

    drain: Duration = timedelta(seconds=5)
    hand_over: PositiveDuration = timedelta(seconds=30)


class Detection(Model):
    """
    How a watcher concludes that a site is down: `confirmations` probes in a row, each within `timeout`, agreed by
    `vantage_points` places; afterwards it does nothing for `hold_down`, so that a flapping site is moved once.
    """

    interval: PositiveDuration
    timeout: PositiveDuration
    confirmations: Annotated[int, Field(ge=1, le=100, strict=True)]
    vantage_points: Annotated[int, Field(ge=1, le=10, strict=True)] = 1
    hold_down: Duration
