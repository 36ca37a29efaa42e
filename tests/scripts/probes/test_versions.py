"""Which version of a service is meant, whatever its cloud calls it by now."""

from datetime import UTC, datetime, timedelta

from scripts.clouds.protocol import ServiceVersion
from scripts.probes.versions import last_good, version_before, version_named, wanted_of, with_content

FIRST = datetime(2026, 3, 1, 12, tzinfo=UTC)


def version(number: int, content: str, *, made: int, wanted: bool = False) -> ServiceVersion:
    return ServiceVersion(str(number), f"shop:{content}", FIRST + timedelta(hours=made), wanted, content)


def name(found: ServiceVersion | None) -> str:
    return found.name if found else ""


def test_a_restart_makes_no_other_version() -> None:
    kept = [version(3, "bad", made=3, wanted=True), version(2, "bad", made=2), version(1, "good", made=1)]
    assert name(version_before(kept)) == name(last_good(kept)) == "1"


def test_a_machine_does_not_go_forward_to_what_a_rollback_left() -> None:
    kept = [version(4, "good", made=1, wanted=True), version(3, "bad", made=3)]
    assert name(version_before(kept)) == "3"
    assert last_good(kept) is None
    older = version(2, "older", made=0)
    assert name(last_good([*kept, older])) == "2"


def test_one_is_named_by_its_name_or_by_what_it_runs() -> None:
    kept = [version(2, "bad", made=2, wanted=True), version(1, "good", made=1)]
    assert name(version_named(kept, "1")) == name(version_named(kept, "shop:good")) == "1"
    assert version_named(kept, "9") is None


def test_one_that_runs_again_is_known_by_its_content() -> None:
    kept = [version(3, "good", made=1, wanted=True), version(2, "bad", made=2)]
    assert name(with_content(kept, "good")) == name(wanted_of(kept)) == "3"
    assert name(with_content(kept, "bad")) == "2"
    assert with_content(kept, "gone") is None


def test_where_nothing_else_is_kept_there_is_no_version_before() -> None:
    only = [version(1, "good", made=1, wanted=True)]
    assert version_before(only) is last_good(only) is None
