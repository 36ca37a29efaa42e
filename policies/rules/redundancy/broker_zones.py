"""Message brokers have a standby in another zone."""

from ..kernel import HIGH, Rule
from ..kernel.checks import is_one_of
from ..kernel.standards import REDUNDANCY

RULE = Rule(
    id="DR-HAV-011",
    title="Amazon MQ brokers run in several zones",
    severity=HIGH,
    types=("aws:mq/broker:Broker",),
    checks=(is_one_of("deploymentMode", "ACTIVE_STANDBY_MULTI_AZ", "CLUSTER_MULTI_AZ"),),
    why="Left out, a broker is one machine in one zone, and the mode cannot be changed: the broker is replaced.",
    remedy="Set deploymentMode to ACTIVE_STANDBY_MULTI_AZ (ActiveMQ) or CLUSTER_MULTI_AZ (RabbitMQ).",
    serves=REDUNDANCY,
    see=(
        "AWS Config MQ_ACTIVE_DEPLOYMENT_MODE",
        "AWS Config MQ_RABBIT_DEPLOYMENT_MODE",
        "prowler mq_broker_active_deployment_mode",
        "prowler mq_broker_cluster_deployment_mode",
    ),
)
