"""Alarms, and the topics that they report to."""

from typing import Any

from sandbox.providers.aws.base import AwsResource, tag_changes, tag_list, tag_map, tagged
from sandbox.providers.aws.cloud import missing_is_none
from sandbox.providers.values import Properties

ALARM = {
    "alarmDescription": "AlarmDescription",
    "metricName": "MetricName",
    "namespace": "Namespace",
    "statistic": "Statistic",
    "extendedStatistic": "ExtendedStatistic",
    "period": "Period",
    "evaluationPeriods": "EvaluationPeriods",
    "datapointsToAlarm": "DatapointsToAlarm",
    "threshold": "Threshold",
    "comparisonOperator": "ComparisonOperator",
    "treatMissingData": "TreatMissingData",
    "unit": "Unit",
    "actionsEnabled": "ActionsEnabled",
    "alarmActions": "AlarmActions",
    "okActions": "OKActions",
    "insufficientDataActions": "InsufficientDataActions",
}


class MetricAlarm(AwsResource):
    """aws.cloudwatch.MetricAlarm on one metric"""

    type_name = "aws:cloudwatch/metricAlarm:MetricAlarm"
    sdk = ("cloudwatch", "MetricAlarm")
    service = "cloudwatch"
    name = "name"
    create_only = frozenset({"name"})
    computed = ("arn", "tagsAll", "evaluateLowSampleCountPercentiles")
    defaults = {"actionsEnabled": True, "treatMissingData": "missing"}

    def check(self, inputs: Properties, old: Properties) -> list[tuple[str, str]]:
        faults = super().check(inputs, old)
        if inputs.get("metricQueries") or inputs.get("thresholdMetricId"):
            faults.append(("metricQueries", "the sandbox has alarms on single metrics only"))
        return faults

    def create(self, inputs: Properties) -> str:
        self._put(inputs)
        return str(inputs["name"])

    def _put(self, inputs: Properties) -> None:
        fields = {api: inputs[name] for name, api in ALARM.items() if inputs.get(name) is not None}
        dimensions = [{"Name": k, "Value": v} for k, v in (inputs.get("dimensions") or {}).items()]
        self.client(inputs).put_metric_alarm(
            AlarmName=inputs["name"], Dimensions=dimensions, **tagged(inputs), **fields
        )

    def read(self, identity: str, state: Properties) -> Properties | None:
        cloudwatch = self.client(state, identity)
        found = cloudwatch.describe_alarms(AlarmNames=[identity])["MetricAlarms"]
        if not found:
            return None
        shown = found[0]
        tags = tag_map(cloudwatch.list_tags_for_resource(ResourceARN=shown["AlarmArn"])["Tags"])
        fields = {name: shown[api] for name, api in ALARM.items() if shown.get(api) not in (None, [])}
        if "threshold" in fields and fields["threshold"] == int(fields["threshold"]):
            fields["threshold"] = int(fields["threshold"])
        dimensions = {entry["Name"]: entry["Value"] for entry in shown.get("Dimensions", [])}
        return {
            "treatMissingData": "missing",
            **fields,
            **({"dimensions": dimensions} if dimensions else {}),
            "region": self.region(state, identity),
            "name": identity,
            "arn": shown["AlarmArn"],
            "tags": tags,
            "tagsAll": tags,
        }

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        self._put(new)
        if "tags" in changed:
            arn = self.client(new).describe_alarms(AlarmNames=[identity])["MetricAlarms"][0]["AlarmArn"]
            wanted, unwanted = tag_changes(old, new)
            if unwanted:
                self.client(new).untag_resource(ResourceARN=arn, TagKeys=unwanted)
            if wanted:
                self.client(new).tag_resource(ResourceARN=arn, Tags=tag_list(wanted))

    def delete(self, identity: str, state: Properties) -> None:
        self.client(state, identity).delete_alarms(AlarmNames=[identity])


