"""
Give the clean site a database password that no compromised site has ever seen.

It is made here and kept in two places only: the site's secret, which no region of a compromised site gets a copy of
any more, and the settings of its stack, sealed as all secrets there. The site is built with it.
"""

from __future__ import annotations

import json
import secrets
import uuid

from model import names
from scripts.acts.logins import PASSWORD_SETTING
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import isolated, target


def rotate_credentials(context: Context) -> Result:
    """Repeatable: a run makes one password, and finds it again in the version of the secret that carries its name."""
    plan, site = context.plan, target(context)
    secret_store = context.clouds.at(site).secrets()
    held = [names.database_secret(plan, site, each.name) for each in plan.incarnated_stores]
    stopped = {name: secret_store.stop_copies(name, isolated(context)) for name in held}
    password = ""
    for name in held:
        version = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{context.run}/{name}"))
        ours = secret_store.read(name, version)
        if ours is None:
            present = secret_store.read(name)
            login = json.loads(present.text) if present else {}
            password = password or secrets.token_hex(24)
            login["password"] = password
            secret_store.write(name, json.dumps(login), version)
        else:
            password = str(json.loads(ours.text)["password"])
    if password:
        context.stacks.set_secret(plan.site(site).stack, PASSWORD_SETTING, password)
    said = f"{site} has a password of its own, which {', '.join(isolated(context))} never saw"
    return Result("done", said, {"logins": held, "copies_stopped": stopped})
