"""Which way imports go: the plan's models know nothing of Pulumi, and the program nothing of scripts and sandbox."""

import subprocess
import sys

import pytest

from model.loading import PLANS


@pytest.mark.parametrize(
    ("module", "foreign"),
    [
        ("model", ("pulumi", "pulumi_aws", "boto3", "scripts", "sandbox", "components.aws")),
        ("model.forecast", ("pulumi", "scripts", "sandbox")),
        ("components.stack", ("scripts", "sandbox", "boto3", "typer")),
    ],
)
def test_module_imports_nothing_foreign(module: str, foreign: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print(*[name for name in {foreign!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PLANS.parent, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == ""
