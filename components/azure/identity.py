"""
What a process of a site acts as, and what that may do: an identity of its own, with roles on exactly what it uses.

A role on something in another site is given once that site is there (`model/site_records.py`): it stands on a resource,
which the stack of the other site makes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_azure_native as azure_native

from components.azure import addresses


@dataclass(frozen=True)
class IdentityArgs:
    """`roles` maps the ID of a resource to the name of the role that is held on it; `stands_on` are those of ours."""

    subscription: str
    region: str
    group: pulumi.Input[str]
    name: str
    roles: Mapping[str, str]
    stands_on: Sequence[pulumi.Resource] = ()


class Identity(pulumi.ComponentResource):
    """Gives `id` and `client_id`, once its roles are given."""

    def __init__(self, name: str, args: IdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dr:azure:Identity", name, None, opts)
        made = azure_native.managedidentity.UserAssignedIdentity(
            f"{name}-identity",
            resource_group_name=args.group,
            location=args.region,
            resource_name_=args.name,
            opts=pulumi.ResourceOptions(parent=self),
        )
        given = [
            azure_native.authorization.RoleAssignment(
                # Not by number: one that is given later would change which role the others are.
                f"{name}-role-on-{scope.rpartition('/')[2]}",
                scope=scope,
                role_assignment_name=addresses.assignment(args.name, scope, role),
                principal_id=made.principal_id,
                principal_type="ServicePrincipal",
                role_definition_id=addresses.role(args.subscription, role),
                opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.stands_on)),
            ).id
            for scope, role in sorted(args.roles.items())
        ]
        ready = pulumi.Output.all(made.id, made.client_id, *given)
        self.id: pulumi.Output[str] = ready.apply(lambda known: str(known[0]))
        self.client_id: pulumi.Output[str] = ready.apply(lambda known: str(known[1]))
        self.register_outputs({"id": made.id})
