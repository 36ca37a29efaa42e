"""The plan says what Samia's runbook says."""

from datetime import timedelta

from model import Topology, load_plan, names, role_of
from model.checks import notes

PLAN = load_plan("samia")


def test_objectives_are_those_of_the_runbook() -> None:
    said = {each.disaster: (each.rpo, each.rto, each.recover_at, each.automation) for each in PLAN.objectives}
    assert said == {
        "database_failure": (timedelta(minutes=5), timedelta(minutes=15), "same_region", "automatic"),
        "regional_outage": (timedelta(minutes=15), timedelta(minutes=60), "secondary", "partial"),
        "multi_region_outage": (timedelta(minutes=60), timedelta(hours=4), "tertiary", "manual"),
        "provider_outage": (timedelta(minutes=30), timedelta(hours=4), "tertiary", "manual"),
        "compromise": (timedelta(minutes=60), timedelta(hours=8), "tertiary", "manual"),
    }


def test_tiers_are_those_of_the_runbook() -> None:
    assert {each.tier: each.max_downtime for each in PLAN.tiers} == {
        tier: timedelta(minutes=minutes) for tier, minutes in ((0, 5), (1, 15), (2, 30), (3, 60))
    }
    members: dict[int, set[str]] = {}
    for service in PLAN.services:
        members.setdefault(service.tier, set()).add(service.name)
    assert members == {
        0: {"emergency-call"},
        1: {"auth", "payments"},
        2: {"booking", "reader-tools"},
        3: {"analytics", "notifications"},
    }
    assert PLAN.incarnated_store("core").tier == 1


def test_sites_are_those_of_the_runbook() -> None:
    assert [(site.kind, site.region, site.stack) for site in PLAN.sites] == [
        ("primary", "eu-north-1", "prod"),
        ("warm", "eu-west-1", "dr"),
        ("cold", "us-east-1", "cold"),
    ]
    assert PLAN.stacks == ["prod", "dr", "cold", "traffic"]
    assert PLAN.warm is not None
    assert PLAN.cold is not None
    assert [PLAN.primary.name, PLAN.warm.name, PLAN.cold.name] == ["primary", "secondary", "tertiary"]


def test_replica_may_be_a_quarter_of_an_hour_behind_and_the_cold_site_lives_on_daily_backups() -> None:
    core = PLAN.incarnated_store("core")
    assert core.replication.mode == "asynchronous"
    assert core.replication.max_lag == timedelta(minutes=15)
    assert core.backups.snapshots is not None
    assert core.backups.snapshots.every == timedelta(days=1)
    assert core.backups.snapshots.copies_to == ("tertiary",)


def test_drills_are_held_every_quarter_and_critical_decisions_need_two() -> None:
    assert PLAN.drills.every == timedelta(days=90)
    assert PLAN.approvals["compromise"] == 2


def test_database_is_recovered_with_the_first_tier_that_uses_it() -> None:
    assert PLAN.effective_tier("core") == 0
    assert PLAN.effective_tier("auth") == 1
    assert PLAN.effective_tier("media") == 2
    assert notes(PLAN)[1:] == ["store core is of tier 1 but is used by tier 0, so it is recovered with that one"]


def test_roles_at_the_beginning() -> None:
    topology = Topology.initial(PLAN)
    assert {site.name: role_of(PLAN, topology, site.name) for site in PLAN.sites} == {
        "primary": "active",
        "secondary": "warm",
        "tertiary": "cold",
    }


def test_names() -> None:
    assert names.store_identifier(PLAN, "secondary", "core", 3) == "samia-secondary-core-3"
    assert [names.chain_record(PLAN, position) for position in range(3)] == [
        "api.samia-tarot.com",
        "standby.api.samia-tarot.com",
        "standby-2.api.samia-tarot.com",
    ]
