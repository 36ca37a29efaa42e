"""
The hand-over of a planned switch between two real databases, of which one follows the other, and the ways back from it.
"""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from scripts.acts.leases import give_back, hold, take_from_living
from scripts.core.errors import HandedBack, LossTooGreat, NotFenced, Refused
from scripts.engines.postgres import guard
from scripts.engines.postgres.session import Database
from scripts.fencing.lease import BETWEEN
from scripts.runs.findings import HandedOver, HandOverChecked
from scripts.runs.runbook import Context, Options
from scripts.steps.check_hand_over import check_hand_over
from scripts.steps.check_reopen import check_reopen
from scripts.steps.fence_old_writer import fence_old_writer
from scripts.steps.give_writes_back import give_writes_back
from scripts.steps.hand_over import hand_over
from tests.asserts.waiting import wait_until
from tests.scratch_database import connect
from tests.scripts.steps.pair import assert_serves, back, copy, holder, in_time, old

pytestmark = pytest.mark.thorough


def test_everything_acknowledged_is_at_the_target_although_commits_are_asynchronous(context: Context) -> None:
    """Nothing of it is on disk when the hand-over begins: the server writes its log every ten seconds."""
    number = old(context).rows("SELECT coalesce(max(id), 0) FROM orders")[0][0]
    with contextlib.closing(connect(old(context), "service")) as session:
        assert session.execute("SHOW synchronous_commit").fetchone() == ("off",)
        for each in range(200):
            session.execute("INSERT INTO orders VALUES (%s)", (number + each + 1,))
        result = hand_over(context)
    found = result.found(HandedOver)
    assert found is not None
    assert found.data_at_stake_seconds == 0.0
    assert holder(context) == (BETWEEN, 2)
    assert copy(context).rows("SELECT max(id) FROM orders") == [(number + 200,)]
    assert not guard.is_open(old(context))
    give_back(back(context))
    assert_serves(context)


def test_a_repeat_finds_the_same(context: Context) -> None:
    first, again = (hand_over(context).found(HandedOver) for _ in range(2))
    assert first is not None
    assert again is not None
    give_back(back(context))
    give_back(back(context))
    assert_serves(context)


def test_the_preflight_names_what_it_ends_and_changes_nothing(context: Context) -> None:
    with connect(old(context), "service") as idle, idle.transaction():
        idle.execute("INSERT INTO orders SELECT coalesce(max(id), 0) + 1 FROM orders")
        result = check_hand_over(context)
        pid = idle.info.backend_pid
        idle.execute("SELECT 1")  # it lives
    found = result.found(HandOverChecked)
    assert found is not None
    assert len(found.ends) == 1
    assert f"session {pid} of service" in found.ends[0]
    assert "asynchronous commits of role service, flushed before" in found.carried
    assert "closed for about" in result.said
    assert_serves(context)


def test_unlogged_rows_are_asked_for(context: Context) -> None:
    old(context).script("CREATE UNLOGGED TABLE cache (id int)")
    with pytest.raises(Refused, match=r"rows of public\.cache") as refused:
        check_hand_over(context)
    assert "--give-up-unlogged" in refused.value.hint
    said = replace(context, options=replace(context.options, more={"give_up_unlogged": True}))
    found = check_hand_over(said).found(HandOverChecked)
    assert found is not None
    assert found.lost == ["the rows of public.cache (unlogged)"]
    old(context).script("DROP TABLE cache")


def test_a_transaction_that_ends_in_time_is_waited_for_and_another_is_ended(context: Context) -> None:
    with (
        contextlib.closing(connect(old(context), "service")) as soon,
        contextlib.closing(connect(old(context), "service")) as late,
    ):
        late.execute("BEGIN")
        late.execute("INSERT INTO orders VALUES (-1)")
        soon.execute("BEGIN")
        soon.execute("INSERT INTO orders VALUES (-2)")
        committing = threading.Timer(0.1, lambda: soon.execute("COMMIT"))
        committing.start()
        found = hand_over(in_time(context)).found(HandedOver)
        committing.join()
        assert found is not None
        assert [each for each in found.ended if f"session {late.info.backend_pid} " in each]
        with pytest.raises(psycopg.OperationalError):
            late.execute("COMMIT")
    assert copy(context).rows("SELECT id FROM orders WHERE id < 0") == [(-2,)]
    give_back(back(context))
    old(context).script("DELETE FROM orders WHERE id < 0")
    assert_serves(context)


