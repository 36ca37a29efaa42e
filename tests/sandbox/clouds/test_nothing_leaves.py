"""A program that entered a world speaks to loopback and to nothing else, whatever its user's settings say."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from sandbox.client import leading_elsewhere

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).parents[3]
REGION = "eu-west-1"

HOSTILE_CONFIG = """\
[default]
region = us-west-2
ignore_configured_endpoint_urls = true
services = elsewhere
role_arn = arn:aws:iam::999999999999:role/admin
source_profile = real
[profile real]
credential_process = /bin/false
sso_start_url = https://real.awsapps.com/start
[services elsewhere]
s3 =
  endpoint_url = https://s3.us-west-2.amazonaws.com
rds =
  endpoint_url = https://rds.us-west-2.amazonaws.com
"""
HOSTILE_CREDENTIALS = "[default]\naws_access_key_id = AKIAREALREALREALREAL\naws_secret_access_key = real\n"
HOSTILE = {
    **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://192.0.2.1:3128"),
    **dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://192.0.2.1:3128"),
    "AWS_PROFILE": "real", "AWS_ROLE_ARN": "arn:aws:iam::999999999999:role/admin", "AWS_SESSION_TOKEN": "real",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/etc/hostname", "AWS_ENDPOINT_URL_S3": "https://s3.amazonaws.com",
    "AWS_ENDPOINT_URL_RDS": "https://192.0.2.2", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://192.0.2.3/credentials", "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_USE_DUALSTACK_ENDPOINT": "true", "AWS_STS_REGIONAL_ENDPOINTS": "legacy",
    "BOTO_CONFIG": "/etc/boto.cfg",
}  # fmt: skip

# Every address that a socket of this process is led to, and every name that it looks up, whoever asks.
PROGRAM = """
import ipaddress, json, sys
asked = []
def noted(event, arguments):
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        asked.append(arguments[1])
    elif event in {"socket.getaddrinfo", "socket.gethostbyname"}:
        asked.append([arguments[0], 0])
sys.addaudithook(noted)

from model import load_plan
from scripts.clouds.access import Clouds
from scripts.core.errors import DrError

plan, answered = load_plan("samia"), 0
clouds = Clouds(plan)
def called(ask):
    global answered
    try:
        ask()
        answered += 1
    except DrError:
        pass
for site in plan.sites:
    at = clouds.at(site.name)
    called(lambda: at.objects().read("lease/writer.json"))
    called(lambda: at.secrets().read("nothing"))
    called(lambda: at.restore_points("core"))
    called(at.front_door)
    called(at.running)
    for store in plan.incarnated_stores:
        called(at.store(store.name, 1).state)
    called(lambda: at.isolation(()).end_sessions(site.name, __import__("datetime").datetime.now()))

def leaves(address):
    if not isinstance(address, (tuple, list)):
        return False  # a socket of the file system
    host = address[0]
    if host in (None, "", "localhost"):
        return False
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return True  # a name would be asked of the user's own name server
sys.stdout.write(json.dumps({"left": [str(each) for each in asked if leaves(each)], "asked": len(asked),
                             "answered": answered}))
"""


def test_no_program_leaves_loopback(world: SimpleNamespace, tmp_path: Path) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text(HOSTILE_CONFIG)
    (tmp_path / ".aws" / "credentials").write_text(HOSTILE_CREDENTIALS)
    entered = world.planes.env(REGION)
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **HOSTILE}
    for name in leading_elsewhere(env, entered):
        del env[name]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=env | entered, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["left"] == []
    assert seen["asked"] > 0
    assert seen["answered"] > 0


def test_the_same_program_would_leave_without_entering(tmp_path: Path) -> None:
    """The control: what the test above looks for is seen when it is there."""
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true"}
    env |= {"AWS_ENDPOINT_URL": "http://192.0.2.1:9", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    short = PROGRAM.replace("for site in plan.sites:", "for site in plan.sites[:1]:")
    short = short[: short.index("    called(lambda: at.secrets()")] + short[short.index("def leaves") :]
    done = subprocess.run([sys.executable, "-c", short], env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert any("192.0.2.1" in each for each in json.loads(done.stdout)["left"])
