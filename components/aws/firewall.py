"""What stands before the front door of a site: it keeps out the addresses that were named when somebody was inside."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

VERSIONS = ("IPV4", "IPV6")


@dataclass(frozen=True)
class FirewallArgs:
    """`name`: of the firewall, and with the version of the addresses behind it, of its sets."""

    region: str
    name: str
    balancer_arn: pulumi.Input[str]


class Firewall(pulumi.ComponentResource):
    """
    Everybody is let in but who is in one of two sets of addresses. The sets are empty here, and what is in them is
    decided in a breach: no update of the stack puts it back.
    """

    def __init__(self, name: str, args: FirewallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dr:aws:Firewall", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        sets = [
            aws.wafv2.IpSet(
                f"{name}-{version.lower()}",
                region=args.region,
                name=f"{args.name}-{version.lower()}",
                scope="REGIONAL",
                ip_address_version=version,
                addresses=[],
                opts=pulumi.ResourceOptions(parent=self, ignore_changes=["addresses"]),
            )
            for version in VERSIONS
        ]
        acl = aws.wafv2.WebAcl(
            f"{name}-acl",
            region=args.region,
            name=args.name,
            scope="REGIONAL",
            default_action={"allow": {}},
            rules=[
                {
                    "name": f"keep-out-{version.lower()}",
                    "priority": priority,
                    "action": {"block": {}},
                    "statement": {"ip_set_reference_statement": {"arn": each.arn}},
                    "visibility_config": _seen(f"{args.name}-{version.lower()}"),
                }
                for priority, (version, each) in enumerate(zip(VERSIONS, sets, strict=True))
            ],
            visibility_config=_seen(args.name),
            opts=child,
        )
        aws.wafv2.WebAclAssociation(
            f"{name}-before",
            region=args.region,
            web_acl_arn=acl.arn,
            resource_arn=args.balancer_arn,
            opts=child,
        )
        self.register_outputs({})


def _seen(metric: str) -> dict[str, object]:
    """Who was kept out is counted, and requests are sampled: both are asked for after a breach."""
    return {"cloudwatch_metrics_enabled": True, "sampled_requests_enabled": True, "metric_name": metric}
