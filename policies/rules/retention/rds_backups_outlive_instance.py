"""The automated backups of an RDS instance survive its deletion."""

from ..kernel import HIGH, Rule
from ..kernel.checks import is_false
from ..kernel.standards import DELETION

RULE = Rule(
    id="DR-RET-015",
    title="RDS automated backups survive the deletion of their instance",
    severity=HIGH,
    types=("aws:rds/instance:Instance", "aws:rds/cluster:Cluster"),
    checks=(is_false("deleteAutomatedBackups", absent=True),),
    why="By default the automated backups go with the instance: who can delete one has deleted both.",
    remedy="Set deleteAutomatedBackups to false.",
    fix={"deleteAutomatedBackups": False},
    serves=DELETION,
)
