"""
Give the stores of a site that goes on serving another owner's password, and with it everybody another login.

Logins of services are worked out from the owner's, so one new secret renews them all. Sites that follow have the roles
of the active one, and a cold one is built with what its stack is told: all of them are told the same.
"""

from __future__ import annotations

import json
import secrets
import uuid
from datetime import UTC, datetime
from functools import partial

from model import names
from scripts.acts.logins import PASSWORD_SETTING
from scripts.acts.stacks import LOGIN_OF_MACHINES, refuse_destruction
from scripts.core.errors import CloudFailed
from scripts.core.waiting import wait_until
from scripts.runs.findings import LoginsRenewed
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import lost, target

CLOCK = "SELECT clock_timestamp()"
BOUND_SECONDS = 900


def renew_logins(context: Context) -> Result:
    """Repeatable: a run makes one password, and finds it again in the version of the secret that carries its name."""
    plan, site = context.plan, target(context)
    password = _ours(context, site) or secrets.token_hex(24)
    _write(context, site, password)
    not_told = []
    for each in plan.sites:
        if each.name in lost(context):
            not_told.append(each.name)
        elif each.name != site:
            try:
                _write(context, each.name, password)
            except CloudFailed:
                not_told.append(each.name)
    for each in plan.sites:
        if each.name not in not_told:
            context.stacks.set_secret(each.stack, PASSWORD_SETTING, password)
    running = [site, *(name for name in context.topology.stores if name not in {site, *not_told})]
    for name in running:
        stack = plan.site(name).stack
        refuse_destruction(context.stacks.preview(stack), but=LOGIN_OF_MACHINES)
        context.stacks.up(stack)
    clocks = {}
    for store, number in context.topology.incarnations(site).items():
        clocks[store] = wait_until(
            partial(_clock, context, store, number), seconds=BOUND_SECONDS, what=f"{store} to take its new password"
        )
    said = f"{', '.join(clocks) or 'no store'} of {site} has another password, and every service another login"
    said += f"; {', '.join(not_told)} could not be told of it" if not_told else ""
    return Result("done", said, LoginsRenewed(at=datetime.now(UTC), clocks=clocks, not_told=not_told))


def _clock(context: Context, store: str, number: int) -> datetime:
    """The store's own, in a session that was opened with the new password."""
    context.clouds.forget(target(context), store, number)
    return context.clouds.engine(target(context), store, number).ask(CLOCK, seconds=10).clock


def _version(context: Context, name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{context.run}/{name}"))


def _ours(context: Context, site: str) -> str:
    """The password that this run made before, or nothing."""
    store = context.clouds.at(site).secrets()
    for each in context.plan.incarnated_stores:
        name = names.database_secret(context.plan, site, each.name)
        if (found := store.read(name, _version(context, name))) is not None:
            return str(json.loads(found.text)["password"])
    return ""


def _write(context: Context, site: str, password: str) -> None:
    store = context.clouds.at(site).secrets()
    for each in context.plan.incarnated_stores:
        name = names.database_secret(context.plan, site, each.name)
        present = store.read(name)
        login = json.loads(present.text) if present else {}
        store.write(name, json.dumps({**login, "password": password}), _version(context, name))
