"""A value that nobody can know is not an absent one, and only what both sides have is compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scripts.preview import Gate, why_not_merge
from tests.previews.logs import (
    DATABASE,
    UNKNOWN,
    Json,
    both,
    database,
    digest,
    export,
    headline,
    log,
    report,
    state,
    step,
)

SERVER = "azure-native:dbforpostgresql:Server"
TABLE = "aws:dynamodb/table:Table"
SQL = "gcp:sql/databaseInstance:DatabaseInstance"
HIDDEN = [UNKNOWN, "[secret]"]
# Stores that have all they should, with the paths that decide about their copies.
STORES: dict[str, tuple[Json, list[str]]] = {
    DATABASE: (database(), ["backupRetentionPeriod", "multiAz", "region", "replicateSourceDb", "deletionProtection"]),
    TABLE: (
        {
            "name": "orders",
            "region": "eu-north-1",
            "pointInTimeRecovery": {"enabled": True, "recoveryPeriodInDays": 35},
            "replicas": [{"regionName": "eu-west-1"}],
        },
        ["pointInTimeRecovery", "pointInTimeRecovery.enabled", "replicas", "replicas.0", "replicas.0.regionName"],
    ),
    SERVER: (
        {
            "serverName": "comet",
            "location": "West Europe",
            "backup": {"backupRetentionDays": 30, "geoRedundantBackup": "Enabled"},
            "highAvailability": {"mode": "ZoneRedundant"},
        },
        [
            "backup",
            "backup.backupRetentionDays",
            "backup.geoRedundantBackup",
            "highAvailability",
            "highAvailability.mode",
        ],
    ),
    SQL: (
        {
            "region": "europe-north1",
            "settings": {
                "availabilityType": "REGIONAL",
                "backupConfiguration": {"enabled": True, "pointInTimeRecoveryEnabled": True},
            },
        },
        [
            "settings",
            "settings.availabilityType",
            "settings.backupConfiguration",
            "settings.backupConfiguration.enabled",
        ],
    ),
}
CASES = [(kind, path) for kind, (_, paths) in STORES.items() for path in paths]


def hidden(inputs: Any, path: str, value: str) -> Any:
    """A copy of the inputs in which the value at the path is not known."""
    key, _, rest = path.partition(".")
    new = list(inputs) if isinstance(inputs, list) else dict(inputs)
    place: Any = int(key) if isinstance(new, list) else key
    new[place] = hidden(new[place], rest, value) if rest else value
    return new


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=st.sampled_from(CASES), value=st.sampled_from(HIDDEN), before=st.booleans(), as_log=st.booleans())
def test_what_is_not_known_is_never_weaker_or_stronger(
    case: tuple[str, str], value: str, before: bool, as_log: bool, tmp_path: Path
) -> None:
    kind, path = case
    inputs, _ = STORES[kind]
    sides = [state(kind, "core", inputs), state(kind, "core", hidden(inputs, path, value))]
    old, new = sides[::-1] if before else sides
    update = step("update", old, new)
    text = log(both(update), {"update": 1}) if as_log else digest([update], {"update": 1})
    found = report(tmp_path, text, None if as_log else export([old]))
    assert not found.weaker
    assert not found.stronger
    assert not [row for row in found.table if row.direction in {"weaker", "stronger"}]
    assert not found.quiet
    assert why_not_merge(found, [Gate.WEAKER]) is None


def test_a_figure_that_hangs_on_it_is_not_shown(tmp_path: Path) -> None:
    old, new = (state(DATABASE, "core", database(multiAz=value)) for value in (True, UNKNOWN))
    found = report(tmp_path, log(both(step("update", old, new)), {"update": 1}))
    (row,) = (row for row in found.table if (row.group, row.label) == ("RTO (forecast)", "database failure"))
    assert (row.before, row.after, row.direction) == ("3.3 min", "not known", "judge")


TAGGED = [{"stringEquals": [{"key": "aws:ResourceTag/a", "value": "b"}]}]


def backed_up(**more: Any) -> list[Json]:
    table = state(TABLE, "orders", {"name": "orders", "pointInTimeRecovery": {"enabled": True}})
    table["outputs"] = {"arn": "arn:aws:dynamodb:eu-north-1:1:table/orders"}
    copy = {"destinationVaultArn": "arn:aws:backup:eu-west-1:1:backup-vault:v"}
    rule = {"schedule": "cron(0 5 * * ? *)", "targetVaultName": "v", "copyActions": [copy]}
    plan = state("aws:backup/plan:Plan", "all", {"rules": [rule]})
    selection = state("aws:backup/selection:Selection", "all", {"planId": "all-id", **more})
    plan["outputs"]["id"] = "all-id"
    return [table, plan, selection]


@pytest.mark.parametrize(
    ("selection", "shown"),
    [
        ({"resources": ["arn:aws:dynamodb:*:*:table/*"]}, "24 h"),
        ({"resources": ["arn:aws:dynamodb:*:*:table/ord*"]}, "24 h"),
        ({"resources": ["arn:aws:dynamodb:*:*:table/order?"]}, "24 h"),
        ({"resources": ["*"]}, "24 h"),
        ({"resources": ["arn:aws:dynamodb:*:*:table/o[r]ders"]}, "not recoverable"),
        ({"resources": ["*"], "notResources": ["arn:aws:dynamodb:*:*:table/*"]}, "not recoverable"),
        (
            {"resources": ["*"], "conditions": TAGGED},
            "not recoverable",
        ),
        (
            {"resources": [], "conditions": TAGGED},
            "not known",
        ),
        ({"resources": UNKNOWN}, "not known"),
    ],
)
def test_what_a_backup_selection_takes_in(selection: Json, shown: str, tmp_path: Path) -> None:
    events = [event for each in backed_up(**selection) for event in both(step("same", each))]
    found = report(tmp_path, log(events, {"same": 3}))
    (row,) = (row for row in found.table if (row.group, row.label) == ("RPO (forecast)", "regional outage"))
    assert row.after == shown


def test_a_replica_that_is_a_resource_of_its_own_counts(tmp_path: Path) -> None:
    table = state(TABLE, "orders", {"name": "orders", "pointInTimeRecovery": {"enabled": True}})
    table["outputs"] = {"arn": "arn:aws:dynamodb:eu-north-1:1:table/orders"}
    source = {"globalTableArn": "arn:aws:dynamodb:eu-north-1:1:table/orders", "region": "eu-west-1"}
    replica = state("aws:dynamodb/tableReplica:TableReplica", "orders-ie", source)
    events = [*both(step("same", table)), *both(step("delete", replica, None))]
    found = report(tmp_path, log(events, {"same": 1, "delete": 1}))
    (row,) = (row for row in found.table if (row.group, row.label) == ("RPO (forecast)", "regional outage"))
    assert (row.before, row.after, row.direction) == ("1 min", "not recoverable", "weaker")


@pytest.mark.parametrize("with_another", [True, False])
def test_deleting_a_database_makes_nothing_stronger(with_another: bool, tmp_path: Path) -> None:
    gone = step("delete", state(DATABASE, "ledger", database(backupRetentionPeriod=0, multiAz=False)), None)
    kept = both(step("same", state(DATABASE, "core", database()))) if with_another else []
    found = report(tmp_path, log([*kept, *both(gone)], {"delete": 1}))
    assert not found.stronger
    assert not [row for row in found.table if row.direction == "stronger"]
    assert headline(found).count("\n") == 0


def test_a_new_database_that_cannot_be_recovered_is_for_a_person_to_judge(tmp_path: Path) -> None:
    made = step("create", None, state(DATABASE, "new", database(backupRetentionPeriod=0, multiAz=False)))
    kept = step("same", state(DATABASE, "core", database()))
    found = report(tmp_path, log([*both(kept), *both(made)], {"create": 1, "same": 1}))
    assert not [row for row in found.table if row.direction == "weaker"]
    assert [row.label for row in found.table if row.direction == "judge"]
