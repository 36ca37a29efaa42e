"""A stack: its project, backend, settings and secrets together."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.engine.backend import Backend
from sandbox.engine.document import document
from sandbox.engine.errors import EngineError, ProviderError
from sandbox.engine.passphrase import Crypter
from sandbox.engine.project import Project
from sandbox.engine.stack_settings import Settings
from sandbox.engine.state import Snapshot, from_json, snapshot_from_json
from sandbox.engine.urns import STACK_TYPE
from sandbox.engine.values import Map, Secret, unsealed

Json = Any


def salt_of(latest: Mapping[str, Json] | None) -> str:
    provider = (latest or {}).get("secrets_providers") or {}
    if provider and provider.get("type") != "passphrase":
        message = (
            f"secrets provider '{provider.get('type')}' is not supported by the embedded engine; install the Pulumi CLI"
        )
        raise EngineError(message)
    return str((provider.get("state") or {}).get("salt", ""))


@dataclass(slots=True)
class Stack:
    """A stack that exists in the backend."""

    project: Project
    name: str
    backend: Backend
    settings: Settings
    crypter: Crypter
    env: Mapping[str, str]

    @property
    def full_name(self) -> str:
        return f"organization/{self.project.name}/{self.name}"

    @classmethod
    def open(
        cls, project: Project, name: str, backend: Backend, env: Mapping[str, str], config_file: Path | None = None
    ) -> "Stack":
        """A stack by name. Raises EngineError when the backend has none."""
        settings = Settings(config_file or project.stack_settings_file(name))
        salt = settings.salt
        if not salt or not backend.exists(project.name, name):  # else the state is read by those that need it
            salt = salt_of(backend.read(project.name, name).get("latest")) or salt
        return cls(project, name, backend, settings, Crypter(salt, env), env)

    def latest(self) -> dict[str, Json]:
        return self.backend.read(self.project.name, self.name).get("latest") or {}

    def snapshot(self) -> Snapshot:
        """The state, with its secrets opened."""
        latest = self.latest()
        salt = salt_of(latest)
        crypter = self.crypter if salt in ("", self.crypter.salt) else Crypter(salt, self.env)
        found = snapshot_from_json(latest, crypter.decrypt)
        if crypter is not self.crypter:
            self.crypter = crypter
        if found.secrets_provider is None and self.crypter.salt:
            found.secrets_provider = provider_entry(self.crypter.salt)
        return found

    def save(self, snapshot: Snapshot) -> None:
        raw = document(snapshot, self.full_name, self.crypter)
        self.backend.write_checkpoint(self.project.name, self.name, [raw])

    def outputs(self) -> Map:
        return _outputs(self.latest(), self.crypter)

    def outputs_of(self, name: str) -> Map:
        """
        The outputs of another stack of this backend, without its ciphertexts: this stack has a key of its own. Raises
        ProviderError when there is no such stack.
        """
        pieces = name.split("/")
        project = pieces[-2] if len(pieces) == 3 else self.project.name
        if len(pieces) == 2:
            project = pieces[0] if pieces[0] != "organization" else self.project.name
        try:
            latest = self.backend.read(project, pieces[-1]).get("latest") or {}
        except EngineError as error:
            message = f'unknown stack "{name}"'
            raise ProviderError(message) from error
        found: Map = unsealed(_outputs(latest, Crypter(salt_of(latest), self.env)))
        return found


def _outputs(latest: Mapping[str, Json], crypter: Crypter) -> Map:
    for resource in latest.get("resources") or []:
        if resource["type"] == STACK_TYPE and not resource.get("delete"):
            found = from_json(resource.get("outputs") or {}, crypter.decrypt)
            assert isinstance(found, dict)  # noqa: S101
            return found
    return {}


def provider_entry(salt: str) -> dict[str, Json]:
    return {"type": "passphrase", "state": {"salt": salt}}


def create(project: Project, name: str, backend: Backend, env: Mapping[str, str]) -> Stack:
    """Make a stack. Raises EngineError when it is there already, or its name is not allowed."""
    import json  # noqa: PLC0415
    import re  # noqa: PLC0415

    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,100}", name):
        message = (
            f"invalid stack name {name!r}: a stack name may only contain alphanumeric, hyphens, underscores, or periods"
        )
        raise EngineError(message)
    if backend.exists(project.name, name):
        message = f"stack 'organization/{project.name}/{name}' already exists"
        raise EngineError(message)
    settings = Settings(project.stack_settings_file(name))
    crypter = Crypter(settings.salt, env) if settings.salt else Crypter.new(env)
    if settings.salt:
        crypter.cipher()
    backend.prepare()
    stack = Stack(project, name, backend, settings, crypter, env)
    empty = {"version": 0, "checkpoint": {"stack": stack.full_name}}
    backend.write_checkpoint(project.name, name, [json.dumps(empty, separators=(",", ":")).encode()])
    if not settings.salt:
        settings.set_salt(crypter.salt)
    stack.save(Snapshot(secrets_provider=provider_entry(crypter.salt)))
    return stack


__all__ = ["Secret", "Stack", "create", "salt_of"]
