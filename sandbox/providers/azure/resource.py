"""
One resource type of azure-native, as its plugin works: inputs become path and body of a PUT.

A changed path parameter or a create-only property at the top replaces the resource. A nested create-only one previews
as an update, and it is the Resource Manager that refuses it. An update is a full PUT of all inputs.
"""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.clouds.azure.kind import ABSENT, get, put
from sandbox.providers.azure.cloud import Cloud, CloudError
from sandbox.providers.resource import HalfMade, Resource
from sandbox.providers.values import UNKNOWN, Properties

OF_THE_BODY = frozenset({
    *("location", "tags", "sku", "identity", "kind", "zones", "extendedLocation", "plan", "etag", "managedBy"),
})  # fmt: skip
OF_OTHERS = frozenset({"scope", "resourceUri"})
"""Parameters that are themselves IDs: of what an extension stands on."""
PARAMETER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Type:
    """
    token    azure-native:MODULE:Resource
    path     its ID, with the names of the inputs that stand in it
    version  the api-version that the plugin speaks
    name     the input that is made up where none is given
    replaces properties at the top whose change replaces it
    spelled  inputs whose name is another one in the API (below `properties`)
    at_top   inputs that stand beside `properties`, besides those that always do
    nested   inputs that most types have beside `properties`, and this one in them
    write_only  inputs that are never read back, by path
    flattened   lists whose elements have `properties` in the API, and not in a program
    computed    outputs inside an input that the cloud decides, by path
    also_reads  properties that are documents of their own, each with the path below the ID
    flat     False: the inputs hold `properties` themselves
    by_patch an update is a PATCH
    deleted_by  a URL of a data plane that deletes it, and its audience
    group_is_parent  its location is that of the group where none is given
    """

    token: str
    path: str
    version: str
    name: str
    replaces: frozenset[str] = frozenset()
    spelled: Mapping[str, str] = field(default_factory=dict)
    at_top: frozenset[str] = frozenset()
    nested: frozenset[str] = frozenset()
    write_only: frozenset[str] = frozenset()
    flattened: frozenset[str] = frozenset()
    computed: tuple[str, ...] = ()
    also_reads: Mapping[str, str] = field(default_factory=dict)
    flat: bool = True
    by_patch: bool = False
    deleted_by: tuple[str, str] | None = None
    located: bool = True
    defaults: Mapping[str, Any] = field(default_factory=dict)

    @property
    def type_name(self) -> str:
        return self.token

    @property
    def sdk(self) -> tuple[str, str]:
        _, module, name = self.token.split(":")
        return module, name

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(name for name in PARAMETER.findall(self.path) if name != "subscriptionId")


