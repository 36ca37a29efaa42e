"""MemoryDB shards have a replica to fail over to."""

from ..kernel import HIGH, Rule, count
from ..kernel.checks import at_least
from ..kernel.standards import REDUNDANCY

RULE = Rule(
    id="DR-HAV-010",
    title="MemoryDB shards have a replica in another zone",
    severity=HIGH,
    types=("aws:memorydb/cluster:Cluster",),
    checks=(at_least("numReplicasPerShard", "minReplicas", "", absent=1),),
    thresholds=(count("minReplicas", 1, "replicas of a shard"),),
    why="A shard without a replica is away until a new node has read its log. Left out, there is one replica.",
    remedy="Leave numReplicasPerShard out, or set it to 1 or more.",
    serves=REDUNDANCY,
    fix={"numReplicasPerShard": "$minReplicas"},
)
