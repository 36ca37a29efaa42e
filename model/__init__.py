"""
The plan's models. Imports neither pulumi nor anything of `scripts`, so that whoever reads a plan starts quickly.

    plan = load_plan("samia")            # or a path; PlanError lists every mistake
    topology = Topology.initial(plan)    # who is active; `model.topology` has the transitions
    role_of(plan, topology, "secondary") # "warm"
"""

from . import names
from .loading import PlanError, load_plan, parse_plan
from .mistakes import Mistake
from .plan import Plan
from .roles import Role, role_of
from .topology import Incarnation, Topology, TopologyError

__all__ = [
    "Incarnation",
    "Mistake",
    "Plan",
    "PlanError",
    "Role",
    "Topology",
    "TopologyError",
    "load_plan",
    "names",
    "parse_plan",
    "role_of",
]
