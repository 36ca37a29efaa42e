"""The types of azure-native that a world has, with what the plugin's metadata says of each."""

from sandbox.providers.azure.resource import Type

GROUP = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}"
NETWORK = f"{GROUP}/providers/Microsoft.Network"
SERVER = f"{GROUP}/providers/Microsoft.DBforPostgreSQL/flexibleServers/{{serverName}}"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/{{vaultName}}"
REGISTRY = f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/{{registryName}}"
ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/{{accountName}}"

RESOURCES = (
    Type(
        "azure-native:resources:ResourceGroup", GROUP, "2024-03-01", "resourceGroupName",
        replaces=frozenset({"location"}), at_top=frozenset({"location"}),
    ),
)  # fmt: skip
AUTHORIZATION = (
    Type(
        "azure-native:authorization:ManagementLockByScope",
        "/{scope}/providers/Microsoft.Authorization/locks/{lockName}", "2020-05-01", "lockName", located=False,
    ),
    Type(
        "azure-native:authorization:RoleAssignment",
        "/{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}", "2022-04-01",
        "roleAssignmentName", replaces=frozenset({"principalId", "roleDefinitionId", "principalType"}), located=False,
    ),
    Type(
        "azure-native:authorization:RoleDefinition",
        "/{scope}/providers/Microsoft.Authorization/roleDefinitions/{roleDefinitionId}", "2022-04-01",
        "roleDefinitionId", spelled={"roleType": "type"}, located=False,
    ),
)  # fmt: skip
IDENTITY = (
    Type(
        "azure-native:managedidentity:UserAssignedIdentity",
        f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{{resourceName}}", "2023-01-31",
        "resourceName", replaces=frozenset({"location"}),
    ),
)  # fmt: skip
NETWORKS = (
    Type(
        "azure-native:network:NetworkSecurityGroup", f"{NETWORK}/networkSecurityGroups/{{networkSecurityGroupName}}",
        "2024-05-01", "networkSecurityGroupName", replaces=frozenset({"location"}),
        flattened=frozenset({"securityRules"}),
    ),
    Type(
        "azure-native:network:VirtualNetwork", f"{NETWORK}/virtualNetworks/{{virtualNetworkName}}", "2024-05-01",
        "virtualNetworkName", replaces=frozenset({"location"}),
    ),
    Type(
        "azure-native:network:Subnet", f"{NETWORK}/virtualNetworks/{{virtualNetworkName}}/subnets/{{subnetName}}",
        "2024-05-01", "subnetName", located=False, flattened=frozenset({"delegations"}),
    ),
    Type(
        "azure-native:privatedns:PrivateZone", f"{NETWORK}/privateDnsZones/{{privateZoneName}}", "2024-06-01",
        "privateZoneName", replaces=frozenset({"location"}),
    ),
    Type(
        "azure-native:privatedns:VirtualNetworkLink",
        f"{NETWORK}/privateDnsZones/{{privateZoneName}}/virtualNetworkLinks/{{virtualNetworkLinkName}}",
        "2024-06-01", "virtualNetworkLinkName", replaces=frozenset({"location"}),
    ),
)  # fmt: skip
POSTGRES = (
    Type(
        "azure-native:dbforpostgresql:Server", SERVER, "2025-08-01", "serverName",
        replaces=frozenset({
            *("sourceServerResourceId", "pointInTimeUTC", "availabilityZone", "administratorLogin", "location"),
        }),
        write_only=frozenset({"administratorLoginPassword", "createMode", "pointInTimeUTC"}),
    ),
    Type(
        "azure-native:dbforpostgresql:Database", f"{SERVER}/databases/{{databaseName}}", "2025-08-01", "databaseName",
        replaces=frozenset({"charset", "collation"}), located=False,
    ),
    Type(
        "azure-native:dbforpostgresql:Configuration", f"{SERVER}/configurations/{{configurationName}}", "2025-08-01",
        "configurationName", located=False,
    ),
    Type(
        "azure-native:dbforpostgresql:FirewallRule", f"{SERVER}/firewallRules/{{firewallRuleName}}", "2025-08-01",
        "firewallRuleName", located=False,
    ),
    Type(
        "azure-native:dbforpostgresql:VirtualEndpoint", f"{SERVER}/virtualEndpoints/{{virtualEndpointName}}",
        "2025-08-01", "virtualEndpointName", located=False,
    ),
    Type(
        "azure-native:dbforpostgresql:BackupsAutomaticAndOnDemand", f"{SERVER}/backups/{{backupName}}", "2025-08-01",
        "backupName", located=False,
    ),
)  # fmt: skip
REGISTRIES = (
    Type(
        "azure-native:containerregistry:Registry", REGISTRY, "2023-01-01-preview", "registryName",
        replaces=frozenset({"location"}),
    ),
    Type(
        "azure-native:containerregistry:Replication", f"{REGISTRY}/replications/{{replicationName}}",
        "2024-11-01-preview", "replicationName", replaces=frozenset({"location"}),
    ),
)  # fmt: skip
CACHE = f"{GROUP}/providers/Microsoft.Cache/redisEnterprise/{{clusterName}}"
CACHES = (
    Type(
        "azure-native:redisenterprise:RedisEnterprise", CACHE, "2025-07-01", "clusterName",
        replaces=frozenset({"location"}),
    ),
    Type(
        "azure-native:redisenterprise:Database", f"{CACHE}/databases/{{databaseName}}", "2025-07-01", "databaseName",
        located=False,
    ),
    Type(
        "azure-native:network:PrivateEndpoint", f"{NETWORK}/privateEndpoints/{{privateEndpointName}}", "2024-05-01",
        "privateEndpointName", replaces=frozenset({"location", "subnet"}),
        flattened=frozenset({"privateLinkServiceConnections"}),
    ),
    Type(
        "azure-native:network:PrivateDnsZoneGroup",
        f"{NETWORK}/privateEndpoints/{{privateEndpointName}}/privateDnsZoneGroups/{{privateDnsZoneGroupName}}",
        "2024-05-01", "privateDnsZoneGroupName", located=False, flattened=frozenset({"privateDnsZoneConfigs"}),
    ),
)  # fmt: skip
KEY_VAULT = (
    Type(
        "azure-native:keyvault:Vault", VAULT, "2024-11-01", "vaultName", replaces=frozenset({"location"}), flat=False,
        write_only=frozenset({"properties.createMode"}),
    ),
    Type(
        "azure-native:keyvault:Secret", f"{VAULT}/secrets/{{secretName}}", "2024-11-01", "secretName", flat=False,
        located=False, write_only=frozenset({"properties.value"}),
        deleted_by=("https://{vaultName}.vault.azure.net/secrets/{secretName}?api-version=7.4", "https://vault.azure.net"),
    ),
)  # fmt: skip
MONITOR = (
    Type(
        "azure-native:operationalinsights:Workspace",
        f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces/{{workspaceName}}", "2023-09-01", "workspaceName",
        replaces=frozenset({"location"}), nested=frozenset({"sku"}),
    ),
    Type(
        "azure-native:applicationinsights:Component",
        f"{GROUP}/providers/Microsoft.Insights/components/{{resourceName}}", "2020-02-02", "resourceName",
        spelled={
            "applicationType": "Application_Type", "workspaceResourceId": "WorkspaceResourceId",
            "retentionInDays": "RetentionInDays",
        },
    ),
    Type(
        "azure-native:monitor:ActionGroup", f"{GROUP}/providers/Microsoft.Insights/actionGroups/{{actionGroupName}}",
        "2024-10-01-preview", "actionGroupName",
    ),
    Type(
        "azure-native:monitor:MetricAlert", f"{GROUP}/providers/Microsoft.Insights/metricAlerts/{{ruleName}}",
        "2018-03-01", "ruleName",
    ),
    Type(
        "azure-native:monitor:ScheduledQueryRule",
        f"{GROUP}/providers/Microsoft.Insights/scheduledQueryRules/{{ruleName}}", "2025-01-01-preview", "ruleName",
    ),
    Type(
        "azure-native:monitor:DiagnosticSetting",
        "/{resourceUri}/providers/Microsoft.Insights/diagnosticSettings/{name}", "2021-05-01-preview", "name",
        located=False,
    ),
)  # fmt: skip
STORAGE = (
    Type(
        "azure-native:storage:StorageAccount", ACCOUNT, "2024-01-01", "accountName",
        replaces=frozenset({"location", "isHnsEnabled"}),
        spelled={"networkRuleSet": "networkAcls", "enableHttpsTrafficOnly": "supportsHttpsTrafficOnly"},
    ),
    Type(
        "azure-native:storage:BlobServiceProperties", f"{ACCOUNT}/blobServices/{{blobServicesName}}", "2024-01-01",
        "blobServicesName", located=False,
    ),
    Type(
        "azure-native:storage:BlobContainer", f"{ACCOUNT}/blobServices/default/containers/{{containerName}}",
        "2024-01-01", "containerName", located=False,
    ),
    Type(
        "azure-native:storage:BlobContainerImmutabilityPolicy",
        f"{ACCOUNT}/blobServices/default/containers/{{containerName}}/immutabilityPolicies/{{immutabilityPolicyName}}",
        "2024-01-01", "immutabilityPolicyName", located=False,
    ),
    Type(
        "azure-native:storage:ManagementPolicy", f"{ACCOUNT}/managementPolicies/{{managementPolicyName}}", "2024-01-01",
        "managementPolicyName", located=False,
    ),
    Type(
        "azure-native:storage:ObjectReplicationPolicy",
        f"{ACCOUNT}/objectReplicationPolicies/{{objectReplicationPolicyId}}", "2024-01-01", "objectReplicationPolicyId",
        located=False,
    ),
)  # fmt: skip

