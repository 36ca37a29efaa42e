"""The certificate of a plan's record, which its owner keeps in a vault of theirs before anything is declared."""

from model import Plan
from sandbox.clouds.azure.ids import parse
from sandbox.clouds.azure.kind import Record
from sandbox.clouds.azure.store import Store


def settings_of(plan: Plan) -> dict[str, dict[str, str]]:
    """The settings of the stack that asks for it: only a global front door does."""
    return {plan.traffic.stack: {"dr:certificateArn": _secret(plan)}} if plan.traffic.global_front_door else {}


def keep(store: Store, plan: Plan, tenant: str) -> None:
    """Have it in its vault, in the region of the witness."""
    if not plan.traffic.global_front_door:
        return
    region, properties = plan.site(plan.fencing.witness).region, {"tenantId": tenant, "enableRbacAuthorization": True}
    for identity, body in (
        (_group(plan), {"location": region}),
        (_vault(plan), {"location": region, "properties": properties}),
        (_secret(plan), {"properties": {}}),
    ):
        store.keep(Record(parse(identity), body))


def _group(plan: Plan) -> str:
    return f"/subscriptions/{plan.site(plan.fencing.witness).account}/resourceGroups/certificates"


def _vault(plan: Plan) -> str:
    return f"{_group(plan)}/providers/Microsoft.KeyVault/vaults/{plan.system[:18]}-certs"


def _secret(plan: Plan) -> str:
    return f"{_vault(plan)}/secrets/{plan.traffic.record.replace('.', '-')}"
