"""
A kind that can be built in a cloud has all its parts, and a new one touches the tables that
`docs/decisions/adding-a-kind.md` lists and nothing else.
"""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.registry import components_of
from model import services, stores
from model.base import kind_of
from model.clouds import CLOUDS
from sandbox.providers.kubernetes.objects import ROWS
from scripts.engines.registry import CACHES, ENGINES, WATCHERS
from tests.kinds.cases import CASES

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "decisions" / "adding-a-kind.md"
STORES = {kind_of(each): each for each in stores.KINDS}
SERVICES = {kind_of(each): each for each in services.KINDS}
BUILT = [(name, kind) for name, facts in CLOUDS.items() if facts.is_built for kind in (*facts.stores, *facts.services)]
NOT_BUILT = [
    (name, kind)
    for name, facts in CLOUDS.items()
    if facts.is_built
    for kind in (*STORES, *SERVICES)
    if (name, kind) not in BUILT
]


def has_driver(kind: str) -> bool:
    """Of a store: is something done to it in a move, a restore or a backup?"""
    return STORES[kind].traits.incarnations or STORES[kind].traits.moves == "refilled"


def missing(cloud: str, kind: str) -> Iterator[str]:
    """The tables in which a kind has no line that it needs, with `<cloud>` for the folder of the cloud."""
    facts, components = CLOUDS[cloud], components_of(cloud)
    drivers = importlib.import_module(f"scripts.clouds.{cloud}.cloud")
    providers = importlib.import_module(f"sandbox.providers.{cloud}")
    is_store = kind in STORES
    if kind not in (facts.stores if is_store else facts.services):
        yield "model/clouds/<cloud>.py"
    if kind not in (components.stores if is_store else components.services):
        yield "components/<cloud>/catalogue.py"
    if not is_store or has_driver(kind):
        is_cache = is_store and STORES[kind].traits.moves == "refilled"
        if kind not in (drivers.CACHES if is_cache else drivers.STORES if is_store else drivers.SERVICES):
            yield "scripts/clouds/<cloud>/cloud.py"
        if is_store and not (kind in CACHES if is_cache else kind in ENGINES and kind in WATCHERS):
            yield "scripts/engines/registry.py"
    rows = [case for case in CASES if (case.cloud, case.kind) == (cloud, kind)]
    handled = {each.type_name for each in providers.RESOURCES} | {row.token for row in ROWS}
    if not rows or not {case.resource for case in rows} <= handled:
        yield "sandbox/providers/<cloud>/__init__.py"
    if not rows:
        yield "tests/kinds/cases.py"


def listed() -> dict[str, str]:
    """What the page says: a table's file -> what needs a line in it."""
    rows = [line.split("|")[1:-1] for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    return {table.strip().split("`")[1]: needs.strip() for table, _, needs in rows}


@pytest.mark.parametrize(("cloud", "kind"), BUILT)
def test_a_kind_that_can_be_built_has_all_its_parts(cloud: str, kind: str) -> None:
    assert kind in {**STORES, **SERVICES}
    assert list(missing(cloud, kind)) == []


@pytest.mark.parametrize(("cloud", "kind"), NOT_BUILT)
def test_another_kind_needs_a_line_in_the_tables_of_the_page_and_nowhere_else(cloud: str, kind: str) -> None:
    """`every kind`, and for stores with incarnations, for caches or for services what the page says of them."""
    group = "services" if kind in SERVICES else "incarnations" if STORES[kind].traits.incarnations else "caches"
    driven = kind in SERVICES or has_driver(kind)
    wanted = {file for file, needs in listed().items() if needs == "every kind" or (driven and group in needs)}
    had = {"scripts/engines/registry.py"} if kind in ENGINES or kind in CACHES else set()
    assert set(missing(cloud, kind)) == wanted - had


def test_the_tables_of_the_page_are_there() -> None:
    for file in listed():
        assert (ROOT / file.replace("<cloud>", "aws")).is_file(), file


# What may spell the name of a kind: its model and its tables, the folders of a cloud, and the kind's own engine.
MAY_SPELL = ("model/stores/", "model/services/", "model/clouds/", "scripts/engines/")
OTHER_MEANINGS = {
    "components/settings.py": "the key of a setting: where images are pulled from",
    "sandbox/dataplane/fabric.py": "an operation of a region's process",
    "sandbox/dataplane/postgres.py": "the program of the server",
    "sandbox/dataplane/region.py": "an operation of a region's process",
    "sandbox/dataplane/regions.py": "a folder",
    "sandbox/faults.py": "an operation of a region's process",
    "sandbox/world.py": "ports, and pods that run, in what a world tells of itself",
    "scripts/packs/facts.py": "a count in what the policy pack is told",
}


def test_no_other_module_spells_a_kind() -> None:
    found: dict[str, set[str]] = {}
    for top in ("agent", "components", "model", "previews", "sandbox", "scripts"):
        for path in (ROOT / top).rglob("*.py"):
            name = str(path.relative_to(ROOT))
            if name.startswith(MAY_SPELL) or any(f"/{cloud}/" in name for cloud in (*CLOUDS, "kubernetes")):
                continue
            spelled = {
                node.value
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                if isinstance(node, ast.Constant) and node.value in {*STORES, *SERVICES}
            }
            if spelled:
                found[name] = spelled
    assert {name: found.get(name) for name in {*found} ^ {*OTHER_MEANINGS}} == {}
