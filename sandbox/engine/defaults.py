"""Default providers: made when a resource first needs one, by package and version."""

import json
from collections.abc import Mapping

from sandbox.engine import urns
from sandbox.engine.config import Config
from sandbox.engine.errors import EngineError
from sandbox.engine.goals import Goal, Registration
from sandbox.engine.registry import INTERNAL
from sandbox.engine.session import Session
from sandbox.engine.turn import Turn
from sandbox.engine.values import Map, Secret


def package_config(package: str, texts: Mapping[str, str], config: Config) -> Map:
    """What the configuration says under a package's name."""
    found: Map = {}
    for key, text in texts.items():
        namespace, _, name = key.partition(":")
        if namespace == package:
            found[name] = Secret(text) if key in config and config[key].secret else text
    return found


def _check_version(version: str) -> None:
    """Raises EngineError for a version that is none."""
    if not version:
        return
    parts = version.removeprefix("v").split(".", 2)
    wrong = "No Major.Minor.Patch elements found" if len(parts) != 3 else None
    for name, part in zip(("major", "minor"), parts, strict=False):
        if wrong is None and not part.isdecimal():
            wrong = f'Invalid character(s) found in {name} number "{part}"'
    if wrong:
        message = f"parse provider request: {wrong}"
        raise EngineError(message)


class DefaultProviders:
    """The default providers of one run."""

    def __init__(self, session: Session, texts: Mapping[str, str], config: Config) -> None:
        self._session, self._texts, self._config = session, texts, config
        self._found: dict[tuple[str, str], str] = {}
        self._turn = Turn()  # those who wait for one provider go on in the order in which they came

    def reference(self, package: str, version: str) -> str:
        """The reference of the default provider of a package; one that stands for none where it is disabled."""
        _check_version(version)
        with self._turn:
            known = self._found.get((package, version))
            if known is None:
                known = self._found[package, version] = self._make(package, version)
            return known

    def refuse_denied(self, what: str, package: str, named: str, user: str) -> None:
        """Raises EngineError where the configuration disables the default provider that `user` would have."""
        if self._denied(package):
            raise EngineError(what + urns.refusal(named, user))

    def _make(self, package: str, version: str) -> str:
        if self._denied(package):
            return f"{urns.make('denied', 'denied', '', urns.PROVIDER_PREFIX + package, urns.DENIED)}::{urns.DENIED}"
        inputs = package_config(package, self._texts, self._config) if package != "pulumi" else {}
        name = "default"
        if version:
            name = "default_" + version.replace(".", "_").replace("+", "_").replace("-", "_")
            inputs |= {"version": version, INTERNAL: {}}
        goal = Goal(type=f"{urns.PROVIDER_PREFIX}{package}", name=name, custom=True, properties=inputs)
        state = self._session.settle(Registration(goal))
        return f"{state.urn}::{state.id}"

    def _denied(self, package: str) -> bool:
        raw = self._texts.get("pulumi:disable-default-providers", "")
        if not raw or package == "pulumi":
            return False
        denied = json.loads(raw)
        return "*" in denied or package in denied
