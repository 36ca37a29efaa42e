"""
Tells the people in the plan's contacts. Never holds up a failover: messages go out beside it, and one that cannot be
sent is a note in the journal.

A contact's channel is `env:NAME`; the variable holds an Apprise address (https://github.com/caronc/apprise), or
several, separated by spaces. Addresses often carry a token: none is ever shown or journalled. A run in a sandbox takes
`NAME_REHEARSAL` instead, and its titles begin with [REHEARSAL].
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from scripts.core.errors import DrError
from scripts.core.home import CHECKOUT
from scripts.core.moments import now
from scripts.people.sending import REASONS
from scripts.runs.runbook import Does

if TYPE_CHECKING:
    from model import Plan
    from scripts.runs.journal import Journal
    from scripts.runs.rows import Observer, RowEvent
    from scripts.runs.runbook import RunOutcome

# Title and body of each message; jinja, over the facts that the caller gives and `system`, `owner`.
TEMPLATES = {
    "declared": (
        "{{ system }}: {{ disaster }} declared",
        "{{ to }} takes over for {{ from_site }}: {{ at_stake }}. Run {{ run }}.",
    ),
    "service_back": ("{{ system }}: served by {{ to }}", "The service is back after {{ seconds }} s. Run {{ run }}."),
    "done": ("{{ system }}: {{ runbook }} done", "{{ summary }} Run {{ run }}."),
    "failed": ("{{ system }}: {{ runbook }} FAILED", "{{ summary }} Run {{ run }}. {{ hint }}"),
    "escalated": ("{{ system }}: {{ disaster }} for {{ lasted }}", "The service is not back yet. Run {{ run }}."),
    "suspected": ("{{ system }}: {{ site }} looks down", "{{ summary }} Nothing was changed."),
    "undecided": ("{{ system }}: {{ site }} looks down for {{ lasted }}", "{{ summary }} Nobody has decided yet."),
}


def render(event: str, facts: Mapping[str, Any]) -> tuple[str, str]:
    """Title and body. Raises KeyError for an unknown event, jinja2.UndefinedError for a fact that is missing."""
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415  (only beside the run)

    jinja = Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701  (plain text messages)
    title, body = TEMPLATES[event]
    return jinja.from_string(title).render(facts), jinja.from_string(body).render(facts)


@dataclass
class Notifier:
    """For one run. `close` waits a moment for what is still on its way."""

    plan: Plan
    journal: Journal
    _sent: list[threading.Thread] = field(default_factory=list)

    def send(self, event: str, facts: Mapping[str, Any], roles: Sequence[str] | None = None) -> None:
        """
        Tell these roles (all that the plan wants to know at once, without `roles`). Returns at once, never raises.
        """
        to = list(roles or first_told(self.plan))
        thread = threading.Thread(target=self._deliver, args=(event, dict(facts), to), name="notify", daemon=True)
        thread.start()
        self._sent.append(thread)

    def close(self, seconds: float = 3.0) -> None:
        end = time.monotonic() + seconds
        for thread in self._sent:
            thread.join(max(0.0, end - time.monotonic()))

    def _deliver(self, event: str, facts: dict[str, Any], roles: list[str]) -> None:
        told, failed, silent = [], {}, []
        try:
            title, body = render(event, {"system": self.plan.system, "owner": self.plan.owner, **facts})
            title = f"[REHEARSAL] {title}" if is_rehearsal() else title
            for role in roles:
                addresses = channels(self.plan, role)
                if not addresses:
                    silent.append(role)
                elif reason := _send(addresses, title, body):
                    failed[role] = reason
                else:
                    told.append(role)
        except Exception as error:  # noqa: BLE001  (a message must never end a failover)
            failed["everybody"] = f"{type(error).__name__} in the message {event}"
        said = f"Told {', '.join(told)}" if told else f"Told nobody of: {event}"
        with suppress(OSError, DrError):  # the run may have ended, and its journal with it
            self.journal.note("notify", said, event=event, told=told, failed=failed, without_channel=silent)


class Lasting(Protocol):
    """What goes on while it lasts: `scripts.people.escalation` tells more people."""

    def start(self) -> None: ...
    def end(self) -> None: ...


@dataclass
class Telling:
    """
    Watches a run and tells the plan's contacts what they must know: declared, back, over. Use it as the run's observer.

    `facts` are the messages' words: `to`, `from_site`, `disaster`, `run`. Events go on to `then`. `lasting` is started
    when a row that does `starts_with` begins (without one: at once), and ended when the service is back.
    """

    notifier: Notifier
    facts: dict[str, Any]
    then: Observer | None = None
    lasting: Lasting | None = None
    starts_with: Does | None = None
    _began: datetime = field(default_factory=now)

    def __post_init__(self) -> None:
        if self.lasting is not None and self.starts_with is None:
            self.lasting.start()

    def __call__(self, event: RowEvent) -> None:
        does = event.row.does
        if self.lasting is not None and does is self.starts_with and event.what == "begun":
            self.lasting.start()
        if does is Does.CHECK and event.what == "done":
            self.facts["at_stake"] = "; ".join(filter(None, (self.facts.get("at_stake"), event.said)))
        elif does is Does.DECLARE and event.what == "done":
            self.notifier.send("declared", {"at_stake": "not known", **self.facts})
        elif does is Does.SEE_SERVICE and event.what in {"done", "already"}:
            if self.lasting is not None:
                self.lasting.end()
            seconds = f"{(event.at - self._began).total_seconds():.1f}"
            self.notifier.send("service_back", {**self.facts, "seconds": seconds})
        if self.then is not None:
            self.then(event)

    def over(self, runbook: str, outcome: RunOutcome) -> None:
        """Say how the run ended, and wait a moment for what is on its way."""
        if outcome.error is None:
            self.notifier.send("done", {**self.facts, "runbook": runbook, "summary": "Every row is done."})
        else:
            message, hint = outcome.error.lines()
            self.notifier.send("failed", {**self.facts, "runbook": runbook, "summary": f"{message}.", "hint": hint})
        self.notifier.close()


def first_told(plan: Plan) -> list[str]:
    """The roles to tell at once: those of the escalation's first moment, else every contact."""
    at_once = [role for step in plan.escalation if step.after <= timedelta(0) for role in step.notify]
    return list(dict.fromkeys(at_once or [contact.role for contact in plan.contacts]))


