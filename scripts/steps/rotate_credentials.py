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
from scripts.clouds import aws_isolation
from scripts.runs.runbook import Context, Result
from scripts.steps.targets import isolated, target

PASSWORD_SETTING = "dr:databasePassword"  # noqa: S105 (the name of a setting)


def rotate_credentials(context: Context) -> Result:
    """Repeatable: a run makes one password, and finds it again in the version of the secret that carries its name."""
    plan, site, clouds = context.plan, target(context), context.clouds
    region = clouds.region(site)
    regions = sorted({plan.site(name).region for name in isolated(context)} - {region})
    held = [names.database_secret(plan, site, each.name) for each in plan.incarnated_stores]
    stopped = {name: aws_isolation.stop_copies(clouds.aws, region, name, regions) for name in held}
    password = ""
    for name in held:
        version = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{context.run}/{name}"))
        ours = aws_isolation.read_secret(clouds.aws, region, name, version)
        if ours is None:
            present = aws_isolation.read_secret(clouds.aws, region, name)
            login = json.loads(present.text) if present else {}
            password = password or secrets.token_hex(24)
            login["password"] = password
            aws_isolation.write_secret(clouds.aws, region, name, json.dumps(login), version)
        else:
            password = str(json.loads(ours.text)["password"])
    if password:
        context.stacks.set_secret(plan.site(site).stack, PASSWORD_SETTING, password)
    said = f"{site} has a password of its own, which {', '.join(isolated(context))} never saw"
    return Result("done", said, {"logins": held, "copies_stopped": stopped})
