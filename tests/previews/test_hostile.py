"""Whatever a preview holds, the report is right or refused, shows no secret, and lets no text act."""

from __future__ import annotations

import copy
import html.parser
import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from previews.analysis import Request, analyse
from previews.markdown import LIMIT, marker
from previews.report import Report
from scripts.core.errors import DrError
from scripts.preview import Format, render
from tests.previews import samples
from tests.previews.worlds import World, changed, digest, events, find, finding, put, resource

pytestmark = pytest.mark.thorough

BITS = [
    *("](https://evil.example)", "![x](https://evil.example/x.png)", "<img src=x onerror=alert(1)>"),
    *("<script>alert(1)</script>", "@octo-org/security", "#1", "GH-1", "https://evil.example", "www.evil.example"),
    *("|", "||", "`", "```", "~~~", "\n\n# big", "\n---\n", "\r", "-->", "<!--", "</code>", "</details>"),
    *("&lt;b&gt;", "&#64;me", "**", "__", "$x$", ":tada:", "\\", "\\|", "\x00", "\x1b[31m", "\x07", "\u202e", "\u2066"),
    *("\u200b", "\ufeff", "\u05d0\u05d1", "\u0627", "\ud800", "e\u0301\u0301\u0301", "{{7*7}}", "{%raw%}", "%s", "{0}"),
    *("name", "::", "$"),
]
hostile = st.lists(st.one_of(st.sampled_from(BITS), st.text(max_size=8)), min_size=1, max_size=8).map("".join)
secrets = st.text(alphabet="abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789", min_size=10, max_size=40)
ALLOWED_TAGS = {
    "h3", "h4", "p", "br", "table", "thead", "tbody", "tr", "th", "td", "code", "strong", "details", "summary", "sub"
}  # fmt: skip
SLOW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Tags(html.parser.HTMLParser):
    """Which tags a page has, which attributes, and the text that stands outside <code>."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.outside = ""
        self._code = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self._code += tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag == "code"

    def handle_data(self, data: str) -> None:
        if self._code <= 0:
            self.outside += data


def write(folder: Path, before: World, after: World, policies: list[dict[str, Any]]) -> dict[str, Path]:
    """Event logs; surrogates and control characters are escaped, as the engine escapes them."""
    files = {}
    for stack in {**before, **after}:
        rules = policies if stack == "prod" else []
        stream = events(stack, before.get(stack, []), after.get(stack, []), rules)
        files[stack] = folder / f"{stack}.json"
        files[stack].write_text("".join(json.dumps(event) + "\n" for event in stream))
    return files


def all_formats(report: Report) -> dict[Format, str]:
    return {form: render(report, form) for form in Format}


def assert_nothing_acts(comment: str) -> None:
    assert len(comment) <= LIMIT
    assert len(comment.encode()) <= LIMIT
    first, _, rest = comment.partition("\n")
    assert first == marker("shop")
    page = Tags()
    page.feed(MarkdownIt("commonmark", {"html": True}).enable("table").render(rest))
    assert page.tags <= ALLOWED_TAGS, page.tags - ALLOWED_TAGS
    assert not page.attributes - {"style"}
    for sign in ("@", "://", "www.", "#", "`", "<", "GH-", "|", "$", "evil"):
        assert sign not in page.outside, (sign, page.outside)


def assert_nothing_invisible(text: str) -> None:
    for char in text:
        assert char in "\n " or unicodedata.category(char)[0] not in "CZM", f"U+{ord(char):04X}"
        assert unicodedata.bidirectional(char) not in {"R", "AL", "AN"}, f"U+{ord(char):04X}"


@SLOW
@given(texts=st.lists(hostile, min_size=5, max_size=5))
def test_hostile_text_does_not_act(texts: list[str], tmp_path: Path) -> None:
    name, value, message, key, rule = texts
    before = samples.aws()
    before["prod"].append(resource("aws:s3/bucket:Bucket", name, {"bucket": name, "region": value}))
    before["prod"].append(resource("aws:x/y:Disk" + key.replace(":", ""), name, {"a": 1}))

    def change(world: World) -> None:
        world["prod"].pop()
        put(find(world, "prod", "core"), "region", value)
        core = find(world, "dr", "core")["inputs"]
        core["replicateSourceDb"] = value
        core["tags"] = {key: value}
        put(find(world, "traffic", "api"), "ttl", value)
        find(world, "prod", "plan")["inputs"]["rules"][0]["ruleName"] = key
        find(world, "dr", "cluster-backup")["inputs"]["spec"]["template"]["includedNamespaces"] = [value]
        world["prod"].append(resource("aws:kms/key:Key", name, {"multiRegion": False}))

    after = changed(before, change)
    policy = finding("prod", find(before, "prod", "core"), rule) | {
        "message": message,
        "severity": key,
        "policyPackName": value,
    }
    report = analyse(Request(write(tmp_path, before, after, [policy]), plan="samia", project="shop"))
    shown = all_formats(report)
    assert_nothing_acts(shown[Format.MARKDOWN])
    assert_nothing_invisible(shown[Format.MARKDOWN])
    assert_nothing_invisible(shown[Format.TEXT])
    assert_nothing_invisible(shown[Format.HTML])
    page = Tags()
    page.feed(shown[Format.HTML])
    assert not page.tags & {"img", "script", "a", "iframe", "svg"}
    assert not report.quiet


@SLOW
@given(name=hostile)
def test_each_row_of_a_table_has_as_many_cells_as_its_head(name: str, tmp_path: Path) -> None:
    before: World = {"prod": [resource("aws:rds/instance:Instance", name, {"backupRetentionPeriod": 9})]}
    report = analyse(Request(write(tmp_path, before, {"prod": []}, []), project="shop"))
    tables = re.findall(r"(?:^\|.*\|$\n?)+", render(report, Format.MARKDOWN), re.MULTILINE)
    assert tables
    for table in tables:
        widths = {line.count("|") for line in table.strip().splitlines()}
        assert len(widths) == 1, table


@SLOW
@given(secret=secrets, other=secrets, third=secrets)
def test_values_under_sensitive_names_never_show(secret: str, other: str, third: str, tmp_path: Path) -> None:
    before = samples.aws()

    def change(world: World) -> None:
        core = find(world, "prod", "core")["inputs"]
        core |= {"password": secret, "kmsKeyId": secret, "backupRetentionPeriod": 1}
        container = find(world, "prod", "booking", "Deployment")["inputs"]["spec"]["template"]["spec"]["containers"][0]
        container["env"] = [{"name": "DATABASE_PASSWORD", "value": other}]
        container["name"] = f"app-{other}"
        container["readinessProbe"] = None
        world["prod"].append(
            resource("kubernetes:core/v1:Secret", f"s-{third}", {"stringData": {"x": third}, "data": {"y": third}})
        )
        world["prod"].append(resource("aws:s3/bucket:Bucket", f"logs-{secret}", {"bucket": f"logs-{secret}"}))

    policy = finding("prod", find(before, "prod", "core"), "DR-RET-001") | {
        "message": f"password is {secret}, {other} or {third}"
    }
    report = analyse(Request(write(tmp_path, before, changed(before, change), [policy]), plan="samia", project="shop"))
    for form, text in all_formats(report).items():
        for value in (secret, other, third):
            assert value not in text, form
    assert report.findings.unsure[0].message == "password is [redacted], [redacted] or [redacted]"


@pytest.mark.parametrize(
    "text",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_0123456789abcdefghijABCDEFGHIJ0123",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "postgres://samia:hunter22@db.example/core",
        "DefaultEndpointsProtocol=https;AccountKey=Zm9vYmFyYmF6cXV4;",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----",
        "wJalrXUtnFEMI/K7MDENG+bPxRfiCYzzzzzzKEY12",
        "https://x.blob.core.windows.net/c?sv=1&sig=abcdef0123456789%3D",
        "--set password=correct-horse",
    ],
)
def test_what_looks_like_a_secret_is_redacted_wherever_it_stands(text: str, tmp_path: Path) -> None:
    world: World = {"prod": [resource("aws:s3/bucket:Bucket", text, {})]}
    report = analyse(Request(write(tmp_path, world, {"prod": []}, []), project="shop"))
    for form, shown in all_formats(report).items():
        assert "[redacted]" in shown.replace("&#91;", "[").replace("&#93;", "]"), form
        for secret in ("AKIAIOSF", "ghp_", "eyJhb", "hunter22", "Zm9v", "MIIE", "wJalr", "abcdef01", "correct-horse"):
            assert secret not in shown


@pytest.mark.parametrize(
    "name",
    ["samia-primary-core-1", "booking-api-v2", "db.r6g.large", "urn-like--name", "samia-secondary-media-replication"],
)
def test_ordinary_names_are_not_redacted(name: str, tmp_path: Path) -> None:
    world: World = {
        "prod": [resource("aws:s3/bucket:Bucket", name, {"kmsKeyName": name, "secretName": name, "passwordLength": 20})]
    }
    report = analyse(Request(write(tmp_path, world, {"prod": []}, []), project="shop"))
    assert name in render(report, Format.TEXT)


def sample_texts() -> list[str]:
    before = samples.aws()

    def change(world: World) -> None:
        put(find(world, "prod", "core"), "backupRetentionPeriod", 1)
        put(find(world, "prod", "core"), "storageEncrypted", False)
        world["prod"].pop()

    after = changed(before, change)
    stream = events("prod", before["prod"], after["prod"], [finding("prod", None, "DR-X-001")])
    return [
        json.dumps(digest("prod", before["prod"], after["prod"]), indent=4),
        "".join(json.dumps(event) + "\n" for event in stream),
    ]


TEXTS = sample_texts()


def report_or_refusal(path: Path) -> Report | None:
    """Anything but a report or one of the project's own refusals fails the test."""
    try:
        report = analyse(Request({"prod": path}, project="shop"))
    except DrError as error:
        refusal = error
    else:
        assert all(all_formats(report).values())
        return report
    assert refusal.exit_code == 2
    assert str(path) in refusal.message
    assert refusal.hint
    return None


