"""The project's plans as the stacks that its program declares, in the words of the policy cases."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from model import Plan, Topology, load_plan
from model.checks import not_built
from scripts.packs.facts import facts_of
from tests.components.declared import declared, records_of

from .scenes import UNKNOWN, Scene, secret

CERTIFICATE = "arn:aws:acm:eu-north-1:123456789012:certificate/c"


@cache
def plan(name: str) -> Plan:
    return load_plan(name)


def declarable() -> list[str]:
    """Plans that have a driver for everything in them."""
    names = sorted(path.stem for path in (Path(__file__).parents[2] / "plans").glob("*.yaml"))
    return [name for name in names if not list(not_built(plan(name)))]


NAMES = declarable()


def facts(name: str, *stacks: str) -> dict[str, Any]:
    return facts_of(plan(name), stacks)


@cache
def _scene(name: str, stacks: tuple[str, ...]) -> Scene:
    return [item for stack in stacks for item in _of_stack(plan(name), stack)]


def scene(name: str, *stacks: str) -> Scene:
    """The resources of a plan's stacks, each named STACK/NAME; of all of them when none is named."""
    return _scene(name, stacks or tuple(plan(name).stacks))


def _of_stack(plan: Plan, stack: str) -> Scene:
    # A certificate belongs to an account, so the project's stack files name none; a system in production has one.
    records = records_of(plan)
    seen = declared(stack, Topology.initial(plan), records, plan=plan.system, certificateArn=CERTIFICATE)
    items: Scene = []
    for urn, resource in seen.items():
        provider = seen.get(resource.provider.rpartition("::")[0])
        items.append(
            {
                "as": f"{stack}/{resource.name}",
                "urn": urn,
                "name": resource.name,
                "type": resource.type,
                "props": _opened(resource.inputs),
                "provider": _opened(provider.inputs) if provider else {},
                "protect": resource.protect,
                "ignore": list(resource.ignored),
                # The monitor of the tests gives keys other addresses than the records of the sites do.
                "outputs": {"arn": records[plan.primary.name].key}
                if resource.type == "aws:kms/key:Key"
                else {"id": f"{resource.name}-id"},
            }
        )
    return items


def _opened(value: Any) -> Any:
    if isinstance(value, Mapping):
        if set(value) == {"secret"}:
            return secret(_opened(value["secret"]))
        return {key: _opened(item) for key, item in value.items()}
    return [_opened(item) for item in value] if isinstance(value, list) else value


def first_preview(name: str, stack: str) -> Scene:
    """
    A stack as its very first preview shows it: what comes from another resource is not known yet, only from which.
    """
    items = copy.deepcopy(scene(name, stack))
    made = {text: item["as"] for item in items for text in (f"{item['name']}-id", f"arn:of:{item['name']}")}
    for item in items:
        item["depends"] = {}
        item["outputs"] = {"arn": UNKNOWN, "id": UNKNOWN}
        for key, value in item["props"].items():
            sources: list[str] = []
            item["props"][key] = _not_yet(value, made, sources)
            if sources:
                item["depends"][key] = sources
    return items


def _not_yet(value: Any, made: Mapping[str, str], sources: list[str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _not_yet(item, made, sources) for key, item in value.items()}
    if isinstance(value, list):
        return [_not_yet(item, made, sources) for item in value]
    if isinstance(value, str) and value in made:
        sources.append(made[value])
        return UNKNOWN
    return value
