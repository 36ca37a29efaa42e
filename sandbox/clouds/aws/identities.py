"""
Who asks, and what they may: the operator's key may do everything, a pod's key what its role's policies say.

A pod acts in the role that its service account names, if that role trusts this account of this cluster; without one it
acts in the role of its node, as every pod of a real node can. Each has a key of its own.
"""

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from typing import Any

from sandbox.clouds.aws.keys import Key
from sandbox.clouds.aws.permissions import Statement, allows, denies, statements
from sandbox.clouds.aws.requests import Environ, Target, read_body

ANNOTATION = "eks.amazonaws.com/role-arn"
AUDIENCE = "sts.amazonaws.com"
_OBJECT, _KEY = re.compile(r"<Object>.*?</Object>", re.DOTALL), re.compile(r"<Key>(.*?)</Key>", re.DOTALL)
WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"

_CALLED: Mapping[str, str] = {
    "HeadObject": "GetObject",
    "CopyObject": "PutObject",
    "UploadPart": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "PostMultipartUpload": "PutObject",
    "DeleteMultipartUpload": "AbortMultipartUpload",
    "DeleteObjects": "DeleteObject",
    "HeadBucket": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "ListBuckets": "ListAllMyBuckets",
}
"""What a call of S3 is named in a policy, where that is not its own name."""


@dataclass(frozen=True)
class Identity:
    """Whoever has the key. `role` is empty for a pod that nothing gives a role, and None for the operator."""

    key: Key
    role: str | None
    since: datetime


class Identities:
    """The keys of one world."""

    def __init__(self, account: str, operator: Key) -> None:
        self._account = account
        self._known = {operator.name: Identity(operator, None, datetime.now(UTC))}
        self._lock = threading.Lock()

    def secret_of(self, name: str) -> str | None:
        """The secret of an access key of this world."""
        found = self._known.get(name)
        return found.key.secret if found else None

    def for_pod(
        self, region: str, namespace: str, service_account: str, annotations: Mapping[str, str]
    ) -> dict[str, str]:
        """The environment by which a new pod is who it is, with a key of its own."""
        arn = annotations.get(ANNOTATION)
        role = self._role_of_nodes(region) if arn is None else arn.rpartition("/")[2]
        if arn is not None and not self._trusts(region, role, f"system:serviceaccount:{namespace}:{service_account}"):
            role = ""
        key = Key.new()
        with self._lock:
            self._known[key.name] = Identity(key, role, datetime.now(UTC))
        return {"AWS_ACCESS_KEY_ID": key.name, "AWS_SECRET_ACCESS_KEY": key.secret}

    def for_machine(self, profile: str) -> dict[str, str]:
        """The same for a machine, which acts in the role of its instance profile, named or by its ARN."""
        name = profile.rpartition("/")[2]
        found = next((each for each in list(self._iam().instance_profiles.values()) if each.name == name), None)
        key = Key.new()
        with self._lock:
            role = found.roles[0].name if found is not None and found.roles else ""
            self._known[key.name] = Identity(key, role, datetime.now(UTC))
        return {"AWS_ACCESS_KEY_ID": key.name, "AWS_SECRET_ACCESS_KEY": key.secret}

    def why_not(self, key: str, target: Target, environ: Environ) -> str | None:
        """Why the holder of a key of this world may not do this, or None."""
        from sandbox.clouds.aws.buckets import policy_of  # noqa: PLC0415 - moto takes half a second to load

        who = self._known[key]
        taken = f"arn:aws:sts::{self._account}:assumed-role/{who.role or 'nobody'}/pod"
        arn = f"arn:aws:iam::{self._account}:user/operator" if who.role is None else taken
        facts = _facts(environ) | {"aws:tokenissuetime": who.since.isoformat()}
        if who.role is not None:
            facts["aws:principalarn"] = f"arn:aws:iam::{self._account}:role/{who.role}"
        own = [] if not who.role else self._policies(who.role)
        for action, resource in self._needed(target, environ):
            of_bucket = statements(policy_of(target.bucket)) if target.bucket else []
            if denies([*own, *of_bucket], action, resource, facts):
                return f"User: {arn} is not authorized to perform: {action} on resource: {resource} (explicit deny)"
            if who.role is not None and not allows([*own, *of_bucket], action, resource, facts):
                return f"User: {arn} is not authorized to perform: {action} on resource: {resource}"
        if who.role is not None and self._would_tell(target, own, facts):
            return f"User: {arn} is not authorized to perform: s3:ListBucket on resource: arn:aws:s3:::{target.bucket}"
        return None

    def _would_tell(self, target: Target, own: list[Statement], facts: Mapping[str, str]) -> bool:
        """S3 says that an object is not there only to those who may list the bucket."""
        from sandbox.clouds.aws.buckets import has_object  # noqa: PLC0415

        if target.service != "s3" or target.action not in {"GetObject", "HeadObject"} or not target.bucket:
            return False
        listing = allows(own, "s3:ListBucket", f"arn:aws:s3:::{target.bucket}", facts)
        return not listing and not has_object(target.bucket, target.key)

    def _needed(self, target: Target, environ: Environ) -> list[tuple[str, str]]:
        if target.service == "secretsmanager" and target.action == "GetSecretValue":
            return [("secretsmanager:GetSecretValue", self._secret(target.region, environ))]
        return _needed(target, environ)

    def _secret(self, region: str, environ: Environ) -> str:
        """The ARN of the secret that is asked for; `*`, which no policy names, for one that is not there."""
        from moto.secretsmanager.models import secretsmanager_backends  # noqa: PLC0415

        named = str(json.loads(read_body(environ) or b"{}").get("SecretId", ""))
        held = secretsmanager_backends[self._account][region].secrets
        return str(held[named].arn) if named in held else "*"

    def _policies(self, role: str) -> list[Statement]:
        found = self._role(role)
        if found is None:
            return []
        versions = [version for policy in found.managed_policies.values() for version in policy.versions]
        attached = [version.document for version in versions if version.is_default]
        return [each for document in [*found.policies.values(), *attached] for each in statements(document)]

    def _trusts(self, region: str, role: str, who: str) -> bool:
        """As STS judges the token that the cluster of this region signs for an account."""
        found, iam = self._role(role), self._iam()
        if found is None:
            return False
        for cluster in self._clusters(region):
            issuer = str(cluster.identity["oidc"]["issuer"]).removeprefix("https://")
            provider = f"arn:aws:iam::{self._account}:oidc-provider/{issuer}"
            if provider not in iam.open_id_providers:
                continue
            facts = {f"{issuer}:sub".lower(): who, f"{issuer}:aud".lower(): AUDIENCE}
            trust = [
                {**each, "Principal": "*", "Resource": "*"}
                for each in statements(found.assume_role_policy_document)
                if (each.get("Principal") or {}).get("Federated") == provider
            ]
            if allows(trust, WEB_IDENTITY, "*", facts) and not denies(trust, WEB_IDENTITY, "*", facts):
                return True
        return False

    def _role_of_nodes(self, region: str) -> str:
        groups = [group for cluster in self._clusters(region) for group in cluster.nodegroups.values()]
        return str(groups[0].node_role).rpartition("/")[2] if groups else ""

    def _clusters(self, region: str) -> list[Any]:
        from moto.eks.models import eks_backends  # noqa: PLC0415

        return list(eks_backends[self._account][region].clusters.values())

    def _role(self, name: str) -> Any:
        return next((role for role in list(self._iam().roles.values()) if role.name == name), None)

    def _iam(self) -> Any:
        from moto.iam.models import iam_backends  # noqa: PLC0415

        return iam_backends[self._account]["aws"]


