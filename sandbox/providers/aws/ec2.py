"""Networks: enough of EC2 for a site to stand in."""

from typing import Any

from sandbox.providers.aws.base import AwsResource, tag_changes, tag_list, tag_map
from sandbox.providers.aws.cloud import missing_is_none
from sandbox.providers.resource import Refused
from sandbox.providers.values import Properties


class Ec2Resource(AwsResource):
    """Tags are set and removed by the same calls on everything in EC2."""

    service = "ec2"

    def tag(self, inputs: Properties, identity: str) -> None:
        if inputs.get("tags"):
            self.client(inputs).create_tags(Resources=[identity], Tags=tag_list(inputs["tags"]))

    def retag(self, identity: str, old: Properties, new: Properties) -> None:
        ec2 = self.client(new, identity)
        wanted, unwanted = tag_changes(old, new)
        if unwanted:
            ec2.delete_tags(Resources=[identity], Tags=[{"Key": key} for key in unwanted])
        if wanted:
            ec2.create_tags(Resources=[identity], Tags=tag_list(wanted))


class Vpc(Ec2Resource):
    """aws.ec2.Vpc"""

    type_name = "aws:ec2/vpc:Vpc"
    sdk = ("ec2", "Vpc")
    create_only = frozenset({"cidrBlock", "instanceTenancy"})
    computed = (
        *("arn", "defaultNetworkAclId", "defaultRouteTableId", "defaultSecurityGroupId", "mainRouteTableId"),
        *("ownerId", "tagsAll"),
    )
    defaults = {"enableDnsSupport": True, "instanceTenancy": "default"}

    def create(self, inputs: Properties) -> str:
        ec2 = self.client(inputs)
        made = ec2.create_vpc(CidrBlock=inputs["cidrBlock"], InstanceTenancy=inputs["instanceTenancy"])
        identity: str = made["Vpc"]["VpcId"]
        self._set_dns(identity, inputs)
        self.tag(inputs, identity)
        return identity

    def _set_dns(self, identity: str, inputs: Properties) -> None:
        ec2 = self.client(inputs, identity)
        ec2.modify_vpc_attribute(VpcId=identity, EnableDnsSupport={"Value": bool(inputs.get("enableDnsSupport"))})
        ec2.modify_vpc_attribute(VpcId=identity, EnableDnsHostnames={"Value": bool(inputs.get("enableDnsHostnames"))})

    def read(self, identity: str, state: Properties) -> Properties | None:
        ec2 = self.client(state, identity)
        found = missing_is_none(lambda: ec2.describe_vpcs(VpcIds=[identity]), "InvalidVpcID.NotFound")
        if found is None:
            return None
        shown = found["Vpcs"][0]
        region, tags = self.region(state, identity), tag_map(shown.get("Tags"))
        in_vpc = [{"Name": "vpc-id", "Values": [identity]}]
        groups = ec2.describe_security_groups(Filters=[*in_vpc, {"Name": "group-name", "Values": ["default"]}])
        tables = ec2.describe_route_tables(Filters=[*in_vpc, {"Name": "association.main", "Values": ["true"]}])
        acls = ec2.describe_network_acls(Filters=[*in_vpc, {"Name": "default", "Values": ["true"]}])

        def attribute(name: str) -> bool:
            answer = ec2.describe_vpc_attribute(VpcId=identity, Attribute=name)
            return bool(answer[name[0].upper() + name[1:]]["Value"])

        main = next((table["RouteTableId"] for table in tables["RouteTables"]), None)
        return {
            "region": region,
            "cidrBlock": shown["CidrBlock"],
            "instanceTenancy": shown["InstanceTenancy"],
            "enableDnsSupport": attribute("enableDnsSupport"),
            "enableDnsHostnames": attribute("enableDnsHostnames"),
            "arn": f"arn:aws:ec2:{region}:{self.cloud.account}:vpc/{identity}",
            "ownerId": self.cloud.account,
            "defaultSecurityGroupId": next((group["GroupId"] for group in groups["SecurityGroups"]), None),
            "mainRouteTableId": main,
            "defaultRouteTableId": main,
            "defaultNetworkAclId": next((acl["NetworkAclId"] for acl in acls["NetworkAcls"]), None),
            "tags": tags,
            "tagsAll": tags,
        }

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        self._set_dns(identity, new)
        self.retag(identity, old, new)

    def delete(self, identity: str, state: Properties) -> None:
        ec2 = self.client(state, identity)
        missing_is_none(lambda: ec2.delete_vpc(VpcId=identity), "InvalidVpcID.NotFound")


