"""What a backup selection takes in is the same to the policy pack, which stands alone, and to the report."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from policies.rules.kernel.selections import matches, selects
from policies.rules.kernel.values import Node, Unknown
from previews.copies import Side, Store
from previews.meanings.aws.backups import PLAN, SELECTION, Names, add_backups
from previews.previewed import Resource

REGION = "eu-north-1"
NAMES = ("core", "orders", "core-old")
WORDS = st.sampled_from(["prod", "pro*", "dev", "?rod", ""])
KEYS = st.sampled_from(["env", "backup"])
PATTERNS = st.sampled_from(
    ["*", "arn:aws:rds:*", "arn:aws:rds:eu-north-1:1:db:core", "*:db:core*", "*:db:?ore", "arn:aws:dynamodb:*"]
)


def entries(keys: st.SearchStrategy[str]) -> st.SearchStrategy[list[dict[str, str]]]:
    return st.lists(st.fixed_dictionaries({"key": keys, "value": WORDS}), max_size=2)


OPERATORS = ("stringEquals", "stringNotEquals", "stringLikes", "stringNotLikes")
SELECTIONS = st.fixed_dictionaries(
    {},
    optional={
        "resources": st.lists(PATTERNS, max_size=2),
        "notResources": st.lists(PATTERNS, max_size=2),
        "selectionTags": entries(KEYS).map(lambda tags: [{"type": "STRINGEQUALS", **tag} for tag in tags]),
        "conditions": st.lists(
            st.fixed_dictionaries(
                {}, optional={each: entries(KEYS.map("aws:ResourceTag/{}".format)) for each in OPERATORS}
            ),
            max_size=2,
        ),
    },
)
TAGS = st.dictionaries(KEYS, st.sampled_from(["prod", "dev"]), max_size=2)


def arn_of(name: str) -> str:
    return f"arn:aws:rds:{REGION}:1:db:{name}"


def resource(kind: str, inputs: dict[str, Any], identity: str) -> Resource:
    urn = f"urn:pulumi:prod::shop::{kind}::{identity}"
    return Resource("prod", urn, kind, identity, {"region": REGION, **inputs}, {"id": identity}, {})


def told(selection: dict[str, Any], tags: dict[str, dict[str, str]]) -> dict[str, bool | None]:
    """Of each store whether the report counts it as backed up; None where it says that nobody knows."""
    stores = [
        Store(name, "prod", "database", REGION, frozenset({arn_of(name)}), required=True, tags=tags[name])
        for name in NAMES
    ]
    plan = resource(PLAN, {"rules": [{"ruleName": "all", "schedule": "rate(1 hour)"}]}, "plan")
    side = Side([plan, resource(SELECTION, {**selection, "planId": "plan"}, "selection")], {})
    add_backups(side, stores, Names(stores))
    return {store.name: None if store.unsure else bool(store.copies) for store in stores}


def judged(selection: dict[str, Any], name: str, tags: dict[str, str]) -> bool | None:
    def named(_prop: str, entry: Node) -> bool:
        return matches(entry.text() or "", arn_of(name))

    try:
        return selects(selection, lambda: tags, named)
    except Unknown:
        return None


@settings(max_examples=300, deadline=None)
@given(selection=SELECTIONS, tags=st.fixed_dictionaries(dict.fromkeys(NAMES, TAGS)))
def test_both_take_in_the_same_stores(selection: dict[str, Any], tags: dict[str, dict[str, str]]) -> None:
    assert told(selection, tags) == {name: judged(selection, name, tags[name]) for name in NAMES}


def test_the_selections_of_the_field_tell_stores_apart() -> None:
    tags = {"core": {"env": "prod"}, "orders": {"env": "dev"}, "core-old": {}}
    selection = {
        "resources": ["*"],
        "notResources": ["*:db:core-*"],
        "conditions": [{"stringNotEquals": [{"key": "aws:ResourceTag/env", "value": "dev"}]}],
    }
    assert told(selection, tags) == {"core": True, "orders": False, "core-old": False}
