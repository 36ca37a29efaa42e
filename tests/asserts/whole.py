"""What a drill starts from: it waits here before it strikes, because a fault in a broken world proves nothing."""

from scripts.drills import whole
from scripts.drills.stage import Stage
from tests.asserts.waiting import MULTIPLIER


def assert_whole(made: Stage) -> None:
    """Wait until nothing is broken and everything is in step. Raises ObjectiveMissed that says what is not."""
    whole.wait_until_whole(made, whole.BOUND_SECONDS * MULTIPLIER)
