"""No marked or suspicious value of what is read shows in any format, and names that hold no secret hide nothing."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.pulumi_marks import SECRET, SIGNATURE
from previews.secrets import collect_sensitive, is_sensitive_name
from scripts.preview import Format, render
from tests.previews.logs import Json, both, digest, error, log, report, state, step


def words(text: str) -> list[str]:
    return text.split()


SENSITIVE = words("""
DB_PASS SIGNING_KEY ENCRYPTION_KEY MASTER_KEY GITHUB_PAT JWT AUTHORIZATION LICENSE_KEY SMTP_PASSWD COOKIE SALT
KEY APP_SECRETS OAUTH PIN AES_KEY MY_TOKEN password masterUserPassword administratorLoginPassword secretString
accessKey secretAccessKey AWS_SECRET_ACCESS_KEY apiKey api_key x-api-key primaryAccessKey storageAccountKey
connectionString primaryConnectionString DATABASE_URL SENTRY_DSN sharedKey sasToken sasUrl authToken
clientSecret privateKey privateKeyPem tlsPrivateKey SSH_PRIVATE_KEY kubeconfig KUBE_CONFIG_TOKEN webhookUrl
SESSION_SECRET hmacKey passphrase pass_phrase accessToken NPM_TOKEN DB_PWD postgresql.auth.postgresPassword
PGPASSWORD MYSQL_ROOT_PASSWORD RABBITMQ_DEFAULT_PASS APPINSIGHTS_INSTRUMENTATIONKEY BASIC_AUTH htpasswd
.dockerconfigjson STRIPE_KEY TOTP datadogApiKey licenseKey FERNET_KEY APP_KEY tunnel1PresharedKey clientKey
keyMaterial dbpassword client-certificate
""")
HARMLESS = words("""
kmsKeyId kmsKeyArn keyName hashKey rangeKey sortKey partitionKey primaryKey publicKey keyUsage keySpec
secretName secretArn SECRET_ARN passwordLength passwordResetRequired tokenType tokenTtl key keys tagKey
objectKey cacheKey keyVaultId secretVersion secretId passThrough bypassPolicy compass pipeline path
pathPattern keyPairName authType authorizationType authorizerId passwordPolicy minimumPasswordLength
kmsMasterKeyId secretStoreRef imagePullPolicy signatureVersion cookieName authenticationEnabled region
description masterUsername databaseName monkey keyring accessKeyId credentialsProvider certificateArn clientId
oauthScopes webhookName tokenExpiration pinned patchBaseline authors replicas backupRetentionPeriod
""")


@pytest.mark.parametrize("name", SENSITIVE)
def test_names_of_secrets(name: str) -> None:
    assert is_sensitive_name(name)


@pytest.mark.parametrize("name", HARMLESS)
def test_names_that_hold_no_secret(name: str) -> None:
    assert not is_sensitive_name(name)


# No value of these is part of a word of the report.
values = st.text("abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789!%+/ =&@#", min_size=8, max_size=40).filter(
    lambda text: text.strip() == text and sum(char.isalnum() for char in text) >= 6
)
plain_values = st.text("abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789", min_size=10, max_size=30)


def marked(value: str) -> Json:
    """A secret as `pulumi stack export --show-secrets` writes it."""
    return {SIGNATURE: SECRET, "plaintext": json.dumps(value)}


def holders(value: str, plain: str) -> dict[str, tuple[str, Json, str]]:
    """Ways in which a configuration holds a secret: the type, its inputs, and the secret in it."""
    lambda_ = "aws:lambda/function:Function"
    secret = "kubernetes:core/v1:Secret"
    pairs = (
        f"Server=db.example;User Id=shop;Password={plain};Encrypt=true",
        f"Protocol=https;AccountKey={plain};Suffix=x",
    )
    structure = {**marked(""), "plaintext": json.dumps({"a": [value]})}
    document = json.dumps({"type": "service_account", "private_key": value, "nested": [{"client_secret": value}]})
    packed, packed_document = (base64.b64encode(text.encode()).decode() for text in (value, document))
    return {
        "marked": (lambda_, {"description": marked(value)}, value),
        "marked, a structure": (
            lambda_,
            {"description": structure},
            value,
        ),
        "by name": (lambda_, {"environment": {"variables": {"DB_PASS": value}}}, value),
        "by the name beside it": (lambda_, {"env": [{"name": "SIGNING_KEY", "value": value}]}, value),
        "a document under a harmless name": (lambda_, {"settings": document}, value),
        "a document in a list": (lambda_, {"containerDefinitions": json.dumps([{"password": value}])}, value),
        "a document in a secret": (secret, {"stringData": {"key.json": document}}, value),
        "base64 in a secret": (secret, {"data": {"x": packed}}, value),
        "a document in base64 in a secret": (
            secret,
            {"data": {"x": packed_document}},
            value,
        ),
        "an address": (lambda_, {"url": f"postgres://shop:{quote(plain)}@db.example:5432/shop"}, plain),
        "an address in a text": (lambda_, {"text": f"see amqp://u:{plain}@mq.example/ for more"}, plain),
        "a connection string": (
            lambda_,
            {"text": pairs[0]},
            plain,
        ),
        "an account key": (
            lambda_,
            {"text": pairs[1]},
            plain,
        ),
        "lines of variables": (lambda_, {"userData": f"#!/bin/sh\nexport DB_PASSWORD='{plain}'\nrun\n"}, plain),
        "lines in base64": (
            lambda_,
            {"userData": base64.b64encode(f"#!/bin/sh\nexport API_TOKEN={plain}\nexec run\n".encode()).decode()},
            plain,
        ),
        "a flag": (lambda_, {"command": ["run", "--admin-password", value]}, value),
        "a chart's value": ("kubernetes:helm.sh/v3:Release", {"values": {"auth": {"rootPassword": value}}}, value),
    }


KINDS = sorted(holders("x", "x"))


def forms(secret: str) -> set[str]:
    """What a text may carry instead of the secret itself."""
    packed = base64.b64encode(secret.encode()).decode()
    return {secret, packed, packed.rstrip("="), quote(secret, safe=""), json.dumps(secret)[1:-1]}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(KINDS), texts=st.tuples(values, plain_values), form=st.integers(0, 9), as_log=st.booleans())
def test_no_secret_shows_in_any_format(
    kind: str, texts: tuple[str, str], form: int, as_log: bool, tmp_path: Path
) -> None:
    token, inputs, secret = holders(*texts)[kind]
    spoken = sorted(forms(secret))[form % len(forms(secret))]
    made = step("create", None, state(token, f"app {secret}", inputs))
    # The engine's messages, a rule's words and a bucket's name repeat it.
    bucket = state("aws:s3/bucket:Bucket", f"b-{secret}", {"bucket": secret})
    gone = step("delete", bucket, None)
    policy = {
        "message": f"title\nis {spoken} and {secret}",
        "policyName": "r",
        "policyPackName": "p",
        "enforcementLevel": "advisory",
        "resourceUrn": made["urn"],
    }
    if as_log:
        events = [*both(made), *both(gone), {"policyEvent": policy}, error(f"refused: {spoken} / {secret}")]
        text = log(events, {"create": 1, "delete": 1}, result="failed")
    else:
        text = digest([made, gone], {"create": 1, "delete": 1}, [f"error: refused: {spoken} / {secret}"])
    found = report(tmp_path, text)
    for shape in Format:
        shown = render(found, shape)
        for hidden in forms(secret):
            assert hidden not in shown, (kind, shape, hidden)
        assert json.dumps(secret)[1:-1] not in shown


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=values, kept=st.sampled_from(["by its mark", "by its name", "by the provider", "by its type"]))
def test_no_secret_of_a_state_shows(value: str, kept: str, tmp_path: Path) -> None:
    core = state("aws:rds/instance:Instance", "core", {"backupRetentionPeriod": 7})
    holder = {
        "by its mark": state("aws:x:Thing", "thing", {"note": marked(value)}),
        "by its name": state("aws:x:Thing", "thing", {"password": value}),
        "by the provider": state("aws:x:Thing", "thing", {"note": value}, additionalSecretOutputs=["note"]),
        "by its type": state("azure:keyvault/secret:Secret", "thing", {"value": value}),
    }[kept]
    left = state("aws:s3/bucket:Bucket", f"b-{value}", {"bucket": value})
    exported = json.dumps({"version": 3, "deployment": {"resources": [core, holder, left]}})
    text = digest([step("delete", left, None)], {"delete": 1, "same": 2}, [f"error: {value} is wrong"])
    found = report(tmp_path, text, exported)
    for shape in Format:
        assert value not in render(found, shape)
        assert json.dumps(value)[1:-1] not in render(found, shape)


HELD = "quartz-marmot-41"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"name": "PORT", "value": HELD}, {"name": "DB_PASSWORD", "value": HELD}),
        ({"name": "DB_PASSWORD", "value": "other-word-52"}, {"name": "DB_PASSWORD", "value": HELD}),
        ({"description": HELD}, {"description": HELD, "password": HELD}),
        ({"description": HELD, "more": 1}, {"description": marked(HELD), "more": 1}),
        (marked("other-word-52"), marked(HELD)),
        ({"env": [{"name": "PORT", "value": HELD}]}, {"env": [{"name": "API_TOKEN", "value": HELD}]}),
    ],
)
def test_what_has_been_looked_through_hides_nothing_new(before: Json, after: Json) -> None:
    into: set[str] = set()
    collect_sensitive(before, into)
    collect_sensitive(after, into, seen=before)
    assert HELD in into


def test_harmless_values_stay(tmp_path: Path) -> None:
    inputs: dict[str, Any] = {
        "secretArn": "arn-of-the-thing",
        "imagePullSecrets": [{"name": "regcred-of-ours"}],
        "tags": [{"key": "owner", "value": "platform-team"}],
        "attributes": [{"name": "order-id", "type": "S"}],
        "hashKey": "order-id",
        "settings": json.dumps({"region": "somewhere-near"}),
        "url": "https://example.org/path?page=second",
    }
    into: set[str] = set()
    collect_sensitive(inputs, into)
    assert not into


def test_deep_and_large_values_are_walked(tmp_path: Path) -> None:
    deep: Any = "secret-at-the-bottom"
    for _ in range(5000):
        deep = [{"x": deep}]
    into: set[str] = set()
    collect_sensitive({"password": deep, "text": "[" * 100_000, "other": "a=" * 100_000}, into)
    assert "secret-at-the-bottom" in into
