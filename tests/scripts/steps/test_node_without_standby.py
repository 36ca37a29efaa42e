"""
A node died, and its standby is not in step: the node is started again, or people are told what another site would lose.
"""

from dataclasses import dataclass, replace
from typing import cast

import pytest

from scripts.clouds.protocol import ManagedStore, StoreFeature
from scripts.core.errors import DatabaseFailed
from scripts.runs.runbook import Context, Options
from scripts.steps import fail_over_database as step
from tests.scripts.steps.pair import Pair, assert_serves, old

NOT_IN_STEP = "the standby of core-1 is being made and not in step"


@dataclass
class Node:
    """A cloud's word on a node whose standby is not in step."""

    features: StoreFeature
    identifier: str = "core-1"
    restarts: int = 0

    def why_no_standby(self) -> str:
        return NOT_IN_STEP

    def restart(self) -> None:
        self.restarts += 1

    def fail_over_in_region(self) -> None:
        pytest.fail("acknowledged writes would be lost")


def of_a_dead_node(context: Context, node: Node) -> Context:
    cast("Pair", context.clouds).managed = cast("ManagedStore", node)
    return replace(context, subject="core", options=Options(to="primary", more={"seen_down": True}))


def test_it_is_started_again(context: Context) -> None:
    node = Node(StoreFeature.STANDBY | StoreFeature.RESTART)
    result = step.fail_over_database(of_a_dead_node(context, node))
    assert node.restarts == 1
    assert result.said.startswith(NOT_IN_STEP)
    assert "started again" in result.said
    assert_serves(context)


def test_what_another_site_would_lose_is_said_where_it_cannot_be(context: Context) -> None:
    node = Node(StoreFeature.STANDBY)
    with pytest.raises(DatabaseFailed, match=f"{NOT_IN_STEP}; it cannot be restarted") as told:
        step.fail_over_database(of_a_dead_node(context, node))
    assert "`dr failover --to secondary` loses at most" in told.value.hint
    assert "nothing is lost if the node comes back" in told.value.hint


def test_it_is_said_where_a_restart_does_not_help(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    node = Node(StoreFeature.STANDBY | StoreFeature.RESTART)
    hurt = of_a_dead_node(context, node)
    old(hurt).rows("SELECT setval('dr_guard.valid_until', 1)")  # it takes no writes
    monkeypatch.setattr(step, "RESTART_SECONDS", 0.5)
    with pytest.raises(DatabaseFailed, match="after a restart it does not take writes") as told:
        step.fail_over_database(hurt)
    assert "`dr failover --to secondary` loses at most" in told.value.hint
