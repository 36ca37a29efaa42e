"""A spoiled writer lease, and the way out of it, on a real object store with versions and conditional writes."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from model import Topology, load_plan
from scripts.acts.lease_repair import look, repair, why_evidence
from scripts.clouds.aws.objects import Bucket
from scripts.clouds.protocol import ConditionFailed
from scripts.core.errors import ApprovalMissing, NotFenced, Refused
from scripts.dr import main
from scripts.fencing.lease import KEY, Lease, WitnessLease
from scripts.lease import carry_out
from scripts.people.approvals import Approval, needed
from scripts.runs import journal as journals
from tests.scratch_bucket import bucket, object_store

pytestmark = pytest.mark.thorough

PLAN = load_plan("minimal")
BUCKET, REGION = "minimal-tertiary-recovery", PLAN.site("tertiary").region
SETTINGS = Topology.initial(PLAN)
GARBAGE = b"all your writes are belong to us"
FOREVER = Lease("minimal", "primary", 1, 10**15, "00").to_bytes()


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with object_store() as opened:
        yield opened


@pytest.fixture
def store(endpoint: str) -> Iterator[Bucket]:
    with bucket(BUCKET, REGION, versions=True) as made:
        yield made


def held(site: str = "primary", epoch: int = 1, ttl_ms: int = 3000) -> bytes:
    return Lease.new("minimal", site, epoch, ttl_ms).to_bytes()


@pytest.mark.parametrize("spoiled", [GARBAGE, FOREVER, None], ids=["garbage", "far future", "deleted"])
def test_a_spoiled_lease_goes_back_to_who_held_it(store: Bucket, spoiled: bytes | None) -> None:
    store.write(KEY, held())
    if spoiled is None:
        store.delete(KEY)
    else:
        store.write(KEY, spoiled)
    found = look(store, PLAN, SETTINGS)
    assert found.verdict == ("missing" if spoiled is None else "spoiled")
    assert why_evidence(found, SETTINGS) is None
    repair(store, PLAN, SETTINGS, found)
    seen = WitnessLease(store, "minimal").read()
    assert seen is not None
    assert (seen.lease.site, seen.lease.epoch, seen.lease.ttl_ms) == ("primary", 1, 3000)
    kept = [each.body for each in store.versions(KEY)]
    assert spoiled in kept
    assert look(store, PLAN, SETTINGS).verdict == "good"


def test_much_garbage_hides_no_valid_lease(store: Bucket) -> None:
    store.write(KEY, held())
    for number in range(30):
        store.write(KEY, b"%d" % number)
    found = look(store, PLAN, SETTINGS, shown=3)
    assert found.last_valid is not None
    assert why_evidence(found, SETTINGS) is None


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (held("secondary", 2), GARBAGE, "the last valid lease was of secondary, epoch 2"),
        (GARBAGE, GARBAGE, "no valid lease is kept"),
        (held(), held("secondary", 99, ttl_ms=100), "a valid lease of secondary, epoch 99"),
    ],
    ids=["moved meanwhile", "nothing kept", "forged"],
)
def test_against_what_is_kept_a_person_must_say_how_they_know(
    store: Bucket, before: bytes, now: bytes, said: str
) -> None:
    store.write(KEY, before)
    store.write(KEY, now)
    found = look(store, PLAN, SETTINGS)
    with pytest.raises(Refused, match=said):
        repair(store, PLAN, SETTINGS, found)
    assert next(store.versions(KEY)).body == now
    repair(store, PLAN, SETTINGS, found, evidence="the console of both sites")
    assert look(store, PLAN, SETTINGS).verdict == "good"


def test_a_lease_that_somebody_renews_is_not_taken_from_them(store: Bucket) -> None:
    store.write(KEY, held("secondary", 2))

    def renews(_seconds: float) -> None:
        store.write(KEY, held("secondary", 2))

    with pytest.raises(NotFenced, match="changes while it is watched"):
        repair(store, PLAN, SETTINGS, look(store, PLAN, SETTINGS), evidence="I think so", pause=renews)


def test_what_changed_since_it_was_looked_at_is_left_alone(store: Bucket) -> None:
    store.write(KEY, held())
    store.write(KEY, GARBAGE)
    found = look(store, PLAN, SETTINGS)
    store.write(KEY, held("secondary", 2))
    with pytest.raises(ConditionFailed):
        repair(store, PLAN, SETTINGS, found)


def test_it_is_a_decision_and_stands_in_the_journal(
    store: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DR_HOME", str(tmp_path))
    assert needed(PLAN, "repair_lease") == max([1, *dict(PLAN.approvals).values()])
    store.write(KEY, held())
    store.write(KEY, GARBAGE)
    found = look(store, PLAN, SETTINGS)
    carry_out(PLAN, SETTINGS, store, found, evidence="", approval=Approval(("ada",), "typed"))
    entries = list(journals.read(journals.find(None)))
    assert [(each.kind, each.status) for each in entries] == [("run", "begun"), ("decision", ""), ("end", "done")]
    assert entries[1].evidence["by"] == ["ada"]
    assert entries[1].evidence["found"]["verdict"] == "spoiled"


@pytest.fixture
def at_home(store: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """A project whose settings are those of a system that was never moved."""
    monkeypatch.setenv("DR_HOME", str(tmp_path / "home"))
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "Pulumi.yaml").write_text("name: dr\nruntime: python\n")
    monkeypatch.setenv("DR_PROJECT", str(tmp_path / "project"))
    monkeypatch.delenv("DR_SANDBOX", raising=False)
    return store


def test_the_command_shows_and_repairs(at_home: Bucket, capsys: pytest.CaptureFixture[str]) -> None:
    at_home.write(KEY, held())
    at_home.write(KEY, FOREVER)
    assert main(["lease", "show", "--plan", "minimal", "--format", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["verdict"] == "spoiled"
    assert shown["earlier"][0]["site"] == "primary"
    assert main(["lease", "repair", "--plan", "minimal", "--dry-run"]) == 0
    assert look(at_home, PLAN, SETTINGS).verdict == "spoiled"
    others = [argument for name in ("Ada", "Grace", "Mary") for argument in ("--approved-by", name)]
    assert main(["lease", "repair", "--plan", "minimal", "--yes", *others]) == 0
    assert look(at_home, PLAN, SETTINGS).verdict == "good"
    assert main(["lease", "repair", "--plan", "minimal", "--yes"]) == 0


def test_nobody_repairs_it_alone_where_the_plan_asks_for_two(at_home: Bucket) -> None:
    at_home.write(KEY, held())
    at_home.write(KEY, GARBAGE)
    plan = PLAN.model_copy(update={"approvals": {"regional_outage": 2}})
    assert needed(plan, "repair_lease") == 2
    code = main(["lease", "repair", "--plan", "minimal"])
    assert code == ApprovalMissing.exit_code
    assert look(at_home, PLAN, SETTINGS).verdict == "spoiled"
