"""Sites: the places where the service can run."""

from typing import Annotated, Literal

from pydantic import Field

from .base import Model, Name, Region, Text, form
from .clouds import Cloud

Account = Annotated[str, form(r"^[0-9a-z-]+$", "an account of digits, letters and hyphens", longest=64)]
SiteKind = Literal["primary", "warm", "cold"]


class Site(Model):
    """
    A cloud, an account of it (or a subscription) and a region, held by one stack.

    `kind` says what the site is by design; what it is at the moment is its role (`model.roles`).
    `state` is the address of the state backend that holds its stack: it should not lie in another site's region.
    """

    name: Name
    kind: SiteKind
    cloud: Cloud
    account: Account
    region: Region
    stack: Name
    state: Text | None = None
    zones: Annotated[tuple[Name, ...], Field(max_length=6)] = ()
