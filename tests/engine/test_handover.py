"""The embedded engine and the real CLI continue each other's state."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pulumi import automation
from pulumi.automation import PulumiCommand

from sandbox.engine import EmbeddedPulumi
from tests.engine.workbench import Bench, bench

pytestmark = pytest.mark.engine
PROGRAM = """
import pulumi
from pulumi import ComponentResource, ResourceOptions
from sim import Provider, Thing

explicit = Provider("explicit", {"account": "one"})
group = ComponentResource("kit:index:Group", "group", {})
a = Thing("a", {"color": pulumi.Config().get("color") or "red", "hidden": pulumi.Output.secret("s"), "mint": True})
b = Thing("b", {"peer": a.endpoint}, ResourceOptions(parent=group, protect=False, depends_on=[a]))
c = Thing("c", {"list": [1, 2.5, {"x": None}]}, ResourceOptions(provider=explicit, ignore_changes=["list"]))
group.register_outputs({"b": b.endpoint})
pulumi.export("endpoint", b.endpoint)
pulumi.export("token", a.token)
"""


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path) as found:
        found.program(PROGRAM)
        yield found


def cli() -> PulumiCommand:
    if shutil.which("pulumi") is None:
        pytest.skip("no pulumi on PATH: whether it continues the embedded engine's state cannot be shown here")
    return PulumiCommand()


def assert_nothing_to_do(stack: automation.Stack) -> None:
    preview = stack.preview()
    assert set(preview.change_summary) <= {"same", automation.OpType.SAME}, preview.stdout


def test_the_cli_continues_what_the_embedded_engine_made(work: Bench) -> None:
    real = cli()
    made = work.stack(EmbeddedPulumi()).up().outputs
    stack = work.stack(real)
    assert_nothing_to_do(stack)
    assert {k: v.value for k, v in stack.outputs().items()} == {k: v.value for k, v in made.items()}
    stack.set_config("color", automation.ConfigValue("blue"))
    assert stack.up().summary.resource_changes == {"update": 1, "same": 5}
    assert len(stack.history()) == 2  # it reads the embedded engine's entry too
    stack.destroy(remove=True)


def test_the_embedded_engine_continues_what_the_cli_made(work: Bench) -> None:
    made = work.stack(cli()).up().outputs
    stack = work.stack(EmbeddedPulumi())
    assert_nothing_to_do(stack)
    assert {k: v.value for k, v in stack.outputs().items()} == {k: v.value for k, v in made.items()}
    stack.set_config("color", automation.ConfigValue("blue", secret=True))
    assert stack.up().summary.resource_changes == {"update": 1, "same": 5}
    assert len(stack.history()) == 2
    work.stack(PulumiCommand()).destroy(remove=True)


def test_they_take_turns_through_export_and_import(work: Bench) -> None:
    real, embedded = work.stack(cli()), work.stack(EmbeddedPulumi())
    embedded.up()
    exported = embedded.export_stack()
    real.import_stack(exported)
    assert_nothing_to_do(real)
    embedded.import_stack(real.export_stack())
    assert_nothing_to_do(embedded)
    assert _resources(embedded) == _resources(real)


def _resources(stack: automation.Stack) -> str:
    return json.dumps((stack.export_stack().deployment or {})["resources"], sort_keys=True)
