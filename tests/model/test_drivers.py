"""What the plan's model knows and no component builds is refused: at the check, before `dr up`, and when declared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from model import PlanError, Topology, load_plan, services, stores
from model.base import kind_of
from model.checks import not_built
from model.clouds import CLOUDS
from model.loading import PLANS
from scripts import dr
from scripts.runbooks.forecasts import forecast
from tests.components.declared import declared
from tests.model.test_mistakes import put

Write = Callable[[Any], Path]
REDIS = {
    "name": "cache", "kind": "redis", "version": "7", "tier": 2,
    "backups": {"snapshots": {"every": "1d", "keep": "7d", "copies_to": ["tertiary"]}},
}  # fmt: skip
VAULT = {"name": "secrets", "kind": "vault"}
# Where in Samia's plan, what is put there, what is said of it, and the stack in which the component says it too.
UNBUILT = [
    ("stores.2", REDIS, 'stores[2].kind: "redis" has no driver on aws; there is postgres or objects', "prod"),
    ("stores.2", VAULT, 'stores[2].kind: "vault" has no driver on aws; there is postgres or objects', "dr"),
    ("services.5.kind", "web_app", 'services[5].kind: "web_app" has no driver on aws; there is pods', "traffic"),
    (
        "stores.0.replication", {"mode": "synchronous"},
        'stores[0].replication.mode: "synchronous" is not how postgres is replicated on aws; there is asynchronous',
        "prod",
    ),
    (
        "stores.1.archive.storage_class", "Cool",
        'stores[1].archive.storage_class: "Cool" is not a class of archives on aws; there is GLACIER, GLACIER_IR or',
        "cold",
    ),
]  # fmt: skip
each_unbuilt = pytest.mark.parametrize(("place", "value", "says", "stack"), UNBUILT, ids=[f"{it[1]}" for it in UNBUILT])


@pytest.fixture
def plan(document: dict[str, Any], write: Write, place: str, value: Any) -> Path:
    """A plan that nothing is wrong with, except that it cannot be built."""
    put(document, place, value)
    return write(document)


@each_unbuilt
def test_it_can_be_written_and_forecast(plan: Path, says: str, stack: str) -> None:
    loaded = load_plan(plan)
    assert forecast(loaded).objectives
    assert [str(mistake).startswith(says) for mistake in not_built(loaded)] == [True]


@each_unbuilt
def test_the_check_of_the_plan_refuses_it(
    plan: Path, says: str, stack: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dr.main(["plan", "check", str(plan)]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(f"error: {plan}: {says}")
    assert shown.err.count("\n") == 2


@each_unbuilt
@pytest.mark.parametrize("words", [("up", "--yes"), ("up", "--dry-run")], ids=" ".join)
def test_nothing_is_made_of_it(
    *, plan: Path, says: str, stack: str, words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    project = tmp_path / "project"
    project.mkdir()
    for name, value in (("DR_PROJECT", project), ("DR_HOME", tmp_path / "home"), ("PATH", "/nowhere")):
        monkeypatch.setenv(name, str(value))
    assert dr.main([*words, "--plan", str(plan)]) == 2
    assert capsys.readouterr().err.startswith(f"error: plan samia: {says}")
    assert list(project.iterdir()) == []
    assert not (tmp_path / "home").exists()


@each_unbuilt
def test_the_component_refuses_it(plan: Path, says: str, stack: str) -> None:
    reason = says.partition(": ")[2]
    with pytest.raises(pulumi.RunError) as refused:
        declared(stack, Topology.initial(load_plan("samia")), plan=str(plan))
    assert reason in str(refused.value)


def test_all_of_it_at_once_with_waivers_that_expired(document: dict[str, Any], write: Write) -> None:
    for place, value, _, _ in UNBUILT:
        put(document, place, value)
    found = list(not_built(load_plan(write(document))))
    assert [mistake.path for mistake in found] == [
        "stores[0].replication.mode", "stores[1].archive.storage_class", "stores[2].kind",
        "services[5].kind",
    ]  # fmt: skip


def test_every_plan_of_the_project_can_be_built() -> None:
    for name in ("samia", "minimal"):
        assert list(not_built(load_plan(name))) == []


def test_only_what_the_model_knows_is_said_to_be_built() -> None:
    for built in CLOUDS.values():
        assert set(built.stores) <= {kind_of(kind) for kind in stores.KINDS}
        assert set(built.services) <= {kind_of(kind) for kind in services.KINDS}


def test_an_archive_where_objects_are_written_is_a_contradiction(document: dict[str, Any], write: Write) -> None:
    """Everything written there would be locked at once, and sent nowhere."""
    put(document, "stores.1.archive.site", "primary")
    with pytest.raises(PlanError, match=r'stores\[1\]\.archive\.site: "primary" holds a live copy already'):
        load_plan(write(document))


def _listeners(**more: Any) -> list[dict[str, Any]]:
    seen = declared("prod", Topology.initial(load_plan("samia")), **more)
    found = [dict(each.inputs) for each in seen.values() if each.type == "aws:lb/listener:Listener"]
    return sorted(found, key=lambda inputs: -inputs["port"])  # they are registered side by side, in any order


def test_tls_needs_a_certificate_and_port_80_leads_to_it() -> None:
    with pytest.raises(pulumi.RunError, match=r"config dr:certificateArn: there is none"):
        _listeners(certificateArn="")
    https, http = _listeners(certificateArn="arn:aws:acm:eu-north-1:123456789012:certificate/1")
    assert (https["port"], https["protocol"], https["certificateArn"][-2:]) == (443, "HTTPS", "/1")
    assert (http["port"], http["protocol"]) == (80, "HTTP")
    to = {"port": "443", "protocol": "HTTPS", "statusCode": "HTTP_301"}
    assert http["defaultActions"] == [{"type": "redirect", "redirect": to}]


def test_a_plan_on_port_80_speaks_http_and_takes_no_certificate(document: dict[str, Any], write: Write) -> None:
    put(document, "traffic.port", 80)
    path = str(write(document))
    (http,) = _listeners(plan=path, certificateArn="")
    assert (http["port"], http["protocol"]) == (80, "HTTP")
    assert [action["type"] for action in http["defaultActions"]] == ["forward"]
    with pytest.raises(pulumi.RunError, match=r"config dr:certificateArn: there is one"):
        _listeners(plan=path, certificateArn="arn:aws:acm:eu-north-1:123456789012:certificate/1")


def test_a_firewall_is_refused_where_a_site_has_none(write: Write) -> None:
    document = yaml.safe_load((PLANS / "celora.yaml").read_text(encoding="utf-8"))
    put(document, "traffic.firewall", True)
    with pytest.raises(PlanError, match=r"traffic.firewall: no front door in azure can keep single addresses out yet"):
        load_plan(str(write(document)))


@pytest.mark.parametrize(
    ("plan", "changes", "says"),
    [
        (
            "samia",
            {"global_front_door": {"tier": "premium", "bypass": True}},
            r"no front door of aws stands before all",
        ),
        ("celora", {"global_front_door.bypass": False}, r"global_front_door\.bypass: false would keep clients out"),
        ("celora", {"port": 80}, r"global_front_door: speaks to clients with TLS alone; traffic\.port is 80"),
        ("celora", {"global_front_door.tier": "classic"}, r'global_front_door\.tier: "classic" is not'),
        ("celora", {"global_front_door": {"tier": "standard"}}, r"global_front_door\.bypass"),
    ],
    ids=["another cloud", "without a way past it", "without TLS", "an old tier", "nothing said of the way past it"],
)
def test_a_global_front_door_is_refused_where_it_cannot_be(
    plan: str, changes: dict[str, Any], says: str, write: Write
) -> None:
    document = yaml.safe_load((PLANS / f"{plan}.yaml").read_text(encoding="utf-8"))
    for path, value in changes.items():
        put(document, f"traffic.{path}", value)
    with pytest.raises(PlanError, match=says):
        load_plan(str(write(document)))
