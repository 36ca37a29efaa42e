"""The Pulumi provider `kubernetes`, for the cluster of one region."""

from sandbox.providers.kubernetes.cluster import Access, Cluster, is_cluster_error
from sandbox.providers.kubernetes.objects import ROWS, KubernetesObject, Settings, custom_resources
from sandbox.providers.servicer import Provider


def kubernetes_provider(access: Access) -> Provider:
    """
    `access` says which cluster: an attached provider is not told which provider resource a call is for, so it does not
    go by the program's kubeconfig.
    """
    cluster, settings = Cluster(access), Settings()
    return Provider(
        "pulumi_kubernetes",
        [KubernetesObject(row, cluster, settings) for row in ROWS],
        {},
        is_cloud_error=is_cluster_error,
        configured=settings.take,
        identity=("clusterIdentifier",),
        fallback=custom_resources(cluster, settings),
    )
