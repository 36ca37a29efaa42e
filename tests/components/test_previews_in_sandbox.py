"""
From a deployed system, through the engine and the providers: whatever may happen next, no stack's preview deletes or
replaces anything, and the stacks that a disaster does not touch have nothing to do at all.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from model import Topology, load_plan
from model.topology import after_backups_switch, after_cold_activation, after_failover, after_reprotect
from sandbox.client import World
from scripts.core.errors import EngineFailed
from scripts.stacks.changes import Changes
from scripts.stacks.provision import provision
from scripts.stacks.stacks import Stacks

PLAN = load_plan("samia")
INITIAL = Topology.initial(PLAN)
FAILED_OVER = after_failover(INITIAL, PLAN, "secondary")
REPROTECTED = after_reprotect(FAILED_OVER, PLAN, "primary")
pytestmark = [pytest.mark.drill, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def made() -> Iterator[tuple[Stacks, dict[str, Changes]]]:
    """All four stacks of Samia, up in a world of their own, and what was said to be done for that."""
    home = Path(tempfile.mkdtemp(prefix="dr-"))  # the path of a socket in it must be short
    world = World.up(home / "world", "samia", owner=os.getpid())
    try:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in {**world.env("dr"), "DR_HOME": str(home / "dr"), "DR_ENGINE": "embedded"}.items():
                patch.setenv(name, value)
            found = Stacks(PLAN)
            yield found, provision(found)
    finally:
        world.down()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def stacks(made: tuple[Stacks, dict[str, Changes]]) -> Stacks:
    return made[0]


def previews(stacks: Stacks, topology: Topology, *names: str) -> dict[str, Changes]:
    stacks.write_topology(topology)
    return {stack: stacks.preview(stack) for stack in names}


def test_all_that_was_made_is_told_whichever_pass_made_it(made: tuple[Stacks, dict[str, Changes]]) -> None:
    stacks, done = made
    assert set(done) == set(PLAN.stacks)
    for stack, changes in done.items():
        held = [resource["urn"] for resource in stacks.export(stack)["deployment"]["resources"]]
        assert sorted(step.urn for step in changes.steps if step.op == "create") == sorted(held), stack


def test_failover_touches_the_surviving_site_alone(stacks: Stacks) -> None:
    found = previews(stacks, FAILED_OVER, *PLAN.stacks)
    assert {stack for stack, changes in found.items() if not changes.real} == {"prod", "cold", "traffic"}
    assert not found["dr"].destructive
    assert {change.op for change in found["dr"].real} == {"update"}


def test_reprotection_creates_beside_the_old_and_drops_nothing(stacks: Stacks) -> None:
    changes = previews(stacks, REPROTECTED, "prod")["prod"]
    assert not changes.destructive
    assert [change.name for change in changes.real if change.op == "create"] == ["core-2"]


def test_cold_site_receives_other_backups_beside_the_old_ones(stacks: Stacks) -> None:
    changes = previews(stacks, after_backups_switch(REPROTECTED, PLAN), "cold")["cold"]
    assert [(change.op, change.name) for change in changes.real] == [("create", "backups-core-of-secondary-1")]


def test_cold_activation_only_adds(stacks: Stacks) -> None:
    backup = "arn:aws:rds:us-east-1:123456789012:auto-backup:ab-of-a-preview"
    found = previews(stacks, after_cold_activation(INITIAL, PLAN, "tertiary", {"core": backup}), "dr", "cold")
    assert not found["dr"].real
    assert {change.op for change in found["cold"].real} == {"create"}


def test_database_that_is_dropped_without_being_retired_is_refused(stacks: Stacks) -> None:
    """The negative control: what the tests above look for is seen, and stopped by protection."""
    stores = {"primary": INITIAL.stores["primary"]}
    with pytest.raises(EngineFailed, match=r"core-1.* cannot be deleted"):
        previews(stacks, INITIAL.model_copy(update={"stores": stores}), "dr")
