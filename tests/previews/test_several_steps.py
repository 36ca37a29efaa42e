"""A step is not a resource: whichever steps an engine plans for one resource, each reader gives the same report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from previews.report import Report
from scripts.preview import Gate, why_not_merge
from tests.previews.logs import (
    DATABASE,
    Json,
    begins,
    both,
    database,
    digest,
    ends,
    export,
    headline,
    log,
    report,
    root,
    state,
    step,
)

CORE = state(DATABASE, "core", database())
REPLACED = [Gate.STATEFUL_REPLACE]


def old_one(**more: Any) -> Json:
    return {**state(DATABASE, "core", database(identifier="shop-core-old"), id="core-old-id"), "delete": True, **more}


def test_what_an_earlier_replacement_left_behind_is_data_at_stake(tmp_path: Path) -> None:
    left = step("delete-replaced", old_one(), None)
    for beside in (step("same", CORE), step("update", CORE, state(DATABASE, "core", database(engine="mysql")))):
        for events in ([*both(beside), *both(left)], [*both(left), *both(beside)]):
            found = report(tmp_path, log(events, {beside["op"]: 1}))
            assert "Data at stake: core (database, deleted)" in headline(found).replace("**", "")
            assert [loss.causes for loss in found.losses] == [("left over from an earlier replacement",)]
            assert why_not_merge(found, REPLACED)


def test_a_digest_learns_from_the_state_what_waits_for_its_deletion(tmp_path: Path) -> None:
    found = report(tmp_path, digest([step("same", root())], {"same": 2}), export([root(), CORE, old_one()]))
    assert [loss.causes for loss in found.losses] == [("left over from an earlier replacement",)]


def test_the_parts_of_a_replacement_are_one_replacement(tmp_path: Path) -> None:
    new = state(DATABASE, "core", database(engine="mysql"), id="")
    parts = [step("create-replacement", CORE, new, keys=["engine"]), step("replace", CORE, new, keys=["engine"])]
    parts += [step("delete-replaced", {**CORE, "delete": True}, None)]
    texts = {
        "log": log([event for part in parts for event in both(part)], {"replace": 1}),
        "digest": digest([parts[1]], {"replace": 1}),
        "digest with parts": digest(parts, {"replace": 1}),
    }
    for name, text in texts.items():
        found = report(tmp_path, text)
        assert [(loss.op, loss.causes) for loss in found.losses] == [("replace", ("engine: postgres → mysql",))], name


def test_a_replacement_beside_what_an_earlier_one_left(tmp_path: Path) -> None:
    new = state(DATABASE, "core", database(engine="mysql"), id="")
    steps = [step("create-replacement", CORE, new), step("replace", CORE, new)]
    steps += [step("delete-replaced", old_one(), None), step("delete-replaced", CORE, None)]
    found = report(tmp_path, log([event for each in steps for event in both(each)], {"replace": 1}))
    assert sorted(loss.op for loss in found.losses) == ["delete", "replace"]


def drift(found: Json) -> list[Json]:
    """A refresh that found something else than the state has."""
    return [begins(step("refresh", CORE)), ends(step("update", CORE, found, detailedDiff={"multiAz": {}}))]


def test_mending_what_somebody_changed_is_stronger_and_never_weaker(tmp_path: Path) -> None:
    changed = state(DATABASE, "core", database(multiAz=False))
    mend = step("update", changed, CORE, detailedDiff={"multiAz": {}})
    looked = step("update", CORE, changed, detailedDiff={"multiAz": {}})
    reports = {
        "log": report(tmp_path, log([*drift(changed), *both(mend)], {"update": 1})),
        "digest": report(tmp_path, digest([looked, mend], {"update": 1}), export([CORE])),
        "digest, no summary": report(tmp_path, digest([looked, mend])),
    }
    for name, found in reports.items():
        assert not found.weaker, name
        assert [change.label for change in found.stronger] == ["standby in a second zone"], name
    assert reports["log"].table == reports["digest"].table


def test_drift_that_the_program_leaves_alone_is_no_change(tmp_path: Path) -> None:
    changed = state(DATABASE, "core", database(multiAz=False))
    looked = step("update", CORE, changed, detailedDiff={"multiAz": {}})
    logged = report(tmp_path, log([*drift(changed), *both(step("same", changed))], {"same": 1}))
    for text in (
        digest([looked], {"same": 1}),
        digest([looked, step("same", changed)], {"same": 1}),
        digest([looked, step("same", root())], {"same": 2}),
    ):
        found = report(tmp_path, text)
        assert found.weaker == logged.weaker or found.weaker[0].note == "changed outside", text
        assert not found.losses


@pytest.mark.parametrize("refreshed_only", [True, False])
def test_a_refresh_alone_says_that_it_was_changed_outside(refreshed_only: bool, tmp_path: Path) -> None:
    changed = state(DATABASE, "core", database(multiAz=False))
    roots = step("refresh", root())
    texts = (
        log([*both(roots), *drift(changed)], {"update": 1, "same": 1}),
        digest([roots, step("update", CORE, changed, detailedDiff={"multiAz": {}})], {"update": 1, "same": 1}),
    )
    found = report(tmp_path, texts[refreshed_only])
    assert [(change.label, change.note) for change in found.weaker] == [("standby in a second zone", "changed outside")]


def gone_texts(then: list[Json], summary: Json) -> dict[str, str]:
    events = [begins(step("refresh", CORE)), ends(step("delete", CORE, None)), *(e for s in then for e in both(s))]
    unsaid = [begins(step("refresh", CORE)), ends(step("refresh", CORE, None)), *(e for s in then for e in both(s))]
    return {
        "log": log(events, summary),
        "log without a result": log(unsaid, summary),
        "digest": digest([step("delete", CORE, None), *then], summary),
        "digest with sames": digest([step("refresh", root()), step("delete", CORE, None), *then], summary),
    }


def test_what_is_gone_already_is_not_deleted_by_this_change(tmp_path: Path) -> None:
    for name, text in gone_texts([step("create", None, CORE)], {"create": 1}).items():
        found = report(tmp_path, text)
        (loss,) = found.losses
        assert (loss.op, loss.causes) == ("gone", ("gone in the cloud already; will be made new and empty",)), name
        assert "Lost before this change: core (database)" in headline(found).replace("**", ""), name
        assert not loss.destroys
        assert why_not_merge(found, REPLACED) is None
        assert not found.quiet


def test_what_is_gone_and_not_made_again_is_said(tmp_path: Path) -> None:
    roots = step("refresh", root())
    events = [*both(roots), begins(step("refresh", CORE)), ends(step("delete", CORE, None))]
    for text in (log(events, {"delete": 1}), digest([roots, step("delete", CORE, None)], {"delete": 1})):
        (loss,) = report(tmp_path, text).losses
        assert (loss.op, loss.causes) == ("gone", ("gone in the cloud already",))


def test_an_update_that_broke_off_between_the_halves_of_a_replacement(tmp_path: Path) -> None:
    pending = {**CORE, "pendingReplacement": True}
    new = state(DATABASE, "core", database(), id="")
    steps = [step("remove-pending-replace", pending, None), step("create-replacement", pending, new)]
    (loss,) = report(tmp_path, log([e for s in steps for e in both(s)], {"create": 1})).losses
    assert loss.op == "gone"
    assert "broke off" in loss.causes[0]


def test_a_component_that_is_unwrapped_holds_nothing(tmp_path: Path) -> None:
    bucket = state("aws:s3/bucket:Bucket", "uploads", {"bucket": "shop-uploads"})
    inside = {**bucket, "urn": bucket["urn"].replace("::aws:s3", "::acme:storage:Bucket$aws:s3")}
    wrapper = {"urn": bucket["urn"].replace("aws:s3/bucket", "acme:storage"), "type": "acme:storage:Bucket"}
    wrapper |= {"inputs": {}, "outputs": {}, "id": ""}
    found = report(
        tmp_path,
        log([*both(step("same", inside, bucket)), *both(step("delete", wrapper, None))], {"same": 1, "delete": 1}),
    )
    assert found.quiet, headline(found)
    found = report(tmp_path, digest([step("delete", {**wrapper, "custom": False}, None)], {"delete": 1}))
    assert found.quiet, headline(found)


def test_what_is_only_read_is_nobodys_data(tmp_path: Path) -> None:
    foreign = state(DATABASE, "legacy", database(backupRetentionPeriod=0), external=True)
    with_it = report(tmp_path, log([*both(step("read", foreign)), *both(step("same", CORE))], {"same": 1, "read": 1}))
    without = report(tmp_path, log(both(step("same", CORE)), {"same": 1}))
    assert with_it.table == without.table
    # Before the flag was known, the operation alone says it.
    del foreign["external"]
    assert report(tmp_path, log([*both(step("read", foreign)), *both(step("same", CORE))], {"same": 1})).table == (
        without.table
    )


# Each stands for one resource and what is planned for it; every mixture must read the same from each format.
OPERATIONS = st.sampled_from(
    ["same", "update", "weaker", "delete", "create", "replace", "drift", "gone", "left", "read"]
)


def planned(number: int, kind: str) -> tuple[list[Json], list[Json], Json, list[Json]]:
    """Events, steps of a digest with `--show-sames`, what the summary counts, and what the state has."""
    name = f"core-{number}"
    was = state(DATABASE, name, database(identifier=name))
    now = state(DATABASE, name, database(identifier=name, backupRetentionPeriod=30))
    less = state(DATABASE, name, database(identifier=name, backupRetentionPeriod=2))
    single = {
        "same": step("same", was),
        "update": step("update", was, now, detailedDiff={"backupRetentionPeriod": {}}),
        "weaker": step("update", was, less, detailedDiff={"backupRetentionPeriod": {}}),
        "delete": step("delete", was, None),
        "create": step("create", None, was),
        "read": step("read", {**was, "external": True}),
    }
    if kind in single:
        op = single[kind]["op"]
        return both(single[kind]), [single[kind]], {op: 1}, [] if kind == "create" else [single[kind]["old"]]
    if kind == "replace":
        new = state(DATABASE, name, database(identifier=name, engine="mysql"), id="")
        parts = [step(op, was, new, keys=["engine"]) for op in ("create-replacement", "replace")]
        cleared = step("delete-replaced", {**was, "delete": True}, None)
        return [e for s in (*parts, cleared) for e in both(s)], [parts[1]], {"replace": 1}, [was]
    if kind == "drift":
        mend = step("update", less, was, detailedDiff={"backupRetentionPeriod": {}})
        looked = step("update", was, less, detailedDiff={"backupRetentionPeriod": {}})
        return [begins(step("refresh", was)), ends(looked), *both(mend)], [looked, mend], {"update": 1}, [was]
    if kind == "gone":
        lost, made = step("delete", was, None), step("create", None, was)
        return [begins(step("refresh", was)), ends(lost), *both(made)], [lost, made], {"create": 1}, [was]
    left = {**state(DATABASE, name, database(identifier=f"{name}-old"), id=f"{name}-old"), "delete": True}
    clear = step("delete-replaced", left, None)
    return [*both(step("same", was)), *both(clear)], [step("same", was)], {"same": 1}, [was, left]


def essence(of: Report) -> Any:
    """The report without what only one of the formats can carry."""
    stacks = tuple((line.stack, line.complete, line.failures, line.doubts) for line in of.stacks)
    return replace(of, stacks=(), notes=(), steps=tuple(sorted(of.steps, key=repr))), stacks


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kinds=st.lists(OPERATIONS, min_size=1, max_size=6), order=st.randoms(use_true_random=False))
def test_every_reader_gives_the_same_report(kinds: list[str], order: Any, tmp_path: Path) -> None:
    plans = [planned(number, kind) for number, kind in enumerate(kinds)]
    summary: Json = {"same": 1}
    for _, _, counts, _ in plans:
        for op, count in counts.items():
            summary[op] = summary.get(op, 0) + count
    stack = step("same", root())
    events = [*both(stack), *(event for plan in plans for event in plan[0])]
    shown = [stack, *(each for plan in plans for each in plan[1])]
    recorded = export([root(), *(each for plan in plans for each in plan[3])])
    changed = [each for each in shown if each["op"] not in {"same", "read"}]
    # Refreshes come first in a digest, whatever follows.
    order.shuffle(plans)
    logged = report(tmp_path, log(events, summary))
    assert len(logged.losses) == sum(kind in {"delete", "replace", "gone", "left"} for kind in kinds)
    expected = essence(logged)
    assert essence(report(tmp_path, digest(shown, summary), recorded)) == expected
    assert essence(report(tmp_path, digest(changed, summary), recorded)) == expected
    again = [*both(stack), *(event for plan in plans for event in plan[0])]
    assert essence(report(tmp_path, log(again, summary))) == expected
