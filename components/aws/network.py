"""
A small network of a site: two public subnets for nodes and front door, two private ones for databases.

Sites are not connected with each other: databases replicate through the cloud's own network, clients come by DNS.
"""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True)
class NetworkArgs:
    """`number` makes the address range 10.<number>.0.0/16; `zones` names two availability zones of the region."""

    region: str
    number: int
    zones: tuple[str, ...]
    traffic_ports: tuple[int, ...]


class Network(pulumi.ComponentResource):
    """Gives `vpc_id`, `public_subnet_ids`, `private_subnet_ids`, `database_group_id`, `front_door_group_id`."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dr:aws:Network", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        region, prefix = args.region, f"10.{args.number}"
        vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            region=region,
            cidr_block=f"{prefix}.0.0/16",
            enable_dns_hostnames=True,
            enable_dns_support=True,
            opts=child,
        )
        gateway = aws.ec2.InternetGateway(f"{name}-gateway", region=region, vpc_id=vpc.id, opts=child)
        routes = aws.ec2.RouteTable(
            f"{name}-routes",
            region=region,
            vpc_id=vpc.id,
            routes=[{"cidr_block": "0.0.0.0/0", "gateway_id": gateway.id}],
            opts=child,
        )
        public, private = [], []
        for index, zone in enumerate(args.zones):
            subnet = aws.ec2.Subnet(
                f"{name}-public-{index}",
                region=region,
                vpc_id=vpc.id,
                cidr_block=f"{prefix}.{index}.0/24",
                availability_zone=zone,
                map_public_ip_on_launch=True,
                opts=child,
            )
            aws.ec2.RouteTableAssociation(
                f"{name}-public-{index}", region=region, subnet_id=subnet.id, route_table_id=routes.id, opts=child
            )
            public.append(subnet.id)
            private.append(
                aws.ec2.Subnet(
                    f"{name}-private-{index}",
                    region=region,
                    vpc_id=vpc.id,
                    cidr_block=f"{prefix}.{index + 100}.0/24",
                    availability_zone=zone,
                    opts=child,
                ).id
            )
        everywhere = [{"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": ["0.0.0.0/0"]}]
        front_door = aws.ec2.SecurityGroup(
            f"{name}-front-door",
            region=region,
            vpc_id=vpc.id,
            description="Clients to the front door",
            ingress=[_tcp(port, "0.0.0.0/0") for port in args.traffic_ports],
            egress=everywhere,
            opts=child,
        )
        database = aws.ec2.SecurityGroup(
            f"{name}-database",
            region=region,
            vpc_id=vpc.id,
            description="Pods to the databases",
            ingress=[_tcp(5432, f"{prefix}.0.0/16")],
            egress=everywhere,
            opts=child,
        )
        self.vpc_id: pulumi.Output[str] = vpc.id
        self.public_subnet_ids = public
        self.private_subnet_ids = private
        self.front_door_group_id: pulumi.Output[str] = front_door.id
        self.database_group_id: pulumi.Output[str] = database.id
        self.register_outputs({"vpcId": vpc.id})


def _tcp(port: int, cidr: str) -> dict[str, object]:
    return {"protocol": "tcp", "from_port": port, "to_port": port, "cidr_blocks": [cidr]}