class Subnet(Ec2Resource):
    """aws.ec2.Subnet"""

    type_name = "aws:ec2/subnet:Subnet"
    sdk = ("ec2", "Subnet")
    create_only = frozenset({"vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId"})
    computed = ("arn", "availabilityZone", "availabilityZoneId", "ownerId", "tagsAll")
    defaults = {"mapPublicIpOnLaunch": False}

    def create(self, inputs: Properties) -> str:
        ec2 = self.client(inputs)
        zone = {"AvailabilityZone": inputs["availabilityZone"]} if inputs.get("availabilityZone") else {}
        made = ec2.create_subnet(VpcId=inputs["vpcId"], CidrBlock=inputs["cidrBlock"], **zone)
        identity: str = made["Subnet"]["SubnetId"]
        if inputs["mapPublicIpOnLaunch"]:
            ec2.modify_subnet_attribute(SubnetId=identity, MapPublicIpOnLaunch={"Value": True})
        self.tag(inputs, identity)
        return identity

    def read(self, identity: str, state: Properties) -> Properties | None:
        ec2 = self.client(state, identity)
        found = missing_is_none(lambda: ec2.describe_subnets(SubnetIds=[identity]), "InvalidSubnetID.NotFound")
        if found is None:
            return None
        shown, tags = found["Subnets"][0], tag_map(found["Subnets"][0].get("Tags"))
        region = self.region(state, identity)
        return {
            "region": region,
            "vpcId": shown["VpcId"],
            "cidrBlock": shown["CidrBlock"],
            "availabilityZone": shown["AvailabilityZone"],
            "availabilityZoneId": shown.get("AvailabilityZoneId"),
            "mapPublicIpOnLaunch": shown["MapPublicIpOnLaunch"],
            "arn": f"arn:aws:ec2:{region}:{self.cloud.account}:subnet/{identity}",
            "ownerId": self.cloud.account,
            "tags": tags,
            "tagsAll": tags,
        }

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        if "mapPublicIpOnLaunch" in changed:
            self.client(new, identity).modify_subnet_attribute(
                SubnetId=identity, MapPublicIpOnLaunch={"Value": bool(new["mapPublicIpOnLaunch"])}
            )
        self.retag(identity, old, new)

    def delete(self, identity: str, state: Properties) -> None:
        ec2 = self.client(state, identity)
        missing_is_none(lambda: ec2.delete_subnet(SubnetId=identity), "InvalidSubnetID.NotFound")


class InternetGateway(Ec2Resource):
    """aws.ec2.InternetGateway"""

    type_name = "aws:ec2/internetGateway:InternetGateway"
    sdk = ("ec2", "InternetGateway")
    computed = ("arn", "ownerId", "tagsAll")

    def create(self, inputs: Properties) -> str:
        ec2 = self.client(inputs)
        identity: str = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        if inputs.get("vpcId"):
            ec2.attach_internet_gateway(InternetGatewayId=identity, VpcId=inputs["vpcId"])
        self.tag(inputs, identity)
        return identity

    def read(self, identity: str, state: Properties) -> Properties | None:
        ec2 = self.client(state, identity)
        found = missing_is_none(
            lambda: ec2.describe_internet_gateways(InternetGatewayIds=[identity]), "InvalidInternetGatewayID.NotFound"
        )
        if found is None:
            return None
        shown, tags = found["InternetGateways"][0], tag_map(found["InternetGateways"][0].get("Tags"))
        region = self.region(state, identity)
        return {
            "region": region,
            "vpcId": next((attachment["VpcId"] for attachment in shown.get("Attachments", [])), None),
            "arn": f"arn:aws:ec2:{region}:{self.cloud.account}:internet-gateway/{identity}",
            "ownerId": self.cloud.account,
            "tags": tags,
            "tagsAll": tags,
        }

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        ec2 = self.client(new, identity)
        if "vpcId" in changed:
            if old.get("vpcId"):
                ec2.detach_internet_gateway(InternetGatewayId=identity, VpcId=old["vpcId"])
            if new.get("vpcId"):
                ec2.attach_internet_gateway(InternetGatewayId=identity, VpcId=new["vpcId"])
        self.retag(identity, old, new)

    def delete(self, identity: str, state: Properties) -> None:
        ec2 = self.client(state, identity)
        shown = self.read(identity, state)
        if shown is None:
            return
        if shown.get("vpcId"):
            ec2.detach_internet_gateway(InternetGatewayId=identity, VpcId=shown["vpcId"])
        ec2.delete_internet_gateway(InternetGatewayId=identity)


ROUTE_TARGETS = {
    "gatewayId": "GatewayId",
    "natGatewayId": "NatGatewayId",
    "networkInterfaceId": "NetworkInterfaceId",
    "transitGatewayId": "TransitGatewayId",
    "vpcPeeringConnectionId": "VpcPeeringConnectionId",
}