def due(plan: Plan, lasted: timedelta, before: timedelta) -> list[str]:
    """The roles that the escalation names for a moment after `before` and up to `lasted`."""
    return [role for step in plan.escalation if before < step.after <= lasted for role in step.notify]


def is_rehearsal() -> bool:
    """Does this program work in a sandbox?"""
    return bool(os.environ.get("DR_SANDBOX"))


def channels(plan: Plan, role: str) -> list[str]:
    """
    The addresses of a role, from the environment; empty when none is set. Secret.

    In a sandbox the variable ends in _REHEARSAL: a rehearsal pages nobody who was not asked to take part.
    """
    names = [contact.channel.removeprefix("env:") for contact in plan.contacts if contact.role == role]
    names = [f"{name}_REHEARSAL" for name in names] if is_rehearsal() else names
    return [address for name in names for address in os.environ.get(name, "").split()]


def _send(addresses: list[str], title: str, body: str) -> str:
    """
    The reason why it could not be sent, or an empty text.

    In a process of its own: loading the plugins of all channels takes half a second of work that a failover has better
    uses for, and a message that is under way gets out even if the run has ended. Addresses go in by its standard input.
    """
    message = json.dumps({"addresses": addresses, "title": title, "body": body})
    try:
        done = subprocess.run(
            [sys.executable, "-m", "scripts.people.sending"],
            input=message, text=True, capture_output=True, check=False, timeout=30, cwd=CHECKOUT,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"it was not sent ({type(error).__name__})"
    return REASONS.get(done.returncode, "the sender failed")
