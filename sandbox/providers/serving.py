"""Serves a provider on a loopback port."""

from concurrent import futures

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from sandbox.callers import OurUsersOnly
from sandbox.peers import Admits
from sandbox.providers.servicer import Provider

CALLS_AT_ONCE = 64
LARGEST_MESSAGE = 400 * 1024 * 1024
"""As the engine's own limit."""


def serve(provider: Provider, port: int, admits: Admits) -> grpc.Server:
    """
    Open the port (0: any) and answer callers whom `admits` lets in, until the server is stopped. Raises OSError when
    the port is taken.
    """
    ours = OurUsersOnly(admits, "this provider serves the user who runs the world")
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