class RouteTable(Ec2Resource):
    """aws.ec2.RouteTable with its routes inline"""

    type_name = "aws:ec2/routeTable:RouteTable"
    sdk = ("ec2", "RouteTable")
    create_only = frozenset({"vpcId"})
    computed = ("arn", "ownerId", "propagatingVgws", "routes", "tagsAll")

    def create(self, inputs: Properties) -> str:
        ec2 = self.client(inputs)
        identity: str = ec2.create_route_table(VpcId=inputs["vpcId"])["RouteTable"]["RouteTableId"]
        for route in inputs.get("routes") or []:
            ec2.create_route(RouteTableId=identity, **_route(route))
        self.tag(inputs, identity)
        return identity

    def read(self, identity: str, state: Properties) -> Properties | None:
        ec2 = self.client(state, identity)
        found = missing_is_none(
            lambda: ec2.describe_route_tables(RouteTableIds=[identity]), "InvalidRouteTableID.NotFound"
        )
        if not found or not found["RouteTables"]:
            return None
        shown, region = found["RouteTables"][0], self.region(state, identity)
        tags = tag_map(shown.get("Tags"))
        return {
            "region": region,
            "vpcId": shown["VpcId"],
            "routes": [
                {
                    "cidrBlock": route["DestinationCidrBlock"],
                    **{name: route[api] for name, api in ROUTE_TARGETS.items() if route.get(api)},
                }
                for route in shown["Routes"]
                if route.get("GatewayId") != "local" and route.get("DestinationCidrBlock")
            ],
            "arn": f"arn:aws:ec2:{region}:{self.cloud.account}:route-table/{identity}",
            "ownerId": self.cloud.account,
            "propagatingVgws": [],
            "tags": tags,
            "tagsAll": tags,
        }

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        ec2 = self.client(new, identity)
        if "routes" in changed:
            for route in old.get("routes") or []:
                ec2.delete_route(RouteTableId=identity, DestinationCidrBlock=route["cidrBlock"])
            for route in new.get("routes") or []:
                ec2.create_route(RouteTableId=identity, **_route(route))
        self.retag(identity, old, new)

    def delete(self, identity: str, state: Properties) -> None:
        ec2 = self.client(state, identity)
        missing_is_none(lambda: ec2.delete_route_table(RouteTableId=identity), "InvalidRouteTableID.NotFound")


def _route(route: Properties) -> dict[str, Any]:
    if not route.get("cidrBlock"):
        raise Refused("the sandbox has IPv4 routes only: give cidrBlock")
    return {
        "DestinationCidrBlock": route["cidrBlock"],
        **{api: route[name] for name, api in ROUTE_TARGETS.items() if route.get(name)},
    }


class RouteTableAssociation(Ec2Resource):
    """aws.ec2.RouteTableAssociation"""

    type_name = "aws:ec2/routeTableAssociation:RouteTableAssociation"
    sdk = ("ec2", "RouteTableAssociation")
    create_only = frozenset({"subnetId", "gatewayId"})

    def create(self, inputs: Properties) -> str:
        made = self.client(inputs).associate_route_table(
            RouteTableId=inputs["routeTableId"], SubnetId=inputs["subnetId"]
        )
        return str(made["AssociationId"])

    def read(self, identity: str, state: Properties) -> Properties | None:
        by_id = [{"Name": "association.route-table-association-id", "Values": [identity]}]
        for table in self.client(state, identity).describe_route_tables(Filters=by_id)["RouteTables"]:
            for association in table["Associations"]:
                if association.get("RouteTableAssociationId") == identity:
                    return {
                        "region": self.region(state, identity),
                        "routeTableId": table["RouteTableId"],
                        "subnetId": association.get("SubnetId"),
                    }
        return None

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        raise Refused("the sandbox does not move an association to another route table")

    def delete(self, identity: str, state: Properties) -> None:
        ec2 = self.client(state, identity)
        missing_is_none(lambda: ec2.disassociate_route_table(AssociationId=identity), "InvalidAssociationID.NotFound")


