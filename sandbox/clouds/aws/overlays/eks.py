"""
EKS: a cluster's endpoint is the region's Kubernetes API server, with the certificate that it really shows.

moto makes up both. A node group has an Auto Scaling group, as in EKS, whose name `overlays.autoscaling` knows.
"""

from typing import ClassVar

from moto.core.responses import ActionResult
from moto.eks.responses import EKSResponse

from sandbox.clouds.context import Context
from sandbox.clouds.kubernetes.clusters import Clusters


class EKS(EKSResponse):
    """The calls that name the cluster's address."""

    context: ClassVar[Context]

    def create_cluster(self) -> ActionResult:
        result = super().create_cluster()
        clusters = self.context.one(Clusters)
        cluster = result.result["cluster"]
        cluster.endpoint = clusters.clusters[self.region].server
        cluster.certificate_authority = {"data": clusters.authority_data}
        return result


RESPONSES = {EKSResponse: EKS}
