"""What a rule finds weakened in an Azure system, the report of the change tells as well."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from previews.analysis import Request, analyse
from previews.document import compose
from previews.markdown import plain
from previews.reading import named_files
from previews.report import Report
from tests.policies.scenes import Scene, name_of, weakened
from tests.previews.worlds import STACK_TYPE, World, resource, write_digests, write_events

STACKS = Path(__file__).parents[1] / "policies" / "stacks"
HEALTHY: Scene = yaml.safe_load((STACKS / "azure.yaml").read_text(encoding="utf-8"))["resources"]
MUTATIONS: list[dict[str, Any]] = yaml.safe_load((STACKS / "mutations.yaml").read_text(encoding="utf-8"))["azure"]
# A preview does not show which changes the program ignores.
UNSEEN = {"promotion guard taken off"}


def world(scene: Scene) -> World:
    """The scene as one stack; an identifier of each resource as Azure would give it."""
    return {
        "prod": [
            resource(
                item["type"],
                name_of(item, position),
                item.get("props", {}),
                protect=item.get("protect", False),
                outputs={"id": f"/subscriptions/1/{name_of(item, position)}"},
            )
            for position, item in enumerate(scene)
            if item["type"] != STACK_TYPE
        ]
    }


def headline(report: Report) -> str:
    return "\n".join(plain(words) for _, words in compose(report).headline).replace("**", "")


@pytest.mark.parametrize("write", [write_events, write_digests], ids=["events", "digest"])
@pytest.mark.parametrize(
    "mutation", [each for each in MUTATIONS if each["what"] not in UNSEEN], ids=lambda each: each["what"]
)
def test_a_weakened_system_is_told(mutation: dict[str, Any], write: Any, tmp_path: Path) -> None:
    files = named_files(write(tmp_path, world(HEALTHY), world(weakened(HEALTHY, mutation))))
    report = analyse(Request(files, project="shop"))
    assert report.weaker or report.judge or report.losses
    lines = [*report.weaker, *report.judge]
    told = "\n".join(
        [headline(report), *(f"{row.label} {row.before} → {row.after} on {row.name}: {row.note}" for row in lines)]
    )
    assert mutation["told"] in told


def test_all_of_what_a_rule_finds_is_told() -> None:
    assert {each["what"] for each in MUTATIONS if "told" not in each} == UNSEEN
