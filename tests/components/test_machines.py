"""What a service on machines of its own declares, as it goes over the wire."""

import base64
import json
from pathlib import Path
from typing import Any

from model import Topology, load_plan
from model.routes import service_routes
from model.topology import after_failover

from .declared import PASSWORD, Declared, declared, of_type

PATH = str(Path(__file__).parents[1] / "plans" / "kinds.yaml")
PLAN = load_plan(PATH)
INITIAL = Topology.initial(PLAN)
PORT = next(route.node_port for route in service_routes(PLAN) if route.service == "till")


def site(stack: str = "kinds-prod", topology: Topology = INITIAL) -> dict[str, Declared]:
    return declared(stack, topology, plan=PATH)


def one(seen: dict[str, Declared], kind: str, name: str) -> Declared:
    return next(each for each in of_type(seen, kind) if each.name == name)


def told(seen: dict[str, Declared]) -> dict[str, Any]:
    data = one(seen, "LaunchTemplate", "till-template").inputs["userData"]
    document = json.loads(base64.b64decode(data).decode().removeprefix("#cloud-config\n"))
    found: dict[str, Any] = json.loads(document["write_files"][0]["content"])
    return found


def test_as_many_machines_run_as_the_role_of_the_site_wants() -> None:
    moved = after_failover(INITIAL, PLAN, "secondary")
    counts = [
        one(seen, "Group", "till-group").inputs["desiredCapacity"]
        for seen in (site(), site("kinds-dr"), site("kinds-dr", moved))
    ]
    assert counts == [2, 1, 2]
    assert of_type(site("kinds-cold"), "Group") == []


def test_a_machine_is_told_where_its_stores_are_and_reads_its_login_itself() -> None:
    found = told(site())
    environment = {key: found["environment"][key] for key in ("SERVICE", "BASE_PATH", "DR_SITE", "DR_STORES")}
    assert environment == {"SERVICE": "till", "BASE_PATH": "/till", "DR_SITE": "primary", "DR_STORES": "core,media"}
    assert found["environment"]["DR_STORE_CORE_HOST"] == "kinds-primary-core-1.rds.amazonaws.com"
    assert found["environment"]["DR_STORE_MEDIA_NAME"] == "kinds-primary-media"
    assert found["logins"] == {"core": "kinds-primary-core-till"}
    assert found["command"] == ["app"]


def test_no_password_is_in_what_a_machine_is_told() -> None:
    version = one(site(), "SecretVersion", "till-core-login-version")
    password = json.loads(version.inputs["secretString"]["secret"])["password"]
    assert json.loads(version.inputs["secretString"]["secret"])["username"] == "dr_till_service"
    for secret in (password, PASSWORD):
        assert secret not in json.dumps(told(site()))


def test_a_machine_may_read_its_own_login_and_use_its_own_buckets_and_nothing_else() -> None:
    policy = json.loads(one(site(), "RolePolicy", "till-policy").inputs["policy"])
    resources = {(action, each) for it in policy["Statement"] for action in it["Action"] for each in it["Resource"]}
    secret = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:kinds-primary-core-till-??????"
    assert ("secretsmanager:GetSecretValue", secret) in resources
    assert {each for _, each in resources} == {
        secret, "arn:aws:s3:::kinds-primary-media", "arn:aws:s3:::kinds-primary-media/*",
    }  # fmt: skip
    trust = json.loads(one(site(), "Role", "till-role").inputs["assumeRolePolicy"])
    assert trust["Statement"][0]["Principal"] == {"Service": "ec2.amazonaws.com"}


def test_the_front_door_alone_reaches_a_machine_and_only_where_it_serves() -> None:
    group = one(site(), "SecurityGroup", "till-machines")
    assert [dict(rule) for rule in group.inputs["ingress"]] == [
        {"protocol": "tcp", "fromPort": PORT, "toPort": PORT, "securityGroups": ["network-front-door-id"]}
    ]
    template = one(site(), "LaunchTemplate", "till-template")
    assert template.inputs["vpcSecurityGroupIds"] == ["till-machines-id"]
    assert template.inputs["metadataOptions"]["httpTokens"] == "required"


def test_its_targets_are_its_machines_and_not_the_nodes_of_the_cluster() -> None:
    seen = site()
    assert one(seen, "Group", "till-group").inputs["targetGroupArns"] == ["arn:of:front-door-till"]
    assert [each.inputs["lbTargetGroupArn"] for each in of_type(seen, "Attachment")] == ["arn:of:front-door-shop"]


def test_the_health_that_replaces_a_machine_does_not_depend_on_a_store() -> None:
    paths = {each.name: each.inputs["healthCheck"]["path"] for each in of_type(site(), "TargetGroup")}
    assert paths == {"front-door-shop": PLAN.traffic.health.path, "front-door-till": "/health"}
    assert one(site(), "Group", "till-group").inputs["healthCheckType"] == "ELB"
