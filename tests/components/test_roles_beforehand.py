"""
A site can take over although no role can be made: the region in which its cloud makes them is lost with the site that
it stands in for.
"""

from pathlib import Path
from typing import Any

import pytest

from model import Plan, Topology, load_plan
from model.roles import without_roles_region
from model.topology import after_cold_activation, after_failover

from .declared import Declared, declared, records_of

FOLDER = Path(__file__).parents[1] / "plans"
PLANS = ["minimal", "muejam", "samia", *(str(FOLDER / f"{it}.yaml") for it in ("kinds", "pair", "backup_region"))]
CASES = [(plan, site.name) for plan in PLANS for site in load_plan(plan).sites[1:]]


def made_in_the_roles_region(seen: dict[str, Declared]) -> dict[str, Any]:
    return {urn: each.inputs for urn, each in seen.items() if each.type.startswith("aws:iam/")}


def before_and_after(plan: Plan, path: str, site: str) -> list[dict[str, Any]]:
    initial = Topology.initial(plan)
    snapshots = {store.name: "a-snapshot" for store in plan.incarnated_stores}
    if plan.site(site).kind == "cold":
        moved = after_cold_activation(initial, plan, site, snapshots)
    else:
        moved = after_failover(initial, plan, site)
    stack = plan.site(site).stack
    return [made_in_the_roles_region(declared(stack, each, records_of(plan), plan=path)) for each in (initial, moved)]


@pytest.mark.parametrize(("path", "site"), CASES)
def test_a_site_that_takes_over_makes_and_changes_no_role_where_it_could_not(path: str, site: str) -> None:
    plan = load_plan(path)
    before, after = before_and_after(plan, path, site)
    if without_roles_region(plan, site) is not None:
        assert after == before != {}
    elif plan.site(site).kind == "cold":
        assert set(after) > set(before), "a cold site that can make its roles has none that nothing acts as"


def test_the_region_that_makes_roles_is_lost_with_another_site_or_with_none() -> None:
    muejam, samia = load_plan("muejam"), load_plan("samia")
    assert without_roles_region(muejam, "backup") == "primary"
    assert without_roles_region(muejam, "primary") is None
    assert without_roles_region(samia, "secondary") == "tertiary"
    assert without_roles_region(samia, "tertiary") is None