def _needed(target: Target, environ: Environ) -> list[tuple[str, str]]:
    """The actions and the resources that a call needs. Of other services, resources are not told apart here."""
    if target.service != "s3":
        return [(f"{target.service}:{target.action}", "*")]
    action, query = _CALLED.get(target.action, target.action), str(environ.get("QUERY_STRING", ""))
    if "versionId=" in query and action in {"GetObject", "DeleteObject"}:
        action += "Version"
    bucket = f"arn:aws:s3:::{target.bucket or ''}"
    if target.action == "DeleteObjects" and (named := _OBJECT.findall(read_body(environ).decode("utf-8", "replace"))):
        versions = ["s3:DeleteObject" + "Version" * ("<VersionId>" in each) for each in named]
        keys = [unescape(key) for each in named for key in _KEY.findall(each)]
        return [(action, f"{bucket}/{key}") for action, key in zip(versions, keys, strict=True)]
    needed = [(f"s3:{action}", f"{bucket}/{target.key or '*'}" if "Object" in action or target.key else bucket)]
    if "HTTP_X_AMZ_COPY_SOURCE" in environ:
        source = str(environ["HTTP_X_AMZ_COPY_SOURCE"]).lstrip("/").partition("?")[0]
        needed.append(("s3:GetObject", f"arn:aws:s3:::{source}"))
    return needed


def _facts(environ: Environ) -> dict[str, str]:
    found = {"s3:if-match": environ.get("HTTP_IF_MATCH"), "s3:if-none-match": environ.get("HTTP_IF_NONE_MATCH")}
    return {key: str(value) for key, value in found.items() if value is not None}
