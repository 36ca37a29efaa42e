"""Every resource type of the sandbox in one program: two regions, a database and its replica, all around them."""

import json

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

NORTH, WEST, EAST = "eu-north-1", "eu-west-1", "us-east-1"
promoted = pulumi.Config().get_bool("promoted")
password = pulumi.Output.secret("very-quiet-password")


def after(*resources: pulumi.Resource) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(depends_on=list(resources))


# keys, roles
key = aws.kms.Key("key", region=NORTH, multi_region=True, enable_key_rotation=True, description="of all sites")
west_key = aws.kms.ReplicaKey("west-key", region=WEST, primary_key_arn=key.arn)
east_key = aws.kms.ReplicaKey("east-key", region=EAST, primary_key_arn=key.arn, deletion_window_in_days=7)
aws.kms.Alias("alias", region=NORTH, name="alias/every-type", target_key_id=key.key_id)
trust = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}
document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
role = aws.iam.Role("role", name="every-type", assume_role_policy=document)
allowed = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": "*"}]})
aws.iam.RolePolicy("inline", role=role.id, policy=allowed)
policy = aws.iam.Policy("managed", name="every-type", policy=allowed)
aws.iam.RolePolicyAttachment("attached", role=role.name, policy_arn=policy.arn)
aws.iam.OpenIdConnectProvider(
    "issuer", url="https://oidc.example.com/id/every-type", client_id_lists=["sts.amazonaws.com"]
)


# networks
def network(region: str, number: int) -> tuple[aws.ec2.Vpc, list[pulumi.Output[str]], aws.ec2.SecurityGroup]:
    vpc = aws.ec2.Vpc(f"vpc-{number}", region=region, cidr_block=f"10.{number}.0.0/16", enable_dns_hostnames=True)
    gateway = aws.ec2.InternetGateway(f"gateway-{number}", region=region, vpc_id=vpc.id)
    routes = [{"cidr_block": "0.0.0.0/0", "gateway_id": gateway.id}]
    table = aws.ec2.RouteTable(f"routes-{number}", region=region, vpc_id=vpc.id, routes=routes)
    subnets = []
    for index, zone in enumerate("ab"):
        subnet = aws.ec2.Subnet(
            f"subnet-{number}-{index}",
            region=region,
            vpc_id=vpc.id,
            cidr_block=f"10.{number}.{index}.0/24",
            availability_zone=region + zone,
            map_public_ip_on_launch=True,
        )
        aws.ec2.RouteTableAssociation(
            f"tied-{number}-{index}", region=region, subnet_id=subnet.id, route_table_id=table.id
        )
        subnets.append(subnet.id)
    group = aws.ec2.SecurityGroup(
        f"group-{number}",
        region=region,
        vpc_id=vpc.id,
        description="Pods to databases",
        ingress=[{"protocol": "tcp", "from_port": 5432, "to_port": 5432, "cidr_blocks": [f"10.{number}.0.0/16"]}],
        egress=[{"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": ["0.0.0.0/0"]}],
    )
    return vpc, subnets, group


vpc, north_subnets, north_group = network(NORTH, 1)
_, west_subnets, west_group = network(WEST, 2)

# databases
parameters = aws.rds.ParameterGroup(
    "parameters",
    region=NORTH,
    name="every-type",
    family="postgres16",
    parameters=[{"name": "log_connections", "value": "1"}],
)
common = {
    "instance_class": "db.r6g.large",
    "multi_az": True,
    "storage_encrypted": True,
    "backup_retention_period": 14,
    "apply_immediately": True,
    "skip_final_snapshot": True,
    "tags": {"dr-backup": "every-type"},
}
north_place = aws.rds.SubnetGroup("north-place", region=NORTH, name="north-place", subnet_ids=north_subnets)
west_place = aws.rds.SubnetGroup("west-place", region=WEST, name="west-place", subnet_ids=west_subnets)
database = aws.rds.Instance(
    "database",
    region=NORTH,
    identifier="every-type-1",
    engine="postgres",
    engine_version="16",
    allocated_storage=100,
    db_name="core",
    username="samia",
    password=password,
    db_subnet_group_name=north_place.name,
    vpc_security_group_ids=[north_group.id],
    kms_key_id=key.arn,
    **common,
    opts=after(parameters),
)
aws.rds.Instance(
    "replica",
    region=WEST,
    identifier="every-type-2",
    db_subnet_group_name=west_place.name,
    vpc_security_group_ids=[west_group.id],
    kms_key_id=west_key.arn,
    **common,
    **({} if promoted else {"replicate_source_db": database.arn}),
)
aws.rds.InstanceAutomatedBackupsReplication(
    "backups", region=EAST, source_db_instance_arn=database.arn, retention_period=14, kms_key_id=east_key.arn
)
secret = aws.secretsmanager.Secret(
    "secret", region=NORTH, name="every-type", replicas=[{"region": WEST}, {"region": EAST}], recovery_window_in_days=0
)
aws.secretsmanager.SecretVersion("login", region=NORTH, secret_id=secret.id, secret_string=password)

