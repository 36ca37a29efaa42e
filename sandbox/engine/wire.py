"""Property values over the wire: protobuf structs to engine values and back."""

import base64
from pathlib import Path
from typing import Any

from google.protobuf import struct_pb2

from sandbox.engine import assets
from sandbox.engine.gojson import number
from sandbox.engine.urns import UNKNOWN_ID
from sandbox.engine.values import (
    ARCHIVE_SIG,
    ASSET_SIG,
    BYTES_SIG,
    OUTPUT_SIG,
    RESOURCE_SIG,
    SECRET_SIG,
    SIG,
    UNKNOWN,
    Asset,
    Map,
    Output,
    ResourceRef,
    Secret,
    Unknown,
    Value,
)

# The protocol marks an unknown by a text that depends on its type; the engine treats them alike.
UNKNOWN_MARKERS = frozenset(
    {
        UNKNOWN_ID,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)


class WireError(Exception):
    """A message that does not follow the protocol, or holds what its receiver cannot take."""


def from_value(message: Any, key: str = "", *, keep_outputs: bool = False, hash_in: Path | None = None) -> Value:
    """
    An engine value from a protobuf Value.

    `key` is the name that errors call it by. `keep_outputs` keeps what an output depends on; `hash_in` is the folder
    that relative asset paths count from, given where hashes are to be computed.
    """
    kind = message.WhichOneof("kind")
    if kind == "string_value":
        text = message.string_value
        return UNKNOWN if len(text) == 36 and text in UNKNOWN_MARKERS else text
    if kind == "number_value":
        return number(message.number_value)
    if kind == "bool_value":
        return message.bool_value
    if kind == "struct_value":
        fields = message.struct_value.fields
        if SIG in fields:
            return _special(fields, key, keep_outputs, hash_in)
        return {k: from_value(fields[k], k, keep_outputs=keep_outputs, hash_in=hash_in) for k in sorted(fields)}
    if kind == "list_value":
        return [from_value(v, key, keep_outputs=keep_outputs, hash_in=hash_in) for v in message.list_value.values]
    return None


def from_struct(message: Any, *, keep_outputs: bool = False, hash_in: Path | None = None) -> Map:
    fields = message.fields
    return {k: from_value(fields[k], k, keep_outputs=keep_outputs, hash_in=hash_in) for k in sorted(fields)}


def _special(fields: Any, name: str, keep_outputs: bool, hash_in: Path | None) -> Value:
    def inner(key: str) -> Value:
        return from_value(fields[key], name, keep_outputs=keep_outputs, hash_in=hash_in) if key in fields else None

    sig = fields[SIG].string_value
    if sig == SECRET_SIG:
        value = inner("value")
        return value if type(value) is Secret else Secret(value)
    if sig == OUTPUT_SIG:
        known, secret = "value" in fields, bool(inner("secret"))
        value = inner("value")
        if keep_outputs:
            return Output(value, known, secret, tuple(inner("dependencies") or ()))
        value = value if known else UNKNOWN
        return Secret(value) if secret and type(value) is not Secret else value
    if sig == RESOURCE_SIG:
        ident = inner("id")
        return ResourceRef(str(inner("urn")), UNKNOWN if ident == "" else ident, str(inner("packageVersion") or ""))
    if sig in (ASSET_SIG, ARCHIVE_SIG):
        plain = {k: from_value(v, k, hash_in=hash_in) for k, v in fields.items() if k != SIG}
        if plain.get("text") == "":
            del plain["text"]  # the CLI forgets an empty text, so that programs that read it back fail
        if "assets" in plain:
            plain["assets"] = dict(sorted(plain["assets"].items()))
        found = Asset(sig, plain)
        return found if hash_in is None else _hashed(found, name, hash_in)
    if sig == BYTES_SIG:
        return base64.b64decode(str(inner("value"))).decode("utf-8", "surrogateescape")
    message = f"unrecognized signature {sig!r} in a property map"
    raise WireError(message)


def _hashed(found: Asset, name: str, folder: Path) -> Asset:
    try:
        return assets.with_hash(found, folder)
    except assets.AssetError as error:
        what = "asset" if found.sig == ASSET_SIG else "archive"
        message = f'failed to compute {what} hash for "{name}": {error.message}'
        raise WireError(message) from error


class Writer:
    """Writes engine values as protobuf, with what the receiver accepts. What it does not accept is made plain."""

    def __init__(
        self,
        *,
        unknowns: bool = False,
        secrets: bool = False,
        resources: bool = False,
        outputs: bool = False,
        elide_assets: bool = False,
    ) -> None:
        self.unknowns, self.secrets, self.resources = unknowns, secrets, resources
        self.outputs, self.elide_assets = outputs, elide_assets

    def struct(self, mapping: Map | None) -> Any:
        message = struct_pb2.Struct()
        for key, value in (mapping or {}).items():
            if not self._dropped(value):
                self.put(message.fields[key], value)
        return message

    def value(self, value: Value) -> Any:
        message = struct_pb2.Value()
        self.put(message, value)
        return message

    def _dropped(self, value: Value) -> bool:
        """Unknown values are left out where the receiver does not take them."""
        if self.unknowns:
            return False
        if type(value) is Secret and not self.secrets:
            value = value.value
        return type(value) is Unknown or (type(value) is Output and not value.known and not self.outputs)

    def _fields(self, message: Any, mapping: Map) -> None:
        fields = message.struct_value.fields
        for key, value in mapping.items():
            if not self._dropped(value):
                self.put(fields[key], value)
        if not mapping:
            message.struct_value.SetInParent()

    def put(self, message: Any, value: Value) -> None:
        kind = type(value)
        if kind is str:
            message.string_value = value
        elif kind is bool:
            message.bool_value = value
        elif kind is int or kind is float:
            message.number_value = value
        elif value is None:
            message.null_value = 0
        elif kind is dict:
            if value:
                self._fields(message, value)
            else:
                message.struct_value.SetInParent()
        elif kind is list:
            items = message.list_value
            items.SetInParent()
            for item in value:
                if not self._dropped(item):
                    self.put(items.values.add(), item)
        elif kind is Secret:
            if self.secrets:
                self._fields(message, {SIG: SECRET_SIG, "value": value.value})
            else:
                self.put(message, value.value)
        elif kind is Unknown:
            message.string_value = UNKNOWN_ID
        elif kind is Output:
            self._output(message, value)
        elif kind is Asset:
            self._fields(message, _asset_fields(value, elide=self.elide_assets))
        elif kind is ResourceRef:
            self._reference(message, value)
        else:
            text = f"a value of type {kind.__name__} has no form on the wire"
            raise WireError(text)

    def _output(self, message: Any, value: Output) -> None:
        if not self.outputs:
            inner = value.value if value.known else UNKNOWN
            self.put(message, Secret(inner) if value.secret else inner)
            return
        fields: Map = {SIG: OUTPUT_SIG}
        if value.known:
            fields["value"] = value.value
        if value.secret:
            fields["secret"] = True
        if value.dependencies:
            fields["dependencies"] = list(value.dependencies)
        self._fields(message, fields)

    def _reference(self, message: Any, ref: ResourceRef) -> None:
        if not self.resources:
            self.put(message, ref.urn if ref.id is None else ref.id)
            return
        fields: Map = {SIG: RESOURCE_SIG, "urn": ref.urn}
        if ref.id is not None:
            fields["id"] = "" if type(ref.id) is Unknown else ref.id
        if ref.version:
            fields["packageVersion"] = ref.version
        self._fields(message, fields)


def _asset_fields(asset: Asset, *, elide: bool = False) -> Map:
    """The fields of an asset with its signature; `elide` leaves its hash only, for providers that compare."""
    fields: Map = {SIG: asset.sig, "hash": asset.hash}
    if not elide:
        fields.update({k: v for k, v in asset.fields.items() if k != "hash"})
    return fields
