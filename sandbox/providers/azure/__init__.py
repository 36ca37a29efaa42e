"""The Pulumi provider `azure-native`, over the Resource Manager of the sandbox."""

from sandbox.providers.azure.cloud import Cloud, CloudError
from sandbox.providers.azure.functions import functions
from sandbox.providers.azure.resource import AzureResource
from sandbox.providers.azure.types import TYPES
from sandbox.providers.servicer import Provider

RESOURCES = TYPES


def azure_provider(cloud: Cloud) -> Provider:
    return Provider(
        "pulumi_azure_native",
        [AzureResource(cloud, each) for each in TYPES],
        functions(cloud),
        is_cloud_error=lambda error: isinstance(error, CloudError),
    )
