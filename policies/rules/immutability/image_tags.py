"""Image tags cannot be moved."""

from ..kernel import MEDIUM, Rule
from ..kernel.checks import is_one_of
from ..kernel.standards import REDUNDANCY

RULE = Rule(
    id="DR-IMM-010",
    title="Image tags cannot be moved",
    severity=MEDIUM,
    types=("aws:ecr/repository:Repository",),
    checks=(is_one_of("imageTagMutability", "IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION"),),
    why="The recovery region must start the very image that ran before; a tag that moves starts another one.",
    remedy="Set imageTagMutability to IMMUTABLE.",
    fix={"imageTagMutability": "IMMUTABLE"},
    serves=REDUNDANCY,
)
