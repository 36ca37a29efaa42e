"""
How Pulumi writes what JSON has no word for, in states, event logs and on the wire: its protocol's fixed strings.

Policies have their own copy: a pack runs with its own folder alone.
"""

SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The key under which an object says what it stands for."""
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the mark of a secret, no secret
RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""In place of a text that is not known before the update."""
