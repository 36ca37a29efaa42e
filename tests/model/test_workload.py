"""A workload of the user's own in a plan: what may stand there, and what each mistake is called."""

from typing import Any

import pytest

from model import PlanError, parse_plan


def test_a_command_is_read(document: dict[str, Any]) -> None:
    document["workload"] = {"command": ["./load", "--as-users-do"], "environment": ["API_KEY"], "timeout": "1m"}
    workload = parse_plan(document, "x.yaml").workload
    assert workload is not None
    assert (workload.command, workload.timeout.total_seconds()) == (("./load", "--as-users-do"), 60)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "workload.command: "),
        ({"command": []}, "workload.command: "),
        ({"command": ["./load"], "timeout": "2h"}, "workload.timeout: is longer than an hour"),
        ({"command": ["./load"], "environment": ["not a name"]}, "workload.environment[0]: "),
        ({"command": ["./load"], "shell": True}, "workload.shell: "),
    ],
)
def test_a_mistake_is_named(document: dict[str, Any], given: dict[str, Any], says: str) -> None:
    document["workload"] = given
    with pytest.raises(PlanError) as wrong:
        parse_plan(document, "x.yaml")
    assert any(str(each).startswith(says) for each in wrong.value.mistakes), wrong.value.mistakes
