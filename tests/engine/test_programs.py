"""How the embedded engine runs a program: what the SDK is given, and what is heard of the program."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pulumi import automation
from pulumi.automation import errors

from sandbox.engine import EmbeddedPulumi
from sandbox.engine.program import Outstanding
from tests.engine.workbench import Bench, bench

WAITING = """
import pulumi
from sim import Thing

def fail(_):
    raise ValueError("the third one is broken")

def later(i):
    return Thing(f"later-{i}", {"number": i}).endpoint

for i in range(5):
    made = Thing(f"thing-{i}", {"number": i})
    deep = made.endpoint.apply(lambda _, i=i: later(i)).apply(lambda text: text.upper())
    if i == 3 and pulumi.Config().get_bool("broken"):
        deep.apply(fail)
    pulumi.export(f"deep-{i}", deep)
"""


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
def engine() -> EmbeddedPulumi:
    return EmbeddedPulumi()


async def _done() -> None:
    pass


async def _broken() -> None:
    raise ValueError


def test_outputs_are_waited_for_by_one_future_however_many_they_are() -> None:
    async def go() -> None:
        kept = Outstanding()
        tasks = [asyncio.ensure_future(_done()) for _ in range(9)]
        for task in tasks:
            kept.add(task)
            task.add_done_callback(kept.remove)
        (news,) = kept
        kept.clear()
        assert len(kept) == 9, "what is not done is not forgotten"
        await asyncio.wait_for(asyncio.shield(news), 10)
        assert not kept

    asyncio.run(go())


def test_an_output_that_fails_is_handed_out_while_others_go_on() -> None:
    async def go() -> None:
        kept = Outstanding()
        endless = asyncio.ensure_future(asyncio.Event().wait())
        broken = asyncio.ensure_future(_broken())
        kept.add(endless)
        kept.add(broken)
        (news,) = kept
        await asyncio.wait_for(asyncio.shield(news), 10)
        assert list(kept) == [broken]
        kept.clear()
        assert len(kept) == 1
        endless.cancel()

    asyncio.run(go())


@pytest.mark.engine
def test_a_program_is_waited_for_to_the_last_output(work: Bench, engine: EmbeddedPulumi) -> None:
    work.program(WAITING)
    stack = work.stack(engine)
    outputs = stack.up().outputs
    assert len(outputs) == 5
    assert all(o.value.isupper() for o in outputs.values())


@pytest.mark.engine
def test_a_broken_output_fails_the_program_by_its_own_error(work: Bench, engine: EmbeddedPulumi) -> None:
    work.program(WAITING)
    stack = work.stack(engine)
    stack.set_config("broken", automation.ConfigValue("true"))
    with pytest.raises(errors.RuntimeError, match="the third one is broken"):
        stack.up()


@pytest.mark.engine
@pytest.mark.parametrize("debug", [False, True])
def test_debug_lines_are_heard_when_they_are_asked_for(work: Bench, engine: EmbeddedPulumi, debug: bool) -> None:
    work.program("import pulumi\npulumi.log.debug('for the curious')\npulumi.log.info('for all')\n")
    events: list[Any] = []
    work.stack(engine).up(on_event=events.append, debug=debug)
    said = [e.diagnostic_event.message.strip() for e in events if e.diagnostic_event]
    assert "for all" in said
    assert ("for the curious" in said) is debug
