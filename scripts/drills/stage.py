"""
Where a drill takes place: a world, the stacks of the plan in it, and a writer whose acknowledged writes are the truth.

The only module besides the choice of the engine and `dr sandbox` that knows that there is a sandbox.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any

from model.routes import writers
from sandbox.client import World, WorldError, leading_elsewhere
from sandbox.workload import Workload
from sandbox.workloads.catalogue import FAMILY
from sandbox.workloads.own import OwnWriter
from sandbox.workloads.running import Writer
from scripts.clouds.access import Clouds
from scripts.core.errors import BadInput, DrError, ObjectiveMissed, Refused
from scripts.core.home import project_dir
from scripts.core.waiting import wait_until
from scripts.engines.postgres.direct import with_login
from scripts.probes.web import door_of
from scripts.runbooks.run import run
from scripts.runs.journal import Journal
from scripts.runs.runbook import Options, RunOutcome
from scripts.stacks import topology_files
from scripts.stacks.provision import provision
from scripts.stacks.stacks import Stacks

if TYPE_CHECKING:
    from collections.abc import Callable

    from model import Plan
    from model.topology import Topology
    from sandbox.ledger import Loss, Outage
    from scripts.core.net import Login

RATE = 100.0  # orders a second
PLAIN = "plain"
"""The writer that posts orders to the traffic record, as the service's users do; the others are `FAMILY`."""
MINE = "mine"
"""The command that the plan names."""


def workloads(plan: Plan) -> tuple[str, ...]:
    """The names of those that a plan can be rehearsed with."""
    return (PLAIN, *FAMILY, *([MINE] if plan.workload is not None else []))


@contextmanager
def entered(environment: Mapping[str, str], without: Iterable[str] = ()) -> Iterator[None]:
    """The process's environment with these variables and without those, and afterwards as it was."""
    before = {name: os.environ.get(name) for name in (*environment, *without)}
    for name in without:
        os.environ.pop(name, None)
    os.environ.update(environment)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@dataclass
