"""
Whom a running pack serves: the engine of the user who started it. Every user of the machine can connect to its port,
and whoever configures it can turn its rules off.
"""

import os
import socket
import struct
from typing import Any

import grpc

ROOT_USER = 0
_SOCK_DIAG, _BY_FAMILY = 4, 20  # NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY
_UID_AT = 16 + 4 + 48 + 12  # the header, inet_diag_msg up to the names, the names, expires and the two queues


class OurUserOnly(grpc.ServerInterceptor):  # type: ignore[type-arg]
    """Where the system does not tell whose a connection is (it is not Linux), everybody on loopback is served."""

    def __init__(self) -> None:
        self._port = 0

    def listens_on(self, port: int) -> None:
        self._port = port

    def intercept_service(self, continuation: Any, details: Any) -> Any:
        handler = continuation(details)
        if handler is None or not handler.unary_unary or not hasattr(socket, "AF_NETLINK"):
            return handler

        def checked(request: Any, context: grpc.ServicerContext) -> Any:
            if _user_of(context.peer(), self._port) not in {ROOT_USER, os.geteuid()}:
                context.abort(grpc.StatusCode.PERMISSION_DENIED, "this pack serves the user who started it")
            return handler.unary_unary(request, context)

        return grpc.unary_unary_rpc_method_handler(
            checked, request_deserializer=handler.request_deserializer, response_serializer=handler.response_serializer
        )


def _user_of(peer: str, port: int) -> int | None:
    """
    The user who called `port`, by sock_diag(7): one exact question. The table in /proc is read in pieces, between which
    sockets come and go.
    """
    kind, _, address = peer.partition(":")
    host, _, number = address.rpartition(":")
    if kind != "ipv4":
        return None
    ends = (int(number), port, *(socket.inet_aton(each).ljust(16, b"\0") for each in (host, "127.0.0.1")))
    question = struct.pack("=BBBBI", socket.AF_INET, socket.IPPROTO_TCP, 0, 0, 0xFFFFFFFF)
    question += struct.pack("!HH16s16sI8s", *ends, 0, b"\xff" * 8)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _SOCK_DIAG) as kernel:
        kernel.settimeout(5.0)
        kernel.send(struct.pack("=IHHII", 16 + len(question), _BY_FAMILY, 1, 0, 0) + question)
        answer = kernel.recv(4096)
    if struct.unpack_from("=IH", answer)[1] != _BY_FAMILY:
        return None
    return int(struct.unpack_from("=I", answer, _UID_AT)[0])
