"""The functions of azure-native that programs ask."""

from collections.abc import Mapping

from sandbox.providers.azure.cloud import Cloud
from sandbox.providers.servicer import Function
from sandbox.providers.values import Properties


def functions(cloud: Cloud) -> Mapping[str, Function]:
    def client_config(arguments: Properties) -> Properties:
        return {
            "clientId": cloud.client,
            "objectId": cloud.object_id,
            "subscriptionId": cloud.subscription,
            "tenantId": cloud.tenant,
        }

    def cache_keys(arguments: Properties) -> Properties:
        path = (
            f"/subscriptions/{cloud.subscription}/resourceGroups/{arguments['resourceGroupName']}/providers"
            f"/Microsoft.Cache/redisEnterprise/{arguments['clusterName']}/databases/{arguments['databaseName']}/listKeys"
        )
        found: Properties = cloud.ask("POST", path, "2025-07-01", {})
        return found

    return {
        "azure-native:authorization:getClientConfig": client_config,
        "azure-native:redisenterprise:listDatabaseKeys": cache_keys,
    }
