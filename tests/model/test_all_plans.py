"""Every plan of the project is sound, can reach what it promises, and can be declared by the one program."""

import pytest

from model import Topology, load_plan
from model.checks import not_built
from model.loading import PLANS
from model.site_records import FrontDoor, SiteRecord, awaited, provisioning_order
from scripts.runbooks.forecasts import forecast
from tests.components.declared import declared, of_type, records_of

NAMES = sorted(path.stem for path in PLANS.glob("*.yaml"))


def test_there_are_plans() -> None:
    assert "samia" in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_plan_is_sound_and_named_as_its_file(name: str) -> None:
    plan = load_plan(name)
    assert plan.system == name
    assert forecast(plan).shortfalls() == []


@pytest.mark.parametrize("name", NAMES)
def test_every_stack_is_brought_up_and_the_primary_first(name: str) -> None:
    plan = load_plan(name)
    waves = provisioning_order(plan)
    assert waves[0] == [plan.primary.stack]
    assert {stack for wave in waves for stack in wave} == set(plan.stacks)
    assert plan.traffic.stack in waves[-1]


def test_what_needs_the_record_of_another_stack_says_which() -> None:
    plan = load_plan("samia")
    everything = {site.name: SiteRecord(key="arn", front_door=FrontDoor(name="a", zone="z")) for site in plan.sites}
    assert {stack: awaited(plan, stack, {}) for stack in plan.stacks} == {
        "prod": [], "dr": ["prod"], "cold": ["prod"], "traffic": ["prod", "dr", "cold"],
    }  # fmt: skip
    assert [awaited(plan, stack, everything) for stack in plan.stacks] == [[]] * 4
    partly = {"primary": everything["primary"]}
    assert awaited(plan, "dr", partly) == []
    assert awaited(plan, "traffic", partly) == ["dr", "cold"]


# What each plan needs and no driver answers for yet: the beginning of each mistake.
UNBUILT = {
    "samia": [],
    "minimal": [],
    "celora": [],
    "comet": [],
    "amicis": [
        "stores: none of them can refuse an old writer by itself",
        'stores[0].kind: "documents" has',
        'stores[1].replication.mode: "asynchronous" is not how redis is replicated on azure; there is none',
        *(f'services[{i}].kind: "{kind}" has' for i, kind in enumerate(("pods", "pods", "static_site"))),
    ],
    "muejam": [],
}  # fmt: skip


def test_a_plan_that_cannot_be_built_yet_is_refused_by_name() -> None:
    assert set(UNBUILT) == set(NAMES)
    for name, expected in UNBUILT.items():
        found = [str(mistake) for mistake in not_built(load_plan(name))]
        assert [said[: len(start)] for said, start in zip(found, expected, strict=True)] == expected


@pytest.mark.parametrize("name", NAMES)
def test_every_environment_of_a_plan_can_be_reached(name: str) -> None:
    plan = load_plan(name)
    for environment in plan.environments:
        assert forecast(plan.in_environment(environment)).shortfalls() == []


@pytest.mark.parametrize("name", [name for name, mistakes in UNBUILT.items() if not mistakes])
def test_every_stack_of_a_plan_can_be_declared(name: str) -> None:
    plan = load_plan(name)
    records = records_of(plan)
    for stack in plan.stacks:
        seen = declared(stack, Topology.initial(plan), records, plan=name)
        site = plan.sites_by_stack.get(stack)
        identifiers = {each.inputs["identifier"] for each in of_type(seen, "rds/instance:Instance")}
        identifiers |= {each.inputs["serverName"] for each in of_type(seen, "dbforpostgresql:Server")}
        expected = (
            {f"{name}-{site.name}-{each.name}-1" for each in plan.incarnated_stores}
            if site and site.kind != "cold"
            else set()
        )
        assert identifiers == expected