SITE = f"{GROUP}/providers/Microsoft.Web/sites/{{name}}"
OF_A_SITE = frozenset({"location", "kind"})
WEB = (
    Type(
        "azure-native:web:AppServicePlan", f"{GROUP}/providers/Microsoft.Web/serverfarms/{{name}}", "2025-05-01",
        "name", replaces=frozenset({"location"}),
    ),
    Type(
        "azure-native:web:WebApp", SITE, "2025-05-01", "name", replaces=OF_A_SITE,
        write_only=frozenset({"siteConfig.appSettings"}), also_reads={"siteConfig": "config/web"},
    ),
    Type(
        "azure-native:web:WebAppSlot", f"{SITE}/slots/{{slot}}", "2025-05-01", "slot", replaces=OF_A_SITE,
        write_only=frozenset({"siteConfig.appSettings"}), also_reads={"siteConfig": "config/web"},
    ),
    Type(
        "azure-native:web:WebAppSlotConfigurationNames", f"{SITE}/config/slotConfigNames", "2025-05-01", "name",
        located=False,
    ),
    Type(
        "azure-native:web:WebAppHostNameBinding", f"{SITE}/hostNameBindings/{{hostName}}", "2025-05-01", "hostName",
        located=False,
    ),
)  # fmt: skip
TRAFFIC = (
    Type(
        "azure-native:trafficmanager:Profile", f"{NETWORK}/trafficManagerProfiles/{{profileName}}", "2022-04-01",
        "profileName", flattened=frozenset({"endpoints"}), computed=("dnsConfig.fqdn",),
    ),
    Type(
        "azure-native:trafficmanager:Endpoint",
        f"{NETWORK}/trafficManagerProfiles/{{profileName}}/{{endpointType}}/{{endpointName}}", "2022-04-01",
        "endpointName", located=False,
    ),
    Type(
        "azure-native:dns:Zone", f"{NETWORK}/dnsZones/{{zoneName}}", "2023-07-01-preview", "zoneName",
    ),
    Type(
        "azure-native:dns:RecordSet", f"{NETWORK}/dnsZones/{{zoneName}}/{{recordType}}/{{relativeRecordSetName}}",
        "2023-07-01-preview", "relativeRecordSetName", located=False,
        spelled={
            "ttl": "TTL", "aRecords": "ARecords", "cnameRecord": "CNAMERecord", "txtRecords": "TXTRecords",
        },
    ),
)  # fmt: skip
CDN = f"{GROUP}/providers/Microsoft.Cdn/profiles/{{profileName}}"
FRONT_DOOR = (
    Type(
        "azure-native:cdn:Profile", CDN, "2025-06-01", "profileName", replaces=frozenset({"location"}),
    ),
    Type(
        "azure-native:cdn:AFDEndpoint", f"{CDN}/afdEndpoints/{{endpointName}}", "2025-06-01", "endpointName",
        replaces=frozenset({"location"}),
    ),
    Type(
        "azure-native:cdn:AFDOriginGroup", f"{CDN}/originGroups/{{originGroupName}}", "2025-06-01", "originGroupName",
        located=False,
    ),
    Type(
        "azure-native:cdn:AFDOrigin", f"{CDN}/originGroups/{{originGroupName}}/origins/{{originName}}", "2025-06-01",
        "originName", located=False,
    ),
    Type(
        "azure-native:cdn:Route", f"{CDN}/afdEndpoints/{{endpointName}}/routes/{{routeName}}", "2025-06-01",
        "routeName", located=False,
    ),
    Type(
        "azure-native:cdn:AFDCustomDomain", f"{CDN}/customDomains/{{customDomainName}}", "2025-06-01",
        "customDomainName", located=False,
    ),
    Type(
        "azure-native:cdn:Secret", f"{CDN}/secrets/{{secretName}}", "2025-06-01", "secretName", located=False,
    ),
    Type(
        "azure-native:cdn:SecurityPolicy", f"{CDN}/securityPolicies/{{securityPolicyName}}", "2025-06-01",
        "securityPolicyName", located=False,
    ),
    Type(
        "azure-native:frontdoor:Policy",
        f"{NETWORK}/frontDoorWebApplicationFirewallPolicies/{{policyName}}", "2025-11-01", "policyName",
        replaces=frozenset({"location"}),
    ),
)  # fmt: skip

TYPES: tuple[Type, ...] = (
    *RESOURCES, *AUTHORIZATION, *IDENTITY, *NETWORKS, *POSTGRES, *REGISTRIES, *CACHES, *KEY_VAULT, *MONITOR, *STORAGE,
    *WEB, *TRAFFIC, *FRONT_DOOR,
)  # fmt: skip