class Topic(AwsResource):
    """aws.sns.Topic"""

    type_name = "aws:sns/topic:Topic"
    sdk = ("sns", "Topic")
    service = "sns"
    name = "name"
    create_only = frozenset({"name", "namePrefix", "fifoTopic"})
    computed = ("arn", "owner", "policy", "tagsAll", "signatureVersion", "tracingConfig", "beginningArchiveTime")
    defaults = {"fifoTopic": False}

    def create(self, inputs: Properties) -> str:
        attributes = {"KmsMasterKeyId": inputs["kmsMasterKeyId"]} if inputs.get("kmsMasterKeyId") else {}
        if inputs.get("displayName"):
            attributes["DisplayName"] = inputs["displayName"]
        made = self.client(inputs).create_topic(Name=inputs["name"], **tagged(inputs), Attributes=attributes)
        return str(made["TopicArn"])

    def read(self, identity: str, state: Properties) -> Properties | None:
        sns = self.client(state, identity)
        found = missing_is_none(lambda: sns.get_topic_attributes(TopicArn=identity), "NotFound", "NotFoundException")
        if found is None:
            return None
        shown = found["Attributes"]
        tags = tag_map(sns.list_tags_for_resource(ResourceArn=identity)["Tags"])
        return {
            "region": self.region(state, identity),
            "name": identity.rsplit(":", 1)[-1],
            "arn": identity,
            "owner": shown["Owner"],
            "policy": shown.get("Policy"),
            "fifoTopic": shown.get("FifoTopic") == "true",
            **({"displayName": shown["DisplayName"]} if shown.get("DisplayName") else {}),
            **({"kmsMasterKeyId": shown["KmsMasterKeyId"]} if shown.get("KmsMasterKeyId") else {}),
            "tags": tags,
            "tagsAll": tags,
        }

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        sns = self.client(new, identity)
        for name in changed & {"displayName", "kmsMasterKeyId"}:
            sns.set_topic_attributes(
                TopicArn=identity, AttributeName=name[0].upper() + name[1:], AttributeValue=new.get(name) or ""
            )
        if "tags" in changed:
            wanted, unwanted = tag_changes(old, new)
            if unwanted:
                sns.untag_resource(ResourceArn=identity, TagKeys=unwanted)
            if wanted:
                sns.tag_resource(ResourceArn=identity, Tags=tag_list(wanted))
        if changed - {"displayName", "kmsMasterKeyId", "tags"}:
            super().update(identity, old, new, changed)

    def delete(self, identity: str, state: Properties) -> None:
        self.client(state, identity).delete_topic(TopicArn=identity)


class TopicSubscription(AwsResource):
    """aws.sns.TopicSubscription"""

    type_name = "aws:sns/topicSubscription:TopicSubscription"
    sdk = ("sns", "TopicSubscription")
    service = "sns"
    create_only = frozenset({"topic", "protocol", "endpoint"})
    computed = ("arn", "ownerId", "confirmationWasAuthenticated", "pendingConfirmation", "filterPolicyScope")
    write_only = frozenset({"endpointAutoConfirms", "confirmationTimeoutInMinutes"})

    def create(self, inputs: Properties) -> str:
        made = self.client(inputs).subscribe(
            TopicArn=inputs["topic"],
            Protocol=inputs["protocol"],
            Endpoint=inputs["endpoint"],
            ReturnSubscriptionArn=True,
        )
        return str(made["SubscriptionArn"])

    def read(self, identity: str, state: Properties) -> Properties | None:
        sns = self.client(state, identity)
        found = missing_is_none(
            lambda: sns.get_subscription_attributes(SubscriptionArn=identity), "NotFound", "NotFoundException"
        )
        if found is None:
            return None
        shown: dict[str, Any] = found["Attributes"]
        return {
            "region": self.region(state, identity),
            "arn": identity,
            "topic": shown["TopicArn"],
            "protocol": shown["Protocol"],
            "endpoint": shown["Endpoint"],
            "ownerId": shown["Owner"],
            "pendingConfirmation": shown.get("PendingConfirmation") == "true",
            **{name: state[name] for name in self.write_only if state.get(name) is not None},
        }

    def delete(self, identity: str, state: Properties) -> None:
        self.client(state, identity).unsubscribe(SubscriptionArn=identity)


RESOURCES = (MetricAlarm, Topic, TopicSubscription)
