"""A site that is to follow the active one needs its password: a replica has that of its source."""

from __future__ import annotations

import json
import uuid

from model import names
from scripts.acts.logins import PASSWORD_SETTING
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import target


def share_login(context: Context) -> Result:
    """The site's secrets and the settings of its stack get the password of the active site. Repeatable."""
    plan, site, clouds = context.plan, target(context), context.clouds
    active = context.topology.active_site
    theirs, ours = clouds.at(active).secrets(), clouds.at(site).secrets()
    changed = []
    for each in plan.incarnated_stores:
        source = theirs.read(names.database_secret(plan, active, each.name))
        name = names.database_secret(plan, site, each.name)
        present = ours.read(name)
        if source is None or present is None:
            continue
        login, password = json.loads(present.text), str(json.loads(source.text)["password"])
        if login["password"] == password:
            continue
        # The secret is written last: as long as it differs, the settings are written again.
        context.stacks.set_secret(plan.site(site).stack, PASSWORD_SETTING, password)
        version = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{context.run}/{name}"))
        ours.write(name, json.dumps({**login, "password": password}), version)
        changed.append(name)
    said = f"{site} has the login of {active}" if changed else f"{site} has the login of {active} already"
    return Result("done" if changed else "already", said, {"logins": changed})
