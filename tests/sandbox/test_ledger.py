"""The arithmetic of the ledger: of each store by itself, and in sum."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.ledger import Loss, compare, longest_silence, read


def entry(store: str, seq: int, at: float) -> dict[str, Any]:
    return {"store": store, "seq": seq, "id": f"{store}-{seq}", "acked_at": 1000 + at, "monotonic": at}


def rows(entries: list[dict[str, Any]], but: tuple[int, ...] = ()) -> list[tuple[str, int]]:
    return [(each["id"], each["seq"]) for each in entries if each["seq"] not in but]


CORE = [entry("core", seq, seq / 10) for seq in range(0, 20, 2)]
STOCK = [entry("stock", seq, seq / 10) for seq in range(1, 21, 2)]
BOTH = sorted([*CORE, *STOCK], key=lambda each: each["seq"])


def test_each_store_is_compared_with_its_own_database() -> None:
    """Writes of the second store were called lost, because they were looked for in the first."""
    loss = compare(BOTH, {"core": rows(CORE), "stock": rows(STOCK)})
    assert (loss.acknowledged, loss.lost, loss.span_seconds, loss.doubled) == (20, 0, 0.0, 0)
    assert {store: own.acknowledged for store, own in loss.stores.items()} == {"core": 10, "stock": 10}


def approximately(seconds: float) -> Any:
    """A number that equals those near it, in the place of a number."""
    return pytest.approx(seconds)


def test_the_sum_counts_all_writes_and_its_span_is_the_longest() -> None:
    loss = compare(BOTH, {"core": rows(CORE, but=(18,)), "stock": rows(STOCK, but=(13, 15, 17, 19))})
    assert loss.stores["core"] == Loss(10, 1, 1001.8, 1001.8, approximately(0.2), 0)
    assert loss.stores["stock"] == Loss(10, 4, 1001.3, 1001.9, approximately(0.8), 0)
    assert (loss.lost, loss.first, loss.last) == (5, 1001.3, 1001.9)
    assert loss.span_seconds == pytest.approx(0.8)


def test_a_store_whose_database_nobody_looked_into_has_lost_everything() -> None:
    loss = compare(BOTH, {"core": rows(CORE)})
    assert (loss.stores["core"].lost, loss.stores["stock"].lost) == (0, 10)


def test_a_doubled_order_is_counted_in_its_store() -> None:
    loss = compare(BOTH, {"core": [*rows(CORE), ("again", 4)], "stock": rows(STOCK)})
    assert (loss.doubled, loss.stores["core"].doubled, loss.stores["stock"].doubled) == (1, 1, 0)


def test_the_outage_is_the_longest_silence_of_any_store() -> None:
    """Writes of the other store do not hide it."""
    quiet = [each for each in STOCK if not 5 <= each["seq"] <= 13]
    outage = longest_silence(sorted([*CORE, *quiet], key=lambda each: each["seq"]), since=0, running=False)
    assert outage is not None
    assert outage.seconds == pytest.approx(1.2)
    assert (outage.last_before, outage.first_after) == (1000.3, 1001.5)


@given(st.sets(st.integers(0, 19)), st.sets(st.integers(0, 19)))
def test_the_sum_is_the_sum(core: set[int], stock: set[int]) -> None:
    loss = compare(BOTH, {"core": rows(CORE, but=tuple(core)), "stock": rows(STOCK, but=tuple(stock))})
    assert loss.lost == sum(own.lost for own in loss.stores.values())
    assert loss.lost == len({each["seq"] for each in CORE} & core) + len({each["seq"] for each in STOCK} & stock)
    assert loss.span_seconds == max(own.span_seconds for own in loss.stores.values())


def test_a_line_that_was_cut_off_is_no_entry(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    path.write_text(json.dumps(CORE[1]) + "\n" + json.dumps(CORE[0]) + "\n" + json.dumps(CORE[2])[:20])
    assert read(path) == CORE[:2], "in the order of their acknowledgement"
    assert read(tmp_path / "none") == []
