"""The property tables against the SDK's own classes: what a table names must be there."""

import pytest

from sandbox.providers import sdk
from sandbox.providers.aws import RESOURCES
from sandbox.providers.aws.base import AwsResource
from sandbox.providers.kubernetes.objects import ROWS, Row


@pytest.mark.parametrize("kind", RESOURCES, ids=lambda kind: kind.__name__)
def test_an_aws_table_names_only_what_the_sdk_has(kind: type[AwsResource]) -> None:
    assert kind.sdk is not None
    module, name = kind.sdk
    inputs = set(sdk.inputs_of("pulumi_aws", module, name).types)
    outputs = sdk.outputs_of("pulumi_aws", module, name)
    create_only = {path.split(".")[0] for path in kind.create_only} - {"*"}
    assert create_only <= inputs
    assert set(kind.defaults) <= inputs
    assert kind.write_only <= inputs
    assert set(kind.computed) | kind.secret <= outputs
    assert kind.name is None or kind.name in inputs
    assert kind.regional == ("region" in inputs)
    assert kind.type_name == sdk.token_of("pulumi_aws", module, name)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.kind)
def test_a_kubernetes_row_names_only_what_the_sdk_has(row: Row) -> None:
    assert row.module is not None
    inputs = set(sdk.inputs_of("pulumi_kubernetes", row.module, row.kind).types)
    assert {"apiVersion", "kind", "metadata"} <= inputs
    assert row.secret | row.write_only <= inputs
    assert {path.split(".")[0] for path in row.replaced_by} <= inputs
