"""
`dr watch`: looks at the active site again and again, and acts where the plan says that it may.

Every store and every service behind the front door is looked at. A database that several vantage points find down,
each so many times in a row, is failed over to its standby in the same region, but only while the region itself is seen
to live and no service that uses the database says that it answers: then it is the database that is gone, and not the
way to it. One look proves nothing, neither that something is down nor, against several, that it is not. A site of which
nothing is seen may be dead or cut off, and nobody can tell from outside: the people are told, and nothing is done,
unless the plan calls regional outages automatic. Even then the writer lease decides: a site that renews it lives. A
service that answers nobody although its stores do is started anew once where the plan calls application failures
automatic; else, and where that did not help, it is told to the people.
"""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from model import load_plan
from model.routes import health_paths
from scripts.clouds.access import Clouds
from scripts.core.errors import BadInput, CloudFailed, DrError, NotFenced
from scripts.core.home import project_dir
from scripts.failover import failover
from scripts.fencing.lease import wait_until_expired
from scripts.people.options import DEFAULT_PLAN, PlanName
from scripts.people.output import err
from scripts.people.suspicion import ACTED, OVER, Suspicion
from scripts.probes.vantage import Vantage, Watched, vantages
from scripts.probes.verdict import Verdict
from scripts.probes.web import Door, door_of
from scripts.recover import recover
from scripts.runbooks.decided import FIRST_RUNG, is_automatic
from scripts.runbooks.run import run
from scripts.runs import run_records
from scripts.runs.journal import Journal
from scripts.runs.runbook import Options, RunOutcome
from scripts.stacks import topology_files

if TYPE_CHECKING:
    from model import Plan

FOLLOW_SECONDS = 5.0  # how often it is asked whether somebody else moved the service


