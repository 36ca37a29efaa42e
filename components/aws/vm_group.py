"""
A service on machines of its own: an Auto Scaling group, made from a launch template, behind the site's front door.

A machine is never changed, it is replaced: whatever is different in the template is a version of it, and the group
takes its machines to that version a few at a time. `pulumi up` does not wait for them: an update must never hang on the
health of a site. The runbooks look at the machines themselves.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components import variables
from components.aws.front_door import FrontDoor
from components.aws.network import Network
from components.aws.pod_role import service_statements
from components.aws.secrets import ServiceSecret, ServiceSecretArgs
from components.parts import Endpoints, Place
from components.variables import Variables
from model import logins, names
from model.routes import service_routes
from model.services import VmGroup
from model.stores import Objects

SIZE = "t4g.small"
HEALTHY_PERCENT = 50
"""So many of the machines go on serving while the others are replaced."""
GRACE_SECONDS = 120
"""How long a machine may take to serve before its health counts."""
WRITTEN_TO = "/etc/dr/service.json"


@dataclass(frozen=True)
class MachinesArgs:
    """
    `group` names group and template, `profile` what the machines act as. `environment` and `logins` (variable prefix
    of a store -> name of the secret with its login) are what a machine is told when it starts. `port` is where it
    serves, and None where no request from outside reaches it. `count` machines are wanted, of `most` at the strength of
    an active site.
    """

    region: str
    group: str
    profile: pulumi.Output[str]
    vpc_id: pulumi.Output[str]
    subnet_ids: list[pulumi.Output[str]]
    front_door_group_id: pulumi.Output[str]
    target_group_arn: pulumi.Output[str] | None
    port: int | None
    image: str
    size: str
    command: Sequence[str]
    environment: Variables
    logins: Mapping[str, str]
    count: int
    most: int
    tags: Mapping[str, str]


@dataclass(frozen=True)
class MachineRoleArgs:
    """`statements` say what the role may do."""

    role: str
    statements: Sequence[dict[str, Any]]


class MachineRole(pulumi.ComponentResource):
    """What the machines of a service act as. Gives `profile`, by which a machine is given the role."""

    def __init__(self, name: str, args: MachineRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dr:aws:MachineRole", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        role = aws.iam.Role(
            f"{name}-role",
            name=args.role,
            force_detach_policies=True,  # also what a closed site was denied, outside Pulumi
            assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
            opts=child,
        )
        if args.statements:
            aws.iam.RolePolicy(
                f"{name}-policy",
                name=args.role,
                role=role.name,
                policy=json.dumps({"Version": "2012-10-17", "Statement": list(args.statements)}),
                opts=child,
            )
        profile = aws.iam.InstanceProfile(f"{name}-profile", name=args.role, role=role.name, opts=child)
        self.profile: pulumi.Output[str] = profile.name
        self.register_outputs({"profile": self.profile})


class Machines(pulumi.ComponentResource):
    """Nothing is given: whoever acts on the machines knows them by the name of their group."""

    def __init__(self, name: str, args: MachinesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dr:aws:Machines", name, None, opts)
        # Its name is given: a group that is made anew can only be there once the old one has gone.
        child = pulumi.ResourceOptions(parent=self, delete_before_replace=True)
        template = aws.ec2.LaunchTemplate(
            f"{name}-template",
            region=args.region,
            name=args.group,
            image_id=args.image,
            instance_type=args.size,
            iam_instance_profile={"name": args.profile},
            vpc_security_group_ids=[self._group(name, args).id],
            user_data=pulumi.Output.all(**args.environment).apply(lambda told: user_data(args, told)),
            metadata_options={"http_endpoint": "enabled", "http_tokens": "required"},
            update_default_version=True,
            tags=dict(args.tags),
            opts=child,
        )
        aws.autoscaling.Group(
            f"{name}-group",
            region=args.region,
            name=args.group,
            # A site that is stopped or stood down runs none.
            min_size=0,
            max_size=2 * args.most,
            desired_capacity=args.count,
            vpc_zone_identifiers=args.subnet_ids,
            target_group_arns=[] if args.target_group_arn is None else [args.target_group_arn],
            health_check_type="EC2" if args.target_group_arn is None else "ELB",
            health_check_grace_period=GRACE_SECONDS,
            launch_template={"id": template.id, "version": template.latest_version.apply(lambda it: str(int(it)))},
            instance_refresh={
                "strategy": "Rolling",
                "preferences": {"min_healthy_percentage": HEALTHY_PERCENT, "skip_matching": True},
            },
            wait_for_capacity_timeout="0",
            force_delete=True,
            tags=[{"key": key, "value": value, "propagate_at_launch": True} for key, value in args.tags.items()],
            opts=child,
        )
        self.register_outputs({"group": args.group})

    def _group(self, name: str, args: MachinesArgs) -> aws.ec2.SecurityGroup:
        """The front door alone reaches a machine, and only where it serves."""
        served = [] if args.port is None else [_from_front_door(args.port, args.front_door_group_id)]
        return aws.ec2.SecurityGroup(
            f"{name}-machines",
            region=args.region,
            name=args.group,
            vpc_id=args.vpc_id,
            description="The front door to the machines",
            ingress=served,
            egress=[{"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": ["0.0.0.0/0"]}],
            opts=pulumi.ResourceOptions(parent=self),
        )


def user_data(args: MachinesArgs, told: Mapping[str, str]) -> str:
    """What a machine does when it starts for the first time: cloud-init reads it. It holds no secret."""
    service = {"command": list(args.command), "environment": dict(told), "logins": dict(args.logins)}
    written = {"path": WRITTEN_TO, "permissions": "0644", "content": json.dumps(service, sort_keys=True)}
    document = {"write_files": [written], "runcmd": [["systemctl", "enable", "--now", "dr-service"]]}
    return base64.b64encode(f"#cloud-config\n{json.dumps(document, sort_keys=True)}\n".encode()).decode()


def declare_machines(
    place: Place, network: Network, front_door: FrontDoor, services: Sequence[VmGroup], endpoints: Endpoints
) -> None:
    """One group of machines for each of these services, and the logins that they read."""
    plan, site = place.settings.plan, place.site
    routes = {route.service: route for route in service_routes(plan)}
    profiles = declare_machine_roles(place, services)
    for service in services:
        route = routes.get(service.name)
        stores = [store for store in service.uses if store in endpoints]
        secrets = {store: names.service_secret(plan, site.name, store, service.name) for store in stores}
        for store, secret in secrets.items():
            _login(place, service, store, secret)
        port = route.node_port if route else None
        path = {"BASE_PATH": route.path} if route else {}
        args = MachinesArgs(
            region=site.region,
            group=names.machines(plan, site.name, service.name),
            profile=profiles[service.name],
            vpc_id=network.vpc_id,
            subnet_ids=network.public_subnet_ids,
            front_door_group_id=network.front_door_group_id,
            target_group_arn=front_door.target_group_arns.get(service.name),
            port=port,
            image=service.machine_image or f"resolve:ssm:/{plan.system}/{service.name}/stable",
            size=service.size.get("aws", SIZE),
            command=service.command,
            environment={
                "SERVICE": service.name, "PORT": str(port or 0), "DR_SYSTEM": plan.system, "DR_SITE": site.name,
                "DR_REGION": site.region, **path, **_stores(place, service, endpoints),
            },
            logins=secrets,
            count=service.replicas.active if place.scale == "active" else service.replicas.warm,
            most=service.replicas.active,
            tags={"Name": names.machines(plan, site.name, service.name), "Application": service.name},
        )  # fmt: skip
        Machines(service.name, args, place.child)


def declare_machine_roles(place: Place, services: Sequence[VmGroup]) -> dict[str, pulumi.Output[str]]:
    """What the machines of each service act as, whether or not any run; gives their profiles by service."""
    found = {}
    for service in services:
        role = names.service_role(place.settings.plan, place.site.name, service.name)
        args = MachineRoleArgs(role, _statements(place, service))
        found[service.name] = MachineRole(service.name, args, place.child).profile
    return found


def _login(place: Place, service: VmGroup, store: str, secret: str) -> None:
    role = logins.service_role(service.name)
    args = ServiceSecretArgs(
        region=place.site.region,
        secret_name=secret,
        username=role,
        password=variables.password_of(place, store, role),
    )
    ServiceSecret(f"{service.name}-{store}-login", args, place.child)


def _stores(place: Place, service: VmGroup, endpoints: Endpoints) -> Variables:
    """Where the machines find the stores that their service names."""
    objects = {store.name for store in place.settings.plan.stores_of(Objects)}
    here = [store for store in service.uses if store in endpoints or store in objects]
    found: dict[str, pulumi.Input[str]] = {"DR_STORES": ",".join(here)} if here else {}
    for store in here:
        found |= variables.where(place, store, endpoints)
    return found


def _statements(place: Place, service: VmGroup) -> list[dict[str, Any]]:
    """
    It reads its own logins and uses the object stores that it names, in its own site, and nothing else. What it may do
    follows the plan alone: a site that has no database yet, and is to have one, changes no role for it.
    """
    plan, site = place.settings.plan, place.site
    objects = {store.name for store in plan.stores_of(Objects)}
    buckets = [names.bucket(plan, site.name, store) for store in service.uses if store in objects]
    stores = {store.name for store in plan.incarnated_stores}
    secrets = [names.service_secret(plan, site.name, used, service.name) for used in service.uses if used in stores]
    # Secrets Manager adds six characters to a name.
    where = f"arn:aws:secretsmanager:{site.region}:{site.account}:secret"
    own = {
        "Effect": "Allow",
        "Action": ["secretsmanager:GetSecretValue"],
        "Resource": [f"{where}:{secret}-??????" for secret in secrets],
    }
    return [*([own] if secrets else []), *(service_statements(buckets) if buckets else [])]


def _from_front_door(port: int, group: pulumi.Output[str]) -> dict[str, object]:
    return {"protocol": "tcp", "from_port": port, "to_port": port, "security_groups": [group]}