class Stage:
    """
    One world for one drill. `say` gets a line for each thing that goes on; `workload` is PLAIN, MINE or of the family.
    """

    plan: Plan
    plan_path: str
    world: World
    journal: Journal
    folder: Path
    say: Callable[[str], None]
    workload: str = PLAIN
    workloads: int = 0
    _open: ExitStack = field(default_factory=ExitStack)
    _logins: dict[str, Login] = field(default_factory=dict)

    # the world

    def lose(self, *sites: str) -> datetime:
        """Kill the regions of these sites without warning; the moment."""
        at = datetime.now(UTC)
        for site in sites:
            self.world.break_("region", region=self.plan.site(site).region)
        self.journal.note("fault", f"lost without warning: {', '.join(sites)}", sites=list(sites))
        return at

    def heal(self) -> None:
        """Undo every fault."""
        self.world.heal()
        self.journal.note("healed", "every fault is undone")

    def stored_backups(self, region: str, source: str) -> list[str]:
        """What the world calls the backups of a database that lie in a region."""
        kept = self.world.status()["regions"][region]["backups"]
        return [each["name"] for each in kept if each["source"] == source]

    # the service

    @property
    def topology(self) -> Topology:
        return topology_files.read_topology(self.plan, project_dir())

    @property
    def active(self) -> str:
        return self.topology.active_site

    @property
    def stores(self) -> list[str]:
        """The names of the stores that have incarnations, in the plan's order."""
        return [each.name for each in self.plan.incarnated_stores]

    @property
    def approvers(self) -> tuple[str, ...]:
        """Who agrees to what a rehearsal does: the people of the plan, or as many names as it may ask for."""
        most = max([1, *self.plan.approvals.values()])
        return self.plan.people or tuple(f"the drill {letter}" for letter in ascii_lowercase[: most - 1])

    @property
    def cold(self) -> str:
        """The name of the cold site. Raises Refused where the plan has none: its scenarios say so beforehand."""
        if self.plan.cold is None:
            raise Refused("the plan has no cold site", "rehearse another scenario")
        return self.plan.cold.name

    def named(self, store: str, site: str) -> str:
        """A store at a site in words; the site alone where there is one store only."""
        return f"{store} in {site}" if len(self.stores) > 1 else site

    def identifier(self, site: str = "", store: str = "") -> str:
        """What the cloud calls a site's store (the active site's, its first) as it is now."""
        topology = self.topology
        site = site or topology.active_site
        return topology.identifier(self.plan, site, store or self.stores[0])

    def dsn(self, site: str = "", store: str = "") -> str:
        """Straight to a site's store, for proofs."""
        return self.world.admin_dsn(self.identifier(site, store))

    def dsns(self, site: str = "") -> dict[str, str]:
        """Straight to each store that requests from outside write to, for proofs by a ledger."""
        return {store: self.dsn(site, store) for store in writers(self.plan)}

    def password(self, site: str, store: str = "") -> str:
        """What the secret of a site's store (its first) holds, for proofs."""
        return self._login(site, store or self.stores[0]).password

    def forget_logins(self) -> None:
        """Read them anew: they were changed."""
        self._logins.clear()

    def _login(self, site: str, store: str) -> Login:
        clouds = self.clouds()
        try:
            return clouds.login(site, store, self.topology.incarnation(site, store))
        finally:
            clouds.close()

    def provision(self) -> None:
        """Every stack as declared, and the service open for writes."""
        began = time.monotonic()
        stacks = Stacks(self.plan, journal=self.journal)
        topology_files.write_plan(self.plan, project_dir(), self.plan_path)
        provision(stacks, say=lambda stack, said: self.say(f"{stack}: {said}"))
        options = Options(to=self.plan.primary.name, approved_by=self.approvers)
        outcome = run("open", self.plan, options, plan_path=self.plan_path)
        if outcome.error is not None:
            raise outcome.error
        self.journal.note("provisioned", "every stack is as declared", seconds=time.monotonic() - began)

    def preview_all(self, when: str) -> bool:
        """Does no stack want to delete or replace anything? Journalled as a check."""
        stacks = Stacks(self.plan, journal=self.journal)
        with ThreadPoolExecutor(max_workers=2) as pool:
            previews = list(pool.map(stacks.preview, self.plan.stacks))
        bad = {
            each.stack: [f"{step.op} {step.name}" for step in each.destructive] for each in previews if each.destructive
        }
        return self.check(f"previews {when}", not bad, f"no stack deletes or replaces anything {when}", destructive=bad)

    @contextmanager
    def writing(self) -> Iterator[Workload | Writer]:
        """A writer at work, with a ledger of its own; writes flow when the body begins."""
        self.workloads += 1
        ledger = self.folder / f"ledger-{self.workloads}.jsonl"
        workload: Workload | Writer
        if self.workload == PLAIN:
            paths = {store: f"{path}/orders" for store, path in writers(self.plan).items()}
            workload = Workload(
                self.world, door_of(self.plan).url(""), ledger, rate=RATE,
                paths=paths, reads="" if paths else self.plan.traffic.health.path,
            )  # fmt: skip
        elif self.workload == MINE:
            if self.plan.workload is None:
                raise BadInput("the plan names no workload", "say how the service writes: workload.command")
            workload = OwnWriter(self.plan.workload, self._as_the_service, ledger, store=self.stores[0])
        else:
            workload = Writer(FAMILY[self.workload], self._as_the_service, ledger, rate=RATE, store=self.stores[0])
        workload.start()
        try:
            self.wait_for_writes(workload, time.time())
            yield workload
        finally:
            workload.stop()

    @contextmanager
    def writing_family(self, names: Iterable[str] = tuple(FAMILY), *, rate: float = 2.0) -> Iterator[dict[str, Writer]]:
        """All of the family at work at once, `rate` writes a second each, with tables and a ledger of their own."""
        self.workloads += 1
        writers = {
            name: Writer(FAMILY[name], self._as_the_service, self.folder / f"ledger-{self.workloads}-{name}.jsonl",
                         rate=rate, store=self.stores[0])
            for name in names
        }  # fmt: skip
        try:
            for each in writers.values():
                each.start()
            self.wait_for_family(writers, time.time())
            yield writers
        finally:
            with ThreadPoolExecutor(max_workers=len(writers)) as pool:
                list(pool.map(Writer.stop, writers.values()))

    def wait_for_family(self, writers: Mapping[str, Writer], since: float, *, more: int = 2) -> None:
        """Until each of them has had so many writes acknowledged after `since`."""
        for name, each in writers.items():
            try:
                self.wait_for_writes(each, since, more=more)
            except ObjectiveMissed as error:
                last = (each.refused() or [{"why": "nothing was refused"}])[-1]["why"]
                raise ObjectiveMissed(f"{name}: {error}; last refused: {last}", error.hint) from error

    def _as_the_service(self) -> list[str]:
        """
        The databases that may be the active one, with the service's own login; the one that takes writes is it. None
        while a run is writing down, stack by stack, who is.
        """
        found = list[str]()
        try:
            sites = list(self.topology.stores)
        except DrError:
            return found
        for site in sites:
            with contextlib.suppress(DrError, WorldError):
                if site not in self._logins:
                    self._logins[site] = self._login(site, self.stores[0])
                login = self._logins[site]
                found.append(with_login(self.dsn(site), login.user, login.password))
        return found

    def wait_for_writes(
        self, workload: Workload | Writer, since: float, *, seconds: float = 120, more: int = 20
    ) -> None:
        """Until so many writes of each store were acknowledged after `since` (seconds since 1970)."""

        def flowing(store: str) -> bool:
            return sum(float(each["acked_at"]) > since for each in workload.acknowledged(store)) >= more

        for store in workload.stores:
            wait_until(
                partial(flowing, store), seconds=seconds, what=f"writes to {store or 'the service'} to be acknowledged",
                error=ObjectiveMissed,
            )  # fmt: skip

    def wait_for_lag(self, site: str, *, seconds: float) -> None:
        """Until a site's copy of each store is so far behind."""
        clouds = self.clouds()

        def is_behind(store: str) -> bool:
            where = clouds.engine(site, store, self.topology.incarnation(site, store)).position()
            return (where.seconds_behind or 0.0) >= seconds

        for store in self.stores:
            wait_until(
                partial(is_behind, store), seconds=seconds + 60, what=f"{store} in {site} to be {seconds:g} s behind",
                error=ObjectiveMissed,
            )  # fmt: skip
        clouds.close()

    def judge(self, workload: Workload | Writer, fault_at: datetime | None) -> tuple[Loss, Outage | None]:
        """The ledger against the active site's databases, each store against its own."""
        workload.stop()
        found = {store: self.dsn(store=store) for store in workload.stores if store}
        return workload.verify(found), workload.outage(since=fault_at.timestamp() if fault_at else 0.0)

    # what is written down

    def check(self, name: str, passed: bool, sentence: str, *, negative_control: bool = False, **evidence: Any) -> bool:
        """Journal a check; gives `passed`."""
        kind = {"negative_control": True} if negative_control else {}
        self.journal.write(
            "probe",
            name,
            sentence,
            phase="check",
            status="passed" if passed else "failed",
            evidence={**evidence, **kind},
        )
        self.say(f"{'ok' if passed else 'FAILED'}: {sentence}")
        return passed

    def must_fail(self, name: str, sentence: str, act: Callable[[], Any], expected: type[DrError]) -> bool:
        """A negative control: `act` must raise `expected`. One that passes means that the drill proves nothing."""
        try:
            outcome = act()
            error = outcome.error if isinstance(outcome, RunOutcome) else None
        except DrError as raised:
            error = raised
        said = str(error) if error else "it passed"
        return self.check(name, isinstance(error, expected), sentence, negative_control=True, said=said)

    def clouds(self, *lost: str) -> Clouds:
        return Clouds(self.plan, frozenset(lost))


@contextmanager
def stage(
    plan: Plan, plan_path: str, journal: Journal, folder: Path, say: Callable[[str], None], *, pace: float = 20.0
) -> Iterator[Stage]:
    """A world of its own, entered by environment, that is gone afterwards whatever happens."""
    with ExitStack() as stack:
        home = (
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dr-drill-", ignore_cleanup_errors=True)))
            / "world"
        )
        began = time.monotonic()
        world = World.up(home, plan_path, pace=pace, owner=os.getpid())
        stack.callback(world.down)
        inside = world.env(plan.primary.stack)
        stack.enter_context(entered(inside, without=leading_elsewhere(os.environ, inside)))
        journal.note("world", "a world is up", seconds=time.monotonic() - began, pace=pace)
        yield Stage(plan, plan_path, world, journal, folder, say)


def as_evidence(loss: Loss, outage: Outage | None) -> dict[str, Any]:
    """For the scenario's entry in the drill's journal."""
    return {"loss": asdict(loss), "outage_seconds": None if outage is None else outage.seconds}