@dataclass
class Watch:
    """One watcher. `step` is one look and what follows from it."""

    plan: Plan
    points: list[Vantage]
    clouds: Clouds
    journal: Journal
    plan_path: str = ""
    first_failure: float | None = None  # seconds since 1970
    rests_until: float = 0.0
    seen_well: bool = False
    outcomes: list[RunOutcome] = field(default_factory=list)
    _restarted: set[str] = field(default_factory=set)
    _watched: dict[str, Watched] = field(default_factory=dict)
    _door: Door | None = None
    _active: str = ""
    _epoch: int = 0
    _followed_at: float = 0.0  # monotonic

    def __post_init__(self) -> None:
        self.suspicion = Suspicion(self.plan, self.journal, lambda: not self.is_decided())

    @property
    def reported(self) -> str:
        """Why nothing is done about what is suspected; empty when nothing is."""
        return self.suspicion.reason

    @classmethod
    def of(cls, plan: Plan, plan_path: str = "") -> Watch:
        """Begins a journal. Raises BadInput when there are fewer vantage points than the plan wants."""
        points = vantages()
        wanted = plan.detection.vantage_points
        if len(points) < wanted:
            raise BadInput(
                f"the plan wants {wanted} vantage points, and there is {len(points)}",
                "name them in DR_VANTAGE_POINTS: one name server for each place",
            )
        journal, places = Journal.of(run_records.new_run_id("watch")), ", ".join(point.name for point in points)
        evidence = {"system": plan.system, "plan": plan_path or plan.system, "from": places}
        evidence["environment"] = run_records.environment()
        journal.write("run", "watch", f"Watch {plan.system} from {places}", status="begun", evidence=evidence)
        return cls(plan, points, Clouds(plan), journal, plan_path)

    def aim(self) -> None:
        """
        Find out what to look at: the active site of the topology as it is now. Also loads what acting will need.

        Raises CloudFailed where the site's own cloud does not say where its parts are; then it is not aimed.
        """
        plan = self.plan
        self._door = None
        topology = topology_files.read_topology(plan, project_dir())
        if (topology.active_site, topology.epoch) != (self._active, self._epoch):
            for point in self.points:
                point.forget()  # what was seen of other things
        self._active = active = topology.active_site
        self._epoch = topology.epoch
        held = topology.incarnations(active)
        kinds = {store.name: store.kind for store in plan.stores}
        self._watched = {
            name: Watched(kinds[name], self.clouds.login(active, name, number)) for name, number in held.items()
        }
        site = self.clouds.at(active)
        host = site.front_door()
        site.warm_up()
        region = plan.site(active).region
        # A place inside the region that may be gone sees nothing that others do not.
        self.points = [point for point in self.points if point.name != region]
        import scripts.runs.durable  # noqa: F401, PLC0415 (half a second that must not be spent when it is urgent)

        self._door = door_of(plan, host)  # last: from here on it is aimed

    @property
    def aimed(self) -> bool:
        """It knows what to look at."""
        return self._door is not None

    async def try_to_aim(self) -> None:
        """
        Aim; a site that does not even say where its parts are is suspected, and the people are told. Nothing is done by
        itself: what was never looked at cannot be called dead.
        """
        before = self._active
        try:
            await asyncio.to_thread(self.aim)
        except CloudFailed:
            if self.first_failure is None:
                self.first_failure = time.time()
            self._report(f"{self._active} does not say where its parts are; whether it is lost is for people to say")
        else:
            if before not in {"", self._active}:
                self.suspicion.end(ACTED, f"somebody else took the service from {before}")

    async def look(self) -> None:
        """One look from everywhere, side by side; at nothing while it is not aimed."""
        door, timeout = self._door, self.plan.detection.timeout.total_seconds()
        if door is None:
            return
        paths = health_paths(self.plan)
        async with asyncio.TaskGroup() as looks:
            for point in self.points:
                looks.create_task(point.look(self._watched, door, paths, timeout=timeout))
        self.verdict.judge()

    def close(self) -> None:
        """Look no more, and end the journal."""
        self.suspicion.pause()
        self.clouds.close()
        self.journal.write("end", "watch", "Ended", status="done", evidence={"acted": len(self.outcomes)})
        self.journal.close()

    @property
    def verdict(self) -> Verdict:
        """What was seen up to now, judged by the plan."""
        return Verdict(self.plan, self._active, self.points, list(self._watched))

    def down(self) -> list[str]:
        """The databases that are found down."""
        return self.verdict.down()

    def why_not_fail_database_over(self, name: str) -> str | None:
        """The reason, or None."""
        if self.plan.incarnated_store(name).standby != "same_region":
            return f"{name} has no standby in its region"
        if self._automation("database_failure", name) != "automatic":
            return "the plan does not call database failures automatic"
        return self.verdict.why_not_down_alone(name)

    def why_not_restart(self, service: str) -> str | None:
        """The reason, or None. What was started anew and is silent all the same is for people."""
        if not is_automatic(self.plan, service):
            return "the plan does not call application failures automatic"
        if service in self._restarted:
            return f"{service} was started anew already"
        return None

    def why_not_fail_site_over(self) -> str | None:
        """The reason, or None. The writer lease is asked last, and it decides."""
        if reason := self.verdict.why_not_gone():
            return reason
        if self._automation("regional_outage") != "automatic":
            return f"nothing is seen of {self._active}; whether it is dead or cut off is for people to say"
        try:
            wait_until_expired(self.clouds.witness())
        except NotFenced as error:
            return str(error)
        return None

    async def step(self) -> RunOutcome | None:
        """Look, and act when it must and may be. Gives the outcome of what was done, if anything."""
        await self.look()
        verdict = self.verdict
        if time.monotonic() > self._followed_at + FOLLOW_SECONDS and self._has_moved():
            await asyncio.to_thread(self._follow)  # what was left may be alive, and is not looked at any more
            return None
        if not verdict.failing():
            self.first_failure, self.seen_well = None, True
            self._restarted.clear()
            self.suspicion.end(OVER, f"{self._active} is seen well again")
            return None
        if self.first_failure is None:
            self.first_failure = time.time()
        if time.monotonic() < self.rests_until:
            return None
        down, dark = verdict.down(), not verdict.site_is_seen()
        if down and not dark and await asyncio.to_thread(self._has_other_logins, down):
            return None  # who is refused for an old password has not seen that anything is down
        reasons = {name: self.why_not_fail_database_over(name) for name in down}
        ready = [name for name, reason in reasons.items() if reason is None]
        if ready:
            return await self._act(ready)
        if dark:
            reason = self.why_not_fail_site_over()
            if reason is None:
                return await self._move()
        elif down:
            reason = "; ".join(filter(None, reasons.values()))
        else:
            silent = verdict.silent()
            if again := [name for name in silent if self.why_not_restart(name) is None]:
                return await self._restart(again[0])
            reason = f"{', '.join(silent)} does not answer in {self._active}, whose stores do" if silent else None
        if reason is None:
            return None
        if self._has_moved():
            await asyncio.to_thread(self._follow)
        else:
            self._report(reason)
        return None

    def _has_moved(self) -> bool:
        """Did somebody else move the service, or build its database anew?"""
        self._followed_at = time.monotonic()
        topology = topology_files.read_topology(self.plan, project_dir())
        return (topology.active_site, topology.epoch) != (self._active, self._epoch)

    def _has_other_logins(self, databases: list[str]) -> bool:
        """Was a password of these changed since it was read? Then look with the new one, as if nothing was seen yet."""
        held = topology_files.read_topology(self.plan, project_dir()).incarnations(self._active)
        try:
            now = {name: self.clouds.login(self._active, name, held[name]) for name in databases if name in held}
        except DrError:
            return False  # the site does not say: what was seen stands
        changed = [name for name, login in now.items() if login != self._watched[name].login]
        for name in changed:
            self._watched[name] = Watched(self._watched[name].kind, now[name])
            for point in self.points:
                point.databases.pop(name, None)
        return bool(changed)

    def is_decided(self) -> bool:
        """Somebody is at work on it, or has been."""
        return self._has_moved() or run_records.unfinished(self.plan.system) is not None

    def _follow(self) -> None:
        """Look at where the service is now."""
        old = self._active
        self.suspicion.end(ACTED, f"somebody else took the service from {old}")
        self.first_failure = None
        self.aim()

    async def _act(self, databases: list[str]) -> RunOutcome:
        more = {"databases": databases, "disaster": "database_failure", "seen_down": True, **self._moments(databases)}
        options = Options(to=self._active, more=more)
        return await self._run(
            lambda: run("database_failover", self.plan, options, plan_path=self.plan_path, prepared=self.clouds)
        )

    async def _restart(self, service: str) -> RunOutcome:
        """The first rung of the ladder, and no other: each further one is for people to say."""
        moments: dict[str, Any] = self._moments([], service)
        self._restarted.add(service)
        return await self._run(
            lambda: recover(self.plan, service, site=self._active, end=FIRST_RUNG, plan_path=self.plan_path, **moments)
        )

    async def _move(self) -> RunOutcome:
        goal = next(each for each in self.plan.objectives if each.disaster == "regional_outage" and not each.component)
        moments: dict[str, Any] = self._moments(list(self._watched))
        return await self._run(lambda: failover(self.plan, goal.recover_at, plan_path=self.plan_path, **moments))

    async def _run(self, act: Any) -> RunOutcome:
        self.suspicion.pause()  # the run tells who has to know
        began = self.first_failure
        outcome: RunOutcome = await asyncio.to_thread(act)
        self.outcomes.append(outcome)
        self.rests_until = time.monotonic() + self.plan.detection.hold_down.total_seconds()
        self.first_failure = None
        said = outcome.error.message if outcome.error else "done"
        if outcome.error is None:
            self.suspicion.end(ACTED, "it was acted on")
        else:
            self.first_failure = began  # the service is away still: people have to decide
            self._report(f"{said}; {outcome.error.hint}", tried=True)
        self.journal.note(ACTED, f"{outcome.run}: {said}", run=outcome.run, status=outcome.status)
        self.aim()
        return outcome

    def _moments(self, databases: list[str], service: str = "") -> dict[str, str]:
        """When these databases, or this service, were first not seen, and now."""
        began = self.verdict.silent_since(service) if service else self.verdict.failing_since(databases)
        seen = {
            point.name: {name: asdict(sight) for name, sight in (*point.databases.items(), *point.services.items())}
            for point in self.points
        }
        self.journal.write(
            "decision", "down", f"{self._active} is found down", phase="detect", status="act", evidence=seen
        )
        return {
            "fault_at": datetime.fromtimestamp(began, UTC).isoformat(),
            "detected_at": datetime.now(UTC).isoformat(),
        }

    def _report(self, reason: str, *, tried: bool = False) -> None:
        """Once for each reason. `tried`: it was acted on, in vain."""
        since = datetime.fromtimestamp(self.first_failure or time.time(), UTC)
        if self.suspicion.raise_(self._active, reason, since, inherits=not self.seen_well):
            err().print(f"nothing {'more ' if tried else ''}is done: {reason}", markup=False)

    def _automation(self, disaster: str, component: str = "") -> str:
        """As the objective says that the plan has for this part of it, else as that of the whole system says."""
        goals = [each for each in self.plan.objectives if each.disaster == disaster]
        own = [each for each in goals if component and each.component == component]
        return next((each.automation for each in (*own, *goals) if each.component in {None, "", component}), "manual")


