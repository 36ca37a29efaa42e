"""
Whose process is at the other end of a loopback connection, as the kernel says it.

Every user of a machine can connect to every port on loopback. The doors of a world ask this before they read a byte,
so that a token that leaked, or a protocol that has none (a Pulumi provider's), opens nothing to another user.
"""

import contextlib
import os
import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path

Address = tuple[str, int]
Admits = Callable[[Address, Address], bool]
"""(address of the caller, address it called) -> may it speak?"""

ROOT_USER = 0
_SOCK_DIAG = 4  # NETLINK_SOCK_DIAG
_BY_FAMILY = 20  # SOCK_DIAG_BY_FAMILY
_REQUEST = 1  # NLM_F_REQUEST
_HEADER = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, pid
_QUESTION = struct.Struct("=BBBBI")  # inet_diag_req_v2 up to the socket's name: family, protocol, ext, pad, states
_SOCKET = struct.Struct("!HH16s16sI8s")  # inet_diag_sockid
_UID_AT = _HEADER.size + 4 + _SOCKET.size + 3 * 4  # inet_diag_msg: after expires, rqueue and wqueue

_lock = threading.Lock()
_kernel: socket.socket | None = None


def user_of(peer: Address, local: Address) -> int | None:
    """
    The user whose process opened the TCP connection from `peer` to `local`. None: the kernel does not know (it has
    ended already, or it does not come from this machine).
    """
    with contextlib.suppress(OSError, ValueError, struct.error):
        return _ask_kernel(peer, local)
    return _look_up(peer, local)


def _ask_kernel(peer: Address, local: Address) -> int | None:
    """Ask sock_diag(7): that is one question and one answer, however many sockets there are."""
    global _kernel  # noqa: PLW0603 - one socket for the process: opening one costs more than asking
    name = _SOCKET.pack(
        peer[1], local[1], socket.inet_aton(peer[0]).ljust(16, b"\0"), socket.inet_aton(local[0]).ljust(16, b"\0"),
        0, b"\xff" * 8,
    )  # fmt: skip
    question = _QUESTION.pack(socket.AF_INET, socket.IPPROTO_TCP, 0, 0, 0xFFFFFFFF) + name
    with _lock:
        if _kernel is None:
            _kernel = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _SOCK_DIAG)
            _kernel.settimeout(1.0)
        try:
            _kernel.send(_HEADER.pack(_HEADER.size + len(question), _BY_FAMILY, _REQUEST, 0, 0) + question)
            answer = _kernel.recv(4096)
        except OSError:
            _kernel.close()
            _kernel = None
            raise
    if _HEADER.unpack_from(answer)[1] != _BY_FAMILY:
        return None
    return int(struct.unpack_from("=I", answer, _UID_AT)[0])


def _look_up(peer: Address, local: Address) -> int | None:
    """The same from /proc, where the kernel does not answer over netlink."""
    wanted = [_written(peer), _written(local)]
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        fields = line.split()
        if fields[1:3] == wanted:
            return int(fields[7])
    return None


def _written(address: Address) -> str:
    return f"{struct.unpack('=I', socket.inet_aton(address[0]))[0]:08X}:{address[1]:04X}"


def admits(*others: int) -> Admits:
    """
    Lets in processes of the user who runs the world, of root, and of `others` (the users that the world gives its
    own children).
    """
    known = {ROOT_USER, os.geteuid(), *others}
    return lambda peer, local: user_of(peer, local) in known