# objects
stores = {}
for region in (NORTH, WEST):
    store = aws.s3.Bucket(f"store-{region}", region=region, bucket=f"every-type-{region}", force_destroy=True)
    versions = aws.s3.BucketVersioning(
        f"versions-{region}", region=region, bucket=store.bucket, versioning_configuration={"status": "Enabled"}
    )
    stores[region] = (store, versions)
aws.s3.BucketServerSideEncryptionConfiguration(
    "encryption",
    region=NORTH,
    bucket=stores[NORTH][0].bucket,
    rules=[
        {
            "apply_server_side_encryption_by_default": {"sse_algorithm": "aws:kms", "kms_master_key_id": key.arn},
            "bucket_key_enabled": True,
        }
    ],
)
aws.s3.BucketLifecycleConfiguration(
    "lifecycle",
    region=NORTH,
    bucket=stores[NORTH][0].bucket,
    rules=[
        {
            "id": "old",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "noncurrent_version_expiration": {"noncurrent_days": 90},
        },
        {
            "id": "archive",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "transitions": [{"days": 1, "storage_class": "GLACIER"}],
        },
    ],
    opts=after(stores[NORTH][1]),
)
aws.s3.BucketReplicationConfig(
    "replication",
    region=NORTH,
    bucket=stores[NORTH][0].bucket,
    role=role.arn,
    rules=[
        {
            "id": "to-west",
            "status": "Enabled",
            "priority": 1,
            "filter": {"prefix": ""},
            "delete_marker_replication": {"status": "Enabled"},
            "source_selection_criteria": {"sse_kms_encrypted_objects": {"status": "Enabled"}},
            "destination": {
                "bucket": stores[WEST][0].arn,
                "encryption_configuration": {"replica_kms_key_id": west_key.arn},
                "metrics": {"status": "Enabled", "event_threshold": {"minutes": 15}},
                "replication_time": {"status": "Enabled", "time": {"minutes": 15}},
            },
        }
    ],
    opts=after(stores[NORTH][1], stores[WEST][1]),
)
archive = aws.s3.Bucket("archive", region=EAST, bucket="every-type-archive", object_lock_enabled=True)
aws.s3.BucketObjectLockConfiguration(
    "lock",
    region=EAST,
    bucket=archive.bucket,
    rule={"default_retention": {"mode": "COMPLIANCE", "days": 35}},
)
block = aws.s3.BucketPublicAccessBlock(
    "block", region=WEST, bucket=stores[WEST][0].bucket, block_public_acls=True, restrict_public_buckets=False
)
opened = {
    "Effect": "Allow",
    "Principal": "*",
    "Action": "s3:GetObject",
    "Resource": f"arn:aws:s3:::every-type-{WEST}/claims/*",
}
aws.s3.BucketPolicy(
    "claims",
    region=WEST,
    bucket=stores[WEST][0].bucket,
    policy=json.dumps({"Version": "2012-10-17", "Statement": [opened]}),
    opts=after(block),
)

