"""`dr import NAME`: brings an export into an empty database; checksums are verified before, rows are counted after."""

from __future__ import annotations

import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.acts.exports import fetch, manifest
from scripts.clouds.access import Clouds
from scripts.core.errors import DatabaseFailed, DrError, Refused
from scripts.core.home import project_dir
from scripts.export import show, the_store
from scripts.people.approvals import ask, needed, require
from scripts.people.options import DEFAULT_PLAN, ApprovedBy, Format, PlanName, Yes, bound, known_site, plan_of
from scripts.people.output import Form
from scripts.stacks import topology_files

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from model import Plan
    from scripts.acts.exports import Export
    from scripts.clouds.protocol import ObjectStore
    from scripts.engines.protocol import Engine


def import_store(
    plan: Plan, objects: ObjectStore, engine: Engine, export: Export, within: timedelta, *, into: str = "",
    by: Sequence[str] = (),
) -> None:  # fmt: skip
    """
    Bring an export that lies in a site's objects into a database, or into a new one `into` on its server.

    Raises ApprovalMissing where the plan wants more people than `by`, Refused where the database holds something,
    CloudFailed for an export that is not whole (nothing was changed then), DatabaseFailed. A new database of an import
    that fails is dropped again.
    """
    require(plan, "import_data", approved_by=by)
    if not into and (reason := engine.why_not_empty()):
        raise Refused(reason, "bring it into a new database beside it: --into NAME")
    with tempfile.TemporaryDirectory(prefix="dr-import-") as folder:
        path = Path(folder) / "dump"
        fetch(objects, export, path)
        if into:
            _bring_into_new(engine, into, path, export, within)
        else:
            engine.bring_back(path, export.rows, seconds=within.total_seconds())


def _bring_into_new(engine: Engine, into: str, path: Path, export: Export, within: timedelta) -> None:
    made = engine.create_beside(into)
    try:
        made.bring_back(path, export.rows, seconds=within.total_seconds())
    except DrError:
        with suppress(DatabaseFailed):
            engine.drop_beside(into)
        raise
    finally:
        made.close()


def import_dump(
    *,
    name: Annotated[str, typer.Argument(help="an export, as `dr export` named it")],
    store: Annotated[str, typer.Option(help="the store (default: the only one)")] = "",
    plan: PlanName = DEFAULT_PLAN,
    site: Annotated[str, typer.Option(help="whose objects hold it, and whose store gets it")] = "",
    into: Annotated[str, typer.Option(help="a new database on the same server, beside the store's own")] = "",
    within: Annotated[str, typer.Option(help="how long it may take")] = "6h",
    approved_by: ApprovedBy = None,
    yes: Yes = False,
    form: Format = Form.TABLE,
) -> int:
    """Bring an export into a store that is empty, or into a new database beside it."""
    loaded = plan_of(plan)
    topology = topology_files.read_topology(loaded, project_dir())
    site = known_site(loaded, site or topology.active_site)
    chosen, seconds = the_store(loaded, topology, site, store), bound(within, "--within")
    clouds = Clouds(loaded)
    try:
        objects = clouds.at(site).objects()
        export = manifest(objects, name)
        target = f"a new database {into}" if into else f"{chosen} of {site}, which has to be empty"
        approval = ask(
            f"{sum(export.rows.values())} rows of {export.at:%Y-%m-%d %H:%M} are brought into {target}", site,
            people=needed(loaded, "import_data"), known=loaded.people, yes=yes, approved_by=approved_by or (),
        )  # fmt: skip
        engine = clouds.engine(site, chosen, topology.incarnation(site, chosen))
        import_store(loaded, objects, engine, export, seconds, into=into, by=approval.by)
    finally:
        clouds.close()
    show(export, objects.name, form)
    return 0


app = typer.Typer(add_completion=False)
app.command("import")(import_dump)

if __name__ == "__main__":
    from scripts.dr import main

    raise SystemExit(main(["import", *sys.argv[1:]]))
