"""Settings of the whole suite."""

import gc
import signal
from collections.abc import Generator

import pytest
from hypothesis import settings

from tests.shared_world import FAILED

# An example that takes long on a busy machine is no mistake: no test here is timed. The same commit is tried with the
# same examples, so that its verdict is the same on every machine; `make explore` looks for new ones.
settings.register_profile("dr", deadline=None, database=None, derandomize=True)
settings.register_profile("explore", deadline=None, database=None)
settings.load_profile("dr")

# At Python's own 700 a fifth of a test's time goes into looks for garbage that find next to nothing.
gc.set_threshold(50_000, 20, 20)

# A suite started in the background inherits an ignored Ctrl-C; the tests of interruption need one that works.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """The tests themselves and what they import stay to the end: no collection looks at them any more."""
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report
