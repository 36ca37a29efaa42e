"""
What calls a person: a database that does not answer, a replica that falls behind, a disk that fills, a service that is
ill or answers with errors.

Rules are declared for what a site holds whatever its role, so that a failover changes none; one on a lag that is not
measured stays silent. They tell a group, which writes to the owners of the subscription; further receivers are added
to it by hand or by another program, and stay (`ignore_changes`).
"""

from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING

import pulumi
import pulumi_azure_native as azure_native
from pulumi_azure_native.monitor import MetricAlertSingleResourceMultipleMetricCriteriaArgs, MetricCriteriaArgs

from components.azure import addresses

if TYPE_CHECKING:
    from components.parts import Endpoints, Place

OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
"""Azure's own role of that name (Microsoft Learn: Azure built-in roles)."""
CRITICAL, ERROR, WARNING = 0, 1, 2
RECEIVERS = ("emailReceivers", "smsReceivers", "voiceReceivers", "webhookReceivers", "azureAppPushReceivers")
SHARE_OF_ERRORS = 5
"""Percent of a service's requests that may be answered with an error of its own."""
INSIGHTS_KEEP_DAYS = 90


@dataclass(frozen=True)
class Limit:
    """A figure of a resource, how it is summed up over the window, and what is too much (or too little)."""

    figure: str
    total: str
    operator: str
    threshold: float
    severity: int
    says: str


ALIVE = Limit("is_db_alive", "Maximum", "LessThan", 1, CRITICAL, "The database does not answer")
DISK = Limit("storage_percent", "Maximum", "GreaterThan", 90, WARNING, "Less than a tenth of the storage is free")
ILL = Limit("HealthCheckStatus", "Average", "LessThan", 50, CRITICAL, "More than half of the service is ill")


def lag(seconds: float) -> Limit:
    says = "The replica is further behind than may be lost"
    return Limit("physical_replication_delay_in_seconds", "Maximum", "GreaterThan", seconds, ERROR, says)


class Alarms(pulumi.ComponentResource):
    """What all rules of a site tell. Gives `group_id`, and `connection`, by which services send what they see."""

    def __init__(
        self, place: "Place", group: pulumi.Input[str], log_id: pulumi.Input[str], opts: pulumi.ResourceOptions
    ) -> None:
        super().__init__("dr:azure:Alarms", "alarms", None, opts)
        plan, site = place.settings.plan, place.site
        self._prefix, self._group, self._region = f"{plan.system}-{site.name}", group, site.region
        told = azure_native.monitor.ActionGroup(
            "alarms-group",
            resource_group_name=group,
            location="global",
            action_group_name=f"{self._prefix}-alarms",
            group_short_name="dr-alarms",
            enabled=True,
            arm_role_receivers=[{"name": "owners", "role_id": OWNER, "use_common_alert_schema": True}],
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=[*RECEIVERS]),
        )
        insights = azure_native.applicationinsights.Component(
            "alarms-insights",
            resource_group_name=group,
            location=site.region,
            resource_name_=f"{self._prefix}-insights",
            kind="web",
            application_type="web",
            workspace_resource_id=log_id,
            retention_in_days=INSIGHTS_KEEP_DAYS,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.group_id: pulumi.Output[str] = told.id
        self.log_id = pulumi.Output.from_input(log_id)
        self.connection: pulumi.Output[str] = insights.connection_string
        self.register_outputs({"groupId": told.id})

    def watch(self, name: str, about: pulumi.Input[str], *limits: Limit) -> None:
        """Rules over the figures of one resource."""
        for limit in limits:
            azure_native.monitor.MetricAlert(
                f"alarms-{name}-{limit.figure}",
                resource_group_name=self._group,
                location="global",
                rule_name=f"{self._prefix}-{name}-{limit.figure}",
                description=limit.says,
                enabled=True,
                severity=limit.severity,
                scopes=[about],
                evaluation_frequency="PT1M",
                window_size="PT5M",
                auto_mitigate=True,
                criteria=_criteria(limit),
                actions=[{"action_group_id": self.group_id}],
                opts=pulumi.ResourceOptions(parent=self),
            )

    def watch_errors(self, service: str) -> None:
        """A rule over what the service itself told Application Insights of its requests."""
        share = "100.0 * countif(toint(ResultCode) >= 500) / count()"
        query = f"AppRequests | where AppRoleName == '{service}' | summarize Share = {share} | where isfinite(Share)"
        azure_native.monitor.ScheduledQueryRule(
            f"alarms-{service}-errors",
            resource_group_name=self._group,
            location=self._region,
            rule_name=f"{self._prefix}-{service}-errors",
            description=f"More than {SHARE_OF_ERRORS} % of the requests are answered with an error",
            enabled=True,
            kind="LogAlert",
            severity=ERROR,
            scopes=[self.log_id],
            evaluation_frequency="PT5M",
            window_size="PT5M",
            auto_mitigate=True,
            skip_query_validation=True,  # its table is there once the first request was told
            criteria={
                "all_of": [
                    {
                        "query": query,
                        "metric_measure_column": "Share",
                        "time_aggregation": "Maximum",
                        "operator": "GreaterThan",
                        "threshold": SHARE_OF_ERRORS,
                        "failing_periods": {"number_of_evaluation_periods": 1, "min_failing_periods_to_alert": 1},
                    }
                ]
            },
            actions={"action_groups": [self.group_id]},
            opts=pulumi.ResourceOptions(parent=self),
        )


def _criteria(limit: Limit) -> MetricAlertSingleResourceMultipleMetricCriteriaArgs:
    """Of classes: what it may be is a choice of several types, and keys of a plain dict would go out as they are."""
    return MetricAlertSingleResourceMultipleMetricCriteriaArgs(
        odata_type="Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
        all_of=[
            MetricCriteriaArgs(
                criterion_type="StaticThresholdCriterion",
                name=limit.figure,
                metric_name=limit.figure,
                operator=limit.operator,
                threshold=limit.threshold,
                time_aggregation=limit.total,
            )
        ],
    )


def watch_stores(place: "Place", alarms: Alarms, endpoints: "Endpoints") -> None:
    """Of what the site holds: is it alive, is there room, does what follows keep up?"""
    plan, topology = place.settings.plan, place.settings.topology
    for store in plan.incarnated_stores:
        endpoint, held = endpoints.get(store.name), topology.held(place.site.name, store.name)
        if endpoint is None or held is None or held.number is None:
            continue
        server = addresses.server(plan, place.site.name, store.name, held.number)
        there = pulumi.Output.all(server, endpoint.address).apply(itemgetter(0))  # not before the server is there
        longest = store.replication.max_lag
        alarms.watch(store.name, there, ALIVE, DISK, *([lag(longest.total_seconds())] if longest else []))
