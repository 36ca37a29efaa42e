"""What a pod may be told: the variables that the sandbox's images read, and nothing that anything else reads."""

import pytest

from sandbox.dataplane.fabric import READ_BY_IMAGES


@pytest.mark.parametrize("name", ["BASE_PATH", "SERVICE", "HOST", "PORT", "DR_SITE", "DR_STORE_CORE_HOST", "DR_STORES"])
def test_what_the_components_give_a_pod_is_let_through(name: str) -> None:
    """BASE_PATH was kept out once: no pod of a service behind a front door came up, and nothing said why."""
    assert READ_BY_IMAGES.fullmatch(name)


@pytest.mark.parametrize(
    "name", ["PATH", "PYTHONPATH", "LD_PRELOAD", "PGSERVICEFILE", "DR_HOME", "AWS_CONFIG_FILE", "DATABASE_URL"]
)
def test_what_leads_a_process_elsewhere_is_not(name: str) -> None:
    assert not READ_BY_IMAGES.fullmatch(name)
