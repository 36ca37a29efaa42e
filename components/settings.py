"""What a stack's config says, read once and checked before anything is declared."""

import os
from dataclasses import dataclass
from pathlib import Path

import pulumi

from model import Plan, PlanError, Topology, TopologyError, load_plan
from model.site_records import Records, records_from_config
from model.topology import foreign_names

PASSWORD_FILE = "DR_DATABASE_PASSWORD_FILE"  # noqa: S105 # the name of a variable


@dataclass(frozen=True)
class Settings:
    """
    `password` is a secret output. `protect` guards everything stateful, and keeps what is in it; it is off only while a
    system is torn down with its data (`dr:deleteData`).
    `registry`, `certificate_arn` and `zone_id` are None where config does not say.
    """

    plan: Plan
    topology: Topology
    records: Records
    password: pulumi.Output[str]
    protect: bool
    registry: str | None
    certificate_arn: str | None
    zone_id: str | None


def read_settings() -> Settings:
    """Raises pulumi.RunError with every mistake of the plan, or of the topology, one a line."""
    config = pulumi.Config("dr")
    try:
        plan = load_plan(config.require("plan"))
        keys = ("stores", "backupsOf", "isolated", "tainted")
        topology = Topology.from_config(
            {"activeSite": config.require("activeSite"), "epoch": config.require_int("epoch")}
            | {key: found for key in keys if (found := config.get_object(key))}
        )
        records = records_from_config(config.get_object("records"))
        foreign_names(topology, plan, records)
        topology = topology.with_new_stores(plan)
    except (PlanError, TopologyError) as error:
        raise pulumi.RunError(str(error)) from None
    return Settings(
        plan=plan,
        topology=topology,
        records=records,
        password=_password(config),
        protect=not config.get_bool("deleteData"),
        registry=config.get("registry") or None,
        certificate_arn=config.get("certificateArn") or None,
        zone_id=config.get("zoneId") or None,
    )


def _password(config: pulumi.Config) -> pulumi.Output[str]:
    """
    Read the password from the secret `dr:databasePassword`, else from the file that the environment names. It is
    secret either way.

    A replica has the password of its source, so every stack needs the same one: RDS cannot manage it by itself
    (`manage_master_user_password` does not go with cross-region replicas).
    """
    configured = config.get_secret("databasePassword")
    if configured is not None:
        return configured
    path = os.environ.get(PASSWORD_FILE)
    try:
        value = Path(path).read_text(encoding="utf-8").strip() if path else ""
    except (OSError, UnicodeDecodeError) as error:
        raise pulumi.RunError(f"{PASSWORD_FILE}: {path} cannot be read ({type(error).__name__})") from None
    if not value:
        raise pulumi.RunError(
            "no password for the databases: set it with `pulumi config set --secret dr:databasePassword`, the same in "
            f"every stack, or name a file that holds it in {PASSWORD_FILE}"
        )
    return pulumi.Output.secret(value)
