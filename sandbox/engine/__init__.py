"""An embedded Pulumi engine: runs unmodified programs against attached providers, and keeps Pulumi's own state.

`LocalWorkspace(pulumi_command=EmbeddedPulumi())` puts it behind the Automation API; `python -m sandbox.engine` takes
the command lines of `pulumi`. docs/decisions/engine-checkpoints.md tells how it keeps state.
"""

import os

# gRPC tells of closed connections on standard error, where people read; it looks at this when it is first used
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")

from sandbox.engine.analysis import Analysis, analyze_state
from sandbox.engine.command import EmbeddedPulumi
from sandbox.engine.errors import EngineError, NotSupportedError

__all__ = ["Analysis", "EmbeddedPulumi", "EngineError", "NotSupportedError", "analyze_state"]
