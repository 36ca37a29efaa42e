"""
The cases of the rules, as data in `cases/*.yaml`: a scene that is good, and what is done to it.

    DR-RET-001:
      scene: [{type: ..., props: {...}}]      one resource, or several with names of their own (`as`)
      matters: [backupRetentionPeriod]        each is taken out, made unknown, made secret in turn
      bad: [{set: {path: value}, says: text}] or {drop: name} or {protect: ..., ignore: [...], type: ...}
      facts, config                           the plan's facts (also of one change) and the rule's thresholds
      absent: ok                              when leaving it out is fine; of some of them: [path]
      why_none: reason                        instead of `matters`, where the rule reads no property

A path is `property.path` of the first resource, or `name/property.path`. `depends` of a resource says which property
came from which other one. Regions come from `region` (AWS) and `location` (Azure) among the properties.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from scripts.packs.analyzer import PackProcess, PackResource, PolicyFinding

CASES = Path(__file__).parent / "cases"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
REMOVED = object()

Scene = list[dict[str, Any]]


@dataclass(frozen=True)
class Case:
    """One rule on one scene. expect: what the rule reports (None: nothing); says: part of its text."""

    rule: str
    name: str
    scene: Scene
    facts: Mapping[str, Any]
    config: Mapping[str, Any]
    expect: str | None
    says: str = ""
    never_says: str = ""

    def __str__(self) -> str:
        return f"{self.rule}-{self.name}"


@cache
def definitions() -> dict[str, list[dict[str, Any]]]:
    """Rule id to its definitions (a rule over several types may have one for each)."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(CASES.glob("*.yaml")):
        for rule, given in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            found.setdefault(rule, []).extend(given if isinstance(given, list) else [given])
    return found


def cases() -> Iterator[Case]:
    for rule, given in definitions().items():
        for number, definition in enumerate(given):
            yield from _cases_of(rule, f"{number}" if len(given) > 1 else "", definition)


def _cases_of(rule: str, number: str, definition: Mapping[str, Any]) -> Iterator[Case]:
    def case(name: str, change: Mapping[str, Any], expect: str | None, says: str = "", never_says: str = "") -> Case:
        facts = change.get("facts", definition.get("facts", {}))
        config = definition.get("config", {})
        return Case(rule, f"{number}{name}", changed(good, change), facts, config, expect, says, never_says)

    good = definition["scene"]
    yield case("good", {}, None)
    for position, also in enumerate(definition.get("also_good", [])):
        yield case(f"good-{position}", also, None)
    for position, change in enumerate(definition["bad"]):
        yield case(f"bad-{position}", change, "broken", change.get("says", ""))
    for path in definition.get("matters", []):
        fine = definition.get("absent", [])
        absent = None if fine == "ok" or path in fine else "broken"
        yield case(f"absent-{path}", {"set": {path: REMOVED}}, absent)
        yield case(f"unknown-{path}", {"set": {path: UNKNOWN}}, "unknown", path.rsplit("/", 1)[-1])
        value = value_at(good, path)
        yield case(f"secret-{path}", {"set": {path: secret(value)}}, None)
    for position, change in enumerate(definition["bad"]):
        for path, value in change.get("set", {}).items():
            if isinstance(value, (str, int, float)) and not isinstance(value, bool):
                as_secret = {**change, "set": {**change["set"], path: secret(value)}}
                hidden = str(value) if len(str(value)) > 3 else ""
                yield case(f"secret-bad-{position}-{path}", as_secret, "broken", "", hidden)


def secret(value: Any) -> dict[str, Any]:
    return {SIGNATURE: SECRET, "value": value}


def changed(scene: Scene, change: Mapping[str, Any]) -> Scene:
    scene = copy.deepcopy(scene)
    for path, value in change.get("set", {}).items():
        _put(*_place(scene, path), value)
    if "drop" in change:
        scene = [item for position, item in enumerate(scene) if name_of(item, position) != change["drop"]]
    for option in ("protect", "ignore", "type"):
        if option in change:
            scene[0][option] = change[option]
    return scene


def weakened(scene: Scene, mutation: Mapping[str, Any]) -> Scene:
    """The scene with a mutation of `mutations.yaml` done to it. Raises when there is nothing to do it to."""
    scene = copy.deepcopy(scene)
    before = copy.deepcopy(scene)
    if mutation.keys() & {"set", "drop"}:
        scene = changed(scene, {key: mutation[key] for key in ("set", "drop") if key in mutation})
    if "drop_type" in mutation:
        scene = [item for item in scene if item["type"] != mutation["drop_type"]]
    if "drop_like" in mutation:
        scene = [item for item in scene if mutation["drop_like"] not in item["as"]]
    for position, item in enumerate(scene):
        if "set_type" in mutation and item["type"] == mutation["set_type"][0]:
            item["props"].update(mutation["set_type"][1])
        if mutation.get("unprotect") == name_of(item, position):
            item["protect"] = False
        if name_of(item, position) in mutation.get("ignore", ()):
            item["ignore"] = []
    assert scene != before, "the mutation changes nothing"
    return scene


def name_of(item: Mapping[str, Any], position: int) -> str:
    return str(item.get("as", f"r{position}"))


def value_at(scene: Scene, path: str) -> Any:
    place, keys = _place(scene, path)
    for key in keys:
        place = place[int(key)] if isinstance(place, list) else place[key]
    return place


def _place(scene: Scene, path: str) -> tuple[Any, list[str]]:
    name, _, rest = path.rpartition("/")
    item = next(item for position, item in enumerate(scene) if name in ("", name_of(item, position)))
    return item.setdefault("props", {}), rest.split(".")


def _put(place: Any, keys: list[str], value: Any) -> None:
    for key in keys[:-1]:
        place = place[int(key)] if isinstance(place, list) else place.setdefault(key, {})
    last: Any = int(keys[-1]) if isinstance(place, list) else keys[-1]
    if value is not REMOVED:
        place[last] = copy.deepcopy(value)
    elif isinstance(place, list):
        place.pop(last)
    else:
        del place[last]


def resources_of(scene: Scene, stack: str = "dev") -> list[PackResource]:
    urns = {
        name_of(item, position): item.get("urn")
        or f"urn:pulumi:{stack}::shop::{item['type']}::{name_of(item, position)}"
        for position, item in enumerate(scene)
    }
    return [
        PackResource(
            type=item["type"],
            urn=urns[name_of(item, position)],
            name=item.get("name", name_of(item, position)),
            inputs=item.get("props", {}),
            outputs={**item.get("props", {}), **item.get("outputs", {})},
            provider_urn=f"urn:pulumi:{stack}::shop::pulumi:providers:{item['type'].split(':')[0]}::default",
            provider_inputs=item.get("provider", {}),
            protect=item.get("protect", False),
            ignore_changes=tuple(item.get("ignore", ())),
            property_dependencies={
                key: tuple(urns[other] for other in ([others] if isinstance(others, str) else others) if other in urns)
                for key, others in item.get("depends", {}).items()
            },
        )
        for position, item in enumerate(scene)
    ]


def findings_of(pack: PackProcess, case: Case) -> list[PolicyFinding]:
    """What the rule of the case says; its level is mandatory, so that nothing depends on defaults."""
    config: dict[str, Any] = {"DR-PLN-001": dict(case.facts)} if case.facts else {}
    config[case.rule] = {**config.get(case.rule, {}), **case.config, "enforcementLevel": "mandatory"}
    pack.configure(config)
    return [finding for finding in pack.analyze(resources_of(case.scene)) if finding.rule == case.rule]
