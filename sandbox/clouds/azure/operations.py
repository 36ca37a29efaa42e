"""Long-running operations: what is still being done, and how it ended."""

import logging
import math
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from sandbox.clouds.azure.errors import ArmError
from sandbox.clouds.azure.messages import Response, as_json
from sandbox.clouds.azure.world import AzureWorld
from sandbox.fabric import FabricError

log = logging.getLogger(__name__)

ASK_AGAIN_SECONDS = 5.0
"""What the services ask callers to wait between two looks, before the world's pace."""


@dataclass
class Operation:
    """`result` gives what its Location answers in the end: a document, or None for nothing left."""

    name: str
    base: str
    result: Callable[[], Any]
    status: Literal["InProgress", "Succeeded", "Failed"] = "InProgress"
    error: dict[str, str] = field(default_factory=dict)
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended: datetime | None = None

    def document(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "id": f"{self.base}/operationStatuses/{self.name}",
            "name": self.name,
            "status": self.status,
            "startTime": self.started.isoformat(),
        }
        if self.ended is not None:
            shown["endTime"] = self.ended.isoformat()
        return {**shown, "error": self.error} if self.error else shown


class Operations:
    """All of a world, for as long as it runs."""

    def __init__(self, world: AzureWorld) -> None:
        self._world = world
        self._known: dict[str, Operation] = {}

    def start(
        self,
        scope: str,
        work: Callable[[], object],
        *,
        result: Callable[[], Any],
        failed: Callable[[str], object] = lambda _: None,
    ) -> Operation:
        """Do `work` beside; `failed` is told what went wrong before the operation says that it has."""
        made = Operation(str(uuid.uuid4()), scope, result)
        self._known[made.name] = made

        def run() -> None:
            try:
                work()
            except (FabricError, ArmError) as error:
                code = error.code if isinstance(error, ArmError) else "InternalServerError"
                self._end(made, failed, code, str(error))
            except Exception:
                log.exception("an operation failed")
                self._end(made, failed, "InternalServerError", "An unexpected error occurred.")
            else:
                made.ended = datetime.now(UTC)
                made.status = "Succeeded"

        self._world.later("azure operation", run)
        return made

    def _end(self, operation: Operation, failed: Callable[[str], object], code: str, message: str) -> None:
        failed(message)
        operation.error = {"code": code, "message": message}
        operation.ended = datetime.now(UTC)
        operation.status = "Failed"

    def headers(self, operation: Operation, version: str) -> dict[str, str]:
        base, name = f"https://management.azure.com{operation.base}", operation.name
        return {
            "Azure-AsyncOperation": f"{base}/operationStatuses/{name}?api-version={version}",
            "Location": f"{base}/operationResults/{name}?api-version={version}",
            **self.ask_again(),
        }

    def ask_again(self) -> dict[str, str]:
        """Retry-After is a whole number of seconds; what the pace makes shorter goes into the header for less."""
        seconds = ASK_AGAIN_SECONDS / self._world.context.pace
        if seconds >= 1:
            return {"Retry-After": str(math.ceil(seconds))}
        return {"x-ms-retry-after-ms": str(math.ceil(seconds * 1000))}

    def answer(self, path: str, version: str) -> Response | None:
        """What GET of a status or a result says. None: the path is of neither."""
        base, _, name = path.rpartition("/")
        kind = base.rpartition("/")[2].lower()
        if kind not in {"operationstatuses", "operationresults"}:
            return None
        found = self._known.get(name)
        if found is None:
            raise ArmError(404, "ResourceNotFound", f"There is no operation {name}.")
        if kind == "operationstatuses":
            return as_json(200, found.document(), self.ask_again() if found.status == "InProgress" else {})
        if found.status == "InProgress":
            return Response(202, self.headers(found, version))
        if found.status == "Failed":
            raise ArmError(500, found.error["code"], found.error["message"])
        document = found.result()
        return Response(204) if document is None else as_json(200, document)
