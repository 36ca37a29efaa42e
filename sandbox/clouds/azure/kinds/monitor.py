"""
Where logs go: workspaces, and the settings by which a resource sends its own there. Who is told: rules over figures and
over logs, and the groups that they tell. The rules are kept and judged as Azure judges them; nothing measures by them.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sandbox.clouds.azure.errors import ArmError
from sandbox.clouds.azure.kind import Body, Kind, Record
from sandbox.clouds.azure.store import Store

GROUPS_OF_LOGS = {
    "microsoft.containerregistry/registries": ("audit", "alllogs"),
    "microsoft.keyvault/vaults": ("audit", "alllogs"),
}
"""By type of resource, the groups of its logs (Azure Monitor: supported resource log categories)."""
KEPT_DAYS = (30, 60, 90, 120, 180, 270, 365, 550, 730)
FIGURES = {
    "microsoft.dbforpostgresql/flexibleservers": (
        *("is_db_alive", "storage_percent", "physical_replication_delay_in_seconds", "active_connections"),
        *("connections_failed", "cpu_percent", "memory_percent"),
    ),
    "microsoft.web/sites": ("HealthCheckStatus", "Http5xx", "Requests", "HttpResponseTime"),
}
"""By type of resource, figures that it has (Azure Monitor: supported metrics)."""


def there_is(store: Store, identity: str, what: str) -> Record:
    """Raises ArmError."""
    found = store.find(identity)
    if found is None:
        raise ArmError(404, "ResourceNotFound", f"The {what} '{identity}' was not found.")
    return found


class Workspace(Kind):
    """What it is told of is kept between 30 and 730 days."""

    type = "Microsoft.OperationalInsights/workspaces"
    versions = ("2022-10-01", "2023-09-01", "2025-02-01", "2025-07-01")
    regional = True
    defaults = {"properties.retentionInDays": 30, "properties.sku": {"name": "PerGB2018"}}

    def check(self, new: Record, old: Record | None) -> None:
        days = new.properties["retentionInDays"]
        if not isinstance(days, int) or not 30 <= days <= 730:
            message = f"'RetentionInDays' property doesn't match the SKU limits: {days} is not between 30 and 730."
            raise ArmError(400, "InvalidParameter", message)

    def shown(self, record: Record) -> Body:
        return {**super().shown(record), "publicNetworkAccessForIngestion": "Enabled"}


class DiagnosticSetting(Kind):
    """It stands on the resource whose logs it sends."""

    type = "Microsoft.Insights/diagnosticSettings"
    versions = ("2017-05-01-preview", "2021-05-01-preview")
    created_status = 200

    def check(self, new: Record, old: Record | None) -> None:
        there = there_is(self.store, new.id.scope, "resource")
        workspace = str(new.properties.get("workspaceId") or "")
        if not workspace:
            message = "At least one data sink needs to be specified. The sandbox has workspaces alone."
            raise ArmError(400, "BadRequest", message)
        there_is(self.store, workspace, "workspace")
        known = GROUPS_OF_LOGS.get(there.id.type.lower(), ())
        for each in new.properties.get("logs") or ():
            group = str(each.get("categoryGroup") or "")
            if group.lower() not in known:
                raise ArmError(400, "BadRequest", f"Category group '{group}' is not supported for this resource type.")

    def shown(self, record: Record) -> Body:
        return {}


class Component(Kind):
    """Application Insights. Classic ones, without a workspace, are made no more (since 29 February 2024)."""

    type = "Microsoft.Insights/components"
    versions = ("2020-02-02",)
    regional = True
    created_status = 200
    defaults = {"properties.RetentionInDays": 90}

    def check(self, new: Record, old: Record | None) -> None:
        workspace = str(new.properties.get("WorkspaceResourceId") or "")
        if not workspace:
            message = "Classic Application Insights components cannot be created: give WorkspaceResourceId."
            raise ArmError(400, "BadRequest", message)
        there_is(self.store, workspace, "workspace")
        if new.properties["RetentionInDays"] not in KEPT_DAYS:
            raise ArmError(400, "BadRequest", f"RetentionInDays is one of {', '.join(map(str, KEPT_DAYS))}.")

    def shown(self, record: Record) -> Body:
        key = str(uuid5(NAMESPACE_URL, record.id.key))
        home = f"https://{record.location}-1.in.applicationinsights.azure.com/"
        said = f"InstrumentationKey={key};IngestionEndpoint={home}"
        return {**super().shown(record), "InstrumentationKey": key, "AppId": key, "ConnectionString": said}


class ActionGroup(Kind):
    """Whom rules tell."""

    type = "Microsoft.Insights/actionGroups"
    versions = ("2023-01-01", "2024-10-01-preview")
    is_global = True

    def check(self, new: Record, old: Record | None) -> None:
        short = str(new.properties.get("groupShortName") or "")
        if not 1 <= len(short) <= 12:
            raise ArmError(400, "BadRequest", f"GroupShortName '{short}' has to have 1 to 12 characters.")

    def shown(self, record: Record) -> Body:
        return {}


class Rule(Kind):
    """What both kinds of rules have in common."""

    def check(self, new: Record, old: Record | None) -> None:
        properties = new.properties
        if properties.get("severity") not in range(5):
            raise ArmError(400, "BadRequest", f"Severity {properties.get('severity')} is not one of 0 to 4.")
        often, window = _seconds(properties.get("evaluationFrequency")), _seconds(properties.get("windowSize"))
        if not often or not window or window < often:
            raise ArmError(400, "BadRequest", "windowSize has to be at least as long as evaluationFrequency.")
        scopes = properties.get("scopes") or []
        if not scopes:
            raise ArmError(400, "BadRequest", "A rule needs a scope.")
        for each in (*scopes, *self.told(properties)):
            there_is(self.store, each, "resource")

    def told(self, properties: Mapping[str, Any]) -> Iterator[str]:
        """The IDs of the groups that it tells."""
        raise NotImplementedError

    def shown(self, record: Record) -> Body:
        return {}


class MetricAlert(Rule):
    """A figure of one resource against a number."""

    type = "Microsoft.Insights/metricAlerts"
    versions = ("2018-03-01",)
    is_global = True
    defaults = {"properties.autoMitigate": True}
    created_status = 200

    def check(self, new: Record, old: Record | None) -> None:
        super().check(new, old)
        about = there_is(self.store, new.properties["scopes"][0], "resource")
        known = FIGURES.get(about.id.type.lower(), ())
        criteria = new.properties.get("criteria") or {}
        if "odata.type" not in criteria or not criteria.get("allOf"):
            raise ArmError(400, "BadRequest", "The criteria need odata.type and allOf.")
        for each in criteria["allOf"]:
            if each.get("metricName") not in known:
                message = f"Couldn't find a metric named {each.get('metricName')}. Supported are {', '.join(known)}."
                raise ArmError(400, "BadRequest", message)

    def told(self, properties: Mapping[str, Any]) -> Iterator[str]:
        return (str(each["actionGroupId"]) for each in properties.get("actions") or ())


class ScheduledQueryRule(Rule):
    """A query over logs against a number."""

    type = "Microsoft.Insights/scheduledQueryRules"
    versions = ("2023-12-01", "2025-01-01-preview")
    regional = True

    def check(self, new: Record, old: Record | None) -> None:
        super().check(new, old)
        asked = (new.properties.get("criteria") or {}).get("allOf") or ()
        if not asked or not all(each.get("query") for each in asked):
            raise ArmError(400, "BadRequest", "The query is empty.")

    def told(self, properties: Mapping[str, Any]) -> Iterator[str]:
        return iter((properties.get("actions") or {}).get("actionGroups") or ())


def _seconds(duration: Any) -> int:
    """Of an ISO 8601 duration of hours and minutes; 0 of anything else."""
    found = re.fullmatch(r"PT(?:(\d+)H)?(?:(\d+)M)?", str(duration))
    return (int(found[1] or 0) * 60 + int(found[2] or 0)) * 60 if found else 0


KINDS = (Workspace, DiagnosticSetting, Component, ActionGroup, MetricAlert, ScheduledQueryRule)
