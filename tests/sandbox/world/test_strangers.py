"""A whole world as another user of the machine finds it: its ports, its files, its folder."""

import json
import os
import pwd
import re
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from sandbox.client import World, WorldError, leading_elsewhere
from sandbox.dataplane.addresses import Numbers, PortLock
from sandbox.dataplane.files import FileServer, StoreDoor, list_names
from scripts.core.errors import Refused
from scripts.sandbox_cli import exports
from tests.asserts.users import NOBODY, STRANGER, as_user

pytestmark = pytest.mark.drill
ASK_FOR_A_LOGIN = {"postgres", "cache_servers"}
SPEAK_OF_NAMES_ONLY = {"dns"}
SHAKE_HANDS_FIRST = {"https", "caches"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home = tmp_path_factory.mktemp("strangers") / "world"
    made = World.up(home, "minimal")
    yield made
    made.down()


def listening(world: World) -> set[tuple[str, int]]:
    """Every address on which a process of the world takes connections."""
    parent = psutil.Process(world.status()["pid"])
    found = set()
    for process in [parent, *parent.children(recursive=True)]:
        for connection in process.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN:
                found.add((connection.laddr.ip, connection.laddr.port))
    return found


def kinds(world: World) -> dict[int, str]:
    """Port -> what listens there, as `docs/security.md` lists them."""
    numbers = Numbers(world.status()["ports"]["base"])
    named = {
        name: getattr(numbers, name)
        for name in ("postgres", "http", "https", "caches", "cache_servers", "dns", "kubernetes", "pod", "files")
    }
    named |= numbers.clouds | {f"{name}_provider": port for name, port in numbers.providers.items()}
    by_port = {port: name for name, port in named.items()}
    return by_port | {numbers.kubernetes_provider(index): "kubernetes_provider" for index in range(3)}


def answers(address: str, port: int) -> bool:
    """Does anything come back from what every kind of server would answer?"""
    with socket.socket() as connection:  # names would be looked up with a codec that a stranger may not read
        connection.settimeout(10)
        connection.connect((address, port))
        try:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            return bool(connection.recv(1))
        except (ConnectionError, TimeoutError):
            return False


def test_every_port_of_a_world_is_on_the_list_and_speaks_to_its_user_alone(world: World) -> None:
    known, found = kinds(world), listening(world)
    page = (Path(__file__).parents[3] / "docs" / "security.md").read_text(encoding="utf-8")
    table = page.partition("| port | what |")[2].partition("\n\n")[0]
    rows = [line.split("|")[1] for line in table.splitlines()[2:]]
    listed = {name for row in rows for name in re.findall(r"`([a-z_]+)`", row)}
    assert {known.get(port, f"unknown port {port}") for _, port in found} <= listed
    assert listed == set(known.values())
    assert all(address.removeprefix("::ffff:").startswith("127.") for address, _ in found)
    silent = sorted(
        (address.removeprefix("::ffff:"), port)
        for address, port in found
        if known[port] not in ASK_FOR_A_LOGIN | SPEAK_OF_NAMES_ONLY | SHAKE_HANDS_FIRST
    )
    assert silent
    for user in (STRANGER, NOBODY):
        heard = as_user(
            user, lambda: [answers(*door) if "provider" not in known[door[1]] else False for door in silent]
        )
        assert [door for door, answer in zip(silent, heard, strict=True) if answer] == []


def test_nothing_of_a_world_can_be_read_by_another_user(world: World) -> None:
    data = (world.home / "data").resolve()
    assert {stat.S_IMODE(top.stat().st_mode) for top in (world.home, data)} == {0o700}
    if os.geteuid() == 0:
        tops = (str(world.home), str(data))
        assert as_user(STRANGER, lambda: [os.access(top, os.R_OK | os.X_OK) for top in tops]) == [False, False]
        return
    assert opened(world.home) == []


def opened(top: Path) -> list[str]:
    """What lies below `top` and may be read by others, were they to get in."""
    paths = [Path(folder) / name for folder, folders, files in os.walk(top) for name in (*folders, *files)]
    return [str(path) for path in paths if not path.is_symlink() and path.lstat().st_mode & 0o007]


def test_pods_of_a_world_of_root_own_nothing(world: World) -> None:
    if os.geteuid() != 0:
        pytest.skip("pods keep the user of who runs the world")
    parent = psutil.Process(world.status()["pid"])
    forked = [
        child for child in parent.children(recursive=True) if child.username() == "65533" or child.uids().real == 65533
    ]
    assert all(child.uids() == (65533, 65533, 65533) for child in forked)


# folders that are not ours -------------------------------------------------------------------------------------------
def test_a_folder_that_others_can_enter_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    place = tmp_path / "shared"
    place.mkdir(mode=0o755)
    (place / "precious").write_text("mine")
    place.chmod(0o755)
    for attempt in (lambda: World.up(place, "minimal"), lambda: World.attach(place), lambda: World(place).down()):
        with pytest.raises(WorldError) as refused:
            attempt()
        assert refused.value.code == 3
    assert stat.S_IMODE(place.stat().st_mode) == 0o755
    assert (place / "precious").read_text() == "mine"


def test_a_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    place = tmp_path / "theirs"
    place.mkdir(mode=0o700)
    os.chown(place, STRANGER, STRANGER)
    with pytest.raises(WorldError, match="belongs to another user"):
        World.attach(place)


def test_down_ends_and_removes_nothing_that_a_planted_file_names(tmp_path: Path) -> None:
    victim = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    precious = tmp_path / "dr-world-precious"
    precious.mkdir()
    (precious / "data").write_text("mine")
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "thesis").write_text("mine")
    planted = {
        "pid": victim.pid,
        "started": psutil.Process(victim.pid).create_time(),
        "data": str(precious),
        "kept": [],
    }
    (home / "world.json").write_text(json.dumps(planted))
    (home / "world.json").chmod(0o600)
    (home / "data").symlink_to(precious)
    try:
        assert World(home).down() is False
        assert victim.poll() is None
        assert (precious / "data").read_text() == "mine"
        assert (home / "thesis").read_text() == "mine"
    finally:
        victim.kill()
        victim.wait()


