"""`dr sandbox`: words become faults, and the environment becomes shell text that a shell reads back the same."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.core.errors import BadInput
from scripts.sandbox_cli import exports, fault_arguments, show


@pytest.mark.parametrize(
    ("line", "arguments"),
    [
        ("region eu-north-1", {"region": "eu-north-1"}),
        ("region eu-north-1 --hang", {"region": "eu-north-1", "hang": True}),
        ("link a --one-way b", {"a": "a", "b": "b", "one_way": True}),
        ("slow a b --ms 250", {"a": "a", "b": "b", "ms": 250}),
        ("slow a b --ms=250", {"a": "a", "b": "b", "ms": 250}),
        ("health primary --says unhealthy", {"name": "primary", "says": "unhealthy"}),
        ("control-plane eu-north-1", {"region": "eu-north-1"}),
        ("capacity eu-north-1", {"region": "eu-north-1"}),
        ("frozen", {}),
        ("state prod", {"stack": "prod"}),
    ],
)
def test_words(line: str, arguments: dict[str, Any]) -> None:
    fault, *words = line.split()
    assert fault_arguments(fault, words) == arguments


@pytest.mark.parametrize(
    ("line", "says", "hint"),
    [
        ("quake x", "there is no fault 'quake'", "there is region, link"),
        ("region a b", "'b' is one word too many for region", "region REGION [--hang]"),
        ("link a b --twice", "link has no option --twice", "link A B [--one-way]"),
        ("slow a b --ms", "--ms needs a value", "slow A B [--ms]"),
        ("slow a b --ms soon", "--ms: 'soon' is not a whole number", "slow A B [--ms]"),
    ],
)
def test_bad_words_are_refused_with_the_form(line: str, says: str, hint: str) -> None:
    fault, *words = line.split()
    with pytest.raises(BadInput) as caught:
        fault_arguments(fault, words)
    assert says in str(caught.value)
    assert hint in caught.value.hint


@given(
    st.dictionaries(
        st.from_regex(r"\ADR_[A-Z]{1,8}\Z"),
        st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n")),
        min_size=1,
        max_size=3,
    )
)
def test_a_shell_reads_back_what_was_exported(variables: dict[str, str]) -> None:
    show = "\n".join(f"printf '%s\\0' \"${name}\"" for name in sorted(variables))
    done = subprocess.run(["sh", "-c", f"{exports(variables)}\n{show}"], capture_output=True, check=True)
    assert done.stdout.decode().split("\0")[:-1] == [variables[name] for name in sorted(variables)]


def test_the_state_of_a_world_is_told_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    pods = [{"name": f"auth-{number}", "ready": number > 1, "pid": number} for number in (1, 2, 3)]
    database = {
        "identifier": "samia-primary-core-1", "region": "eu-north-1", "role": "primary", "status": "available",
        "endpoint": {"address": "127.11.2.1", "port": 20020}, "replica_of": None, "standby": True,
        "lag_seconds": None, "running": True,
    }  # fmt: skip
    show(
        {
            "regions": {"eu-north-1": {"up": True, "reachable": False, "pods": pods, "backups": [{"name": "b-1"}]}},
            "databases": [database],
            "faults": [],
            "ports": {"base": 20020},
        }
    )
    told = capsys.readouterr().out
    for said in ("2 of 3 ready", "b-1", "yes", "no", "127.11.2.1:20020", "lag seconds", "samia-primary-core-1"):
        assert said in told
    for raw in ("True", "None", "{", "[", "lag_seconds"):
        assert raw not in told
