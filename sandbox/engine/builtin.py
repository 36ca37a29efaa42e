"""The provider `pulumi` that the engine carries in itself: stack references, Stash and getResource."""

import uuid
from collections.abc import Callable

from sandbox.engine import urns
from sandbox.engine.errors import ProviderError
from sandbox.engine.plugin import Diff, Failure, Result
from sandbox.engine.state import State
from sandbox.engine.values import Map, Unknown, has_secrets, same

STACK_REFERENCE = "pulumi:pulumi:StackReference"
STASH = "pulumi:index:Stash"
_INPUT = {STACK_REFERENCE: "name", STASH: "input"}


class Builtin:
    """
    `stack_outputs` gives the outputs of a stack by name and raises ProviderError when there is no such stack;
    `lookup` finds a resource of this run by its URN.
    """

    def __init__(self, stack_outputs: Callable[[str], Map], lookup: Callable[[str], State | None]) -> None:
        self.stack_outputs, self.lookup = stack_outputs, lookup

    def close(self) -> None:
        pass

    @staticmethod
    def _only(urn: str) -> str:
        kind = urns.type_of(urn)
        if kind not in _INPUT:
            message = f"unrecognized resource type '{kind}'"
            raise ProviderError(message)
        return _INPUT[kind]

    def check(self, urn: str, olds: Map, news: Map, *, preview: bool, seed: bytes = b"") -> tuple[Map, list[Failure]]:
        del olds, preview, seed
        wanted = self._only(urn)
        for key in news:
            if key != wanted:
                return news, [Failure(key, f'unknown property "{key}"')]
        if wanted not in news:
            return news, [Failure(wanted, f'missing required property "{wanted}"')]
        return news, []

    def diff(
        self,
        urn: str,
        ident: str,
        old_inputs: Map,
        old_outputs: Map,
        new_inputs: Map,
        *,
        preview: bool,
        ignore: list[str],
    ) -> Diff:
        del ident, old_outputs, preview, ignore
        key = self._only(urn)
        if same(old_inputs.get(key), new_inputs.get(key)):
            return Diff(some=False)
        return Diff(some=True, replaces=[key]) if key == "name" else Diff(some=True, changed=[key])

    def create(self, urn: str, inputs: Map, *, timeout: float, preview: bool) -> Result:
        del timeout
        ident = "" if preview else str(uuid.uuid4())
        if self._only(urn) == "name":
            return Result(ident, self._known_reference(inputs))
        return Result(ident, {"input": inputs["input"], "output": inputs["input"]})

    def read(self, urn: str, ident: str, inputs: Map | None, state: Map | None, *, timeout: float) -> Result:
        del timeout
        if self._only(urn) == "name":
            if not inputs:
                message = "stack reference can not be imported"
                raise ProviderError(message, unknown=True)
            return Result(ident, self._known_reference(state or {}), inputs)
        if not inputs:
            message = "stash can not be imported"
            raise ProviderError(message, unknown=True)
        return Result(ident, dict(state or {}), dict(inputs))

    def update(self, old: State, new: State, *, timeout: float, ignore: list[str], preview: bool) -> Result:
        del timeout, ignore, preview
        return Result(old.id, {"input": new.inputs["input"], "output": old.outputs.get("output")})

    def delete(self, old: State, *, timeout: float) -> None:
        pass

    def invoke(self, token: str, args: Map, *, preview: bool) -> tuple[Map, list[Failure]]:
        del preview
        if token == "pulumi:pulumi:readStackOutputs":  # noqa: S105  # the name of a function
            return self._reference(args), []
        if token == "pulumi:pulumi:getResource":  # noqa: S105
            urn = str(args["urn"])
            found = self.lookup(urn)
            if found is None:
                message = f"unknown resource {urn}"
                raise ProviderError(message)
            return {"urn": urn, "id": found.id, "state": dict(found.outputs)}, []
        message = f"unrecognized function name: '{token}'"
        raise ProviderError(message)

    def _known_reference(self, inputs: Map) -> Map:
        """As `_reference`, for a resource: what is known of it after a failure is nothing, as the CLI has it."""
        try:
            return self._reference(inputs)
        except ProviderError as error:
            raise ProviderError(str(error), unknown=True) from error

    def _reference(self, inputs: Map) -> Map:
        name = inputs["name"]
        if isinstance(name, Unknown):
            return {"name": name, "outputs": name, "secretOutputNames": name}
        outputs = self.stack_outputs(str(name))
        hidden = sorted(k for k, v in outputs.items() if has_secrets(v))
        return {"name": name, "outputs": outputs, "secretOutputNames": hidden}