# backups
vault = aws.backup.Vault("vault", region=NORTH, name="every-type", kms_key_arn=key.arn)
aws.backup.VaultLockConfiguration("vault-lock", region=NORTH, backup_vault_name=vault.name, min_retention_days=35)
plan = aws.backup.Plan(
    "plan",
    region=NORTH,
    name="every-type",
    rules=[
        {
            "rule_name": "snapshots",
            "target_vault_name": vault.name,
            "schedule": "cron(0 4 * * ? *)",
            "lifecycle": {"delete_after": 35},
            "copy_actions": [],
        }
    ],
)
aws.backup.Selection(
    "selection",
    region=NORTH,
    name="every-type",
    plan_id=plan.id,
    iam_role_arn=role.arn,
    selection_tags=[{"type": "STRINGEQUALS", "key": "dr-backup", "value": "every-type"}],
)

# front door, cluster
balancer = aws.lb.LoadBalancer(
    "balancer", region=NORTH, name="every-type", subnets=north_subnets, security_groups=[north_group.id]
)
seen = {"cloudwatch_metrics_enabled": True, "sampled_requests_enabled": True, "metric_name": "every-type"}
kept_out = aws.wafv2.IpSet(
    "kept-out",
    region=NORTH,
    name="every-type",
    scope="REGIONAL",
    ip_address_version="IPV4",
    addresses=["203.0.113.7/32"],
)
keep_out = {"statement": {"ip_set_reference_statement": {"arn": kept_out.arn}}, "action": {"block": {}}}
firewall = aws.wafv2.WebAcl(
    "firewall",
    region=NORTH,
    name="every-type",
    scope="REGIONAL",
    default_action={"allow": {}},
    rules=[{"name": "out", "priority": 0, "visibility_config": seen, **keep_out}],
    visibility_config=seen,
)
aws.wafv2.WebAclAssociation("before", region=NORTH, web_acl_arn=firewall.arn, resource_arn=balancer.arn)
targets = aws.lb.TargetGroup(
    "targets",
    region=NORTH,
    name="every-type",
    port=30080,
    protocol="HTTP",
    vpc_id=vpc.id,
    deregistration_delay=10,
    health_check={"path": "/health", "protocol": "HTTP", "interval": 10, "timeout": 5},
)
listener = aws.lb.Listener(
    "listener",
    region=NORTH,
    load_balancer_arn=balancer.arn,
    port=80,
    protocol="HTTP",
    default_actions=[{"type": "redirect", "redirect": {"protocol": "HTTPS", "port": "443", "status_code": "HTTP_301"}}],
)
aws.lb.ListenerRule(
    "rule",
    region=NORTH,
    listener_arn=listener.arn,
    priority=7,
    conditions=[{"path_pattern": {"values": ["/pay", "/pay/*"]}}, {"host_header": {"values": ["api.example.com"]}}],
    actions=[{"type": "forward", "target_group_arn": targets.arn}],
)
cluster = aws.eks.Cluster(
    "cluster", region=NORTH, name="every-type", role_arn=role.arn, vpc_config={"subnet_ids": north_subnets}
)
nodes = aws.eks.NodeGroup(
    "nodes",
    region=NORTH,
    cluster_name=cluster.name,
    node_group_name="every-type",
    node_role_arn=role.arn,
    subnet_ids=north_subnets,
    instance_types=["m6g.large"],
    ami_type="AL2023_ARM_64_STANDARD",
    scaling_config={"desired_size": 2, "min_size": 1, "max_size": 4},
)
aws.autoscaling.Attachment(
    "behind",
    region=NORTH,
    autoscaling_group_name=nodes.resources[0].autoscaling_groups[0].name,
    lb_target_group_arn=targets.arn,
)

# machines
template = aws.ec2.LaunchTemplate(
    "machine",
    region=NORTH,
    name="every-type",
    image_id="resolve:ssm:/every-type/till/stable",
    instance_type="t3.small",
    iam_instance_profile={"name": aws.iam.InstanceProfile("machine-acts-as", name="every-type", role=role.name).name},
    vpc_security_group_ids=[north_group.id],
)
aws.autoscaling.Group(
    "machines",
    region=NORTH,
    name="every-type",
    min_size=0,
    max_size=1,
    desired_capacity=0,
    vpc_zone_identifiers=north_subnets,
    launch_template={"id": template.id, "version": template.latest_version.apply(lambda it: str(int(it)))},
    wait_for_capacity_timeout="0",
)

