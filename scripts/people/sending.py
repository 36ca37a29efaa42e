"""
Sends one message and ends: `python -m scripts.people.sending` with {"addresses", "title", "body"} on standard input.

The only importer of Apprise. The exit code says how it went (`REASONS`); nothing is printed, because addresses are
secret.
"""

from __future__ import annotations

import json
import sys
import warnings

# By exit code; an empty reason means that it was sent.
REASONS = {
    0: "",
    1: "the sender failed",
    10: "the channel holds an address that is not understood",
    11: "the channel did not take it",
}


def main() -> int:
    message = json.load(sys.stdin)
    warnings.simplefilter("ignore")
    import logging  # noqa: PLC0415

    import apprise  # noqa: PLC0415  (here, so that who wants the reasons does not load it)

    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    sender = apprise.Apprise()
    if not all([sender.add(address) for address in message["addresses"]]):  # noqa: C419  (each is added)
        return 10
    return 0 if sender.notify(title=message["title"], body=message["body"]) else 11


if __name__ == "__main__":
    sys.exit(main())
