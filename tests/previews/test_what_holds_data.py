"""What a deletion or a replacement destroys is named for every provider; what nobody knows is said to be unknown."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.rules.kernel.stores import HOLDS_DATA
from previews.meanings.store_names import store_kind
from scripts.preview import Gate, why_not_merge
from tests.previews.logs import Json, digest, headline, report, state, step

GATE = [Gate.STATEFUL_REPLACE]
KNOWN = [
    "gcp:sql/databaseInstance:DatabaseInstance",
    "gcp:spanner/instance:Instance",
    "gcp:container/cluster:Cluster",
    "azure:postgresql/flexibleServer:FlexibleServer",
    "azure:cosmosdb/account:Account",
    "azure-native:documentdb/v20230415:SqlResourceSqlContainer",
    "azure-native:documentdb:DatabaseAccount",
    "aws:s3/bucketV2:BucketV2",
    "aws:redshift/cluster:Cluster",
    "aws:cognito/userPool:UserPool",
    "aws-native:rds:DbInstance",
    "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition",
    "kubernetes:acid.zalan.do/v1:postgresql",
    "kubernetes:kafka.strimzi.io/v1beta2:Kafka",
    "kubernetes:helm.sh/v3:Release",
    "cloudflare:index/r2Bucket:R2Bucket",
    "mongodbatlas:index/advancedCluster:AdvancedCluster",
    "digitalocean:index/databaseCluster:DatabaseCluster",
    "openstack:database/instance:Instance",
]
UNKNOWN = [
    "kubernetes:example.org/v1:Widget",
    "acme:index/account:Account",
    "datadog:index/monitor:Monitor",
    "nutanix:index/image:Image",
]
HARMLESS = [
    "aws:lambda/function:Function",
    "azure-native:network:VirtualNetwork",
    "gcp:compute/firewall:Firewall",
    "kubernetes:apps/v1:Deployment",
    "kubernetes:networking.k8s.io/v1:Ingress",
    "random:index/randomPet:RandomPet",
    "pulumi:providers:aws",
]


TOKENS = st.from_regex(r"[a-z]{3,9}:[a-z]{2,9}/[a-z]{2,9}:[A-Z][a-z]{2,9}")


def deleted(kind: str) -> Json:
    return step("delete", state(kind, "thing", {}), None)


@pytest.mark.parametrize("kind", KNOWN)
def test_what_holds_data_is_at_stake(kind: str, tmp_path: Path) -> None:
    for planned in (deleted(kind), step("replace", state(kind, "thing", {}), state(kind, "thing", {"a": 1}))):
        found = report(tmp_path, digest([planned], {planned["op"]: 1}))
        (loss,) = found.losses
        assert loss.listed
        assert "Data at stake" in headline(found)
        assert why_not_merge(found, GATE)


@pytest.mark.parametrize("kind", UNKNOWN)
def test_what_nobody_knows_is_said_to_be_unknown(kind: str, tmp_path: Path) -> None:
    found = report(tmp_path, digest([deleted(kind)], {"delete": 1}))
    assert "not known whether it holds data" in headline(found)
    assert kind in headline(found)
    assert not found.quiet


@pytest.mark.parametrize("kind", HARMLESS)
def test_what_holds_none_is_quiet(kind: str, tmp_path: Path) -> None:
    assert report(tmp_path, digest([deleted(kind)], {"delete": 1})).quiet


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.one_of(st.sampled_from(sorted(HOLDS_DATA)), TOKENS))
def test_no_deletion_of_a_store_is_silent(kind: str, tmp_path: Path) -> None:
    kind = kind.strip()
    store = store_kind(kind)
    found = report(tmp_path, digest([deleted(kind)], {"delete": 1}))
    assert found.quiet == (store is None)
    if kind in HOLDS_DATA:
        assert why_not_merge(found, GATE)
