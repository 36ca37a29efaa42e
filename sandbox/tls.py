"""TLS of the world's own servers."""

import ssl
import tempfile


def server_context(chain: bytes) -> ssl.SSLContext:
    """For a server that shows this chain (PEM, with its key), which is on disk no longer than it takes to load it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    with tempfile.NamedTemporaryFile() as file:  # readable by its owner only
        file.write(chain)
        file.flush()
        context.load_cert_chain(file.name)
    return context
