"""
Properties that hold a secret because of the type they belong to, under names that do not say so.

From the providers' schemas, which mark them as secret. A state that was written before its provider did, by an import,
or with `--show-secrets`, has them in the open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_GITHUB = (
    "actionsSecret:ActionsSecret",
    "actionsEnvironmentSecret:ActionsEnvironmentSecret",
    "actionsOrganizationSecret:ActionsOrganizationSecret",
    "codespacesSecret:CodespacesSecret",
    "codespacesOrganizationSecret:CodespacesOrganizationSecret",
    "codespacesUserSecret:CodespacesUserSecret",
    "dependabotSecret:DependabotSecret",
    "dependabotOrganizationSecret:DependabotOrganizationSecret",
)
_GITLAB = (
    "groupVariable:GroupVariable",
    "instanceVariable:InstanceVariable",
    "projectVariable:ProjectVariable",
)
SECRET_PROPERTIES: Mapping[str, tuple[str, ...]] = {
    "kubernetes:core/v1:Secret": ("data", "stringData"),
    "kubernetes:core/v1:SecretPatch": ("data", "stringData"),
    "random:index/randomPassword:RandomPassword": ("result", "bcryptHash"),
    "random:index/randomBytes:RandomBytes": ("base64", "hex"),
    "aws:secretsmanager/secretVersion:SecretVersion": ("secretString", "secretBinary"),
    "azure:keyvault/secret:Secret": ("value",),
    "azure-native:keyvault:Secret": ("properties.value",),
    "gcp:secretmanager/secretVersion:SecretVersion": ("secretData",),
    "vault:generic/secret:Secret": ("dataJson", "data"),
    "vault:kv/secret:Secret": ("dataJson", "data"),
    "vault:kv/secretV2:SecretV2": ("dataJson", "data"),
    **{f"github:index/{name}": ("plaintextValue", "encryptedValue") for name in _GITHUB},
    **{f"gitlab:index/{name}": ("value",) for name in _GITLAB},
}


def secrets_of_type(kind: str, properties: Mapping[str, Any]) -> Iterator[Any]:
    """What the inputs or outputs of a resource of this type hold as a secret, whatever it is called."""
    for path in SECRET_PROPERTIES.get(kind, ()):
        found: Any = properties
        for key in path.split("."):
            found = found.get(key) if isinstance(found, Mapping) else None
        if found is not None:
            yield found
