"""How the AWS APIs say no, in the form that the caller's SDK reads."""

import json
from collections.abc import Iterable
from typing import Any
from xml.sax.saxutils import escape

from sandbox.clouds.aws.requests import GLOBAL_REGION, Target
from sandbox.clouds.aws.supported import SERVICES


class Denied(Exception):
    """A request that is not served. `code` is AWS's word; `target` is given once it is known what was asked for."""

    def __init__(self, code: str, message: str, status: int = 403, target: Target | None = None) -> None:
        super().__init__(message)
        self.code, self.status = code, status
        self.service = target.service if target else "?"
        self.region = target.region if target else GLOBAL_REGION
        self.action = target.action if target else "?"


def denial(error: Denied, start_response: Any) -> Iterable[bytes]:
    """The answer: XML for S3 and the older services, JSON for the others. Before the signature, nobody knows which."""
    message, headers = str(error), [("x-amzn-errortype", error.code), ("x-amzn-query-error", f"{error.code};Sender")]
    if error.service in SERVICES and SERVICES[error.service].is_json:
        body = json.dumps({"__type": error.code, "message": message})
        headers.append(("Content-Type", "application/x-amz-json-1.1"))
    else:
        inner = f"<Error><Code>{escape(error.code)}</Code><Message>{escape(message)}</Message></Error>"
        body = inner if error.service == "s3" else f"<ErrorResponse>{inner}</ErrorResponse>"
        headers.append(("Content-Type", "text/xml"))
    data = body.encode()
    start_response(
        f"{error.status} {error.code}", [*headers, ("Content-Length", str(len(data))), ("Connection", "close")]
    )
    return [data]
