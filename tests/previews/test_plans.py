"""
Every plan of the project, declared by the project's own program: as it is, it says that nothing concerns recovery;
weakened, the report says so.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from model import Plan, PlanError, Topology, load_plan
from model.checks import not_built
from model.site_records import FrontDoor, SiteRecord
from previews.analysis import Request, analyse
from previews.document import compose
from previews.headline import NOTHING
from previews.markdown import plain
from previews.reading import named_files
from previews.report import Report
from tests.components.declared import Declared, declared
from tests.previews.worlds import Resource, World, resource, write_events

ROOT = Path(__file__).parents[2]
Document = dict[str, Any]


def buildable(path: Path) -> bool:
    """Has a driver for everything in it; the other plans are checked elsewhere."""
    return not list(not_built(load_plan(path)))


PLANS = [path for path in sorted((ROOT / "plans").glob("*.yaml")) if buildable(path)]


@cache
def world(plan: Path) -> World:
    """What the program declares in each stack, with the identities that a cloud would give."""
    loaded = load_plan(plan)
    topology = Topology.initial(loaded)
    records = {site.name: record(loaded, site.name) for site in loaded.sites}
    made: World = {}
    for stack in loaded.stacks:
        seen = declared(stack, topology, records, plan=str(plan))
        made[stack] = [as_resource(loaded, each) for each in seen.values()]
    return made


def record(plan: Plan, site: str) -> SiteRecord:
    key = f"arn:aws:kms:{plan.site(site).region}:{plan.site(site).account}:key/mrk-1"
    return SiteRecord(key=key, front_door=FrontDoor(name=f"{site}.elb.amazonaws.com", zone="Z1"))


def as_resource(plan: Plan, each: Declared) -> Resource:
    inputs = hide(each.inputs)
    outputs = {"id": f"{each.name}-id"}
    if each.type == "aws:rds/instance:Instance":
        outputs["arn"] = f"arn:aws:rds:{inputs['region']}:{plan.primary.account}:db:{inputs['identifier']}"
    if each.type == "aws:s3/bucket:Bucket":
        outputs["arn"] = f"arn:aws:s3:::{inputs['bucket']}"
    return resource(each.type, each.name, inputs, outputs=outputs, protect=each.protect)


def hide(value: Any) -> Any:
    """Secrets as an engine shows them."""
    if isinstance(value, Mapping):
        return "[secret]" if set(value) == {"secret"} else {key: hide(each) for key, each in value.items()}
    return [hide(each) for each in value] if isinstance(value, list) else value


def each_database(change: Callable[[Document], None]) -> Callable[[Document], None]:
    def act(document: Document) -> None:
        for store in document.get("stores", []):
            if store["kind"] == "postgres":
                change(store)

    return act


def each_store(change: Callable[[Document], None]) -> Callable[[Document], None]:
    def act(document: Document) -> None:
        for store in document.get("stores", []):
            if store["kind"] == "objects":
                change(store)

    return act


def shrink(document: Document) -> None:
    for service in document["services"]:
        if service.get("replicas", {}).get("warm"):
            service["replicas"]["warm"] = 0


def drop_snapshots(database: Document) -> None:
    database["backups"].pop("snapshots", None)


def fewer_snapshots(database: Document) -> None:
    if "snapshots" in database["backups"]:
        database["backups"]["snapshots"]["every"] = "7d"


def short_snapshots(database: Document) -> None:
    if "snapshots" in database["backups"]:
        database["backups"]["snapshots"]["keep"] = "20d"


def local_snapshots(database: Document) -> None:
    if "snapshots" in database["backups"]:
        database["backups"]["snapshots"]["copies_to"] = []


def drop_copies(document: Document) -> None:
    """On Azure log and snapshots are one backup, which is copied as long as one of them is to be."""
    each_database(lambda database: database["backups"].pop("copies_to", None))(document)
    if document["sites"][0]["cloud"] == "azure":
        each_database(local_snapshots)(document)


def no_versions(store: Document) -> None:
    """Replication and the archive need versions, so that a plan without them has neither."""
    for key in ("archive", "noncurrent_keep"):
        store.pop(key, None)
    store.update(versions=False, replicate_to=[])


def short_lock(store: Document) -> None:
    if "archive" in store:
        store["archive"]["lock"] = "1d"


def short_versions(store: Document) -> None:
    if "noncurrent_keep" in store:
        store["noncurrent_keep"] = "1d"


WEAKENINGS: dict[str, tuple[Callable[[Document], None], str]] = {
    "retention cut": (each_database(lambda d: d["backups"].update(pitr_retention="1d")), "backup retention"),
    "backup copies dropped": (
        drop_copies,
        "backups in another region removed",
    ),
    "snapshots dropped": (each_database(drop_snapshots), "backup plan removed"),
    "snapshots less often": (each_database(fewer_snapshots), "backup schedule"),
    "snapshots kept shorter": (each_database(short_snapshots), "backups kept 35 days → 20 days"),
    "snapshots stay in their region": (each_database(local_snapshots), "backup copy targets"),
    "standby dropped": (each_database(lambda d: d.update(standby="none")), "standby in a second zone on → off"),
    "log shipped less often": (each_database(lambda d: d["backups"].update(archive_interval="2h")), "RPO"),
    "lag allowed": (each_database(lambda d: d["replication"].update(max_lag="4h")), "RPO regional outage"),
    "objects not replicated": (each_store(lambda s: s.update(replicate_to=[])), "replication"),
    "versions off": (each_store(no_versions), "object versions Enabled → Suspended"),
    "archive unlocked sooner": (each_store(short_lock), "object lock period"),
    "old versions kept shorter": (each_store(short_versions), "old versions kept"),
    "TTL raised": (lambda d: d["traffic"].update(ttl="5m"), "DNS TTL"),
    "checked less often": (
        lambda d: d["traffic"]["health"].update(interval="30s"),
        "health check interval 10 s → 30 s",
    ),
    "failures tolerated": (lambda d: d["traffic"]["health"].update(failures=9), "failures until unhealthy"),
    "slower detection": (lambda d: d["detection"].update(interval="60s", timeout="30s"), "RTO (plan)"),
    "warm site empty": (shrink, "replicas 1 pod → 0 pods"),
}
# What another cloud says of the same, by its name; nothing where it has no such thing of its own.
IN_OTHER_WORDS: dict[str, dict[str, str]] = {
    "azure": {
        "backup copies dropped": "geo-redundant backup Enabled → Disabled",
        "warm site empty": "app in use on → off",
        "standby dropped": "high availability ZoneRedundant → Disabled",
        "failures tolerated": "failures tolerated 2 → 8",
        # A server keeps one backup, of its log and its snapshots together, which the log's own retention bounds.
        **dict.fromkeys(("snapshots dropped", "snapshots less often", "snapshots stay in their region"), ""),
    },
}
# Where the report speaks of it in its tables and not in its first lines.
IN_TABLES = {"slower detection"}


def report_on(plan: Path, changed: Path, folder: Path) -> Report:
    files = named_files(write_events(folder, world(plan), world(changed)))
    return analyse(Request(files, plan=str(changed), base_plan=str(plan)))


def weakened(plan: Path, name: str, folder: Path) -> Path | None:
    """The weakened plan in a file, or None where it has nothing that could be weakened so, or is refused by itself."""
    document = yaml.safe_load(plan.read_text(encoding="utf-8"))
    before = copy.deepcopy(document)
    WEAKENINGS[name][0](document)
    if document == before:
        return None
    file = folder / plan.name
    file.write_text(yaml.safe_dump(document))
    try:
        load_plan(file)
    except PlanError:
        return None
    return file


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.stem)
def test_a_plan_as_it_is_says_nothing(plan: Path, tmp_path: Path) -> None:
    report = report_on(plan, plan, tmp_path)
    assert report.quiet
    assert [plain(words) for _, words in compose(report).headline] == [NOTHING]
    assert report.table


@pytest.mark.engine
@pytest.mark.parametrize("name", WEAKENINGS)
@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.stem)
def test_a_weakened_plan_is_caught(plan: Path, name: str, tmp_path: Path) -> None:
    changed = weakened(plan, name, tmp_path)
    if changed is None:
        pytest.skip(f"{plan.stem} cannot be weakened so")
    cloud = load_plan(plan).primary.cloud
    words = IN_OTHER_WORDS.get(cloud, {}).get(name, WEAKENINGS[name][1])
    if not words:
        pytest.skip(f"on {cloud} it is no thing of its own")
    report = report_on(plan, changed, tmp_path)
    lines = "\n".join(plain(line) for _, line in compose(report).headline)
    tables = "\n".join(f"{row.group} {row.label}" for row in report.table)
    assert report.is_weaker, lines
    assert words in (tables if name in IN_TABLES else lines.replace("**", "")), f"{lines}\n{tables}"


def test_samia_can_be_weakened_in_every_way(tmp_path: Path) -> None:
    missing = [name for name in WEAKENINGS if weakened(ROOT / "plans" / "samia.yaml", name, tmp_path) is None]
    assert missing == []
