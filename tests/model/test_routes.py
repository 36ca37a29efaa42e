"""Where requests find a service, and what a plan cannot say about it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from model import PlanError, load_plan, names
from model.routes import FIRST_NODE_PORT, NODE_PORTS, address_of, service_routes
from tests.model.test_mistakes import put

SAMIA = load_plan("samia")
Write = Callable[[Any], Path]


def test_each_service_has_an_address_a_port_of_its_own_and_one_is_the_default() -> None:
    routes = service_routes(SAMIA)
    assert address_of(SAMIA, "payments") == "https://api.samia-tarot.com/payments"
    assert [route.service for route in routes if route.default] == ["emergency-call"]
    ports = {route.node_port for route in routes}
    assert len(ports) == len(routes) == len(SAMIA.services)
    assert all(FIRST_NODE_PORT <= port < FIRST_NODE_PORT + NODE_PORTS for port in ports)


def test_a_service_that_is_added_moves_no_other(document: dict[str, Any], write: Write) -> None:
    """A target group cannot change its port: it would be made anew under the traffic of a living service."""
    before = {route.service: route.node_port for route in service_routes(SAMIA)}
    document["services"].insert(0, {"name": "first", "kind": "pods", "tier": 1})
    after = {route.service: route.node_port for route in service_routes(load_plan(write(document)))}
    assert {name: port for name, port in after.items() if name != "first"} == before


def test_what_no_request_reaches_has_no_address(document: dict[str, Any], write: Write) -> None:
    put(document, "services.1.front_door", False)
    plan = load_plan(write(document))
    assert document["services"][1]["name"] not in {route.service for route in service_routes(plan)}
    with pytest.raises(KeyError, match="is not behind the front door"):
        address_of(plan, document["services"][1]["name"])


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("traffic.default_service", "nobody", 'traffic.default_service: "nobody" is no service behind the front door'),
        ("services.1.path", "/emergency-call", 'services[1].path: "/emergency-call" and "/emergency-call" of'),
        (
            "services.1.path",
            "/payments/inner",
            'services[2].path: "/payments" and "/payments/inner" of auth lie one in',
        ),
        ("services.1.path", "payments", "services[1].path"),
        ("services.1.path", "/a b", "services[1].path"),
    ],
)
def test_a_request_is_for_one_service(document: dict[str, Any], write: Write, path: str, value: str, said: str) -> None:
    put(document, path, value)
    with pytest.raises(PlanError) as refused:
        load_plan(write(document))
    assert said in str(refused.value)


def test_no_more_services_than_a_door_leads_to(document: dict[str, Any], write: Write) -> None:
    document["services"] += [{"name": f"s{number}", "kind": "pods", "tier": 1} for number in range(100)]
    with pytest.raises(PlanError, match="107 are behind the front door, which leads to 100 at most"):
        load_plan(write(document))


def test_long_names_of_target_groups_are_cut_and_stay_apart() -> None:
    long = [names.target_group(SAMIA, "secondary", f"a-service-with-a-long-name-{end}") for end in "ab"]
    assert all(len(name) <= 32 for name in long)
    assert len(set(long)) == 2
    assert names.target_group(SAMIA, "primary", "auth") == "samia-primary-auth"
