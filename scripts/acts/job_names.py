"""What the job of a hook is called."""

from __future__ import annotations

import hashlib


def job_name(run: str, hook: str) -> str:
    """The same for the same run, so that nothing is done twice."""
    return f"dr-{hook.replace('_', '-')}-{hashlib.sha256(f'{run} {hook}'.encode()).hexdigest()[:10]}"
