"""Rules over figures and logs are refused where Azure refuses them: one that could never fire looks like a watch."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
from azure.identity import DefaultAzureCredential

from tests.sandbox.clouds.azure.conftest import NORTH, SUBSCRIPTION

ARM = "https://management.azure.com"
INSIDE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/alerts/providers"
LOG = f"{INSIDE}/Microsoft.OperationalInsights/workspaces/log"
GROUP = f"{INSIDE}/Microsoft.Insights/actionGroups/told"
ALERT, QUERY = "Microsoft.Insights/metricAlerts", "Microsoft.Insights/scheduledQueryRules"
VERSIONS = {
    "Microsoft.OperationalInsights/workspaces": "2023-09-01", "Microsoft.Insights/actionGroups": "2023-01-01",
    "Microsoft.Insights/components": "2020-02-02", ALERT: "2018-03-01", QUERY: "2023-12-01",
    "Microsoft.Web/serverfarms": "2025-05-01", "Microsoft.Web/sites": "2025-05-01",
}  # fmt: skip
Put = Callable[[str, Any], requests.Response]


@pytest.fixture
def put(credential: DefaultAzureCredential) -> Put:
    """put(ID, properties) in a group that has a workspace, a group to tell, and an app."""

    def send(identity: str, properties: Any, **more: Any) -> requests.Response:
        token = credential.get_token(f"{ARM}/.default").token
        kind = "/".join(identity.rpartition("/providers/")[2].split("/")[:2])
        version = VERSIONS.get(kind, "2024-03-01")
        body = {"location": NORTH, "properties": properties, **more}
        headers = {"Authorization": f"Bearer {token}"}
        return requests.put(f"{ARM}{identity}?api-version={version}", json=body, headers=headers, timeout=30)

    made = [
        send(INSIDE.removesuffix("/providers"), {}),
        send(LOG, {}),
        send(GROUP, {"groupShortName": "told", "enabled": True}, location="global"),
    ]
    assert [each.status_code // 100 for each in made] == [2, 2, 2], [each.text for each in made]
    return send


def rule(**changed: Any) -> dict[str, Any]:
    often = {"evaluationFrequency": "PT1M", "windowSize": "PT5M"}
    asked = {"query": "AppRequests", "operator": "GreaterThan", "threshold": 5, "timeAggregation": "Count"}
    return {
        "severity": 1, "scopes": [LOG], **often, "criteria": {"allOf": [asked]}, "actions": {"actionGroups": [GROUP]},
        **changed,
    }  # fmt: skip


def said(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("error", {}).get("message", "")


def test_a_rule_over_logs_is_kept_as_it_was_said(put: Put) -> None:
    answer = put(f"{INSIDE}/{QUERY}/errors", rule())
    assert (answer.status_code, answer.json()["properties"]["windowSize"]) == (201, "PT5M")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"severity": 5}, "Severity 5 is not one of 0 to 4"),
        ({"windowSize": "PT1M", "evaluationFrequency": "PT5M"}, "at least as long"),
        ({"windowSize": "five minutes"}, "at least as long"),
        ({"scopes": []}, "needs a scope"),
        ({"scopes": [f"{LOG}-other"]}, "was not found"),
        ({"actions": {"actionGroups": [f"{GROUP}-other"]}}, "was not found"),
        ({"criteria": {"allOf": []}}, "The query is empty"),
    ],
    ids=lambda case: str(case)[:40],
)
def test_a_rule_that_could_never_fire_is_refused(put: Put, changed: dict[str, Any], words: str) -> None:
    status, message = said(put(f"{INSIDE}/{QUERY}/never", rule(**changed)))
    assert status in {400, 404}
    assert words in message


def test_a_figure_that_a_resource_does_not_have_is_refused(put: Put) -> None:
    asked = {"metricName": "is_db_alive", "operator": "LessThan", "threshold": 1, "timeAggregation": "Maximum"}
    criteria = {"odata.type": "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria", "allOf": [asked]}
    told = {"actions": [{"actionGroupId": GROUP}]}
    status, message = said(put(f"{INSIDE}/{ALERT}/alive", rule(**told, criteria={"all_of": [asked]})))
    assert (status, "need odata.type and allOf" in message) == (400, True)
    status, message = said(put(f"{INSIDE}/{ALERT}/alive", rule(**told, criteria=criteria)))
    assert (status, "Couldn't find a metric named is_db_alive" in message) == (400, True)


def test_application_insights_stands_on_a_workspace(put: Put) -> None:
    there = f"{INSIDE}/Microsoft.Insights/components/seen"
    assert said(put(there, {"Application_Type": "web"}))[0] == 400
    assert said(put(there, {"WorkspaceResourceId": LOG, "RetentionInDays": 91}))[0] == 400
    answer = put(there, {"WorkspaceResourceId": LOG, "Application_Type": "web"})
    assert answer.json()["properties"]["RetentionInDays"] == 90
    assert "InstrumentationKey=" in answer.json()["properties"]["ConnectionString"]


def test_a_group_has_a_short_name_of_twelve_characters_at_most(put: Put) -> None:
    assert said(put(GROUP, {"groupShortName": "thirteen-char"}))[0] == 400