class AzureResource(Resource):
    """Says over HTTP what `kind` describes."""

    def __init__(self, cloud: Cloud, kind: Type) -> None:
        self.cloud, self.kind = cloud, kind
        self.type_name = kind.token
        self.sdk = kind.sdk
        self.create_only = frozenset({*kind.parameters, *kind.replaces})
        self.write_only = frozenset(path for path in kind.write_only if "." not in path)
        self.secret = frozenset()
        self.computed = ("name", "type", "azureApiVersion")  # type: ignore[misc]

    # what is asked for ------------------------------------------------------------------------------------------------
    def check(self, inputs: Properties, old: Properties) -> list[tuple[str, str]]:
        missing = [(name, "a value is required") for name in self.kind.parameters if inputs.get(name) is None]
        for name, value in self.kind.defaults.items():
            inputs.setdefault(name, value)
        if not missing and self.kind.located and not inputs.get("location") and old.get("location"):
            inputs["location"] = old["location"]
        return missing

    def give_name(self, logical: str, seed: bytes, new: Properties, old: Properties) -> None:
        name = self.kind.name
        if new.get(name) is not None:
            return
        suffix = "".join(random.Random(seed).choices("0123456789abcdef", k=8))
        new[name] = old.get(name) or f"{logical}{suffix}"

    def as_outputs(self, inputs: Properties) -> Properties:
        """For a preview, with what the cloud will say."""
        shown = copy.deepcopy(_mapped(inputs))
        for path in self.kind.computed:
            if isinstance(get(shown, path.rpartition(".")[0]), dict):
                put(shown, path, UNKNOWN)
        return shown

    def as_inputs(self, outputs: Properties, declared: Properties) -> Properties:
        mapped = get(outputs, IDENTITIES)
        if not isinstance(mapped, dict) or isinstance(get(declared, IDENTITIES), dict):
            return outputs
        return {**outputs, "identity": {**outputs["identity"], "userAssignedIdentities": list(mapped)}}

    def compared(self, inputs: Properties) -> Properties:
        """A location is compared without case and blanks."""
        if not isinstance(inputs.get("location"), str):
            return inputs
        return {**inputs, "location": _plain(inputs["location"])}

    def replaces(self, path: str) -> bool:
        return path.split(".", maxsplit=1)[0].split("[", maxsplit=1)[0] in self.create_only and "." not in path

    def clashes(self, old: Properties, new: Properties) -> bool:
        return all(old.get(name) == new.get(name) for name in self.kind.parameters)

    # calls ------------------------------------------------------------------------------------------------------------
    def create(self, inputs: Properties) -> str:
        identity = self._identity(inputs)
        if self.cloud.find(identity, self.kind.version) is not None and not self._is_there_anyway():
            message = f"cannot create already existing resource {identity!r}".replace("'", '"')
            raise CloudError(409, "ResourceAlreadyExists", message)
        try:
            made = self.cloud.ask("PUT", identity, self.kind.version, self._body(inputs))
        except CloudError as error:
            if self.cloud.find(identity, self.kind.version) is not None and not self._is_there_anyway():
                raise HalfMade(identity, str(error)) from error
            raise
        return str((made or {}).get("id") or identity)  # the cloud may give another name than the one asked for

    def read(self, identity: str, state: Properties) -> Properties | None:
        found = self.cloud.find(identity, self.kind.version)
        if found is None:
            return None
        found = _respelled(found, {api: name for name, api in IN_THE_API.items()})
        nested = found.pop("properties", None) or {}
        back = {api: name for name, api in self.kind.spelled.items()}
        real: Properties = {**found, "azureApiVersion": self.kind.version}
        if self.kind.flat:
            real |= {
                back.get(name, name[0].lower() + name[1:]): _unwrapped(value) if name in self.kind.flattened else value
                for name, value in nested.items()
            }
        else:
            real["properties"] = nested
        for name, value in zip(self.kind.parameters, self._values(identity), strict=True):
            given = str(state.get(name) or value)
            real[name] = given if given.strip("/").lower() == value.lower() else value
        for name, below in self.kind.also_reads.items():
            real[name] = self.cloud.ask("GET", f"{identity}/{below}", self.kind.version)["properties"]
        real["location"] = _location(state.get("location"), real.get("location"))
        for path in self.kind.write_only:
            known = get(state, path)
            if known is not ABSENT and known is not None:
                put(real, path, known)
        return {key: value for key, value in real.items() if value is not None}

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        method = "PATCH" if self.kind.by_patch else "PUT"
        self.cloud.ask(method, identity, self.kind.version, self._body(new))

    def delete(self, identity: str, state: Properties) -> None:
        if self.kind.deleted_by is not None:
            url, audience = self.kind.deleted_by
            given = dict(zip(self.kind.parameters, self._values(identity), strict=True))
            try:
                self.cloud.data("DELETE", url.format(**given), audience)
            except CloudError as error:
                if error.status != 404:
                    raise
            return
        if not self._is_there_anyway():
            try:
                self.cloud.ask("DELETE", identity, self.kind.version)
            except CloudError as error:
                if error.status != 404:
                    raise

    # parts ------------------------------------------------------------------------------------------------------------
    def _is_there_anyway(self) -> bool:
        """One that Azure makes with its parent, and that is never deleted."""
        return self.kind.token.endswith((":Configuration", ":BlobServiceProperties", ":WebAppSlotConfigurationNames"))

    def _identity(self, inputs: Properties) -> str:
        given = {"subscriptionId": self.cloud.subscription, **inputs}
        return PARAMETER.sub(lambda found: str(given[found[1]]).strip("/"), self.kind.path)

    def _values(self, identity: str) -> list[str]:
        """What stands in an ID for each of the parameters."""
        escaped = re.escape(self.kind.path).replace(r"\{", "{").replace(r"\}", "}")
        pattern = PARAMETER.sub(lambda at: f"(?P<{at[1]}>{'.+' if at[1] in OF_OTHERS else '[^/]+'})", escaped)
        found = re.fullmatch(pattern, identity, re.IGNORECASE)
        if found is None:
            raise CloudError(400, "InvalidResourceId", f"{identity} is not the ID of a {self.type_name}")
        return [found[name] for name in self.kind.parameters]

    def _body(self, inputs: Properties) -> Properties:
        given = {
            name: value for name, value in inputs.items() if name not in self.kind.parameters and value is not None
        }
        given = {name: value for name, value in given.items() if not name.startswith("__")}
        top = (OF_THE_BODY - self.kind.nested) | self.kind.at_top | (frozenset() if self.kind.flat else {"properties"})
        body = {name: value for name, value in given.items() if name in top}
        if self.kind.located and not body.get("location") and self._group(inputs):
            body["location"] = self.cloud.ask("GET", self._group(inputs), GROUP_VERSION)["location"]
        body = _mapped(body)
        given = {name: _wrapped(value) if name in self.kind.flattened else value for name, value in given.items()}
        nested = {self.kind.spelled.get(name, name): value for name, value in given.items() if name not in top}
        wanted: Properties = _respelled({**body, "properties": nested} if self.kind.flat else body, IN_THE_API)
        return wanted

    def _group(self, inputs: Properties) -> str:
        name = inputs.get("resourceGroupName")
        return f"/subscriptions/{self.cloud.subscription}/resourceGroups/{name}" if name else ""


GROUP_VERSION = "2024-03-01"
IDENTITIES = "identity.userAssignedIdentities"


BESIDE = frozenset({"id", "name", "type"})
IN_THE_API = {"odataType": "odata.type"}
"""Names at any depth that the API has with a character that no program could write."""


def _respelled(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {names.get(key, key): _respelled(each, names) for key, each in value.items()}
    return [_respelled(each, names) for each in value] if isinstance(value, list) else value


def _mapped(given: Properties) -> Properties:
    """Programs list the identities of a resource, and the API has them as the keys of a map."""
    listed = get(given, IDENTITIES)
    if not isinstance(listed, list):
        return given
    mapped: dict[str, Any] = {each: {} for each in listed}
    return {**given, "identity": {**given["identity"], "userAssignedIdentities": mapped}}


def _wrapped(elements: Any) -> Any:
    return [
        {name: value for name, value in each.items() if name in BESIDE}
        | {"properties": {name: value for name, value in each.items() if name not in BESIDE}}
        for each in elements
    ]


def _unwrapped(elements: Any) -> Any:
    return [
        {name: value for name, value in each.items() if name != "properties"} | (each.get("properties") or {})
        for each in elements or ()
    ]


def _plain(location: Any) -> str:
    return str(location).replace(" ", "").lower()


def _location(declared: Any, real: Any) -> Any:
    """As it was declared, where both say the same: case and blanks do not count."""
    if declared and real and _plain(declared) == _plain(real):
        return declared
    return real
