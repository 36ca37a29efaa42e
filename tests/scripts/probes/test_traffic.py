"""Why what answers at the record is not the site that it should be, in words that say what to do."""

import pytest

from scripts.probes.traffic import Serving


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (Serving(200, "primary", 2, "127.0.0.1"), None),
        (Serving(200, "", 2, "127.0.0.1"), "does not say which site it is"),
        (Serving(200, "secondary", 2, "127.0.0.1"), "served by secondary"),
        (Serving(503, "primary", None, "127.0.0.1"), "answers 503"),
        (Serving(200, "primary", 1, "127.0.0.1"), "in epoch 1, not yet in 2"),
        (Serving(200, "primary", None, "127.0.0.1"), "traffic.health.path has to lead to what asks"),
    ],
)
def test_what_is_wrong_is_said(seen: Serving, says: str | None) -> None:
    reason = seen.why_not("primary", 2)
    assert reason is None if says is None else says in (reason or "")
    if seen.epoch is None and seen.status == 200:
        assert seen.why_not("primary") is None, "without an epoch any will do"
