"""Who is told of what lasts, on a run that is killed and goes on, and by watchers that come and go."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from model import load_plan
from model.durations import format_duration
from scripts.core.home import CHECKOUT
from scripts.drills.detection import aimed
from scripts.drills.stage import Stage
from scripts.people.escalation import TOLD
from scripts.runs import run_records
from scripts.runs.journal import path_of, read
from scripts.watch import Watch, watch
from tests.asserts.channels import Channel, opened
from tests.asserts.waiting import MULTIPLIER, wait_until

pytestmark = [pytest.mark.drill, pytest.mark.timeout(1800)]
ROLES = ("sre", "lead", "manager", "executive")


@pytest.fixture
def channels(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Channel]]:
    with ExitStack() as stack:
        made = {role: stack.enter_context(opened()) for role in ROLES}
        for role, channel in made.items():
            monkeypatch.setenv(f"DR_NOTIFY_{role.upper()}_REHEARSAL", channel.address)
        yield made


def plan_with(made: Stage, folder: Path, *after: str) -> Path:
    """The plan of the world, with levels of escalation at these times; what its stacks declare is the same."""
    plan = yaml.safe_load((CHECKOUT / "plans" / "minimal.yaml").read_text(encoding="utf-8"))
    plan["contacts"] = [{"role": role, "channel": f"env:DR_NOTIFY_{role.upper()}"} for role in ROLES]
    plan["escalation"] = [{"after": at, "notify": [role]} for at, role in zip(("0s", *after), ROLES, strict=True)]
    path = folder / "minimal.yaml"
    path.write_text(yaml.safe_dump(plan), encoding="utf-8")
    assert load_plan(str(path)).system == made.plan.system
    return path


def escalated(channel: Channel) -> list[str]:
    return [title for title in channel.titles() if " for " in title]


def test_each_level_is_told_once_although_the_run_was_killed(
    made: Stage, tmp_path: Path, channels: dict[str, Channel]
) -> None:
    plan = plan_with(made, tmp_path, "500ms", "2s", "1h")
    command = [sys.executable, "-m", "scripts.dr"]
    failover = [*command, "failover", "--plan", str(plan), "--to", "secondary", "--yes"]
    # The record goes on leading to the site that is lost, so the service is not back until the test says so.
    made.world.break_("health", name="minimal-secondary-unclaimed")
    made.lose("primary")
    begun = subprocess.Popen(failover, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: escalated(channels["lead"]), timeout=60, what="the first level to be told")
    begun.send_signal(signal.SIGKILL)
    begun.wait(30)
    open_run = run_records.unfinished(made.plan.system)
    assert open_run is not None
    resumed = subprocess.Popen([*command, "resume", open_run.run], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    wait_until(lambda: escalated(channels["manager"]), timeout=60, what="the second level to be told")
    made.world.heal("health")
    said, _ = resumed.communicate(timeout=200 * MULTIPLIER)
    assert resumed.returncode == 0, said.decode()
    assert escalated(channels["lead"]) == ["[REHEARSAL] minimal: regional_outage for 500ms"]
    assert escalated(channels["manager"]) == ["[REHEARSAL] minimal: regional_outage for 2s"]
    assert escalated(channels["executive"]) == escalated(channels["sre"]) == []
    wait_until(
        lambda: "[REHEARSAL] minimal: served by secondary" in channels["sre"].titles(), timeout=30, what="the good news"
    )
    entries = list(read(path_of(open_run.run)))
    assert [entry.evidence["after_seconds"] for entry in entries if entry.name == TOLD] == [0.5, 2.0]
    assert "s3cret" not in path_of(open_run.run).read_text(), "an address is in the journal"


def looks(watcher: Watch, seconds: float) -> None:
    asyncio.run(watch(watcher, until=time.monotonic() + seconds * MULTIPLIER))


def until_told(watcher: Watch, channel: Channel, what: str) -> None:
    """Look on until a message is there."""
    end = time.monotonic() + 60 * MULTIPLIER
    while not escalated(channel):
        assert time.monotonic() < end, f"waited for {what}"
        looks(watcher, 0.5)


def test_a_watcher_goes_on_telling_where_the_one_before_it_stopped(
    made: Stage, tmp_path: Path, channels: dict[str, Channel]
) -> None:
    late = format_duration(timedelta(seconds=8 * MULTIPLIER))  # later than a slow first watcher looks
    plan = load_plan(str(plan_with(made, tmp_path, "1s", late, "1h")))
    made.world.break_("region", region=made.plan.primary.region, hang=True)
    first = aimed_at_what_hangs(made, plan_path=tmp_path / "minimal.yaml")
    assert first.plan == plan
    until_told(first, channels["lead"], "the first level")
    first.suspicion.pause()
    first.clouds.close()

    second = aimed_at_what_hangs(made, plan_path=tmp_path / "minimal.yaml")
    until_told(second, channels["manager"], "the second level, by another watcher")
    assert escalated(channels["lead"]) == ["[REHEARSAL] minimal: primary looks down for 1s"], "told twice"
    assert escalated(channels["manager"]) == [f"[REHEARSAL] minimal: primary looks down for {late}"]
    assert [title for title in channels["sre"].titles() if "looks down" in title] == [
        "[REHEARSAL] minimal: primary looks down"
    ]

    made.world.heal()
    end = time.monotonic() + 60 * MULTIPLIER
    while second.reported:
        assert time.monotonic() < end, "it is not seen well again"
        looks(second, 0.5)
    assert "seen_again" in {entry.name for entry in read(second.journal.path, live=True)}
    second.clouds.close()
    assert escalated(channels["executive"]) == []
    assert made.active == "primary"


def aimed_at_what_hangs(made: Stage, *, plan_path: Path) -> Watch:
    """A watcher that never saw the site well: it knows what to look at from before."""
    made.world.heal()
    watcher = aimed(load_plan(str(plan_path)))
    watcher.plan_path = str(plan_path)
    made.world.break_("region", region=made.plan.primary.region, hang=True)
    return watcher


def test_nobody_else_is_told_once_somebody_is_at_work(
    made: Stage, tmp_path: Path, channels: dict[str, Channel]
) -> None:
    late = 10 * MULTIPLIER
    plan = plan_with(made, tmp_path, "1s", f"{late:.0f}s", "1h")
    watcher = aimed_at_what_hangs(made, plan_path=plan)
    until_told(watcher, channels["lead"], "the first level")
    command = [sys.executable, "-m", "scripts.dr", "failover", "--plan", made.plan_path, "--to", "secondary", "--yes"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    made.world.heal()
    end = time.monotonic() + 60 * MULTIPLIER
    while watcher._active != "secondary":
        assert time.monotonic() < end, "it still looks at the site that was left"
        looks(watcher, 0.5)
    assert watcher.reported == ""
    told = time.monotonic()
    while time.monotonic() < told + late:  # it would be told by then
        looks(watcher, 0.2)
    watcher.clouds.close()
    assert escalated(channels["manager"]) == [], "it was decided before"
