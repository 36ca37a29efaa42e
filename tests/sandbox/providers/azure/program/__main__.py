"""Every type of azure-native that the sandbox has, once. The setting `change` changes what can be changed in place."""

import pulumi
import pulumi_azure_native as az

change = pulumi.Config().get("change") or ""
who = az.authorization.get_client_config_output()
group = az.resources.ResourceGroup("group", resource_group_name="rg-all", location="northeurope", tags={"c": change})
there = group.name
app = az.managedidentity.UserAssignedIdentity("app", resource_group_name=there)
network = az.network.VirtualNetwork(
    "network", resource_group_name=there, address_space={"address_prefixes": ["10.0.0.0/16"]}
)
subnet = az.network.Subnet(
    "databases",
    resource_group_name=there,
    virtual_network_name=network.name,
    address_prefix="10.0.1.0/24",
    delegations=[{"name": "pg", "service_name": "Microsoft.DBforPostgreSQL/flexibleServers"}],
)
zone = az.privatedns.PrivateZone(
    "zone", resource_group_name=there, private_zone_name="core.postgres.database.azure.com", location="global"
)
link = az.privatedns.VirtualNetworkLink(
    "link",
    resource_group_name=there,
    private_zone_name=zone.name,
    location="global",
    registration_enabled=False,
    virtual_network={"id": network.id},
)
server = az.dbforpostgresql.Server(
    "server",
    resource_group_name=there,
    server_name="pg-all",
    version="16",
    administrator_login="dr",
    administrator_login_password=pulumi.Output.secret("not-Real-1"),
    sku={"name": "Standard_D2ds_v5", "tier": "GeneralPurpose"},
    storage={"storage_size_gb": 64 if change else 32},
    backup={"backup_retention_days": 14, "geo_redundant_backup": "Enabled"},
    high_availability={"mode": "ZoneRedundant"},
    network={"delegated_subnet_resource_id": subnet.id, "private_dns_zone_arm_resource_id": zone.id},
    opts=pulumi.ResourceOptions(depends_on=[link]),
)
public = az.dbforpostgresql.Server(
    "public",
    resource_group_name=there,
    server_name="pg-public",
    administrator_login="dr",
    administrator_login_password=pulumi.Output.secret("not-Real-1"),
    sku={"name": "Standard_D2ds_v5", "tier": "GeneralPurpose"},
)
replica = az.dbforpostgresql.Server(
    "replica",
    resource_group_name=there,
    server_name="pg-replica",
    location="westeurope",
    create_mode="Replica",
    source_server_resource_id=server.id,
    sku={"name": "Standard_D2ds_v5", "tier": "GeneralPurpose"},
    storage={"storage_size_gb": 32},
)
of_server = {"resource_group_name": there, "server_name": server.name}
az.dbforpostgresql.Database("core", **of_server, database_name="core")
az.dbforpostgresql.Configuration(
    "memory", **of_server, configuration_name="work_mem", value="8192" if change else "4096", source="user-override"
)
az.dbforpostgresql.FirewallRule(
    "rule",
    resource_group_name=there,
    server_name=public.name,
    firewall_rule_name="office",
    start_ip_address="198.51.100.1",
    end_ip_address="198.51.100.9" if change else "198.51.100.2",
)
az.dbforpostgresql.VirtualEndpoint(
    "endpoint",
    **of_server,
    virtual_endpoint_name="core",
    endpoint_type="ReadWrite",
    members=pulumi.Output.all(server.name, replica.name),
)
az.dbforpostgresql.BackupsAutomaticAndOnDemand("backup", **of_server, backup_name="first")
endpoints = az.network.Subnet(
    "endpoints",
    resource_group_name=there,
    virtual_network_name=network.name,
    address_prefix="10.0.2.0/24",
    private_endpoint_network_policies="Enabled",
)
cache = az.redisenterprise.RedisEnterprise(
    "cache",
    resource_group_name=there,
    cluster_name="cache-all",
    sku={"name": "Balanced_B3" if change else "Balanced_B1"},
    public_network_access="Disabled",
)
az.redisenterprise.Database(
    "cached",
    resource_group_name=there,
    cluster_name=cache.name,
    database_name="default",
    access_keys_authentication="Enabled",
    persistence={"rdb_enabled": True, "rdb_frequency": "6h" if change else "1h", "aof_enabled": False},
)
inside = az.network.PrivateEndpoint(
    "inside",
    resource_group_name=there,
    private_endpoint_name="cache",
    subnet={"id": endpoints.id},
    private_link_service_connections=[
        {"name": "cache", "private_link_service_id": cache.id, "group_ids": ["redisEnterprise"]}
    ],
)
az.network.PrivateDnsZoneGroup(
    "inside-names",
    resource_group_name=there,
    private_endpoint_name=inside.name,
    private_dns_zone_group_name="default",
    private_dns_zone_configs=[{"name": "redis", "private_dns_zone_id": zone.id}],
)
vault = az.keyvault.Vault(
    "vault",
    resource_group_name=there,
    vault_name="kv-all",
    properties={
        "tenant_id": who.tenant_id,
        "sku": {"name": "standard", "family": "A"},
        "enable_rbac_authorization": True,
        "soft_delete_retention_in_days": 90,
    },
)
registry = az.containerregistry.Registry(
    "registry",
    resource_group_name=there,
    registry_name="acrall",
    sku={"name": "Premium"},
    zone_redundancy="Enabled",
    policies={"retention_policy": {"days": 60 if change else 30, "status": "enabled"}},
)
az.containerregistry.Replication(
    "replication",
    resource_group_name=there,
    registry_name=registry.name,
    replication_name="westeurope",
    location="westeurope",
    region_endpoint_enabled=not change,
)
log = az.operationalinsights.Workspace(
    "log",
    resource_group_name=there,
    workspace_name="log-all",
    sku={"name": "PerGB2018"},
    retention_in_days=120 if change else 90,
)
az.monitor.DiagnosticSetting(
    "audit",
    resource_uri=vault.id,
    name="audit",
    workspace_id=log.id,
    logs=[{"category_group": "allLogs" if change else "audit", "enabled": True}],
)
insights = az.applicationinsights.Component(
    "insights",
    resource_group_name=there,
    resource_name_="insights-all",
    kind="web",
    application_type="web",
    workspace_resource_id=log.id,
    retention_in_days=120 if change else 90,
)
told = az.monitor.ActionGroup(
    "told", resource_group_name=there, location="global", group_short_name="all", enabled=not change
)
az.monitor.MetricAlert(
    "alive",
    resource_group_name=there,
    location="global",
    enabled=True,
    severity=1 if change else 0,
    scopes=[server.id],
    evaluation_frequency="PT1M",
    window_size="PT5M",
    criteria=az.monitor.MetricAlertSingleResourceMultipleMetricCriteriaArgs(
        odata_type="Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
        all_of=[
            az.monitor.MetricCriteriaArgs(
                criterion_type="StaticThresholdCriterion",
                name="alive",
                metric_name="is_db_alive",
                operator="LessThan",
                threshold=1,
                time_aggregation="Maximum",
            )
        ],
    ),
    actions=[{"action_group_id": told.id}],
)
az.monitor.ScheduledQueryRule(
    "errors",
    resource_group_name=there,
    kind="LogAlert",
    severity=2 if change else 1,
    scopes=[log.id],
    evaluation_frequency="PT5M",
    window_size="PT5M",
    criteria={
        "all_of": [{"query": "AppRequests", "time_aggregation": "Count", "operator": "GreaterThan", "threshold": 5}]
    },
    actions={"action_groups": [told.id]},
)
pulumi.export("connection", insights.connection_string)
password = az.keyvault.Secret(
    "secret",
    resource_group_name=there,
    vault_name=vault.name,
    secret_name="password",
    properties={"value": pulumi.Output.secret("one" if not change else "two")},
)
account = az.storage.StorageAccount(
    "account",
    resource_group_name=there,
    account_name="stall",
    kind="StorageV2",
    sku={"name": "Standard_GRS" if change else "Standard_RAGRS"},
    minimum_tls_version="TLS1_2",
    network_rule_set={"default_action": "Allow"},
)
of_account = {"resource_group_name": there, "account_name": account.name}
az.storage.BlobServiceProperties("blobs", **of_account, blob_services_name="default", is_versioning_enabled=True)
container = az.storage.BlobContainer("container", **of_account, container_name="things")
worm = az.storage.BlobContainerImmutabilityPolicy(
    "worm",
    **of_account,
    container_name=container.name,
    immutability_policy_name="default",
    immutability_period_since_creation_in_days=8 if change else 7,
)
az.storage.ManagementPolicy(
    "lifecycle",
    **of_account,
    management_policy_name="default",
    policy={
        "rules": [
            {
                "name": "old-versions",
                "type": "Lifecycle",
                "enabled": True,
                "definition": {
                    "actions": {
                        "version": {"delete": {"days_after_creation_greater_than": 60 if change else 30}},
                    },
                    "filters": {"blob_types": ["blockBlob"]},
                },
            }
        ]
    },
)


