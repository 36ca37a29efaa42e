# ruff: noqa: N802 - the names of the methods are the protocol's
"""The pack's side of Pulumi's Analyzer protocol.

The SDK's own server decodes every resource again for every policy: 4.8 ms for one resource and 70 policies that do
nothing (pulumi-policy 1.21), 24 s for 5,000 resources. This one decodes a resource once, and only when a rule looks at
its type. It also reports an unknown value with its resource, where the SDK's gives up the policy (see `sdk.py` for the
same rules as policies of the SDK).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc, plugin_pb2

from .callers import OurUserOnly
from .evaluate import RuleSet, Settings
from .model import Finding, Rule
from .remediate import remedied
from .wire import LEVELS, SEVERITIES, diagnostic, plain, resource_from

PACK_NAME = "dr"
DOCS = "docs/policies"
LARGEST_MESSAGE = 400 * 1024 * 1024


def pack_version(folder: Path) -> str:
    """The version in PulumiPolicy.yaml."""
    for line in (folder / "PulumiPolicy.yaml").read_text(encoding="utf-8").splitlines():
        if line.startswith("version:"):
            return line.partition(":")[2].strip().strip("\"'")
    return "0.0.1"


class Analyzer(analyzer_pb2_grpc.AnalyzerServicer):
    """Answers the engine."""

    def __init__(self, rules: Iterable[Rule], version: str) -> None:
        self.rules = RuleSet(rules)
        self.version = version
        self.settings = Settings()
        self.levels = {rule.id: LEVELS[rule.enforcement] for rule in self.rules.rules}

    def Handshake(self, request: Any, context: Any) -> Any:
        return analyzer_pb2.AnalyzerHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=self.version)

    def GetAnalyzerInfo(self, request: Any, context: Any) -> Any:
        info = analyzer_pb2.AnalyzerInfo(
            name=PACK_NAME, displayName="Disaster recovery", version=self.version, supportsConfig=True
        )
        info.policies.extend(policy_info(rule) for rule in self.rules.rules)
        return info

    def Configure(self, request: Any, context: Any) -> Any:
        given = dict(request.policyConfig.items())
        self.settings = Settings({rule_id: plain(config.properties) for rule_id, config in given.items()})
        self.levels |= {rule_id: config.enforcementLevel for rule_id, config in given.items()}
        return empty_pb2.Empty()

    def ConfigureStack(self, request: Any, context: Any) -> Any:
        return analyzer_pb2.AnalyzerStackConfigureResponse()

    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def Analyze(self, request: Any, context: Any) -> Any:
        resource = resource_from(request)
        response = analyzer_pb2.AnalyzeResponse()
        for rule in self.rules.by_type.get(resource.type, ()):
            self._say_when_not_applicable(rule, response)
        self._report(self.rules.look_at(resource, self.settings), response)
        return response

    def AnalyzeStack(self, request: Any, context: Any) -> Any:
        response = analyzer_pb2.AnalyzeResponse()
        for rule in self.rules.over_stack:
            self._say_when_not_applicable(rule, response)
        secrets: set[str] = set()
        resources = (resource_from(message, secrets) for message in request.resources)
        self._report(self.rules.look_at_stack(resources, self.settings), response)
        return response

    def Remediate(self, request: Any, context: Any) -> Any:
        response = analyzer_pb2.RemediateResponse()
        properties = request.properties
        for rule in self.rules.by_type.get(resource_from(request).type, ()):
            if self.levels[rule.id] != analyzer_pb2.REMEDIATE or not rule.fix:
                continue
            changed = remedied(rule, request, properties, self.settings)
            if changed is None:
                continue
            properties = changed
            response.remediations.append(
                analyzer_pb2.Remediation(
                    policyName=rule.id,
                    policyPackName=PACK_NAME,
                    policyPackVersion=self.version,
                    description=rule.title,
                    properties=changed,
                )
            )
        return response

    def _report(self, findings: Iterable[Finding], response: Any) -> None:
        for finding in findings:
            level = self.levels[finding.rule.id]
            if level == analyzer_pb2.DISABLED:
                continue
            if level == analyzer_pb2.REMEDIATE:
                level = analyzer_pb2.MANDATORY  # still broken although it could have been remedied
            response.diagnostics.append(diagnostic(finding, level, PACK_NAME, self.version))

    def _say_when_not_applicable(self, rule: Rule, response: Any) -> None:
        reason = self.settings.why_not_applicable(rule)
        if reason and self.levels[rule.id] != analyzer_pb2.DISABLED:
            response.not_applicable.append(analyzer_pb2.PolicyNotApplicable(policy_name=rule.id, reason=reason))


def policy_info(rule: Rule) -> Any:
    info = analyzer_pb2.PolicyInfo(
        name=rule.id,
        displayName=rule.title,
        description=rule.title,
        enforcementLevel=LEVELS[rule.enforcement],
        severity=SEVERITIES[rule.severity],
        policy_type=(analyzer_pb2.POLICY_TYPE_RESOURCE if rule.scope == "resource" else analyzer_pb2.POLICY_TYPE_STACK),
        remediation_steps=rule.remedy,
        url=f"{DOCS}/{rule.id}.md",
        # Whoever shows a report can say which types no rule looked at.
        tags=["disaster-recovery", rule.family, *(f"type:{token}" for token in (*rule.types, *rule.reads))],
    )
    if rule.serves:
        info.framework.name = "; ".join(rule.serves)
    if rule.thresholds:
        info.configSchema.properties.update(rule.config_schema())
    return info


def serve(rules: Iterable[Rule], folder: Path) -> None:
    """Serves until the process is ended. Writes the port on standard output, as the engine expects."""
    ours = OurUserOnly()
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=4),
        interceptors=[ours],
        options=[("grpc.max_receive_message_length", LARGEST_MESSAGE), ("grpc.max_send_message_length", -1)],
    )
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(Analyzer(rules, pack_version(folder)), server)
    port = server.add_insecure_port("127.0.0.1:0")
    ours.listens_on(port)
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()
