"""Serves a provider on a loopback port."""

from concurrent import futures
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from sandbox.peers import Admits
from sandbox.providers.servicer import Provider

CALLS_AT_ONCE = 64
LARGEST_MESSAGE = 400 * 1024 * 1024
"""As the engine's own limit."""


class OurUsersOnly(grpc.ServerInterceptor):  # type: ignore[type-arg]
    """
    Serves callers of the users that `admits` lets in. The protocol of Pulumi's providers has no login, and a provider
    does what it is told with the keys of its own.
    """

    def __init__(self, admits: Admits) -> None:
        self._admits = admits
        self._where: tuple[str, int] = ("127.0.0.1", 0)

    def listens_on(self, port: int) -> None:
        self._where = ("127.0.0.1", port)

    def intercept_service(self, continuation: Any, details: Any) -> Any:
        handler = continuation(details)
        if handler is None or not handler.unary_unary:
            return None  # nothing is served that is not checked; a provider's calls are all of this kind

        def checked(request: Any, context: grpc.ServicerContext) -> Any:
            if not self._lets_in(context.peer()):
                context.abort(grpc.StatusCode.PERMISSION_DENIED, "this provider serves the user who runs the world")
            return handler.unary_unary(request, context)

        return grpc.unary_unary_rpc_method_handler(
            checked, request_deserializer=handler.request_deserializer, response_serializer=handler.response_serializer
        )

    def _lets_in(self, peer: str) -> bool:
        kind, _, address = peer.partition(":")
        host, _, port = address.rpartition(":")
        return kind == "ipv4" and self._admits((host, int(port)), self._where)


def serve(provider: Provider, port: int, admits: Admits) -> grpc.Server:
    """
    Open the port (0: any) and answer callers whom `admits` lets in, until the server is stopped. Raises OSError when
    the port is taken.
    """
    ours = OurUsersOnly(admits)
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=CALLS_AT_ONCE, thread_name_prefix="provider"),
        interceptors=[ours],
        options=[
            ("grpc.max_receive_message_length", LARGEST_MESSAGE),
            ("grpc.max_send_message_length", LARGEST_MESSAGE),
            ("grpc.so_reuseport", 0),
        ],
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    try:
        bound = server.add_insecure_port(f"127.0.0.1:{port}")
    except RuntimeError as error:
        raise OSError(f"port {port} is taken") from error
    if not bound:
        raise OSError(f"port {port} is taken")
    ours.listens_on(bound)
    server.start()
    return server
