"""Whose things a region of the world holds: the account of the plan's site there."""

from collections.abc import Mapping
from dataclasses import dataclass

from model import Plan
from sandbox.clouds.context import Context


@dataclass(frozen=True)
class Accounts:
    """`home` owns what is in no region: roles, and the record of the plan. It is the account of the first site."""

    home: str
    by_region: Mapping[str, str]

    @classmethod
    def of(cls, plan: Plan) -> "Accounts":
        ours = [site for site in plan.sites if site.cloud == "aws"]
        return cls(ours[0].account, {site.region: site.account for site in reversed(ours)})


def home_account(context: Context) -> str:
    """The account that owns what is in no region."""
    return context.one(Accounts).home
