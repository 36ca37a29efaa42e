"""`dr export`: a database as a dump with checksums, in the objects of its site."""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.acts.exports import put
from scripts.clouds.access import Clouds
from scripts.clouds.amounts import size
from scripts.core.errors import BadInput
from scripts.core.home import project_dir
from scripts.people.options import DEFAULT_PLAN, Format, PlanName, bound, every_store, known_site, plan_of
from scripts.people.output import Form, facts, out, write_json
from scripts.stacks import topology_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from model import Plan, Topology
    from scripts.acts.exports import Export
    from scripts.clouds.protocol import ObjectStore
    from scripts.engines.protocol import Engine


def export_store(objects: ObjectStore, engine: Engine, about: Mapping[str, str], within: timedelta) -> Export:
    """
    Dump a database and keep it in a site's objects. `about`: its `system`, `store` and `site`, and the export's `name`.

    Raises BadInput, DatabaseFailed, CloudFailed.
    """
    at = datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="dr-export-") as folder:
        path = Path(folder) / "dump"
        dumped = engine.dump(path, seconds=within.total_seconds())
        return put(objects, path, {**about, "server": dumped.server, "at": at, "rows": dumped.rows})


def export(
    *,
    store: Annotated[str, typer.Option(help="the store (default: the only one)")] = "",
    plan: PlanName = DEFAULT_PLAN,
    site: Annotated[str, typer.Option(help="of which site, and into whose objects (default: the active site)")] = "",
    name: Annotated[str, typer.Option(help="what it is called (default: the database and the time)")] = "",
    within: Annotated[str, typer.Option(help="how long the dump may take")] = "6h",
    form: Format = Form.TABLE,
) -> int:
    """Write a dump of a database, with checksums, into the objects of its site."""
    loaded = plan_of(plan)
    topology = topology_files.read_topology(loaded, project_dir())
    site = known_site(loaded, site or topology.active_site)
    chosen = the_store(loaded, topology, site, store)
    seconds = bound(within, "--within")
    clouds = Clouds(loaded)
    try:
        objects, number = clouds.at(site).objects(), topology.incarnation(site, chosen)
        named = name or f"{topology.identifier(loaded, site, chosen)}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
        about = {"name": named, "system": loaded.system, "store": chosen, "site": site}
        made = export_store(objects, clouds.engine(site, chosen, number), about, seconds)
    finally:
        clouds.close()
    show(made, objects.name, form)
    return 0


def the_store(plan: Plan, topology: Topology, site: str, named: str) -> str:
    """The store that is named, the only one otherwise, at a site that holds it. Raises BadInput."""
    stores = every_store(plan, [named] if named else None)
    if len(stores) != 1:
        raise BadInput("--store: which one?", f"there is {', '.join(stores) or 'none'}")
    if stores[0] not in topology.incarnations(site):
        raise BadInput(f"{site} holds no {stores[0]} now", "`dr status` shows what each site holds")
    return stores[0]


def show(made: Export, where: str, form: Form) -> None:
    if form is Form.JSON:
        write_json({**made.to_json(), "bucket": where})
        return
    held = f"{sum(made.rows.values())} rows in {len(made.rows)} tables"
    told = {"export": made.name, "in": where, "holds": held, "size": size(made.size), "sha256": made.sha256}
    out().print(facts(told))


app = typer.Typer(add_completion=False)
app.command("export")(export)

if __name__ == "__main__":
    from scripts.dr import main

    raise SystemExit(main(["export", *sys.argv[1:]]))