@SLOW
@given(which=st.integers(0, 1), cut=st.floats(0, 1))
def test_a_file_cut_short_is_refused(which: int, cut: float, tmp_path: Path) -> None:
    text = TEXTS[which]
    file = tmp_path / "p.json"
    end = int(cut * (len(text) - 120))  # the last event and the last members say the end: without them it is cut
    file.write_text(text[:end])
    assert report_or_refusal(file) is None


@SLOW
@given(
    which=st.integers(0, 1),
    places=st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=3)), min_size=1, max_size=4),
)
def test_damaged_bytes_give_a_report_or_a_refusal(
    which: int, places: list[tuple[float, bytes]], tmp_path: Path
) -> None:
    data = bytearray(TEXTS[which].encode())
    for place, noise in places:
        start = int(place * (len(data) - 1))
        data[start : start + len(noise)] = noise
    file = tmp_path / "p.json"
    file.write_bytes(bytes(data))
    report_or_refusal(file)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | hostile,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(hostile, inner, max_size=3),
    max_leaves=6,
)


def _places(tree: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    todo = [tree]
    while todo:
        node = todo.pop()
        pairs = (
            list(node.items()) if isinstance(node, dict) else list(enumerate(node)) if isinstance(node, list) else []
        )
        found += [(node, key) for key, _ in pairs]
        todo += [value for _, value in pairs]
    return found


@settings(SLOW, max_examples=60)
@given(which=st.integers(0, 1), place=st.integers(0, 10**6), value=anything)
def test_a_value_of_any_other_shape_gives_a_report_or_a_refusal(
    which: int, place: int, value: Any, tmp_path: Path
) -> None:
    documents = [json.loads(TEXTS[0])] if which == 0 else [json.loads(line) for line in TEXTS[1].splitlines()]
    documents = copy.deepcopy(documents)
    places = [pair for document in documents for pair in _places(document)]
    node, key = places[place % len(places)]
    node[key] = value
    file = tmp_path / "p.json"
    file.write_text("".join(json.dumps(document) + "\n" for document in documents))
    report = report_or_refusal(file)
    if report is not None:
        assert_nothing_acts(render(report, Format.MARKDOWN))


def test_a_comment_on_any_number_of_steps_stays_below_the_limit(tmp_path: Path) -> None:
    name = "@<b>|`" * 30
    before: World = {
        f"stack-{n}-{'|' * 80}": [
            resource("aws:rds/instance:Instance", f"{i}{name}", {"backupRetentionPeriod": 9}, protect=True)
            for i in range(90)
        ]
        for n in range(4)
    }
    after = copy.deepcopy(before)
    for items in after.values():
        for number, item in enumerate(items):
            item["inputs"] |= {"backupRetentionPeriod": number % 9, "region": f"x{name}", "multiAz": True}
    files = {}
    for number, stack in enumerate(before):
        policies = [finding(stack, item, f"DR-{name}") | {"message": name * 9} for item in before[stack]]
        file = tmp_path / f"{number}.json"
        file.write_text("".join(json.dumps(e) + "\n" for e in events(stack, before[stack], after[stack], policies)))
        files[stack] = file
    comment = render(analyse(Request(files, project="shop")), Format.MARKDOWN)
    assert_nothing_acts(comment)
    assert "more rows, not shown" in comment


def test_a_large_file_is_read_and_a_larger_one_refused(tmp_path: Path) -> None:
    filler = {"x": "y" * 1_000_000}
    item = resource("aws:x/y:Z", "z", filler)
    body = digest("prod", [], [item])
    step = body["steps"][0]
    file = tmp_path / "large.json"
    with file.open("w") as out:
        out.write('{"changeSummary": {"create": 100}, "steps": [')
        for number in range(100):
            named = json.dumps(step).replace("::z", f"::z{number}")
            out.write(("," if number else "") + named)
        out.write("]}")
    assert file.stat().st_size > 100_000_000
    report = report_or_refusal(file)
    assert report is not None
    assert len(report.steps) == 100
    with file.open("r+b") as out:
        out.truncate(300 * 2**20)
    assert report_or_refusal(file) is None
