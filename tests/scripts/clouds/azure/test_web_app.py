"""A web app as a runbook sees it, where that is not what its stack says."""

from types import SimpleNamespace
from typing import Any

from scripts.clouds.azure.web_app import RESOURCE, WebApps
from tests.scripts.clouds.azure.conftest import Azure


def test_no_stack_deploys_what_swaps_exchange(azure: Azure) -> None:
    web = WebApps(azure.driver.session, azure.plan, "primary").service("web")
    config = {"linuxFxVersion": "DOCKER|images.example.com/web:1"}
    declared: Any = SimpleNamespace(type=RESOURCE, inputs={"name": web.where, "siteConfig": config})
    assert web.is_declared_by(declared)
    assert web.declared_artefact(declared) is None
