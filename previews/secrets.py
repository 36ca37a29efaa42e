"""
Values that are likely secrets, marked as such or not: found by the names under which they stand and by their shape.

They are collected from everything that is read, so that they can be cut out of every text of a report. A name counts
by its words: `DB_PASS`, `dbPassword` and `db-password` are the same three ways of saying it.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any
from urllib.parse import quote, unquote

from model.pulumi_marks import SIGNATURE
from previews.safety import is_secret, is_unknown

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Wherever one of these stands in a name, the value is a secret: unless the last word says that it only speaks of one.
_ALWAYS = _words(
    "password passwords passwd passphrase passcode pwd secret secrets token tokens credential credentials creds apikey "
    "accesskey secretkey privatekey authkey connectionstring connstr kubeconfig dockerconfigjson dockercfg htpasswd "
    "netrc pgpass dsn hmac webhook mnemonic bearer authorization jwt keytab pkcs pfx keystore"
)
# These only at the end of a name, where they say what the value is.
_AT_THE_END = _words("pass pat pin cookie cookies salt pepper oauth otp totp sas sig signature auth passwort pw")
_PAIRS = frozenset(
    tuple(pair.split("-"))
    for pair in _words(
        "conn-string connection-string connection-str connection-url auth-string client-cert client-certificate "
        "pass-phrase pass-word private-key client-key kube-config key-material snmp-community sas-url sas-uri "
        "database-url redis-url mongo-url broker-url"
    )
)
# Which keys are secrets. Others name a thing (`hashKey`, `kmsKeyId`, the key of a tag).
_SECRET_KEYS = _words(
    "api access account shared private storage signing sign encryption encrypt decryption master license licence aes "
    "des rsa ecdsa hmac ssh pgp gpg service client session app application secret auth admin function system deploy "
    "deployment integration ingest ingestion subscription tls ssl jwt root write read server user registration data "
    "cipher crypto activation product webhook host instrumentation preshared psk ca wrapped"
)
# Written together with what stands before it: `PGPASSWORD`, `dbsecret`.
_ENDINGS = ("password", "passwd", "passphrase", "secret", "token", "apikey", "accesskey", "privatekey", "secretkey")
_PLAIN_KEYS = _words(
    "hash range sort partition primary foreign public kms object cache tag label routing group config lookup index row "
    "shard dedup deduplication ordering map topology image template condition state lock registry bucket prefix path "
    "unique natural surrogate composite join document item field column header query param parameter context"
)
# `kmsKeyId`, `secretName`, `passwordLength`: they name or measure a secret and do not hold it.
_SPEAKS_OF_ONE = _words(
    "name names arn arns id ids version versions length days hours minutes seconds enabled enable disabled type types "
    "status state policy period window algorithm ref refs reference selector class mode count size format encoding "
    "rotation replicas file path usage spec region scope scopes ttl expiry expiration lifetime validity capacity rate "
    "limit issuer audience endpoint provider manager store engine identifier from required optional min max age "
    "reuse history requirements attributes domain prefix suffix label description header username user users role "
    "roles location bucket volume volumes mount mounts namespace kind lifespan source sources method"
)
_MARKED_DOCUMENT = re.compile(r"\s*[\[{]")
_LINE = re.compile(
    r"^[ \t]*(?:export[ \t]+|set[ \t]+|-[ \t]+|ENV[ \t]+|--?)?[\"']?([A-Za-z_][\w.-]{0,80})[\"']?"
    r"[ \t]*[=:][ \t]*(.+?)[ \t]*,?$",
    re.MULTILINE,
)
_INSIDE = re.compile(
    r"""
    (?<=://)[^\s/@:?\#]{0,200}:([^\s/@]{1,400})@                                       # user and password in an address
    | [;?&\s"']?\b([A-Za-z][\w .-]{0,40}?)\s*=\s*("[^"]*"|'[^']*'|[^;&\s"']+)          # pairs of a connection string
    """,
    re.VERBOSE,
)
# `token: word` between the braces of YAML, of which a text may hold several.
_FLOW = re.compile(r"""[{,]\s*["']?([A-Za-z_][\w.-]{0,80})["']?\s*:\s+("[^"]*"|'[^']*'|[^\s{}\[\],"']+)""")
# A private key, of which a message may quote a single line; shorter tokens are known by their form where they show.
_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END|\Z)", re.DOTALL)
_FLAG = re.compile(r"--?([A-Za-z][\w-]*)")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_TELLS_NOTHING = frozenset({"true", "false", "none", "null", "on", "off", "yes", "no", "enabled", "disabled", "0", "1"})
_LABELS = ("name", "key", "Name", "Key", "parameterKey", "ParameterKey")
_VALUES = frozenset({"value", "Value", "parameterValue", "ParameterValue", "plainTextValue", "secureValue"})
_TELLING = re.compile(r"[=\n{\[]|://|: ")
_DECLARES = ("kind", "type")
_WORTH_DECODING = 24
_LONGEST_DOCUMENT = 1_000_000
_SHORTEST = 4


@lru_cache(maxsize=8192)
def is_sensitive_name(name: str) -> bool:
    """Whether a property or variable of this name usually holds a secret, marked or not."""
    words = [word.lower() for word in _WORDS.findall(name[-120:])]
    if not words or words[-1] in _SPEAKS_OF_ONE:
        return False
    if not _ALWAYS.isdisjoint(words) or words[-1] in _AT_THE_END or "".join(words) in _ALWAYS:
        return True
    if words[-1].endswith(_ENDINGS) or words[-1] in {"userpass", "instrumentationkey"}:
        return True
    pairs = set(pairwise(words))
    if pairs & _PAIRS:
        return True
    if words[-1] not in {"key", "keys"}:
        return False
    shouted = name.isupper()
    if len(words) == 1:
        return shouted
    return words[-2] in _SECRET_KEYS or (shouted and words[-2] not in _PLAIN_KEYS)


def collect_sensitive(
    tree: Any, into: set[str], *, everything: bool = False, seen: Mapping[str, Any] | None = None
) -> None:
    """
    Add to `into` every value below `tree` that stands under a sensitive name, is marked as a secret, or has the form of
    one: also inside JSON documents, lines of variables, base64 and connection strings.

    `everything` takes all values (the data of a Kubernetes Secret). `seen` has been looked through already: what stands
    in it under the same name is left out, as outputs mostly repeat inputs. Walks with a list, not by recursion, so that
    a deeply nested value cannot exhaust the stack.
    """
    if seen is not None:
        tree = _unseen(tree, seen)
    todo: list[tuple[Any, bool, bool]] = [(tree, everything, everything)]
    while todo:
        value, taken, whole = todo.pop()
        if isinstance(value, dict):
            if SIGNATURE in value and is_secret(value):
                todo.extend((item, True, True) for item in _opened(value))
                continue
            todo.extend((item, True, True) for item in _declared(value))
            named = not _VALUES.isdisjoint(value) and _is_labelled(value)
            for key, item in value.items():
                inside = is_sensitive_name(key) or (taken and not _speaks_of_one(key)) or (named and key in _VALUES)
                if inside or whole or _may_hold_one(item):
                    todo.append((item, whole or inside, whole))
        elif isinstance(value, list):
            for number, item in enumerate(value):
                todo.append((item, taken or _follows_flag(value, number), whole))
        elif isinstance(value, str):
            if taken:
                _take(value, into)
            if len(value) >= _SHORTEST:
                todo.extend((item, held, held) for item, held in _documents(value, taken=taken))
                _take_embedded(value, into)
        elif taken and value is not None and not isinstance(value, bool):
            _take(str(value), into)


def _unseen(tree: Mapping[str, Any], seen: Mapping[str, Any]) -> dict[str, Any]:
    """The entries that are not in `seen`, and with them those that say whether a value among them is a secret."""
    if SIGNATURE in tree:
        return dict(tree)
    fresh = {key: item for key, item in tree.items() if key not in seen or seen[key] != item}
    if _VALUES.isdisjoint(tree) or (fresh.keys().isdisjoint(_LABELS) and fresh.keys().isdisjoint(_VALUES)):
        return fresh | {key: tree[key] for key in _DECLARES if key in tree} if fresh else fresh
    return {
        key: item for key, item in tree.items() if key in fresh or key in _LABELS or key in _VALUES or key in _DECLARES
    }


def _declared(value: Mapping[str, Any]) -> Iterator[Any]:
    """What an object holds that says itself what it is: a Secret of Kubernetes, wherever it is written, and the value
    of a parameter that is a SecureString."""
    if value.get("kind") == "Secret":
        yield from (value[key] for key in ("data", "stringData") if key in value)
    if value.get("type") == "SecureString":
        yield from (value[key] for key in ("value", "Value") if key in value)


def _may_hold_one(value: Any) -> bool:
    """Whether it is worth looking into a value that stands under a harmless name: most are short words and figures."""
    if isinstance(value, str):
        return len(value) >= _WORTH_DECODING or _TELLING.search(value) is not None
    return isinstance(value, (dict, list))


def _is_labelled(value: Mapping[str, Any]) -> bool:
    """A variable whose own name says that it is a secret: {name: DB_PASSWORD, value: ...}."""
    return any(isinstance(value.get(key), str) and is_sensitive_name(value[key]) for key in _LABELS)


@lru_cache(maxsize=8192)
def _speaks_of_one(name: str) -> bool:
    words = _WORDS.findall(name)
    return bool(words) and words[-1].lower() in _SPEAKS_OF_ONE


def _follows_flag(items: list[Any], number: int) -> bool:
    """`--password` says of the argument after it what it is."""
    before = items[number - 1] if number else None
    match = _FLAG.fullmatch(before) if isinstance(before, str) and len(before) < 80 else None
    return match is not None and is_sensitive_name(match[1])


def _opened(secret: dict[str, Any]) -> Iterator[Any]:
    """What a secret of the engine holds where a file shows it: `plaintext` is JSON, `value` is not."""
    for key, item in secret.items():
        if key == "plaintext" and isinstance(item, str):
            try:
                yield json.loads(item)
            except (ValueError, RecursionError):
                yield item
        elif key not in {SIGNATURE, "ciphertext"}:
            yield item


def _documents(text: str, *, taken: bool) -> Iterator[tuple[Any, bool]]:
    """The document that a text is, as (values, whether all of them are taken): JSON, also behind base64."""
    if len(text) > _LONGEST_DOCUMENT:
        return
    if _MARKED_DOCUMENT.match(text):
        try:
            yield json.loads(text), taken
        except (ValueError, RecursionError):
            pass
        else:
            return
    if (
        (taken or len(text) >= _WORTH_DECODING)
        and _BASE64.fullmatch(text.replace("\n", ""))
        and (plain := _decoded(text))
    ):
        yield plain, taken


def _decoded(text: str) -> str:
    """The readable text behind base64, "" where there is none."""
    packed = text.replace("\n", "").translate(str.maketrans("-_", "+/")).rstrip("=")
    try:
        plain = base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return plain if len(plain) >= _SHORTEST and plain.replace("\n", " ").replace("\t", " ").isprintable() else ""


def _take_embedded(text: str, into: set[str]) -> None:
    """Secrets inside a text that is none as a whole: a key, or in an address, a connection string, variables."""
    if "PRIVATE KEY" in text:
        for key in _KEY.findall(text[:_LONGEST_DOCUMENT]):
            _take(key, into)
    if "{" in text and ": " in text:
        for name, value in _FLOW.findall(text[:_LONGEST_DOCUMENT]):
            if is_sensitive_name(name):
                _take(value.strip("\"'"), into)
    if "://" in text or "=" in text:
        for password, name, value in _INSIDE.findall(text[:_LONGEST_DOCUMENT]):
            if password:
                _take(password, into)
                _take(unquote(password), into)
            elif is_sensitive_name(name.strip()):
                _take(value.strip("\"'"), into)
    if "\n" in text or (":" in text and " " in text):
        for name, value in _LINE.findall(text[:_LONGEST_DOCUMENT]):
            if is_sensitive_name(name):
                _take(value.strip("\"'"), into)


def _take(text: str, into: set[str]) -> None:
    """Add a value, its lines, and the forms in which other texts may carry it."""
    if not text or is_secret(text) or is_unknown(text) or text.lower() in _TELLS_NOTHING or text in into:
        return
    into.add(text)
    if len(text) < _SHORTEST:
        return
    into.update(line for line in map(str.strip, text.splitlines()) if len(line) >= _SHORTEST)
    for _, value in _LINE.findall(text) if "\n" in text else ():
        bare = value.strip("\"'")
        if len(bare) >= _SHORTEST and bare.lower() not in _TELLS_NOTHING:
            into.add(bare)
    if text.endswith("=") and len(text.rstrip("=")) >= _SHORTEST:
        into.add(text.rstrip("="))
    packed = base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()
    into.update((packed.rstrip("="), packed.rstrip("=").translate(str.maketrans("+/", "-_"))))
    if not text.isalnum():
        into.add(quote(text, safe="", errors="replace"))
        into.add(json.dumps(text)[1:-1])
