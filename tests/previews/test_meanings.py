"""Every type and property of the table exists in the SDKs under that name; custom resources are the only exception."""

from __future__ import annotations

import importlib.util
import re
from functools import lru_cache
from pathlib import Path

import pytest

from policies.rules.kernel.spellings import SPELLINGS, plain_type
from policies.rules.kernel.stores import HOLDS_DATA
from previews.meanings import GUARDS, MEANINGS, STORES, Meaning, normal_type
from previews.meanings.table import Better

PACKAGES = {"aws": "pulumi_aws", "azure-native": "pulumi_azure_native", "kubernetes": "pulumi_kubernetes"}
# Defined by Velero and CloudNativePG themselves, not by an SDK; and the providers whose SDKs are not installed here.
CUSTOM = re.compile(r"kubernetes:(?:velero\.io|postgresql\.cnpg\.io)/|(?:gcp|mongodbatlas|hcloud|cloudflare):")
TYPES = sorted(kind for kind in {*MEANINGS, *GUARDS, *STORES} if not CUSTOM.match(kind))
ROWS = [row for rows in MEANINGS.values() for row in rows]


@lru_cache
def sdk(package: str) -> Path:
    spec = importlib.util.find_spec(PACKAGES[package])
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def source_of(kind: str) -> Path:
    package, module, name = kind.split(":")
    folder = sdk(package) / module.partition("/")[0].replace(".k8s.io", "")
    if package == "kubernetes":
        return folder / module.split("/")[1] / f"{name}.py"
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
    return folder / f"{snake}.py"


@lru_cache
def text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def names(path: Path) -> set[str]:
    """Wire names of the properties that a generated module speaks of."""
    found = set(re.findall(r'pulumi\.getter\(name="(\w+)"\)', text(path)))
    return found | set(re.findall(r"def (\w+)\(self\)", text(path)))


@pytest.mark.parametrize("kind", TYPES)
def test_the_type_exists(kind: str) -> None:
    assert f"'{kind}'" in text(source_of(kind)) or f'"{kind}"' in text(source_of(kind)), source_of(kind)


@pytest.mark.parametrize("row", [r for r in ROWS if not CUSTOM.match(r.type)], ids=lambda r: f"{r.type} {r.path}")
def test_the_property_exists(row: Meaning) -> None:
    source = source_of(row.type)
    first, *nested = row.path.replace("[*]", "").split(".")
    assert first in names(source)
    inputs = names(source.parent / "_inputs.py")
    if row.type.startswith("kubernetes:"):
        for module in ("core", "meta"):
            inputs |= names(sdk("kubernetes") / module / "v1" / "_inputs.py")
    assert not [name for name in nested if name not in inputs]


@pytest.mark.parametrize("row", ROWS, ids=lambda r: f"{r.type} {r.path}")
def test_a_row_is_complete(row: Meaning) -> None:
    assert (row.better is Better.ORDER) == bool(row.order)
    assert row.absent in {"weak", "strong", "unknown"}
    if row.better is Better.ORDER and row.default is not None:
        assert str(row.default).lower() in [step.lower() for step in row.order]


def test_no_row_is_there_twice() -> None:
    keys = [(row.type, row.path) for row in ROWS]
    assert len(keys) == len(set(keys))


def test_the_paths_of_stores_have_a_meaning() -> None:
    for store in STORES.values():
        known = {row.path for row in MEANINGS.get(store.type, ())}
        assert not {path for path in (store.protection, store.backup) if path} - known, store.type


def test_each_store_of_the_table_is_one_for_the_policy_pack_too() -> None:
    """One table of what holds data: the report may know more of a type, but no type more."""
    assert sorted(set(STORES) - set(HOLDS_DATA)) == []


def test_no_row_stands_under_a_former_name() -> None:
    for kind in {*MEANINGS, *GUARDS, *STORES}:
        assert normal_type(kind) == kind


@pytest.mark.parametrize(("former", "present"), sorted(SPELLINGS.items()))
def test_former_names_are_the_same_type_to_pack_and_report(former: str, present: str) -> None:
    assert normal_type(former) == plain_type(former) == present


def test_types_of_older_azure_sdks_are_the_same_type() -> None:
    assert normal_type("azure-native:dbforpostgresql/v20221201:Server") == "azure-native:dbforpostgresql:Server"
    assert normal_type("azure-native:keyvault/v20230201preview:Vault") == "azure-native:keyvault:Vault"
    assert normal_type("aws:rds/instance:Instance") == "aws:rds/instance:Instance"
    assert normal_type("kubernetes:apps/v1:Deployment") == "kubernetes:apps/v1:Deployment"
