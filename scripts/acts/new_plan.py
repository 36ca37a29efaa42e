"""A first plan of somebody's own system, with a comment on what each part is for."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from model import PlanError, load_plan, stores
from model.base import kind_of
from model.checks import not_built
from model.clouds import CLOUDS
from model.durations import parse_duration
from scripts.core.errors import BadInput, Refused
from scripts.core.home import project_dir

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    Ask = Callable[..., Any]

KINDS = ("primary", "warm", "cold")
SITES = {
    "primary": "the service runs here",
    "warm": "follows it, with pods that wait: takes over within minutes",
    "cold": "holds copies of backups and the witness of the writer lease; it is built when both others are lost",
}


@dataclass(frozen=True)
class Wanted:
    """
    `regions`: of the primary site, the warm one and the cold one. `stores` are names of databases, `services` names of
    services, each with the stores that it uses. `zone` is the DNS zone of the record that clients know.
    """

    system: str
    cloud: str
    account: str
    regions: Sequence[str]
    stores: Sequence[str]
    services: Sequence[tuple[str, tuple[str, ...]]]
    store_kind: str
    service_kind: str
    zone: str
    rpo: str
    rto: str

    @property
    def archive_interval(self) -> str:
        """The log has to leave the region often enough for what may be lost; a longer one is cheaper."""
        try:
            return "5m" if parse_duration(self.rpo) >= timedelta(minutes=5) else self.rpo
        except ValueError as error:
            raise BadInput(f"--rpo: {error}", "such as 15m") from error


def answers(
    *, system: str, cloud: str, account: str, regions: Sequence[str], stores: Sequence[str], services: Sequence[str],
    zone: str, rpo: str, rto: str, ask: Ask | None,
) -> Wanted:  # fmt: skip
    """
    What was given, asked for or, where nobody is there to be asked, a usual value for. Raises BadInput for what a first
    plan cannot be made of; the check of the plan judges the rest.
    """

    def given(value: str, question: str, usual: str) -> str:
        if value or ask is None:
            return value or usual
        return str(ask(question, default=usual or None))

    system = given(system, "What is the system called?", "")
    if not system:
        raise BadInput("which system is it?", "give it a name: dr plan new shop")
    built = [name for name, facts in CLOUDS.items() if facts.is_built]
    cloud = given(cloud, f"In which cloud ({', '.join(built)})?", built[0])
    if cloud not in built:
        raise BadInput(f"no site can be built in {cloud!r}", f"there is {', '.join(built)}")
    facts = CLOUDS[cloud]
    account = given(account, f"Who owns it ({facts.account_is})?", facts.example_account)
    if not regions:
        chosen = zip(KINDS, facts.example_regions, strict=True)
        regions = [given("", f"Region of the {kind} site?", usual) for kind, usual in chosen]
    if len(regions) != len(KINDS):
        raise BadInput(f"--region: {len(regions)} are given", f"give three: {', '.join(KINDS)}")
    names = list(stores) or given("", "Its databases, separated by blanks?", "main").split()
    named = list(services) or given("", "Its services, separated by blanks (NAME or NAME=STORE,STORE)?", "app").split()
    return Wanted(
        system=system,
        cloud=cloud,
        account=account,
        regions=tuple(regions),
        stores=tuple(names),
        services=tuple(_service(each, names) for each in named),
        store_kind=_store_kind(cloud),
        service_kind=facts.services[0],
        zone=given(zone, "The DNS zone of the name that clients know?", f"{system}.example.com"),
        rpo=rpo,
        rto=rto,
    )


def write_new(wanted: Wanted, to: Path | None) -> Path:
    """Write it, unless something is there. Raises Refused, PlanError with every mistake; nothing is written then."""
    path = to or project_dir() / "plans" / f"{wanted.system}.yaml"
    if path.exists():
        raise Refused(f"{path} is there already", "choose another file: --to FILE")
    draft = path.with_name(f".{path.name}.{os.getpid()}.yaml")
    try:
        draft.write_text(text_of(wanted), encoding="utf-8")
        load_plan(draft, also=[not_built])
        draft.rename(path)
    except PlanError as error:
        raise PlanError(str(path), error.mistakes) from None
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror}", "choose another file: --to FILE") from error
    finally:
        draft.unlink(missing_ok=True)
    return path


def _service(given: str, all_stores: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    name, names_some, some = given.partition("=")
    return name, tuple(filter(None, some.split(","))) if names_some else tuple(all_stores)


def _store_kind(cloud: str) -> str:
    """The first kind of the cloud that has incarnations: what such a plan is about."""
    known = {kind_of(each): each for each in stores.KINDS}
    return next(kind for kind in CLOUDS[cloud].stores if known[kind].traits.incarnations)


def text_of(wanted: Wanted) -> str:
    """YAML that is complete: what is left out has a default that `docs` and `dr plan check` tell."""
    return "\n".join(_lines(wanted)) + "\n"


def _lines(wanted: Wanted) -> Iterator[str]:
    yield f"# The plan of {wanted.system}: what has to survive, and how fast it has to be back."
    yield "# `dr plan check` says every mistake and what can be reached; `dr drill` rehearses it in the sandbox."
    yield "version: 1"
    yield f"system: {wanted.system}"
    yield "owner: sre # who answers for it"
    yield "environment: prod"
    yield ""
    yield "# Each site is a region of its own, held by a stack of its own."
    yield "sites:"
    for kind, region in zip(KINDS, wanted.regions, strict=True):
        place = f'cloud: {wanted.cloud}, account: "{wanted.account}", region: {region}'
        yield f"  # {SITES[kind]}"
        yield f"  - {{name: {kind}, kind: {kind}, {place}, stack: {wanted.system}-{kind}}}"
    yield ""
    yield "# The one name that clients know. It follows the site that claims the traffic."
    yield "traffic:"
    yield f"  stack: {wanted.system}-traffic"
    yield f"  zone: {wanted.zone}"
    yield f"  record: api.{wanted.zone}"
    yield "  ttl: 5s"
    yield "  port: 443"
    yield "  health: {path: /health/db, interval: 10s, failures: 2}"
    yield ""
    yield "# Only who holds the lease may write. A site that cannot renew it for `ttl` stops by itself."
    yield "fencing:"
    yield "  witness: cold"
    yield "  lease: {ttl: 5s, renew: 1s}"
    yield ""
    yield "stores:"
    for store in wanted.stores:
        yield from _store(wanted, store)
    yield ""
    yield "# Tier 0 is started first. `uses` gives a service the address and a login of exactly these stores."
    yield "services:"
    for name, uses in wanted.services:
        used = ", ".join(uses)
        told = f"kind: {wanted.service_kind}, tier: 0, uses: [{used}], replicas: {{active: 2, warm: 1}}"
        yield f"  - {{name: {name}, {told}}}"
    yield ""
    yield "tiers:"
    yield f"  - {{tier: 0, max_downtime: {wanted.rto}}}"
    yield ""
    yield "# What is promised for each disaster: `rpo` is what may be lost, `rto` when the service is back."
    yield "objectives:"
    yield from _objectives(wanted)
    yield ""
    yield "# Data may lie nowhere else."
    yield "residency:"
    yield f"  allowed_regions: [{', '.join(wanted.regions)}]"
    yield ""
    yield "# How `dr watch` finds out, and how long it rests after it has acted."
    yield "detection: {interval: 1s, timeout: 500ms, confirmations: 3, vantage_points: 2, hold_down: 5m}"
    yield ""
    yield "# Who is told. The variable of the environment holds the address, so that no address is in the repository."
    yield "contacts:"
    yield '  - {role: sre, channel: "env:DR_NOTIFY_SRE"}'
    yield ""
    yield "# After so long without one, `dr preview` says that the last drill is stale."
    yield "drills:"
    yield "  every: 90d"


def _store(wanted: Wanted, name: str) -> Iterator[str]:
    yield f"  - name: {name}"
    yield f"    kind: {wanted.store_kind}"
    yield '    version: "16"'
    yield "    tier: 0"
    yield "    standby: same_region # takes over by itself when a node dies"
    yield f"    replication: {{mode: asynchronous, max_lag: {wanted.rpo}}}"
    yield "    backups:"
    yield "      pitr_retention: 14d # back to any moment of so many days"
    yield f"      archive_interval: {wanted.archive_interval}"
    yield "      copies_to: [cold]"
    yield "      snapshots: {every: 1d, keep: 35d, copies_to: [cold]}"


def _objectives(wanted: Wanted) -> Iterator[str]:
    at_home = "recover_at: same_region"
    yield f"  - {{disaster: database_failure, rpo: {wanted.rpo}, rto: {wanted.rto}, {at_home}, automation: automatic}}"
    yield f"  - {{disaster: database_corruption, rpo: {wanted.rpo}, rto: 4h, {at_home}}}"
    yield f"  - {{disaster: regional_outage, rpo: {wanted.rpo}, rto: {wanted.rto}, recover_at: warm}}"
    yield "  - {disaster: multi_region_outage, rpo: 60m, rto: 6h, recover_at: cold}"
    yield "  - {disaster: compromise, rpo: 60m, rto: 8h, recover_at: cold}"
