"""SDKs load their packages when they are first used; what a program used is there, whole, for those that follow."""

import json
import subprocess
import sys
from pathlib import Path

ENGINE = Path(__file__).parents[2] / "sandbox" / "engine"
PROGRAM = """
import json, sys
sys.path.insert(0, sys.argv[1])
import zygote
zygote.preload()
before = zygote.shared_modules()
import pulumi_azure_native as sdk
if sys.argv[2] == "use":
    sdk.storage.StorageAccount
    print(json.dumps(sorted(zygote.shared_modules() - before)))
else:
    zygote.preload(json.loads(sys.stdin.read()))
    print(json.dumps([hasattr(sdk.storage, "BlobContainer"), len(zygote.shared_modules() - before)]))
"""


def ran(what: str, given: str = "") -> object:
    command = [sys.executable, "-c", PROGRAM, str(ENGINE), what]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=True, timeout=120)
    return json.loads(done.stdout)


def test_a_package_that_a_program_used_is_whole_for_the_next() -> None:
    used = ran("use")
    assert isinstance(used, list)
    assert "pulumi_azure_native.storage" in used
    assert "pulumi_azure_native.network" not in used, "one that is only named is not loaded"
    assert ran("load", json.dumps(used)) == [True, len(used)]