async def watch(watcher: Watch, *, until: float | None = None, acts: int | None = None) -> None:
    """Look every `detection.interval` until the time (monotonic) has come, or it has acted so many times."""
    interval = watcher.plan.detection.interval.total_seconds()
    while until is None or time.monotonic() < until:
        began = time.monotonic()
        try:
            if not watcher.aimed:
                await watcher.try_to_aim()
            if watcher.aimed:
                await watcher.step()
        except DrError as error:
            err().print(f"{error.message}")
            watcher.journal.note("error", error.message, hint=error.hint)
        if acts is not None and len(watcher.outcomes) >= acts:
            return
        await asyncio.sleep(max(interval - (time.monotonic() - began), 0.0))


def command(
    *,
    plan: PlanName = DEFAULT_PLAN,
    once: Annotated[bool, typer.Option("--once", help="end after having acted once")] = False,
) -> int:
    """Watch the active site, and fail over where the plan says so."""
    watcher = Watch.of(load_plan(plan), plan)
    places = ", ".join(point.name for point in watcher.points)
    err().print(f"watching {watcher.plan.system} from {places}; Ctrl-C ends it")
    try:
        asyncio.run(watch(watcher, acts=1 if once else None))
    except KeyboardInterrupt:
        return 0
    finally:
        watcher.close()
    return max((outcome.exit_code for outcome in watcher.outcomes), default=0)


app = typer.Typer(add_completion=False)
app.command("watch")(command)

if __name__ == "__main__":
    from scripts.dr import main

    raise SystemExit(main(["watch", *sys.argv[1:]]))
