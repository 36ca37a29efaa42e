"""The embedded engine, and a real CLI where there is one, do what was recorded of the real one."""

import shutil
import subprocess
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from sandbox.engine.launcher import Launcher
from tests.engine import replay

RECORDED_WITH = "v3.260."
SCENARIOS = replay.scenarios()
pytestmark = pytest.mark.engine


def judge(engine: str, scenario: str, actual: dict[str, Any]) -> None:
    """Every difference must be known, and every known one must be there."""
    found = replay.differences(scenario, actual)
    known = replay.known(engine, scenario)
    new = [d for d in found if not any(k.covers(d) for k in known)]
    assert not new, f"{len(new)} differences from the recording:\n" + "\n".join(new[:20])
    stale = [k.reason for k in known if not k.sometimes and not any(k.covers(d) for d in found)]
    assert not stale, "known differences that are no more; remove them from known_differences.json:\n" + "\n".join(
        stale
    )


@pytest.fixture(scope="module")
def embedded() -> Any:
    """A replay of every scenario, several at once: some of them mostly wait."""
    launcher = Launcher()
    with ThreadPoolExecutor(3) as pool:
        # the one that waits longest begins first
        order = sorted(SCENARIOS, key=lambda s: s != "23_kill_and_locks")
        yield {s: pool.submit(replay.replay_embedded, s, launcher) for s in order}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_embedded_engine_does_what_was_recorded(
    scenario: str, embedded: dict[str, "Future[dict[str, Any]]"]
) -> None:
    judge("embedded", scenario, embedded[scenario].result())


def why_not_cli() -> str | None:
    """Why no CLI can be compared with the recordings here."""
    pulumi = shutil.which("pulumi")
    if pulumi is None:
        return "no pulumi on PATH"
    version = subprocess.run([pulumi, "version"], capture_output=True, text=True, check=False).stdout.strip()
    if not version.startswith(RECORDED_WITH):
        return f"the recordings were made with {RECORDED_WITH}x, the pulumi on PATH is {version}"
    return None


@pytest.mark.timeout(600)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_cli_does_what_was_recorded(scenario: str) -> None:
    reason = why_not_cli()
    if reason:
        pytest.skip(reason)
    judge("cli", scenario, replay.replay_command(scenario, ["pulumi"]))


def test_each_scenario_has_a_recording() -> None:
    recorded = sorted(p.stem for p in (replay.KIT / "recorded").glob("*.json"))
    assert recorded == SCENARIOS
