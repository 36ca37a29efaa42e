"""Azure's own refusals, in the shape in which the Resource Manager says them."""

from collections.abc import Mapping
from typing import Any

from sandbox.clouds.azure.messages import Response, as_json


class ArmError(Exception):
    """`code` and the text are those of the cloud; `headers` go out with the answer."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.headers = status, code, dict(headers or {})

    def document(self) -> dict[str, Any]:
        return {"error": {"code": self.code, "message": str(self)}}

    def response(self) -> Response:
        return as_json(self.status, self.document(), {"x-ms-failure-cause": "gateway", **self.headers})


def not_done(what: str) -> ArmError:
    """What Azure does and the sandbox does not: said plainly, and never done by halves."""
    return ArmError(501, "NotImplemented", f"The sandbox does not do this: {what}.")
