"""What calls a person about a site in Azure, and that a failover changes nothing of it."""

from components.azure.alarms import CRITICAL
from tests.components.azure.test_site import INITIAL, MOVED, PLAN, one, seen
from tests.components.declared import of_type


def test_every_store_and_every_app_is_watched_and_all_rules_tell_one_group() -> None:
    found = seen("primary")
    names = {each.inputs["ruleName"].removeprefix("azure-small-primary-") for each in of_type(found, "MetricAlert")}
    stores = {
        f"{store.name}-{figure}" for store in PLAN.incarnated_stores for figure in ("is_db_alive", "storage_percent")
    }
    assert stores <= names
    assert {"web-HealthCheckStatus", "dr-sentinel-HealthCheckStatus"} <= names
    told = {each["actionGroupId"] for rule in of_type(found, "MetricAlert") for each in rule.inputs["actions"]}
    assert len(told) == 1
    alive = next(each for each in of_type(found, "MetricAlert") if each.inputs["ruleName"].endswith("is_db_alive"))
    assert alive.inputs["severity"] == CRITICAL
    assert alive.inputs["scopes"][0].endswith("/flexibleServers/azure-small-primary-core-1")


def test_what_follows_may_not_be_further_behind_than_the_plan_says() -> None:
    (lag,) = [each for each in of_type(seen("secondary"), "MetricAlert") if "replication" in each.inputs["ruleName"]]
    (asked,) = lag.inputs["criteria"]["allOf"]
    longest = next(store.replication.max_lag for store in PLAN.incarnated_stores if store.name == "core")
    assert longest is not None
    assert asked["threshold"] == longest.total_seconds()


def test_a_failover_changes_no_rule() -> None:
    for site in ("primary", "secondary"):
        rules = [
            {each.inputs["ruleName"]: each.inputs["criteria"] for each in of_type(seen(site, topology), kind)}
            for topology in (INITIAL, MOVED)
            for kind in ("MetricAlert", "ScheduledQueryRule")
        ]
        assert rules[:2] == rules[2:]


def test_whom_somebody_added_to_the_group_stays_in_it() -> None:
    group = one(seen("primary"), "ActionGroup")
    assert [each["name"] for each in group.inputs["armRoleReceivers"]] == ["owners"]
    assert {"emailReceivers", "webhookReceivers"} <= set(group.ignored)