@pytest.mark.parametrize("name", ["X; touch /tmp/pwned; Y", "A B", "$(id)", "", "1A", "A\nB"])
def test_a_world_that_names_its_variables_strangely_is_not_entered(name: str) -> None:
    with pytest.raises(Refused):
        exports({name: "value"})
    assert "\n" not in exports({"A": "x"}, [name]).split("export", maxsplit=1)[0].replace("unset A\n", "")


def test_what_leads_out_of_the_world_is_taken_away() -> None:
    leading = ["AWS_PROFILE", "HTTPS_PROXY", "http_proxy", "ALL_PROXY", "AZURE_CLIENT_ID", "PULUMI_ACCESS_TOKEN"]
    assert leading_elsewhere(dict.fromkeys([*leading, "PATH", "HOME"], "x"), {}) == sorted(leading)


def test_the_lock_of_a_port_follows_no_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    target = tmp_path / "target"
    with PortLock(31000):
        pass
    (tmp_path / "dr-sandbox" / "ports-31000.lock").symlink_to(target)
    with pytest.raises(OSError, match="symbolic links"):
        PortLock(31000)
    assert not target.exists()


def test_a_folder_for_locks_that_others_can_write_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "dr-sandbox").mkdir()
    (tmp_path / "dr-sandbox").chmod(0o777)
    with pytest.raises(PermissionError):
        PortLock(31000)


def test_backups_are_given_out_to_who_knows_the_token(tmp_path: Path) -> None:
    (tmp_path / "backup").mkdir()
    server = FileServer(tmp_path, ("127.0.0.1", 0), "the token")
    address, port = server.server_address[:2]
    try:
        assert list_names(StoreDoor(str(address), port, "the token"), "") == ["backup"]
        for wrong in ("", "another"):
            with pytest.raises(ConnectionError):
                list_names(StoreDoor(str(address), port, wrong), "")
        with socket.create_connection((str(address), port)) as connection:
            connection.sendall(b'{"op": "list", "path": ""}\n')
            assert connection.recv(1) == b""
        stolen = as_user(STRANGER, lambda: reaches(str(address), port))
        assert stolen is False
    finally:
        server.shutdown()
        server.server_close()


def reaches(address: str, port: int) -> bool:
    """Another user who has the token all the same."""
    with socket.socket() as connection:
        connection.settimeout(5)
        connection.connect((address, port))
        try:
            connection.sendall(b'{"op": "list", "path": "", "token": "the token"}\n')
            return bool(connection.recv(1))
        except ConnectionError:
            return False


def test_a_world_of_an_ordinary_user_comes_up_and_is_closed_to_the_others() -> None:
    """Where root runs the tests, with an interpreter that an ordinary user can read and the packages of ours."""
    if os.geteuid() != 0:
        pytest.skip("all other tests here run as an ordinary user already")
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    if python is None or f"Python {version}." not in subprocess.check_output([python, "--version"], text=True):
        pytest.skip(f"needs a Python {version} that every user can read")
    ordinary = pwd.getpwnam("daemon")  # initdb wants an account with a name
    place = Path(tempfile.mkdtemp(prefix="ordinary-"))
    try:
        place.chmod(0o755)
        subprocess.run([python, "-m", "venv", "--without-pip", str(place / "venv")], check=True)
        packages = place / "venv" / "lib" / f"python{version}" / "site-packages" / "ours.pth"
        packages.write_text("\n".join(entry for entry in sys.path if entry.endswith("site-packages")))
        home = place / "user" / "world"
        home.parent.mkdir(mode=0o700)
        os.chown(home.parent, ordinary.pw_uid, ordinary.pw_gid)
        script = (
            "import sys; from pathlib import Path; from sandbox.client import World\n"
            f"home = Path({str(home)!r}); world = World.up(home, 'minimal')\n"
            "from tests.sandbox.world.test_strangers import opened\n"
            "print(sorted(world.status()['regions']), opened(home), world.down())\n"
        )
        done = subprocess.run(
            [str(place / "venv" / "bin" / "python"), "-c", script],
            cwd=Path(__file__).parents[3], env={"PATH": "/usr/bin:/bin", "HOME": str(home.parent), "TMPDIR": "/tmp"},
            user=ordinary.pw_uid, group=ordinary.pw_gid, extra_groups=[],
            capture_output=True, text=True, timeout=200, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == "['eu-north-1', 'eu-west-1', 'us-east-1'] [] True"
    finally:
        shutil.rmtree(place, ignore_errors=True)
