"""Waiting for a database ends in time, whatever the database does meanwhile."""

import contextlib
import signal
import time
from collections.abc import Iterator

import psutil
import pytest

from scripts.core.net import Login, Unreachable
from scripts.engines.postgres.session import Database
from tests.asserts.waiting import MULTIPLIER


@pytest.fixture
def server(login: Login) -> Iterator[psutil.Process]:
    """The scratch server's main process, which goes on afterwards."""
    with Database(login) as database:
        found = psutil.Process(database.rows("SELECT pg_backend_pid()")[0][0]).parent()
    assert found is not None
    yield found
    for process in (found, *found.children()):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGCONT)


def test_a_server_that_hangs_with_everything_it_started(login: Login, server: psutil.Process) -> None:
    with Database(login) as database:
        database.rows("SELECT 1")
        for process in (server, *server.children()):
            process.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        with pytest.raises(Unreachable, match=r"no answer to a query within 0\.2 s"):
            database.rows("SELECT 1", timeout=0.2)
        with pytest.raises(Unreachable, match="did not answer within"):
            database.rows("SELECT 1", timeout=0.2)  # on a new connection: the old one is of no use
        # The bound, far from what asking a hanging server to cancel takes.
        assert time.monotonic() - began < 6 * MULTIPLIER
        for process in (server, *server.children()):
            process.send_signal(signal.SIGCONT)
        assert database.rows("SELECT 2") == [(2,)]


def test_a_query_that_takes_too_long_costs_its_connection_alone(login: Login) -> None:
    with Database(login) as database:
        first = database.rows("SELECT pg_backend_pid()")
        with pytest.raises(Unreachable):
            database.rows("SELECT pg_sleep(60)", timeout=0.1)
        assert database.rows("SELECT pg_backend_pid()") != first