class SecurityGroup(Ec2Resource):
    """aws.ec2.SecurityGroup with its rules inline"""

    type_name = "aws:ec2/securityGroup:SecurityGroup"
    sdk = ("ec2", "SecurityGroup")
    name = "name"
    create_only = frozenset({"name", "namePrefix", "description", "vpcId"})
    computed = ("arn", "ownerId", "ingress", "egress", "tagsAll")
    defaults = {"description": "Managed by Pulumi", "revokeRulesOnDelete": False}
    write_only = frozenset({"revokeRulesOnDelete"})

    def create(self, inputs: Properties) -> str:
        ec2 = self.client(inputs)
        vpc = {"VpcId": inputs["vpcId"]} if inputs.get("vpcId") else {}
        made = ec2.create_security_group(GroupName=inputs["name"], Description=inputs["description"], **vpc)
        identity: str = made["GroupId"]
        ec2.revoke_security_group_egress(GroupId=identity, IpPermissions=[EVERYTHING])  # as the real provider does
        self._authorize(identity, inputs, inputs.get("ingress") or [], inputs.get("egress") or [])
        self.tag(inputs, identity)
        return identity

    def _authorize(self, identity: str, inputs: Properties, ingress: list[Any], egress: list[Any]) -> None:
        ec2 = self.client(inputs, identity)
        if ingress:
            ec2.authorize_security_group_ingress(GroupId=identity, IpPermissions=[_permission(r) for r in ingress])
        if egress:
            ec2.authorize_security_group_egress(GroupId=identity, IpPermissions=[_permission(r) for r in egress])

    def read(self, identity: str, state: Properties) -> Properties | None:
        ec2 = self.client(state, identity)
        found = missing_is_none(
            lambda: ec2.describe_security_groups(GroupIds=[identity]),
            "InvalidGroup.NotFound",
            "InvalidGroupId.Malformed",
        )
        if not found or not found["SecurityGroups"]:
            return None
        shown, region = found["SecurityGroups"][0], self.region(state, identity)
        tags = tag_map(shown.get("Tags"))
        return {
            "region": region,
            "name": shown["GroupName"],
            "description": shown["Description"],
            "vpcId": shown["VpcId"],
            "ingress": _as_declared(state.get("ingress"), [_rule(p) for p in shown["IpPermissions"]]),
            "egress": _as_declared(state.get("egress"), [_rule(p) for p in shown["IpPermissionsEgress"]]),
            "arn": f"arn:aws:ec2:{region}:{self.cloud.account}:security-group/{identity}",
            "ownerId": self.cloud.account,
            "tags": tags,
            "tagsAll": tags,
            **{name: state[name] for name in self.write_only if state.get(name) is not None},
        }

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        ec2 = self.client(new, identity)
        for name, revoke in (
            ("ingress", ec2.revoke_security_group_ingress),
            ("egress", ec2.revoke_security_group_egress),
        ):
            if name in changed:
                if old.get(name):
                    revoke(GroupId=identity, IpPermissions=[_permission(rule) for rule in old[name]])
                wanted = {name: new.get(name) or []}
                self._authorize(identity, new, wanted.get("ingress", []), wanted.get("egress", []))
        self.retag(identity, old, new)

    def delete(self, identity: str, state: Properties) -> None:
        ec2 = self.client(state, identity)
        missing_is_none(
            lambda: ec2.delete_security_group(GroupId=identity), "InvalidGroup.NotFound", "InvalidGroupId.Malformed"
        )


EVERYTHING = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


def _permission(rule: Properties) -> dict[str, Any]:
    unsupported = {"ipv6CidrBlocks", "prefixListIds"} & {key for key, value in rule.items() if value}
    if unsupported:
        raise Refused(f"the sandbox has no {', '.join(sorted(unsupported))} in rules of security groups")
    protocol = str(rule["protocol"])
    ports = {} if protocol == "-1" else {"FromPort": rule["fromPort"], "ToPort": rule["toPort"]}
    text = {"Description": rule["description"]} if rule.get("description") else {}
    return {
        "IpProtocol": protocol,
        **ports,
        "IpRanges": [{"CidrIp": cidr, **text} for cidr in rule.get("cidrBlocks") or []],
        "UserIdGroupPairs": [{"GroupId": group, **text} for group in rule.get("securityGroups") or []],
    }


def _rule(permission: dict[str, Any]) -> Properties:
    rule: Properties = {
        "protocol": permission["IpProtocol"],
        "fromPort": permission.get("FromPort", 0) if permission["IpProtocol"] != "-1" else 0,
        "toPort": permission.get("ToPort", 0) if permission["IpProtocol"] != "-1" else 0,
    }
    if permission.get("IpRanges"):
        rule["cidrBlocks"] = [r["CidrIp"] for r in permission["IpRanges"]]
    if permission.get("UserIdGroupPairs"):
        rule["securityGroups"] = [pair["GroupId"] for pair in permission["UserIdGroupPairs"]]
    return rule


def _as_declared(declared: list[Any] | None, real: list[Any]) -> list[Any]:
    """Rules are a set: `declared` if it is the same set as `real`."""

    def essence(rule: Properties) -> str:
        return str(sorted((k, v) for k, v in rule.items() if v and k not in ("description", "self")))

    if declared is not None and sorted(map(essence, declared)) == sorted(map(essence, real)):
        return declared
    return real


RESOURCES = (Vpc, Subnet, InternetGateway, RouteTable, RouteTableAssociation, SecurityGroup)
