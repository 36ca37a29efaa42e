"""How the embedded engine puts its checkpoint together, and who is told when it cannot be written."""

import json
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sandbox.engine.checkpoint import Checkpoint
from sandbox.engine.document import Pages, document, parts
from sandbox.engine.errors import EngineError
from sandbox.engine.passphrase import Crypter
from sandbox.engine.state import Snapshot, State
from tests.asserts.waiting import wait_until


@pytest.fixture(scope="module")
def crypter() -> Crypter:
    return Crypter.new({"PULUMI_CONFIG_PASSPHRASE": "bench"})


def state(number: int) -> State:
    return State(urn=f"urn:pulumi:dev::p::a:b:C::r{number}", type="a:b:C", custom=True, inputs={"number": number})


def resources(raw: bytes) -> list[Any]:
    found = json.loads(raw)
    return [found["version"], found.get("features"), found["checkpoint"]["latest"].get("resources")]


def test_pages_hold_what_the_whole_file_would_hold(crypter: Crypter) -> None:
    dice = random.Random(7)
    kept = [state(n) for n in range(300)]
    pages = Pages(crypter, kept)
    for number in range(300, 900):
        match dice.choice(("append", "remove", "change")):
            case "append":
                kept.append(state(number))
                pages.append(kept[-1])
            case "remove":
                pages.remove(kept.pop(dice.randrange(len(kept))))
            case "change":
                changed = dice.choice(kept)
                changed.outputs, changed.taint = {"number": number}, dice.random() < 0.01
                pages.changed(changed)
        if number % 20 == 0:
            whole = Snapshot([s.copy() for s in kept])
            assert resources(b"".join(parts([pages], [], whole, "dev"))) == resources(document(whole, "dev", crypter))


def test_an_empty_state_is_a_file_too(crypter: Crypter) -> None:
    assert resources(document(Snapshot(), "dev", crypter)) == [3, None, None]


def test_all_who_wait_for_a_write_hear_that_it_failed(crypter: Crypter) -> None:
    began, go = threading.Event(), threading.Event()
    writes: list[int] = []

    def put(pieces: list[bytes]) -> None:
        writes.append(len(pieces))
        if len(writes) > 1:
            raise OSError(28, "No space left on device")
        began.set()
        assert go.wait(60)

    checkpoint = Checkpoint(Snapshot(), "dev", crypter, put)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(checkpoint.write)
        assert began.wait(60)
        others = [pool.submit(checkpoint.write) for _ in range(3)]
        wait_until(lambda: all(o.running() for o in others), timeout=60, what="three to ask for the next write")
        go.set()
        assert first.exception() is None
        for other in others:
            with pytest.raises(EngineError, match=r"the state cannot be written: .* No space left"):
                other.result()
    assert len(writes) <= 1 + len(others)
