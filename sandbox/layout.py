"""What lies where in a world's home."""

import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import yaml

from model import Plan, Topology
from model.yaml_reading import read_settings

PROJECT = Path(__file__).resolve().parents[1]
LOG = "world.log"
LOCK = "up.lock"
DATA_PREFIX = "dr-world-"
MADE = frozenset({
    *(LOG, LOCK, "world.json", "control.sock", "data", "regions", "passphrase", "database-password", "project"),
    *("kubeconfig", "kubernetes", "calls.jsonl", "clients", "authority.crt"),
})  # fmt: skip
"""All that a world makes in its home; whatever else lies there stays."""
CODE = ("__main__.py", "agent", "components", "model", "plans", "policies", "previews", "sandbox", "scripts")


class Layout:
    """
    world.json, world.log, control.sock   the world's own
    data                                  databases and backups (a link to a folder that their user can reach, when
    root) regions/R/{state,pods,region.log}     state backend of the stacks that live in R; logs
    passphrase, project/                  what `pulumi` needs: a project whose settings can be changed without
    dirtying ours
    authority.crt                         the certificate of the world's own authority, which its programs trust
    """

    def __init__(self, home: Path, plan: Plan) -> None:
        self.home, self.plan = home, plan
        self.regions = list(dict.fromkeys(site.region for site in plan.sites))
        self.passphrase, self.project = home / "passphrase", home / "project"
        self.database_password = home / "database-password"
        self.authority = home / "authority.crt"
        self.state_regions = {site.stack: _region_of(site.state) or site.region for site in plan.sites}
        self.state_regions[plan.traffic.stack] = _region_of(plan.traffic.state) or self.regions[-1]

    def region(self, region: str) -> Path:
        return self.home / "regions" / region

    def state(self, region: str) -> Path:
        return self.region(region) / "state"

    def make(self, authority: bytes) -> None:
        """`authority`: the certificate of the world's authority, in PEM. Raises OSError."""
        self.home.parent.mkdir(parents=True, exist_ok=True)
        self.home.mkdir(mode=0o700, exist_ok=True)
        for region in self.regions:
            self.state(region).mkdir(parents=True, exist_ok=True)
        self.authority.write_bytes(authority)
        for secret in (self.passphrase, self.database_password):
            descriptor = os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(24))
        self.project.mkdir(exist_ok=True)
        shutil.copyfile(PROJECT / "Pulumi.yaml", self.project / "Pulumi.yaml")  # not its mode
        for settings in PROJECT.glob("Pulumi.*.yaml"):
            (self.project / settings.name).write_text(_as_first_deployed(settings, self.plan), encoding="utf-8")
        for name in (*CODE, ".venv"):  # without the environment a real CLI would make an empty one here
            if (PROJECT / name).exists():
                with contextlib.suppress(FileExistsError):
                    (self.project / name).symlink_to(PROJECT / name)

    def configure(self, settings: Mapping[str, Mapping[str, str]]) -> None:
        """Add what the clouds gave the operator beforehand to the settings of these stacks. Raises OSError."""
        for stack, config in settings.items():
            path = self.project / f"Pulumi.{stack}.yaml"
            held = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
            merged = {**held, "config": {**(held.get("config") or {}), **config}}
            path.write_text(yaml.safe_dump(merged, sort_keys=False), encoding="utf-8")


def _as_first_deployed(settings: Path, plan: Plan) -> str:
    """A stack's settings without what a real deployment left in them: secrets, salts, records, a later topology."""
    held = (read_settings(settings.read_text(encoding="utf-8")) or {}).get("config") or {}
    config = {key: value for key, value in held.items() if not (isinstance(value, dict) and "secure" in value)}
    first = {f"dr:{key}": value for key, value in Topology.initial(plan).to_config().items()}
    return yaml.safe_dump({"config": config | first | {"dr:plan": plan.system, "dr:records": {}}}, sort_keys=False)


def data_folder_of(home: Path) -> Path | None:
    """
    Where `home/data` leads: a folder that a world of root made for its databases among the temporary ones. None where
    there is no such link, or it leads to anything else.
    """
    link = home / "data"
    if not link.is_symlink():
        return None
    data = link.readlink()
    ours = data.parent == Path(tempfile.gettempdir()) and data.name.startswith(DATA_PREFIX) and not data.is_symlink()
    return data if ours else None


def forget(home: Path, kept: Iterable[str]) -> None:
    """
    Remove what a world puts into `home`, but not what is `kept`; the folder itself goes when nothing is left in it.
    """
    with contextlib.suppress(OSError):
        for entry in home.iterdir():
            if entry.name in kept or entry.name not in MADE:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)
        home.rmdir()


def _region_of(state: str | None) -> str | None:
    """`region=` of a backend's address."""
    return next(iter(parse_qs(urlsplit(state or "").query).get("region", [])), None)