# alarms
topic = aws.sns.Topic("topic", region=NORTH, name="every-type")
aws.sns.TopicSubscription("told", region=NORTH, topic=topic.arn, protocol="email", endpoint="oncall@example.org")
aws.cloudwatch.MetricAlarm(
    "alarm",
    region=NORTH,
    name="every-type",
    alarm_actions=[topic.arn],
    namespace="AWS/RDS",
    metric_name="ReplicaLag",
    dimensions={"DBInstanceIdentifier": "every-type-2"},
    statistic="Maximum",
    threshold=900,
    comparison_operator="GreaterThanThreshold",
    period=60,
    evaluation_periods=1,
)

# names
zone = aws.route53.Zone("zone", name="every-type.example")
claimed = aws.route53.HealthCheck(
    "claimed",
    type="HTTP",
    fqdn=f"every-type-{WEST}.s3.{WEST}.amazonaws.com",
    port=80,
    resource_path="/claims/active",
    request_interval=10,
    failure_threshold=3,
    invert_healthcheck=True,
    tags={"Name": "claimed"},
)
keeps = aws.route53.HealthCheck("keeps", type="CALCULATED", child_healthchecks=[claimed.id], child_health_threshold=1)
aws.route53.Record(
    "first",
    zone_id=zone.zone_id,
    name="api.every-type.example",
    type="A",
    aliases=[{"name": balancer.dns_name, "zone_id": balancer.zone_id, "evaluate_target_health": False}],
    set_identifier="first",
    failover_routing_policies=[{"type": "PRIMARY"}],
    health_check_id=keeps.id,
)
aws.route53.Record(
    "second",
    zone_id=zone.zone_id,
    name="api.every-type.example",
    type="A",
    ttl=5,
    records=["127.0.0.9"],
    set_identifier="second",
    failover_routing_policies=[{"type": "SECONDARY"}],
)

# in the cluster
kubeconfig = cluster.endpoint.apply(lambda endpoint: json.dumps({"clusters": [{"cluster": {"server": endpoint}}]}))
provider = k8s.Provider("kubernetes", kubeconfig=kubeconfig, enable_config_map_mutable=True, enable_secret_mutable=True)
namespace = k8s.core.v1.Namespace(
    "namespace", metadata={"name": "every-type"}, opts=pulumi.ResourceOptions(provider=provider)
)
inside = pulumi.ResourceOptions(provider=provider, depends_on=[namespace])
named = {"namespace": "every-type"}
labels = {"app": "auth"}
k8s.core.v1.ServiceAccount("account", metadata={"name": "auth", **named}, opts=inside)
k8s.core.v1.ConfigMap("site", metadata={"name": "site", **named}, data={"HOST": database.address}, opts=inside)
k8s.core.v1.Secret("pass", metadata={"name": "login", **named}, string_data={"PASSWORD": password}, opts=inside)
k8s.core.v1.Service(
    "door", metadata={"name": "auth", **named}, spec={"selector": labels, "ports": [{"port": 80}]}, opts=inside
)
container = {
    "name": "auth",
    "image": "samia/auth:1",
    "env_from": [{"config_map_ref": {"name": "site"}}, {"secret_ref": {"name": "login"}}],
    "ports": [{"container_port": 8080}],
    "readiness_probe": {"http_get": {"path": "/health/ready", "port": 8080}, "period_seconds": 2},
}
k8s.apps.v1.Deployment(
    "auth",
    metadata={"name": "auth", **named},
    spec={
        "replicas": 3 if promoted else 1,
        "selector": {"match_labels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
    },
    opts=inside,
)
k8s.policy.v1.PodDisruptionBudget(
    "budget",
    metadata={"name": "auth", **named},
    spec={"max_unavailable": 1, "selector": {"match_labels": labels}},
    opts=inside,
)
k8s.apiextensions.CustomResource(
    "nightly",
    api_version="velero.io/v1",
    kind="Schedule",
    metadata={"name": "nightly", **named},
    spec={"schedule": "0 1 * * *", "template": {"ttl": "240h"}},
    opts=inside,
)
pulumi.export("endpoint", database.endpoint)
pulumi.export("password", database.password)
