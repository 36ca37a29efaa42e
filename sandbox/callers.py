"""Whom the gRPC servers on loopback serve: every user of a machine can connect to them."""

from typing import Any

import grpc

from sandbox.peers import Admits


class OurUsersOnly(grpc.ServerInterceptor):  # type: ignore[type-arg]
    """
    Serves callers of the users that `admits` lets in; the others are told `refusal`. The protocols between an engine,
    its programs and its plugins have no login, and each does what it is told with the rights and keys of its own.
    """

    def __init__(self, admits: Admits, refusal: str) -> None:
        self._admits, self._refusal = admits, refusal
        self._where: tuple[str, int] = ("127.0.0.1", 0)

    def listens_on(self, port: int) -> None:
        self._where = ("127.0.0.1", port)

    def intercept_service(self, continuation: Any, details: Any) -> Any:
        handler = continuation(details)
        if handler is None or not handler.unary_unary:
            return None  # nothing is served that is not checked; the calls of these protocols are all of this kind

        def checked(request: Any, context: grpc.ServicerContext) -> Any:
            if not self._lets_in(context.peer()):
                context.abort(grpc.StatusCode.PERMISSION_DENIED, self._refusal)
            return handler.unary_unary(request, context)

        return grpc.unary_unary_rpc_method_handler(
            checked, request_deserializer=handler.request_deserializer, response_serializer=handler.response_serializer
        )

    def _lets_in(self, peer: str) -> bool:
        kind, _, address = peer.partition(":")
        host, _, port = address.rpartition(":")
        return kind == "ipv4" and self._admits((host, int(port)), self._where)