def test_a_reader_that_holds_up_the_target_is_ended(context: Context) -> None:
    old(context).script("CREATE TABLE taken_away (id int)")
    wait_until(
        lambda: copy(context).rows("SELECT to_regclass('taken_away') IS NOT NULL")[0][0], timeout=20, what="the table"
    )
    with contextlib.closing(connect(copy(context))) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT FROM taken_away")
        old(context).script("DROP TABLE taken_away")
        found = hand_over(context).found(HandedOver)
        assert found is not None
        assert [each for each in found.ended if f"session {reader.info.backend_pid} " in each]
        with pytest.raises(psycopg.OperationalError):
            reader.execute("SELECT 1")
    give_back(back(context))
    assert_serves(context)


@pytest.fixture
def replay_stops(context: Context) -> Iterator[None]:
    """After the preflight, of which nothing is left to be seen: as a link that is cut at the worst moment."""
    yield
    copy(context).rows("SELECT pg_wal_replay_resume()")


def test_a_hand_over_that_is_not_sure_in_time_is_taken_back(
    context: Context, replay_stops: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    revoke = guard.revoke

    def pause_and_revoke(database: Database, next_site: str, next_epoch: int) -> bool:
        copy(context).rows("SELECT pg_wal_replay_pause()")
        return revoke(database, next_site, next_epoch)

    monkeypatch.setattr(guard, "revoke", pause_and_revoke)
    with pytest.raises(HandedBack, match=r"replay .*: primary takes writes again, and nothing has moved") as taken_back:
        hand_over(in_time(context))
    assert taken_back.value.exit_code == 1
    assert "dr failover --to secondary --planned" in taken_back.value.hint
    assert_serves(context)


def test_a_target_that_does_not_replay_is_seen_before_anything_is_closed(context: Context, replay_stops: None) -> None:
    copy(context).rows("SELECT pg_wal_replay_pause()")
    hurried = in_time(context)
    with pytest.raises(Refused, match="secondary's core: its replay is paused"):
        check_hand_over(hurried)
    with pytest.raises(HandedBack, match="nothing was closed"):
        hand_over(hurried)
    assert_serves(context)


@pytest.mark.parametrize("state", ["lease taken", "closed", "row given back", "lease given back"])
def test_every_state_inside_a_hand_over_is_left_by_opening_the_old_site(context: Context, state: str) -> None:
    before = context.clouds.witness().read()
    taken = take_from_living(context, BETWEEN)
    assert before is not None
    if state != "lease taken":
        assert guard.revoke(old(context), BETWEEN, 2)
    if state in {"row given back", "lease given back"}:
        assert guard.take_back(old(context), "primary", 1)
    if state == "lease given back":
        context.clouds.witness().replace(taken, before.lease)
    assert check_reopen(back(context)).status == "done"
    give_writes_back(back(context))
    assert_serves(context)


def test_whoever_comes_second_is_refused(context: Context) -> None:
    """A run that was paused does not open the target once the service was given back, nor the other way round."""
    hand_over(context)
    give_back(back(context))
    with pytest.raises(NotFenced, match=r"belongs to primary \(epoch 1\)"):
        hold(context, "secondary", 2)
    hand_over(context)
    hold(context, "secondary", 2)
    with pytest.raises(NotFenced, match=r"belongs to secondary \(epoch 2\)"):
        give_back(back(context))
    assert not guard.is_open(old(context))


def test_in_an_outage_too_the_lease_is_nobodys_until_the_target_is_opened(context: Context) -> None:
    unplanned = replace(context, options=Options(to="secondary"))
    assert fence_old_writer(unplanned).status == "done"
    assert holder(context) == (BETWEEN, 2)
    assert fence_old_writer(unplanned).status == "already"
    assert check_reopen(back(context)).status == "done"  # the old site came back, and the target is lost
    give_writes_back(back(context))
    assert_serves(context)


def test_what_the_other_site_took_has_to_be_accepted_by_name(context: Context) -> None:
    hand_over(context)
    hold(context, "secondary", 2)
    with pytest.raises(LossTooGreat) as refused:
        check_reopen(back(context))
    assert "dr resume" in refused.value.hint
    assert "--accept-data-loss" in refused.value.hint
    accepted = Options(to="primary", accept_data_loss=timedelta(minutes=10))
    reopening = replace(context, options=accepted)
    assert check_reopen(reopening).status == "done"
    give_writes_back(reopening)
    assert_serves(context)
