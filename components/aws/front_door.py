"""
A site's front door: a load balancer in front of the site's nodes.

Every site has one from the beginning, the cold one too, so that the traffic switch never has to change in a failover:
it costs little and its DNS name would otherwise be new just when nobody can wait for it.
"""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from model.routes import FIRST_NODE_PORT, ServiceRoute

TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"  # TLS 1.2 and newer


@dataclass(frozen=True)
class FrontDoorArgs:
    """
    `routes`: the services, and which requests are for them; `target_groups` names each one's group of targets.
    `tls`: HTTPS on `port`, which needs `certificate_arn`, and a redirect to it from port 80. Health: paths by service,
    seconds between checks, failures until unhealthy.
    """

    region: str
    load_balancer: str
    vpc_id: pulumi.Output[str]
    subnet_ids: list[pulumi.Output[str]]
    security_group_id: pulumi.Output[str]
    port: int
    tls: bool
    certificate_arn: str | None
    routes: tuple[ServiceRoute, ...]
    target_groups: dict[str, str]
    health_paths: dict[str, str]
    health_interval: int
    health_failures: int
    protect: bool


class FrontDoor(pulumi.ComponentResource):
    """
    Gives `arn`, `dns_name`, `zone_id` (for alias records) and `target_group_arns`, one for each service.

    Raises pulumi.RunError for TLS without a certificate, and for a certificate that nobody would see: what answers
    without TLS looks safe and is not.
    """

    def __init__(self, name: str, args: FrontDoorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        if args.tls and not args.certificate_arn:
            raise pulumi.RunError(
                f"config dr:certificateArn: there is none, and the plan's traffic port is {args.port} "
                f"({args.load_balancer}); have one issued for the plan's record in {args.region} and set it with "
                "`pulumi config set dr:certificateArn`, or let the plan say `port: 80`"
            )
        if args.certificate_arn and not args.tls:
            raise pulumi.RunError(
                f"config dr:certificateArn: there is one, and the plan's traffic port is 80, where HTTP is spoken "
                f"({args.load_balancer}); let the plan say `port: 443`, or remove it with `pulumi config rm "
                "dr:certificateArn`"
            )
        super().__init__("dr:aws:FrontDoor", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        balancer = aws.lb.LoadBalancer(
            f"{name}-balancer",
            region=args.region,
            name=args.load_balancer,
            load_balancer_type="application",
            internal=False,
            subnets=args.subnet_ids,
            security_groups=[args.security_group_id],
            enable_deletion_protection=args.protect,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        targets = {route.service: self._target_group(name, args, route) for route in args.routes}
        default = next((route.service for route in args.routes if route.default), None)
        nothing = {"type": "fixed-response", "fixed_response": {"content_type": "text/plain", "status_code": "404"}}
        listener = aws.lb.Listener(
            f"{name}-listener",
            region=args.region,
            load_balancer_arn=balancer.arn,
            port=args.port,
            protocol="HTTPS" if args.tls else "HTTP",
            certificate_arn=args.certificate_arn,
            ssl_policy=TLS_POLICY if args.tls else None,
            default_actions=[_forward(targets[default]) if default else nothing],
            opts=child,
        )
        for route in args.routes:
            if not route.default:
                aws.lb.ListenerRule(
                    f"{name}-{route.service}",
                    region=args.region,
                    listener_arn=listener.arn,
                    # Unique, and never another service's because one was added: priorities are swapped one by one.
                    priority=route.node_port - FIRST_NODE_PORT + 1,
                    conditions=[{"path_pattern": {"values": [route.path, f"{route.path}/*"]}}],
                    actions=[_forward(targets[route.service])],
                    opts=child,
                )
        if args.tls:
            to = {"protocol": "HTTPS", "port": str(args.port), "status_code": "HTTP_301"}
            aws.lb.Listener(
                f"{name}-redirect",
                region=args.region,
                load_balancer_arn=balancer.arn,
                port=80,
                protocol="HTTP",
                default_actions=[{"type": "redirect", "redirect": to}],
                opts=child,
            )
        self.dns_name: pulumi.Output[str] = balancer.dns_name
        self.zone_id: pulumi.Output[str] = balancer.zone_id
        self.arn: pulumi.Output[str] = balancer.arn
        self.target_group_arns: dict[str, pulumi.Output[str]] = {it: group.arn for it, group in targets.items()}
        self.register_outputs({"dnsName": balancer.dns_name, "zoneId": balancer.zone_id})

    def _target_group(self, name: str, args: FrontDoorArgs, route: ServiceRoute) -> aws.lb.TargetGroup:
        return aws.lb.TargetGroup(
            f"{name}-{route.service}",
            region=args.region,
            name=args.target_groups[route.service],
            port=route.node_port,
            protocol="HTTP",
            target_type="instance",
            vpc_id=args.vpc_id,
            deregistration_delay=10,
            health_check={
                "path": args.health_paths[route.service],
                "protocol": "HTTP",
                "interval": args.health_interval,
                "timeout": 5,
                "healthy_threshold": 2,
                "unhealthy_threshold": max(2, args.health_failures),
            },
            opts=pulumi.ResourceOptions(parent=self),
        )


def _forward(targets: aws.lb.TargetGroup) -> dict[str, object]:
    return {"type": "forward", "target_group_arn": targets.arn}
