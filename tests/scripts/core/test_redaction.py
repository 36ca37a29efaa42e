"""No output shows a secret, whatever it stands in; and no text of others drives a terminal."""

from __future__ import annotations

import base64
import io
import json
import string
import sys
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.core.errors import DrError
from scripts.core.redaction import printable, redact
from scripts.people import output
from scripts.people.output import out, show_error, table, write

SAFE = string.ascii_letters + string.digits
ODD = SAFE + "!#$%^&*()-_=+[]{}|;:,.<>/?~`"
WORD = st.text(SAFE, min_size=12, max_size=40).map("Zq7".__add__)  # begins as nothing in the texts around it does
ANY = st.text(ODD, min_size=12, max_size=40).map("Zq7".__add__)
NAMES = (
    "password", "PGPASSWORD", "passphrase", "client_secret", "clientSecret", "client-secret", "aws_secret_access_key",
    "access_token", "refresh_token", "api_key", "apiKey", "x-api-key", "AccountKey", "SharedAccessKey", "webhook_url",
    "private_key", "session_token", "token", "DR_BOT_TOKEN", "SecretString", "signature",
)  # fmt: skip
HOLDERS = (
    "{name}={secret}", "{name}: {secret}", "export {name}={secret}; next", "--{name} {name}={secret}",
    "x?a=1&{name}={secret}&b=2", "({name} = {secret})",
)  # fmt: skip


@given(st.sampled_from(NAMES), st.sampled_from(HOLDERS), WORD)
def test_a_named_secret_is_hidden(name: str, holder: str, secret: str) -> None:
    assert secret not in redact(holder.format(name=name, secret=secret))


@given(st.sampled_from(NAMES), ANY, st.integers(0, 3))
def test_a_secret_in_json_is_hidden_however_often_it_was_escaped(name: str, secret: str, times: int) -> None:
    text = json.dumps({"user": "app", name: secret, "next": "visible"})
    for _ in range(times):
        text = json.dumps({"body": text})
    assert secret[:10] not in redact(text)


@given(st.sampled_from(["postgresql", "redis", "mongodb+srv", "https"]), ANY)
def test_a_password_in_an_address_is_hidden_even_where_the_address_is_malformed(scheme: str, secret: str) -> None:
    for written in (secret, quote(secret, safe=""), secret.replace("/", "@")):
        hidden = redact(f"cannot reach {scheme}://app:{written}@db.example.com:5432/core today")
        tail = written[-8:] if not {"<", ">", "'", '"'} & set(written) else ""
        assert written not in hidden
        assert not tail or tail not in hidden


@given(WORD, st.sampled_from(["Bearer", "bearer", "Basic", "BASIC"]))
def test_a_header_of_authorization_is_hidden(secret: str, scheme: str) -> None:
    coded = base64.b64encode(secret.encode()).decode()
    for text in (
        f"Authorization: {scheme} {secret}",
        f"{{'Authorization': '{scheme} {coded}'}}",
        f"sent {scheme} {coded}",
    ):
        assert secret not in redact(text)
        assert coded not in redact(text)


@given(WORD)
def test_addresses_that_are_a_secret_are_hidden(secret: str) -> None:
    for address in (
        f"https://hooks.slack.com/services/T000/B000/{secret}",
        f"https://discord.com/api/webhooks/123456/{secret}",
        f"https://example.webhook.office.com/webhookb2/{secret}@tenant/IncomingWebhook/x",
        f"https://api.telegram.org/bot123:{secret}/sendMessage",
        f"https://chat.googleapis.com/v1/spaces/x/messages?key=k&token={secret}",
    ):
        assert secret not in redact(f"POST {address} failed: 404")


@given(st.text(SAFE, min_size=20, max_size=40))
def test_what_has_the_form_of_a_secret_is_hidden(body: str) -> None:
    for secret in (f"ghp_{body}", f"xoxb-{body}", f"pul-{body}", f"eyJ{body}.eyJ{body}.{body}", f"k8s-aws-v1.{body}"):
        assert secret not in redact(f"it said {secret}.")


def test_a_private_key_is_hidden_also_when_it_is_cut_off() -> None:
    for text in (
        "-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nMIIabc",
    ):
        assert "MIIabc" not in redact(f"cannot read {text}")


@given(st.text())
def test_what_is_hidden_stays_hidden(text: str) -> None:
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize(
    "start",
    [
        "password=",
        "://a:",
        "Bearer ",
        "https://hooks.slack.com/",
        "-----BEGIN PRIVATE KEY-----",
        '\\"token\\": \\"',
        "eyJ",
        "\\" * 8,
    ],
)
def test_a_long_text_of_beginnings_is_searched_in_one_pass(start: str) -> None:
    redact(start * 20_000)
    redact(start + "a" * 500_000)


def test_debug_shows_no_password_of_a_malformed_address(capsys: pytest.CaptureFixture[str]) -> None:
    error = ValueError("invalid port in postgresql://app:hunter2@host:port@:5432/db")
    error.add_note("DR_DATABASE_URL=postgresql://app:hun/ter2@host/db")
    show_error(error, debug=True)
    said = capsys.readouterr().err
    assert "hunter2" not in said
    assert "hun/ter2" not in said


EVIL = "name\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\u200b\rmore"


def test_escapes_reach_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, io.StringIO())
    out().print(EVIL, markup=False)
    out().print(table(EVIL, [EVIL], [[EVIL]]))
    out().print(output.facts({EVIL: EVIL}))
    write(EVIL)
    show_error(DrError(EVIL, EVIL))
    show_error(ValueError(EVIL), debug=True)
    said = "".join(stream.getvalue() for stream in (sys.stdout, sys.stderr) if isinstance(stream, io.StringIO))
    assert "owned" in said
    assert not set(said) & set("\x1b\x07\x9b\u202e\u200b\r")


@given(st.text())
def test_what_is_printable_is_left_alone(text: str) -> None:
    assert printable(printable(text)) == printable(text)
    plain = "".join(char for char in text if char.isalnum() or char in " \n\t.,-")
    assert printable(plain) == plain
