"""Steps that read: objects that the program does not own, refreshes, and adoptions."""

from sandbox.engine import urns
from sandbox.engine.deployment import Deployment
from sandbox.engine.errors import ProviderError
from sandbox.engine.goals import Reading, Registration
from sandbox.engine.plugin import Result
from sandbox.engine.state import State, now
from sandbox.engine.steps import After, RegisteredStep, Step, compare
from sandbox.engine.urns import UNKNOWN_ID
from sandbox.engine.values import same


class ReadStep(Step):
    """Reads an object that the program does not own."""

    def __init__(
        self, run: Deployment, reading: Reading, old: State | None, new: State, *, replacing: bool = False
    ) -> None:
        super().__init__(run, "read-replacement" if replacing else "read", old, new)
        self.reading, self.replacing, self.logical = reading, replacing, not replacing

    @property
    def pending(self) -> tuple[State, str] | None:
        return self.res, "reading"

    @property
    def changed(self) -> bool:
        """Whether something is there to be counted: the object is not as it was."""
        return self.old is not None and not same(self.old.outputs, self.res.outputs)

    def apply(self) -> After:
        new, partial = self.res, None
        if new.id == UNKNOWN_ID:
            new.outputs = {}
        else:
            timeout = new.custom_timeouts.get("read", 0.0)
            result = self.plugin().read(new.urn, new.id, new.inputs, new.inputs, timeout=timeout)
            new.init_errors, partial = result.init_errors, result.partial
            if result.outputs is None:
                message = f"resource '{new.id}' does not exist"
                raise ProviderError(message)
            new.outputs, new.id = result.outputs, result.id or new.id
        if self.old is not None:
            if self.replacing:
                self.old.delete = True
            new.created, new.modified = self.old.created, self.old.modified
            if not same(new.inputs, self.old.inputs) or not same(new.outputs, self.old.outputs):
                new.modified = now()
        if partial is not None:
            self.partial = True
            raise partial
        return lambda: self.reading.done(new)

    def fail(self) -> None:
        self.reading.done(self.res, result="failed")

    def skip(self) -> None:
        self.reading.done(self.res, result="skipped")


class RefreshStep(Step):
    """Reads a resource again. `persisted`: the result is a state of its own, as the program runs along."""

    logical = False

    def __init__(
        self, run: Deployment, old: State, *, new: State | None = None, persisted: bool = False, hidden: bool = False
    ) -> None:
        super().__init__(run, "refresh", old, new or old)
        self.persisted, self.hidden = persisted, hidden
        self.deleted = False
        self.change: bool = False

    @property
    def internal(self) -> bool:
        return self.hidden or super().internal

    @property
    def res(self) -> State:
        assert self.old is not None  # noqa: S101
        return self.old

    @property
    def outcome(self) -> str:
        """The operation that the refresh comes to. Resources that are not read count as updated, as with the CLI."""
        if self.persisted and self.hidden:
            return "update"
        return "delete" if self.deleted else "update" if self.change else "same"

    def apply(self) -> After:
        old = self.res
        if not old.custom or old.is_provider or old.pending_replacement:
            if self.persisted:
                self.new = old.copy()
            return None
        plugin = self.plugin()
        result = plugin.read(old.urn, old.id, old.inputs, old.outputs, timeout=old.custom_timeouts.get("read", 0.0))
        if result.init_errors:
            reasons = "\n* ".join(result.init_errors)
            self.run.reporter.warning(f"Refreshed resource is in an unhealthy state:\n* {reasons}", old.urn)
        if not result.id or result.outputs is None:
            self.deleted, self.new = True, None
            return None
        inputs = result.inputs if result.inputs is not None else old.inputs
        new = (self.new or old).copy(
            id=result.id, init_errors=result.init_errors, inputs=inputs, outputs=result.outputs
        )
        if not same(inputs, old.inputs) or not same(result.outputs, old.outputs):
            new.modified = now()
        self.new = new
        if old.external:
            self.change = not same(old.outputs, new.outputs)
            return None
        diff = compare(self.run, plugin, old.urn, new.id, new.inputs, new.outputs, old.inputs, old.ignore_changes)
        diff = diff.inverted()
        self.diffs, self.detailed, self.change = diff.changed, diff.detailed, bool(diff.some)
        return None


class ImportStep(RegisteredStep):
    """Adopts an object that exists."""

    def __init__(self, run: Deployment, reg: Registration | None, new: State, original: State | None = None) -> None:
        super().__init__(run, "import" if original is None else "import-replacement", reg, None, new)
        self.original, self.logical = original, original is None

    @property
    def pending(self) -> tuple[State, str] | None:
        return self.res, "importing"

    @property
    def touched(self) -> tuple[State, ...]:
        return (*super().touched, self.original) if self.original is not None else super().touched

    def read(self) -> Result:
        """What the provider says of the object. Raises ProviderError when there is none."""
        new = self.res
        timeout = new.custom_timeouts.get("read", 0.0)
        found = self.plugin().read(new.urn, new.import_id, None, None, timeout=timeout)
        if found.outputs is None:
            message = f"resource '{new.import_id}' does not exist"
            raise ProviderError(message)
        if found.inputs is None:
            message = (
                "provider does not support importing resources; please try updating the "
                f"'{urns.package_of(new.type)}' plugin"
            )
            raise ProviderError(message)
        return found

    def apply(self) -> After:
        new = self.res
        found = self.read()
        new.id, new.init_errors = found.id or new.import_id, found.init_errors
        new.inputs, new.outputs = found.inputs or {}, found.outputs or {}
        self.old = new.copy(additional_secret_outputs=[], hooks={}, replacement_trigger=None, created="", modified="")
        new.created = new.modified = now()
        if self.original is not None:
            self.original.delete = True
        return None
