"""What the model says that a cloud has, a driver does; what has none is refused by name before any cloud is asked."""

import pytest

from model import load_plan
from model.clouds import CLOUDS
from model.stores.base import IncarnatedStore
from scripts.clouds.access import Clouds
from scripts.clouds.protocol import StoreFeature, need
from scripts.clouds.registry import BUCKETS, DRIVERS, TRAFFIC, bucket, driver, traffic
from scripts.core.errors import BadInput, Refused
from scripts.core.net import Login
from scripts.engines.registry import ENGINES, engine

PLAN = load_plan("samia")
BUILT = [name for name, facts in CLOUDS.items() if facts.is_built]


@pytest.mark.parametrize("cloud", BUILT)
def test_every_cloud_that_is_built_has_a_driver_a_switch_and_buckets_for_its_agent(cloud: str) -> None:
    assert cloud in DRIVERS
    assert cloud in BUCKETS
    assert cloud in TRAFFIC


@pytest.mark.parametrize("site", [site.name for site in PLAN.sites])
def test_a_driver_answers_for_every_store_and_service_of_a_plan(site: str) -> None:
    """No cloud is asked: what is looked at is what a driver is made of."""
    there = Clouds(PLAN).at(site)
    assert there.site == site
    for store in PLAN.stores_of(IncarnatedStore):
        managed = there.store(store.name, 1)
        assert managed.identifier == f"samia-{site}-{store.name}-1"
        assert StoreFeature.PROMOTE in managed.features
    for service in PLAN.services:
        assert there.service(service.name).features
    assert there.objects().name == f"samia-{site}-recovery"


def test_every_kind_that_a_cloud_makes_incarnations_of_has_an_engine() -> None:
    made = {kind for name in BUILT for kind in CLOUDS[name].stores}
    kinds = {each.kind for each in PLAN.stores if isinstance(each, IncarnatedStore)}
    assert kinds & made <= set(ENGINES)
    with pytest.raises(BadInput, match="no engine for a store of kind 'parchment'"):
        engine("parchment", Login("nowhere", 1, "x", "x", "x"))


def test_a_cloud_without_a_driver_is_refused_by_name() -> None:
    for ask in (
        lambda: driver("nimbus", PLAN, frozenset()),
        lambda: bucket("nimbus", "here", "a-bucket"),
        lambda: traffic("nimbus", PLAN, lambda site: Clouds(PLAN).at(site).objects()),
    ):
        with pytest.raises(BadInput, match="'nimbus'") as caught:
            ask()
        assert "aws" in caught.value.hint


def test_a_lost_site_is_not_asked() -> None:
    clouds = Clouds(PLAN, frozenset({"primary"}))
    with pytest.raises(Refused, match="primary counts as lost"):
        clouds.at("primary")
    assert clouds.at("secondary").site == "secondary"


def test_what_a_driver_cannot_do_is_refused_with_what_was_asked() -> None:
    need("samia-primary-core-1", "promote a copy", able=True)
    with pytest.raises(Refused, match="samia-primary-core-1 cannot promote a copy in its cloud"):
        need("samia-primary-core-1", "promote a copy", able=False)
