"""Every kind of store is backed up, damaged and restored: in one world, with real drivers over real control planes."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from model import stores
from model.base import kind_of
from scripts.drills.small_world import small_world
from scripts.drills.stage import Stage
from tests.kinds.cases import CASES, Case
from tests.kinds.life import Life

pytestmark = [pytest.mark.drill, pytest.mark.timeout(900)]
STORES = {kind_of(each) for each in stores.KINDS}
PLAN = str(Path(__file__).parents[1] / "plans" / "kinds.yaml")
each_case = pytest.mark.parametrize(
    "case", [case for case in CASES if case.kind in STORES], ids=lambda case: f"{case.cloud}-{case.kind}"
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with small_world(tmp_path_factory.mktemp("kinds"), PLAN) as stage:
        yield stage


@pytest.fixture(scope="module")
def lives(made: Stage) -> Mapping[Case, Life]:
    return {case: case.life(made) for case in CASES}


@each_case
def test_what_is_damaged_is_restored_from_its_backup(case: Case, made: Stage, lives: Mapping[Case, Life]) -> None:
    life, site = lives[case], made.active
    life.write()
    assert life.holds(site)
    backup = life.back_up()
    life.damage()
    assert life.is_restored(backup)
