"""
The sentinel of a site: renews the writer's lease while this site holds it, and tells the stores until when they may
write (`agent/sentinel.py`). It alone logs in to them as their owner, and keeps the logins of the services. It runs in
warm sites too, idle, so that a promoted site can write at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from model import names

from .workload import Workload, WorkloadArgs


@dataclass(frozen=True)
class SentinelArgs:
    """`environment` says which stores it guards, and who logs in to them; `sources` where they are, and how."""

    namespace: str
    image: str
    environment: dict[str, str]
    sources: Sequence[tuple[str, str]]
    revision: pulumi.Input[str]
    account: str | None = None


class Sentinel(pulumi.ComponentResource):
    """The Deployment is `dr-sentinel`, one pod: two would renew against each other's condition. Nothing is given."""

    def __init__(self, name: str, args: SentinelArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dr:kubernetes:Sentinel", name, None, opts)
        workload = WorkloadArgs(
            namespace=args.namespace,
            service=names.SENTINEL,
            image=args.image,
            command=("sentinel",),
            replicas=1,
            most=1,
            environment=dict(args.environment),
            sources=args.sources,
            revision=args.revision,
            served=False,
            single=True,
            account=args.account,
        )
        Workload(f"{name}-pod", workload, pulumi.ResourceOptions(parent=self))
        self.register_outputs({})
