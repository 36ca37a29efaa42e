"""Azure's alarms: who learns of a failure. Names and defaults as in `databases`."""

from __future__ import annotations

from previews.meanings.table import Aspect, Better, Guard, Meaning, switch

_ALARMS = (
    "azure-native:monitor:MetricAlert",
    "azure-native:monitor:ActivityLogAlert",
    "azure-native:monitor:ScheduledQueryRule",
)
_GROUP = "azure-native:monitor:ActionGroup"
_PROBE = "azure-native:applicationinsights:WebTest"
_RECEIVERS = (
    "armRoleReceivers",
    "automationRunbookReceivers",
    "azureAppPushReceivers",
    "azureFunctionReceivers",
    "emailReceivers",
    "eventHubReceivers",
    "itsmReceivers",
    "logicAppReceivers",
    "smsReceivers",
    "voiceReceivers",
    "webhookReceivers",
)
_REACHES = "who an alarm reaches"

ALARMS: tuple[Meaning, ...] = (
    *(switch(kind, "enabled", "alarm", Aspect.DETECTION, default=True) for kind in _ALARMS),
    *(
        Meaning(kind, path, _REACHES, Aspect.DETECTION, Better.MORE)
        for kind, path in zip(
            _ALARMS,
            ("actions[*].actionGroupId", "actions.actionGroups[*].actionGroupId", "actions.actionGroups"),
            strict=True,
        )
    ),
    Meaning(_ALARMS[0], "criteria.allOf[*].threshold", "alarm threshold", Aspect.DETECTION, Better.JUDGE),
    Meaning(_ALARMS[2], "criteria.allOf[*].threshold", "alarm threshold", Aspect.DETECTION, Better.JUDGE),
    switch(_GROUP, "enabled", _REACHES, Aspect.DETECTION, default=True),
    *(Meaning(_GROUP, f"{kind}[*].name", _REACHES, Aspect.DETECTION, Better.MORE) for kind in _RECEIVERS),
    switch(_PROBE, "enabled", "probe from outside", Aspect.DETECTION, default=True),
    Meaning(_PROBE, "frequency", "interval of the probe", Aspect.DETECTION, Better.LOWER, "s", 300),
    Meaning(
        "azure-native:operationalinsights:Workspace",
        "retentionInDays",
        "logs kept",
        Aspect.RETENTION,
        Better.HIGHER,
        "days",
        absent="unknown",
    ),
)

ALARM_GUARDS: tuple[Guard, ...] = (
    *(Guard(kind, "alarm", Aspect.DETECTION) for kind in _ALARMS),
    Guard(_GROUP, "group that alarms reach", Aspect.DETECTION),
    Guard(_PROBE, "probe from outside", Aspect.DETECTION),
    Guard("azure-native:monitor:DiagnosticSetting", "logs of a resource", Aspect.DETECTION),
)
