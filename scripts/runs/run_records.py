"""What must be known of a run to go on with it in another process: a JSON file a run, `<home>/runs/<run>.json`."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.core.errors import BadInput
from scripts.core.home import folder
from scripts.core.moments import now
from scripts.runs import journal, shared
from scripts.runs.runbook import Options

if TYPE_CHECKING:
    from model.topology import Topology
    from scripts.runs.runbook import Context

VERSION = 1
MOVES = frozenset({"failover", "switchover", "activate_cold"})
"""The runbooks that take the service from the active site to another: broken off early, `reopen` gives it back."""
OPEN = frozenset({"running", "interrupted", "failed", "unknown"})


@dataclass(frozen=True)
class RunRecord:
    """
    `runbook` names the program that can go on with it (`dr resume`), `plan` is the system's name or the plan's path,
    `topology` the one before the run. `environment` is the sandbox's home, empty for a real cloud: a run begun in one
    is never continued in the other. `attempt` counts how often it was taken up after it ended without being done,
    `saved` how often the record was written: of two copies the one with the greater number counts.
    """

    run: str
    runbook: str
    system: str
    plan: str
    options: Mapping[str, Any]
    topology: Mapping[str, Any]
    created: str
    environment: str = ""
    attempt: int = 1
    status: str = "running"
    said: str = ""
    saved: int = 0
    v: int = field(default=VERSION)

    @property
    def open(self) -> bool:
        """It began and is not done."""
        return self.status in OPEN

    def options_given(self) -> Options:
        return Options.from_json(self.options)

    def topology_before(self) -> Topology:
        from model.topology import Topology  # noqa: PLC0415  (pydantic is not needed to list runs)

        return Topology.from_config(self.topology)


def environment() -> str:
    return os.environ.get("DR_SANDBOX", "")


def kind_of_environment(environment: str) -> str:
    """What people call it: the sandbox, whichever, or the cloud."""
    return "sandbox" if environment else "cloud"


def new_run_id(runbook: str) -> str:
    """`failover-20260102-030405-a1b2`: sorts by time, unique."""
    return f"{runbook}-{now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def of_context(context: Context, runbook: str) -> RunRecord:
    """The record of a run that begins."""
    return RunRecord(
        run=context.run,
        runbook=runbook,
        system=context.plan.system,
        plan=context.plan_path or context.plan.system,
        options=context.options.to_json(),
        topology=context.topology.to_config(),
        created=now().isoformat(),
        environment=environment(),
    )


def path_of(run: str) -> Path:
    if not journal.RUN_ID.fullmatch(run):
        raise BadInput(f"{run!r} is not the name of a run", "`dr journal list` shows the runs")
    return folder("runs") / f"{run}.json"


def save(record: RunRecord) -> RunRecord:
    """Write a record down, here and where machines share their runs. Raises BadInput."""
    record = replace(record, saved=record.saved + 1)
    keep(record)
    if (found := shared.store()) is not None:
        found.save_record(record.run, record.saved, text_of(record))
    return record


def text_of(record: RunRecord) -> str:
    return json.dumps(asdict(record), indent=1)


def keep(record: RunRecord) -> None:
    """Replace the file in one move, so that a crash leaves the old or the new one. Raises BadInput."""
    path = path_of(record.run)
    draft = path.with_suffix(f".{os.getpid()}")
    try:
        with draft.open("w", encoding="utf-8") as file:
            file.write(text_of(record))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise BadInput(f"{path}: cannot be written ({error.strerror})", "free some room, or set DR_HOME") from error


def update(run: str, **changes: Any) -> RunRecord:
    return save(replace(load(run), **changes))


def load(run: str) -> RunRecord:
    """Raises BadInput when there is no such run, or its file is damaged or of another version."""
    path = path_of(run)
    hint = "`dr journal list` shows the runs"
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadInput(f"{path}: no such run", hint) from error
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput(f"{path}: cannot be read ({error})", hint) from error
    return parsed(raw, path)


def parsed(raw: Any, where: object) -> RunRecord:
    """A record from its JSON. Raises BadInput, which says `where` it stands."""
    hint = "`dr journal list` shows the runs"
    if not isinstance(raw, dict) or raw.get("v") != VERSION:
        raise BadInput(f"{where}: not a record that this program reads (version {VERSION})", hint)
    try:
        return RunRecord(**raw)
    except TypeError as error:
        raise BadInput(f"{where}: {error}", hint) from error


def exists(run: str) -> bool:
    return path_of(run).exists()


def everything() -> list[RunRecord]:
    """All runs that can be read, newest first."""
    found = []
    for path in folder("runs").glob("*.json"):
        try:
            found.append(load(path.stem))
        except BadInput:
            continue
    return sorted(found, key=lambda record: record.created, reverse=True)


def unfinished(system: str) -> RunRecord | None:
    """The newest run of a system in this environment, unless it is done: to be finished before another begins."""
    for record in everything():
        if record.system == system and record.environment == environment():
            return record if record.open else None
    return None
