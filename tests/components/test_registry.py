"""What is said to be built is built: the model's data, components and drivers name the same clouds and kinds."""

import pytest

from components.registry import CLOUDS as COMPONENTS
from components.registry import components_of
from model import services, stores
from model.base import kind_of
from model.clouds import CLOUDS
from scripts.clouds.aws.cloud import STORES
from scripts.clouds.registry import BUCKETS, DRIVERS, TRAFFIC

BUILT = {name: facts for name, facts in CLOUDS.items() if facts.is_built}


def test_a_cloud_that_can_be_built_in_has_components_and_drivers() -> None:
    """And all of these together: a cloud comes into the tables whole, and the model says last that it is built."""
    assert set(BUILT) <= set(COMPONENTS)
    assert set(COMPONENTS) == set(DRIVERS) == set(BUCKETS) == set(TRAFFIC)


@pytest.mark.parametrize("cloud", BUILT)
def test_every_kind_of_a_cloud_has_a_component_and_a_model(cloud: str) -> None:
    components = components_of(cloud)
    assert set(components.stores) == set(BUILT[cloud].stores)
    assert set(components.services) == set(BUILT[cloud].services)
    assert set(components.stores) <= {kind_of(kind) for kind in stores.KINDS}
    assert set(components.services) <= {kind_of(kind) for kind in services.KINDS}


def test_every_store_with_incarnations_has_a_driver() -> None:
    incarnated = {kind_of(kind) for kind in stores.KINDS if kind.traits.incarnations}
    assert set(STORES) == incarnated & set(CLOUDS["aws"].stores)


def test_a_cloud_is_whole_or_not_built_at_all() -> None:
    """A cloud with stores and nothing to run beside them, or the other way round, could hold no site."""
    for facts in BUILT.values():
        assert facts.stores
        assert facts.services
