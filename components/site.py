"""
A site and its parts. Its role decides what it runs: the active site all of it, a warm one the fewest services, a cold
one no services and no stores, a fenced one exactly what it had.
"""

from dataclasses import dataclass
from typing import Any

import pulumi

from components.parts import CloudComponents, Ground, Place
from components.settings import Settings
from model.roles import keeps_roles, role_of, scale_of
from model.sites import Site


@dataclass(frozen=True)
class SiteArgs:
    """`components` are those of the site's cloud."""

    settings: Settings
    spec: Site
    components: CloudComponents


class RecoverySite(pulumi.ComponentResource):
    """Children are named by their part alone (`network`, `core`): a stack holds one site. Gives `exports`."""

    def __init__(self, name: str, args: SiteArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dr:components:RecoverySite", name, None, opts)
        plan, topology, components = args.settings.plan, args.settings.topology, args.components
        self.role = role_of(plan, topology, name)
        place = Place(args.settings, args.spec, self, scale_of(plan, topology, name))
        ground: Ground = components.ground(place)
        endpoints = components.declare_stores(place, ground)
        components.safeguards(place, ground, endpoints)
        if place.scale != "none":
            components.declare_services(place, ground, endpoints)
        elif keeps_roles(plan, name):
            components.declare_identities(place, ground)
        self.exports: dict[str, Any] = {
            "site": name,
            "region": args.spec.region,
            "role": self.role,
            "record": ground.record,
            "stores": {
                store: {"identifier": found.identifier, "address": found.address, "port": found.port}
                for store, found in endpoints.items()
            },
        }
        self.register_outputs({"role": self.role})
