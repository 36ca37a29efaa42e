"""
A database as a file in pg_dump's own format, and back: by PostgreSQL's own programs, with the rows counted.

The counts are taken in the snapshot that the dump is taken of (pg_dump: --snapshot), so that what is brought back later
can be counted against them. The guard is no part of a dump: where it is brought back, another one judges writes.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.core.commands import run_bounded
from scripts.core.errors import BadInput, DatabaseFailed, Refused
from scripts.core.net import Login, address_of, wait_for
from scripts.engines.postgres.catalogue import OWN
from scripts.engines.postgres.session import Database, quoted
from scripts.engines.seen import Dumped

if TYPE_CHECKING:
    from collections.abc import Mapping

PROGRAMS = "DR_POSTGRES_BIN"
"""The variable that names the folder of PostgreSQL's programs, where they are not on PATH."""
_GUARDS = re.compile(r"^\d+; \d+ \d+ (EVENT )?TRIGGER .*\bdr_(writer_lease|ddl)")
_TABLES = f"""
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND {OWN}
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                  WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1
"""  # noqa: S608 (constants of ours)


def tables_of(database: Database) -> list[str]:
    """The user's tables, quoted and with their schema; none of the guard and none of an extension."""
    return [str(name) for (name,) in database.rows(_TABLES)]


def count_rows(database: Database, *, seconds: float) -> dict[str, int]:
    """How many rows each of them has."""
    found = {}
    for table in tables_of(database):
        ((rows,),) = database.rows(f"SELECT count(*) FROM {table}", timeout=seconds)  # noqa: S608 (the catalogue's)
        found[table] = int(rows)
    return found


def dump(login: Login, path: Path, *, seconds: float) -> Dumped:
    """
    Write the database to `path`. Raises BadInput without pg_dump, DatabaseFailed for what it says or when its time is
    over.
    """
    until = time.monotonic() + seconds
    with Database(login) as database:
        # Kept open: the snapshot lives as long as its transaction.
        database.rows("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        ((snapshot, server),) = database.rows("SELECT pg_export_snapshot(), current_setting('server_version')")
        rows = count_rows(database, seconds=seconds)
        _run(
            login,
            "pg_dump",
            "--format=custom",
            "--exclude-schema=dr_guard",
            f"--snapshot={snapshot}",
            f"--file={path}",
            seconds=until - time.monotonic(),
        )
    return Dumped(rows, str(server))


def why_not_empty(login: Login) -> str | None:
    """Why nothing may be brought into a database; None where no table of the user is in it."""
    with Database(login) as database:
        found = tables_of(database)
    return f"{login.database} holds {len(found)} tables, {found[0]} among them" if found else None


def create_database(login: Login, name: str) -> Login:
    """A new, empty database on the same server. Raises Refused where there is one of this name."""
    with Database(login) as database:
        if database.rows("SELECT 1 FROM pg_catalog.pg_database WHERE datname = %(name)s", {"name": name}):
            raise Refused(f"{login.host} has a database {name} already", "choose another name")
        database.script(f"CREATE DATABASE {quoted(name)} TEMPLATE template0", timeout=60)
    return Login(login.host, login.port, name, login.user, login.password)


def drop_database(login: Login, name: str) -> None:
    """Drop a database that this program made."""
    with Database(login) as database:
        database.script(f"DROP DATABASE IF EXISTS {quoted(name)} WITH (FORCE)", timeout=60)


def bring_back(login: Login, path: Path, rows: Mapping[str, int], *, seconds: float) -> None:
    """
    Restore a dump into an empty database, all of it or nothing, and count its rows.

    Raises BadInput without pg_restore, Refused for a database that holds something, DatabaseFailed for what pg_restore
    says, when its time is over, and for counts that differ.
    """
    until = time.monotonic() + seconds
    if reason := why_not_empty(login):
        raise Refused(reason, "bring it into a new database beside it: --into NAME")
    listed = path.with_suffix(".list")
    listed.write_text(_contents(login, path, seconds=seconds), encoding="utf-8")
    _run(
        login, "pg_restore", "--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges",
        f"--use-list={listed}", f"--dbname={login.database}", str(path), seconds=until - time.monotonic(),
    )  # fmt: skip
    with Database(login) as database:
        found = count_rows(database, seconds=seconds)
    if found != dict(rows):
        wrong = sorted(name for name in {*found, *rows} if found.get(name) != rows.get(name))
        raise DatabaseFailed(
            f"{login.database} does not hold what was exported: {', '.join(wrong)}", "drop it, and look at the export"
        )


def _contents(login: Login, path: Path, *, seconds: float) -> str:
    """The dump's list of contents, without the triggers of the guard."""
    listing = path.with_suffix(".contents")
    _run(login, "pg_restore", "--list", f"--file={listing}", str(path), seconds=seconds)
    lines = listing.read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not _GUARDS.match(line)) + "\n"


def _run(login: Login, program: str, *arguments: str, seconds: float) -> None:
    """The login goes by environment: arguments are seen by everybody on this machine."""
    address = wait_for(address_of(login.host, timeout=5.0))
    environment = {
        "PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "PGHOST": login.host, "PGHOSTADDR": address,
        "PGPORT": str(login.port), "PGUSER": login.user, "PGPASSWORD": login.password, "PGDATABASE": login.database,
        "PGCONNECT_TIMEOUT": "10", "PGAPPNAME": "dr",
    }  # fmt: skip
    ran = run_bounded([_found(program), *arguments], seconds=seconds, environment=environment, folder=Path.cwd())
    if reason := ran.why_not_done(seconds):
        raise DatabaseFailed(
            f"{program} on {login.host}: {reason}", "see that its version is that of the server or newer"
        )


def _found(program: str) -> str:
    folder = os.environ.get(PROGRAMS)
    found = shutil.which(program, path=folder) if folder else shutil.which(program)
    if found is None:
        where = f"in {folder}" if folder else "on PATH"
        raise BadInput(
            f"there is no {program} {where}",
            f"install PostgreSQL's client programs, or name their folder in {PROGRAMS}",
        )
    return found