def replicated(name: str, container: str) -> tuple[az.storage.StorageAccount, az.storage.BlobContainer]:
    made = az.storage.StorageAccount(
        name, resource_group_name=there, account_name=f"st{name}", kind="StorageV2", sku={"name": "Standard_LRS"}
    )
    of_made = {"resource_group_name": there, "account_name": made.name}
    kept = az.storage.BlobServiceProperties(
        f"{name}-blobs",
        **of_made,
        blob_services_name="default",
        is_versioning_enabled=True,
        change_feed={"enabled": True},
    )
    return made, az.storage.BlobContainer(
        f"{name}-container", **of_made, container_name=container, opts=pulumi.ResourceOptions(depends_on=[kept])
    )


sender, own = replicated("sender", "own")
receiver, copies = replicated("receiver", "copies")
between = {"resource_group_name": there, "source_account": sender.id, "destination_account": receiver.id}
copied = {"source_container": own.name, "destination_container": copies.name}
received = az.storage.ObjectReplicationPolicy(
    "received",
    **between,
    account_name=receiver.name,
    object_replication_policy_id="default",
    rules=[copied],
    opts=pulumi.ResourceOptions(ignore_changes=["objectReplicationPolicyId", "rules"]),
)
az.storage.ObjectReplicationPolicy(
    "sent",
    **between,
    account_name=sender.name,
    object_replication_policy_id=received.policy_id,
    rules=[{**copied, "rule_id": received.rules.apply(lambda rules: rules[0].rule_id)}],
)
scope = pulumi.Output.format(
    "/subscriptions/{0}/providers/Microsoft.Authorization/roleDefinitions", who.subscription_id
)
definition = az.authorization.RoleDefinition(
    "definition",
    scope=group.id,
    role_definition_id="33333333-3333-3333-3333-333333333333",
    role_name="reads vaults",
    role_type="CustomRole",
    assignable_scopes=[group.id],
    permissions=[{"actions": ["Microsoft.KeyVault/vaults/read"]}],
)
reads_vault = az.authorization.RoleAssignment(
    "assignment",
    scope=vault.id,
    role_assignment_name="44444444-4444-4444-4444-444444444444",
    principal_id=app.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=scope.apply(lambda at: f"{at}/4633458b-17de-408a-b874-0445c86b69e6"),
)
az.authorization.ManagementLockByScope(
    "lock",
    scope=account.id,
    lock_name="keep",
    level="CanNotDelete",
    notes="changed" if change else "as it was",
    opts=pulumi.ResourceOptions(depends_on=[worm]),  # what it locks can only be deleted after it
)
rules = az.network.NetworkSecurityGroup(
    "rules",
    resource_group_name=there,
    security_rules=[
        {
            "name": "apps",
            "priority": 100,
            "direction": "Inbound",
            "access": "Allow",
            "protocol": "Tcp",
            "source_address_prefix": "10.0.0.0/24",
            "source_port_range": "*",
            "destination_address_prefix": "*",
            "destination_port_range": "5433" if change else "5432",
        }
    ],
)
farm = az.web.AppServicePlan(
    "farm",
    resource_group_name=there,
    name="farm-all",
    kind="linux",
    reserved=True,
    per_site_scaling=True,
    sku={"name": "P1v3", "capacity": 3 if change else 2},
)
running = {
    "resource_group_name": there,
    "location": "northeurope",
    "kind": "app,linux,container",
    "server_farm_id": farm.id,
    "https_only": True,
    "identity": {"type": "UserAssigned", "user_assigned_identities": [app.id]},
    "site_config": {
        "linux_fx_version": "DOCKER|registry.example/app:v2" if change else "DOCKER|registry.example/app:v1",
        "app_command_line": "app",
        "number_of_workers": 2,
        "app_settings": [{"name": "SERVICE", "value": "web"}],
    },
}
site = az.web.WebApp("site", name="app-all", **running)
az.web.WebAppSlot("slot", name=site.name, slot="staging", **running)
az.web.WebAppSlotConfigurationNames(
    "sticky", resource_group_name=there, name=site.name, app_setting_names=["A", "B"] if change else ["A"]
)
az.web.WebAppHostNameBinding(
    "binding", resource_group_name=there, name=site.name, host_name="app.celora.com", ssl_state="SniEnabled"
)
monitor = {
    "protocol": "HTTPS",
    "port": 443,
    "path": "/health",
    "interval_in_seconds": 10,
    "timeout_in_seconds": 5,
    "tolerated_number_of_failures": 3 if change else 2,
}
traffic = {"resource_group_name": there, "location": "global", "traffic_routing_method": "Priority"}
inner = az.trafficmanager.Profile(
    "inner",
    profile_name="tm-inner",
    **traffic,
    dns_config={"relative_name": "tm-inner", "ttl": 30},
    # Never changed here: each PUT of a profile takes away the endpoints that are resources of their own.
    monitor_config={**monitor, "tolerated_number_of_failures": 2},
)
az.trafficmanager.Endpoint(
    "own",
    resource_group_name=there,
    profile_name=inner.name,
    endpoint_type="ExternalEndpoints",
    endpoint_name="own",
    target=site.default_host_name,
    priority=1,
    endpoint_status="Enabled",
    opts=pulumi.ResourceOptions(ignore_changes=["endpointMonitorStatus"]),
)
outer = az.trafficmanager.Profile(
    "outer",
    profile_name="tm-outer",
    **traffic,
    dns_config={"relative_name": "tm-outer", "ttl": 30},
    monitor_config=monitor,
    endpoints=[
        {
            "name": "inner",
            "type": "Microsoft.Network/trafficManagerProfiles/nestedEndpoints",
            "target_resource_id": inner.id,
            "priority": 1,
            "min_child_endpoints": 1,
            "endpoint_status": "Enabled",
        },
        {
            "name": "last",
            "type": "Microsoft.Network/trafficManagerProfiles/externalEndpoints",
            "target": site.default_host_name,
            "priority": 2,
            "always_serve": "Enabled",
            "endpoint_status": "Enabled",
        },
    ],
)
public_zone = az.dns.Zone("public-zone", resource_group_name=there, zone_name="celora.com", location="global")
of_zone = {"resource_group_name": there, "zone_name": public_zone.name, "ttl": 60 if change else 30}
az.dns.RecordSet(
    "record",
    **of_zone,
    record_type="CNAME",
    relative_record_set_name="app",
    cname_record={"cname": outer.dns_config.apply(lambda config: config.fqdn)},
)
az.dns.RecordSet("apex", **of_zone, record_type="A", relative_record_set_name="@", target_resource={"id": outer.id})
profile = az.cdn.Profile(
    "profile",
    resource_group_name=there,
    location="global",
    profile_name="fd-all",
    sku={"name": "Premium_AzureFrontDoor"},
    identity={"type": "UserAssigned", "user_assigned_identities": [app.id]},
    tags={"c": change},
)
of_profile = {"resource_group_name": there, "profile_name": profile.name}
endpoint = az.cdn.AFDEndpoint(
    "endpoint", **of_profile, location="global", endpoint_name="fd-all", enabled_state="Enabled"
)
certificate = az.cdn.Secret(
    "certificate",
    **of_profile,
    secret_name="of-the-name",
    parameters={"type": "CustomerCertificate", "secret_source": {"id": password.id}, "use_latest_version": True},
    opts=pulumi.ResourceOptions(depends_on=[reads_vault]),
)
domain = az.cdn.AFDCustomDomain(
    "domain",
    **of_profile,
    custom_domain_name="www",
    host_name="www.celora.com",
    tls_settings={
        "certificate_type": "CustomerCertificate",
        "minimum_tls_version": "TLS12",
        "secret": {"id": certificate.id},
    },
)
sites = az.cdn.AFDOriginGroup(
    "sites",
    **of_profile,
    origin_group_name="sites",
    health_probe_settings={
        "probe_path": "/health",
        "probe_protocol": "Https",
        "probe_request_type": "GET",
        "probe_interval_in_seconds": 30 if change else 10,
    },
    load_balancing_settings={
        "sample_size": 3,
        "successful_samples_required": 1,
        "additional_latency_in_milliseconds": 0,
    },
    session_affinity_state="Disabled",
)
origin = az.cdn.AFDOrigin(
    "origin",
    **of_profile,
    origin_group_name=sites.name,
    origin_name="first",
    host_name=site.default_host_name,
    http_port=80,
    https_port=443,
    priority=1,
    weight=500 if change else 1000,
    enforce_certificate_name_check=True,
    enabled_state="Enabled",
)
route = az.cdn.Route(
    "route",
    **of_profile,
    endpoint_name=endpoint.name,
    route_name="all",
    origin_group={"id": sites.id},
    custom_domains=[{"id": domain.id}],
    patterns_to_match=["/*"],
    supported_protocols=["Http", "Https"],
    https_redirect="Enabled",
    forwarding_protocol="HttpsOnly",
    link_to_default_domain="Enabled",
    enabled_state="Enabled",
    opts=pulumi.ResourceOptions(depends_on=[origin]),
)
firewall = az.frontdoor.Policy(
    "firewall",
    resource_group_name=there,
    location="Global",
    policy_name="wafall",
    sku={"name": "Premium_AzureFrontDoor"},
    policy_settings={"enabled_state": "Enabled", "mode": "Detection" if change else "Prevention"},
    managed_rules={"managed_rule_sets": [{"rule_set_type": "Microsoft_BotManagerRuleSet", "rule_set_version": "1.1"}]},
)
az.cdn.SecurityPolicy(
    "firewall-of",
    **of_profile,
    security_policy_name="firewall",
    parameters={
        "type": "WebApplicationFirewall",
        "waf_policy": {"id": firewall.id},
        "associations": [{"domains": [{"id": domain.id}], "patterns_to_match": ["/*"]}],
    },
    opts=pulumi.ResourceOptions(depends_on=[route]),
)
pulumi.export("host", server.fully_qualified_domain_name)
pulumi.export("principal", app.principal_id)
