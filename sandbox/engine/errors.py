"""What can go wrong in the embedded engine, and how it is said."""

BAD_CALL, NO_STACK, NO_CHANGES = 2, 6, 7  # exit codes of the CLI


class EngineError(Exception):
    """Ends a command. The text is printed as `error: TEXT`; `code` is the exit code of the process."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class StackNotFoundError(EngineError):
    """There is no stack of this name in the backend."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no stack named '{name}' found", NO_STACK)


class NotSupportedError(EngineError):
    """A feature of the CLI that this engine refuses by name, so that nothing is ignored in silence."""

    def __init__(self, feature: str) -> None:
        super().__init__(f"not supported by the embedded engine: {feature}; install the Pulumi CLI")


class BailError(Exception):
    """The run must stop; what went wrong has been reported already."""


class ProviderError(Exception):
    """A provider answered a call with an error. `unknown` says that the object may have changed all the same."""

    def __init__(self, message: str, *, unknown: bool = False) -> None:
        super().__init__(message)
        self.unknown = unknown


class CancelledRunError(Exception):
    """The run was cancelled while this registration waited."""
