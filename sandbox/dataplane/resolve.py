"""Ask a name server for addresses, quickly and without a cache, as the app and the workload need it."""

import os
import secrets
import socket

from dnslib import QTYPE, RCODE, DNSHeader, DNSQuestion, DNSRecord
from dnslib.dns import DNSError


class NoAddress(OSError):
    """The name has no address, or nobody answered in time."""


def addresses(
    name: str, *, server: str | None = None, timeout: float = 0.25, tries: int = 2
) -> tuple[list[str], float]:
    """
    The IPv4 addresses of `name` and for how many seconds they hold, from `server` ("address:port", default
    DR_RESOLVER).

    Without a server the system's resolver is asked. Raises NoAddress.
    """
    if name.replace(".", "").isdigit():
        return [name], 3600.0
    server = server or os.environ.get("DR_RESOLVER")
    if not server:
        try:
            found = socket.getaddrinfo(name, None, socket.AF_INET, socket.SOCK_STREAM)
        except OSError as error:
            raise NoAddress(f"{name} has no address") from error
        return sorted({str(entry[4][0]) for entry in found}), 1.0
    host, _, port = server.rpartition(":")
    question = DNSRecord(DNSHeader(id=secrets.randbelow(1 << 16), rd=1), q=DNSQuestion(name, QTYPE.A))
    for _ in range(tries):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(timeout)
            try:
                asking.connect((host, int(port)))
                asking.send(question.pack())
                answer = DNSRecord.parse(asking.recv(4096))
            except (OSError, DNSError):
                continue
        if answer.header.id != question.header.id:
            continue
        records = [record for record in answer.rr if record.rtype == QTYPE.A]
        if not records:
            raise NoAddress(f"{name} has no address: {RCODE.get(answer.header.rcode)}")
        return [str(record.rdata) for record in records], float(min(record.ttl for record in answer.rr))
    raise NoAddress(f"{name}: the name server {server} does not answer")
