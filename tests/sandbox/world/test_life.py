"""A world starts detached, says what it is, and ends with everything it made."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from sandbox.client import ROOT, World, WorldError
from sandbox.dataplane.addresses import reserve
from sandbox.dataplane.resolve import addresses
from tests.asserts.waiting import wait_until

pytestmark = pytest.mark.drill


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home with a space in its name, empty again in the end."""
    made = tmp_path / "a home"
    yield made
    World(made).down()


def processes_of(home: Path) -> list[str]:
    """Everything that runs for the world in `home`, by its command line, its environment or its open files."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                words = " ".join(process.cmdline())
                named = str(home) in words or process.environ().get("DR_WORLD") == str(home)
                if named or any(Path(file.path).is_relative_to(home) for file in process.open_files()):
                    found.append(f"{process.pid} {words}")
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def test_up_status_and_down(home: Path) -> None:
    world = World.up(home, "samia")
    assert not world.already_up
    status = world.status()
    assert set(status["regions"]) == {"eu-north-1", "eu-west-1", "us-east-1"}
    assert all(region["up"] and region["control_plane"] for region in status["regions"].values())
    assert status["memory_bytes"] < 1 << 30
    env = world.env("dr")
    assert env["PULUMI_BACKEND_URL"] == f"file://{home}/regions/eu-west-1/state"
    assert world.env("traffic")["PULUMI_BACKEND_URL"] == f"file://{home}/regions/us-east-1/state"
    assert Path(env["PULUMI_CONFIG_PASSPHRASE_FILE"]).stat().st_mode & 0o077 == 0
    assert (Path(env["DR_PROJECT"]) / "components").is_symlink()
    assert addresses("s3.eu-west-1.amazonaws.com", server=env["DR_RESOLVER"])[0] == ["127.0.0.1"]
    again = World.up(home, "samia")
    assert again.already_up
    assert again.status()["pid"] == status["pid"]
    data = (home / "data").resolve()
    assert processes_of(home)
    assert world.down()
    assert processes_of(home) == []
    assert not data.exists()
    assert not home.exists()
    assert not world.down()
    with pytest.raises(WorldError, match="no world is up") as refused:
        World.attach(home)
    assert refused.value.code == 3


def test_faults_are_shown_and_bad_ones_are_usage_errors(home: Path) -> None:
    world = World.up(home, "samia")
    assert world.break_("control-plane", region="eu-north-1")
    assert not world.break_("control-plane", region="eu-north-1")
    status = world.status()
    assert [fault["fault"] for fault in status["faults"]] == ["control-plane"]
    assert not status["regions"]["eu-north-1"]["control_plane"]
    assert world.heal() == 1
    for fault, arguments in (("earthquake", {}), ("region", {}), ("region", {"region": "mars"}), ("link", {"a": "x"})):
        with pytest.raises(WorldError) as refused:
            world.break_(fault, **arguments)
        assert refused.value.code == 2
        assert refused.value.hint
    with pytest.raises(WorldError, match="no stack nothing"):
        world.env("nothing")


def test_a_world_ends_with_its_owner(home: Path) -> None:
    owner = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        World.up(home, "samia", owner=owner.pid)
        assert processes_of(home)
    finally:
        owner.communicate(b"\n")
    wait_until(lambda: not processes_of(home) and not home.exists(), timeout=30, what="the world to end")


def test_a_world_that_is_killed_takes_its_children_along_and_can_be_started_again(home: Path) -> None:
    world = World.up(home, "samia")
    pid, data = world.status()["pid"], (home / "data").resolve()
    psutil.Process(pid).kill()
    wait_until(lambda: not processes_of(home), timeout=30, what="its children to end")
    with pytest.raises(WorldError, match="no world is up"):
        World.attach(home)
    assert World.up(home, "samia").status()["pid"] != pid
    assert not data.exists() or data == (home / "data").resolve()


def test_a_taken_port_is_named(home: Path) -> None:
    free, lock = reserve(3)
    lock.close()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free.base + 2))
        taken.listen()
        with pytest.raises(WorldError, match=f"port {free.base + 2} ") as refused:
            World.up(home, "samia", port_base=free.base)
    assert refused.value.code == 3
    assert "--port-base" in refused.value.hint
    assert processes_of(home) == []


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(WorldError, match="file/home: Not a directory") as refused:
        World.up(blocked / "home", "samia")
    assert refused.value.hint


def test_a_plan_that_is_wrong_is_named_and_nothing_starts(home: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text("version: 1\nsystem: x\n")
    with pytest.raises(WorldError, match=r"plan\.yaml") as refused:
        World.up(home, plan)
    assert refused.value.code == 2
    assert processes_of(home) == []


def test_two_worlds_live_side_by_side(home: Path, tmp_path: Path) -> None:
    one, two = World.up(home, "samia"), World.up(tmp_path / "other", "samia")
    try:
        assert one.status()["ports"]["base"] != two.status()["ports"]["base"]
    finally:
        two.down()
    assert one.status()["pid"]


def test_who_starts_it_twice_at_once_gets_one_world(home: Path) -> None:
    program = "import sys; from sandbox.client import World; print(World.up(sys.argv[1], 'samia').status()['pid'])"
    starters = [
        subprocess.Popen([sys.executable, "-c", program, str(home)], cwd=ROOT, stdout=subprocess.PIPE) for _ in range(2)
    ]
    assert len({starter.communicate(timeout=120)[0] for starter in starters}) == 1
    assert World.attach(home).status()["pid"]


def test_a_starter_that_is_interrupted_leaves_no_world(home: Path) -> None:
    program = "import sys; from sandbox.client import World; World.up(sys.argv[1], 'samia')"
    starter = subprocess.Popen([sys.executable, "-c", program, str(home)], cwd=ROOT, stderr=subprocess.DEVNULL)
    wait_until((home / "world.log").exists, timeout=30, what="the start")
    starter.kill()
    starter.wait()
    wait_until(lambda: not processes_of(home), timeout=60, what="the half-started world to end")


def test_the_command_prints_two_lines(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    command = [sys.executable, "-m", "sandbox.world", "serve", "--home", str(blocked / "home"), "--plan", "samia"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 1
    wrong, hint = ended.stderr.splitlines()
    assert str(blocked) in wrong
    assert hint.startswith("hint: ")
