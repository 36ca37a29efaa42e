"""The types and properties that rules read are those of the providers' SDKs."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from policies.rules.kernel.registry import all_rules
from policies.rules.kernel.resource import plain_type
from policies.rules.kernel.stores import HOLDS_DATA

from .scenes import definitions

PACKAGES = {"aws": "pulumi_aws", "azure-native": "pulumi_azure_native", "kubernetes": "pulumi_kubernetes"}
# Kinds that a cluster learns from custom resource definitions; no SDK has them.
CUSTOM = ("kubernetes:velero.io/", "kubernetes:keda.sh/")
# The SDK of Google Cloud is not among the project's dependencies: no component uses it. Its names are from its docs.
NOT_INSTALLED = ("gcp:",)
BUILT_IN = ("kubernetes:core/", "kubernetes:apps/")
# What is anybody's: names of tags, and what a policy document says.
FREE_FORM = {"tags", "selectionTags", "dimensions", "policy"}


def camel(snake: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), snake)


@cache
def folder_of(package: str) -> Path:
    # Importing the providers takes seconds and much memory; their files can be read without.
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


@cache
def source_of(token: str) -> str | None:
    """The source of the class with a type token, None when there is none."""
    package, module, name = token.split(":")
    folder = folder_of(PACKAGES[package]) / module.split("/")[0].replace("storage.k8s.io", "storage")
    if package == "kubernetes":
        folder = folder / module.split("/")[1]
    quoted = f"'{token}'"
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
    plain = folder / f"{name}.py" if package == "kubernetes" else folder / f"{snake}.py"
    for path in [plain, *sorted(folder.glob("*.py"))]:
        if (
            path.is_file()
            and path.name not in ("_inputs.py", "outputs.py", "__init__.py")
            and quoted in (text := path.read_text())
        ):
            return text
    return None


@cache
def properties_of(token: str) -> set[str]:
    source = source_of(token)
    assert source is not None, token
    own = set(re.findall(r'getter\(name="(\w+)"\)', source))  # where it is not what the rule makes of the Python name
    return own | {camel(name) for name in re.findall(r'__props__\.__dict__\["(\w+)"\]', source)}


@cache
def nested_names(package: str, module: str) -> set[str]:
    """The names of all properties of all input types of a module."""
    inputs = (folder_of(PACKAGES[package]) / module / "_inputs.py").read_text()
    named = re.findall(r'getter\(name="(\w+)"\)', inputs)
    return set(named) | set(re.findall(r"^    def (\w+)\(self\)", inputs, re.MULTILINE))


def nested_keys(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield key
            if key not in FREE_FORM:
                yield from nested_keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from nested_keys(inner)


def test_types_exist() -> None:
    tokens = {token for rule in all_rules() for token in rule.types}
    elsewhere = ("pulumi:", *CUSTOM, *NOT_INSTALLED)
    wrong = [token for token in sorted(tokens) if not token.startswith(elsewhere) and source_of(token) is None]
    assert not wrong


def test_what_holds_data_exists() -> None:
    known = [token for token in HOLDS_DATA if token.startswith(("aws:", "azure-native:", *BUILT_IN))]
    assert len(known) > 100
    assert [token for token in known if source_of(token) is None] == []


def test_former_names_are_those_that_the_sdks_record() -> None:
    """Each alias that an SDK has for a type that rules know leads to that type."""
    tokens = {token for rule in all_rules() for token in (*rule.types, *rule.reads)} | set(HOLDS_DATA)
    wrong = {}
    for token in sorted(tokens):
        if token.startswith(("aws:", "azure-native:", "kubernetes:")) and not token.startswith(CUSTOM):
            for alias in re.findall(r'Alias\(type_="([^"]+)"\)', source_of(token) or ""):
                if plain_type(alias) != token:
                    wrong[alias] = token
    assert wrong == {}


@pytest.mark.parametrize("rule", sorted(definitions()))
def test_properties_exist(rule: str) -> None:
    for definition in definitions()[rule]:
        for item in definition["scene"]:
            token = plain_type(item["type"])
            if token.startswith(("pulumi:", "kubernetes:", *NOT_INSTALLED)):
                continue
            package, module, _ = token.split(":")
            for key, value in item.get("props", {}).items():
                assert key in properties_of(token), f"{token} has no property {key}"
                for nested in () if key in FREE_FORM else nested_keys(value):
                    assert nested in nested_names(package, module.split("/")[0]), f"{token}.{key} has no {nested}"
