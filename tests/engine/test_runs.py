"""What callers of the embedded engine rely on: interruption, errors, secrets, threads, refusals."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from pulumi import automation
from pulumi.automation import errors

from sandbox.engine import EmbeddedPulumi
from tests.asserts.waiting import wait_until
from tests.engine import replay
from tests.engine.workbench import Bench, bench

pytestmark = pytest.mark.engine
TWO = """
import pulumi
from sim import Thing
slow = Thing("slow", {"delay": 2000})
after = Thing("after", {"peer": slow.endpoint})
pulumi.export("endpoint", after.endpoint)
"""
SIMPLE = """
import pulumi
from sim import Thing
pulumi.export("endpoint", Thing("a").endpoint)
"""


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
def engine() -> EmbeddedPulumi:
    return EmbeddedPulumi()


def resources(stack: automation.Stack) -> set[str]:
    exported = (stack.export_stack().deployment or {}).get("resources", [])
    return {r["urn"].rsplit("::", 1)[-1] for r in exported}


def pending(stack: automation.Stack) -> list[str]:
    return [o["type"] for o in (stack.export_stack().deployment or {}).get("pending_operations", [])]


def test_an_interrupt_finishes_what_runs_and_leaves_a_clean_state(work: Bench, engine: EmbeddedPulumi) -> None:
    work.program(TWO)
    stack = work.stack(engine)
    process = subprocess.Popen(
        [*replay.EMBEDDED, "up", "--yes", "--skip-preview", "--stack", "dev"],
        cwd=work.work,
        env=work.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(
        lambda: any(c["method"] == "Create" and c["urn"].endswith("::slow") for c in work.calls()),
        timeout=60,
        what="the creation of `slow` to begin",
    )
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1, out + err
    assert "error: update canceled" in out
    assert "slow" in resources(stack), "what ran was not finished and written down"
    assert "after" not in resources(stack), "something new began after the interrupt"
    assert pending(stack) == []
    assert work.locks() == []


def test_an_interrupted_caller_gets_its_interrupt_after_the_run_is_written_down(
    work: Bench, engine: EmbeddedPulumi
) -> None:
    work.program(TWO)
    stack = work.stack(engine)

    def interrupt() -> None:
        wait_until(lambda: any(c["method"] == "Create" for c in work.calls()), timeout=60, what="the creation to begin")
        os.kill(os.getpid(), signal.SIGINT)

    helper = threading.Thread(target=interrupt)
    helper.start()
    with pytest.raises(KeyboardInterrupt):
        stack.up()
    helper.join()
    assert "slow" in resources(stack)
    assert work.locks() == []


def test_a_killed_engine_leaves_what_was_pending(work: Bench, engine: EmbeddedPulumi) -> None:
    work.program(TWO)
    stack = work.stack(engine)
    process = subprocess.Popen(
        [*replay.EMBEDDED, "up", "--yes", "--skip-preview", "--stack", "dev"],
        cwd=work.work,
        env=work.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_until(lambda: any(c["method"] == "Create" for c in work.calls()), timeout=60, what="the creation to begin")
    # the provider has been asked, so the state on disk must say so already
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert pending(stack) == ["creating"]
    with pytest.raises(errors.ConcurrentUpdateError):
        stack.up()
    stack.cancel()
    stack.refresh(clear_pending_creates=True)
    assert pending(stack) == []
    assert stack.up().outputs["endpoint"].value


def test_a_provider_that_nobody_serves_is_a_clear_error(work: Bench, engine: EmbeddedPulumi) -> None:
    work.program(SIMPLE)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]  # bound, but nobody listens
        stack = work.stack(engine, env={"PULUMI_DEBUG_PROVIDERS": f"sim:{port}"})
        with pytest.raises(errors.CommandError, match=f"provider 'sim' cannot be reached.*127.0.0.1:{port}"):
            stack.up()
    assert work.locks() == []


def test_an_attached_provider_is_asked_nothing_that_it_does_not_know(
    work: Bench, engine: EmbeddedPulumi, caplog: pytest.LogCaptureFixture
) -> None:
    """Python servers log a traceback for each such call: the CLI attaches without a handshake."""
    work.program(SIMPLE)
    work.stack(engine).preview()
    assert "Method not implemented" not in caplog.text


def test_a_provider_that_is_not_attached_is_refused_by_name(work: Bench, engine: EmbeddedPulumi) -> None:
    work.program(SIMPLE)
    stack = work.stack(engine, env={"PULUMI_DEBUG_PROVIDERS": ""})
    with pytest.raises(errors.CommandError, match=r"not supported by the embedded engine: .*package 'sim'"):
        stack.preview()


@pytest.mark.parametrize(
    ("program", "feature"),
    [
        (
            "pulumi.CustomResource('sim:index:T', 'a', {}, pulumi.ResourceOptions(state_migrations=[lambda a: None]))",
            "state migrations",
        ),
        ("pulumi.ComponentResource('sim:index:Remote', 'a', {}, remote=True)", "remote components"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(
    work: Bench, engine: EmbeddedPulumi, program: str, feature: str
) -> None:
    work.program(f"import pulumi\n{program}\n")
    with pytest.raises(errors.CommandError) as refused:
        work.stack(engine).up()
    text = str(refused.value)
    assert feature in text or "does not support" in text
    assert "install the Pulumi CLI" in text or "does not support" in text


@pytest.mark.parametrize(
    ("argv", "feature"),
    [
        (["up", "--plan", "x"], "flag --plan of `pulumi up`"),
        (["watch"], "command `pulumi watch`"),
        (["stack", "change-secrets-provider", "x"], "change-secrets-provider"),
        (["stack", "init", "x", "--secrets-provider", "awskms://k"], "secrets provider 'awskms://k'"),
        (["import", "--from", "terraform", "x"], "--from"),
    ],
)
def test_commands_and_flags_are_refused_by_name(
    work: Bench, engine: EmbeddedPulumi, argv: list[str], feature: str
) -> None:
    work.program(SIMPLE)
    work.stack(engine)
    with pytest.raises(errors.CommandError) as refused:
        engine.run(argv, str(work.work), work.env)
    assert "not supported by the embedded engine: " in str(refused.value)
    assert feature in str(refused.value)


def test_other_backends_are_refused_by_name(work: Bench, engine: EmbeddedPulumi) -> None:
    work.program(SIMPLE)
    with pytest.raises(errors.CommandError, match="backend 's3://bucket'"):
        work.stack(engine, env={"PULUMI_BACKEND_URL": "s3://bucket"})


def test_stacks_run_at_once_in_threads_of_one_process(work: Bench, engine: EmbeddedPulumi) -> None:
    work.program("import pulumi\nfrom sim import Thing\npulumi.export('n', Thing(pulumi.get_stack()).endpoint)\n")
    names = [f"s{i}" for i in range(6)]
    stacks = {name: work.stack(engine, name) for name in names}

    def cycle(name: str) -> Any:
        seen: list[Any] = []
        value = stacks[name].up(on_event=seen.append).outputs["n"].value
        urns = {e.resource_pre_event.metadata.urn for e in seen if e.resource_pre_event}
        assert all(urn.startswith(f"urn:pulumi:{name}::") for urn in urns)
        return value

    with ThreadPoolExecutor(len(names)) as pool:
        assert list(pool.map(cycle, names)) == [f"sim://{name}-1" for name in names]


def test_two_runs_on_one_stack_exclude_each_other(work: Bench, engine: EmbeddedPulumi) -> None:
    work.program(TWO)
    first, second = work.stack(engine), work.stack(engine)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(first.up)
        wait_until(work.locks, timeout=60, what="the first run to take the lock")
        with pytest.raises(errors.ConcurrentUpdateError):
            second.destroy()
        assert second.preview().change_summary, "a preview takes no lock"
        assert running.result().summary.result == "succeeded"


def test_secrets_are_nowhere_in_the_clear(work: Bench, engine: EmbeddedPulumi) -> None:
    work.program(
        "import pulumi\nfrom sim import Thing\nword = pulumi.Config().require_secret('word')\n"
        "Thing('a', {'word': word})\nword.apply(lambda w: pulumi.log.info('it is ' + w))\npulumi.export('word', word)\n"
    )
    stack = work.stack(engine)
    stack.set_config("word", automation.ConfigValue("abracadabra", secret=True))
    seen: list[str] = []
    events: list[Any] = []
    result = stack.up(on_output=seen.append, on_event=lambda e: events.append(str(e.__dict__)))
    assert result.outputs["word"].value == "abracadabra"
    assert result.outputs["word"].secret
    told = "\n".join(seen + events + [result.stdout, result.stderr, stack.preview().stdout])
    kept = "\n".join(p.read_text() for p in [*work.state.rglob("*.json"), work.work / "Pulumi.dev.yaml"])
    assert "abracadabra" not in told
    assert "abracadabra" not in kept


def test_history_keeps_the_configuration(work: Bench, engine: EmbeddedPulumi) -> None:
    work.program("import pulumi\n")
    stack = work.stack(engine)
    stack.set_all_config({"a": automation.ConfigValue("1"), "b": automation.ConfigValue("hush", secret=True)})
    stack.set_config("m.x", automation.ConfigValue("2"), path=True)
    stack.up(message="why")
    (file,) = work.state.rglob("*.history.json")
    assert json.loads(file.read_text())["config"]["bench:a"] == "1"
    assert "secure" in json.loads(file.read_text())["config"]["bench:b"]
    (entry,) = stack.history()
    assert entry.message == "why"
    assert {k: v.value for k, v in entry.config.items()} == {"bench:a": "1", "bench:b": "hush", "bench:m": '{"x":2}'}
    stack.set_config("a", automation.ConfigValue("other"))
    stack.refresh_config()
    assert stack.get_config("a").value == "1"


def test_the_wrong_passphrase_is_an_error_before_anything_happens(work: Bench, engine: EmbeddedPulumi) -> None:
    work.program("import pulumi\nfrom sim import Thing\nThing('a', {'word': pulumi.Output.secret('x')})\n")
    work.stack(engine).up()
    before = len(work.calls())
    with pytest.raises(errors.CommandError, match="incorrect passphrase"):
        work.stack(engine, env={"PULUMI_CONFIG_PASSPHRASE": "other"}).up()
    assert len(work.calls()) == before


def test_a_stack_reference_reads_another_stack(work: Bench, engine: EmbeddedPulumi) -> None:
    work.program(
        "import pulumi\nfrom sim import Thing\npulumi.export('s', pulumi.Output.secret(Thing('a').endpoint))\n"
    )
    work.stack(engine, "one").up()
    work.program(
        "import pulumi\nref = pulumi.StackReference('organization/bench/one')\n"
        "pulumi.export('got', ref.get_output('s'))\n"
    )
    outputs = work.stack(engine, "two").up().outputs
    assert outputs["got"].value == "sim://a-1"
    assert outputs["got"].secret


def test_an_inline_program_runs_in_the_caller(work: Bench, engine: EmbeddedPulumi) -> None:
    import pulumi  # noqa: PLC0415

    ran: list[int] = []

    def program() -> None:
        ran.append(os.getpid())
        pulumi.export("one", 1)

    stack = automation.create_or_select_stack(
        "inline",
        project_name="inline",
        program=program,
        opts=automation.LocalWorkspaceOptions(pulumi_command=engine, env_vars=work.env),
    )
    assert stack.up().outputs["one"].value == 1
    assert ran == [os.getpid()]


def test_a_program_runs_as_a_plain_child_too(work: Bench, engine: EmbeddedPulumi) -> None:
    work.program("import pulumi, sys\npulumi.export('path', sys.path[0])\npulumi.export('main', __name__)\n")
    for plain in ("", "1"):
        outputs = work.stack(engine, env={"DR_ENGINE_PLAIN_CHILD": plain}).up().outputs
        assert outputs["path"].value == str(work.work)
        assert outputs["main"].value == "__main__"


def test_rename_keeps_the_resources(work: Bench, engine: EmbeddedPulumi) -> None:
    work.program(SIMPLE)
    stack = work.stack(engine)
    stack.up()
    stack.rename_stack("prod") if hasattr(stack, "rename_stack") else engine.run(
        ["stack", "rename", "prod", "--stack", "dev"], str(work.work), work.env
    )
    renamed = work.stack(engine, "prod")
    assert renamed.preview().change_summary == {"same": 2}
    assert (work.work / "Pulumi.prod.yaml").exists()
    with contextlib.suppress(FileNotFoundError):
        assert not (work.work / "Pulumi.dev.yaml").exists()


def test_a_hundred_resources_are_created_in_parallel(work: Bench, engine: EmbeddedPulumi) -> None:
    work.program("from sim import Thing\nfor i in range(100):\n    Thing(f't{i}', {'delay': 20})\n")
    stack = work.stack(engine)
    assert stack.up().summary.resource_changes == {"create": 101}
    state = json.loads((work.state / "stacks" / "bench" / "dev.json").read_text())
    assert len(state["checkpoint"]["latest"]["resources"]) == 102
    assert stack.up().summary.resource_changes == {"same": 101}
    assert stack.destroy().summary.resource_changes == {"delete": 101}


def test_what_came_first_has_begun_before_what_comes_later_can_fail(
    tmp_path: Path, engine: EmbeddedPulumi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The CLI decides in the order of arrival, and hands over what it decided before it looks at the next."""
    provider = replay.kit_module("provider")
    asked: list[str] = []
    second_asked, overtook = threading.Event(), threading.Event()

    class Unhurried(provider.Sim):  # type: ignore[misc, name-defined]
        def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
            asked.append(request.urn)
            if asked[0] != request.urn:
                second_asked.set()
            elif second_asked.wait(1):
                overtook.set()
            return super().Check(request, context)

        def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
            if asked[0] != request.urn:
                context.abort(grpc.StatusCode.UNKNOWN, "the second was refused")
            return super().Create(request, context)

    monkeypatch.setattr(provider, "Sim", Unhurried)
    with bench(tmp_path) as work:
        work.program("from sim import Thing\nThing('a')\nThing('b')\n")  # the SDK sends either of them first
        stack = work.stack(engine)
        with pytest.raises(errors.CommandError, match="the second was refused"):
            stack.up()
        assert not overtook.is_set(), "a later registration was decided on while an earlier one was"
        assert asked[0].rsplit("::", 1)[-1] in resources(stack)


def test_nothing_is_made_that_cannot_be_written_down(work: Bench, engine: EmbeddedPulumi) -> None:
    work.program("from sim import Thing\nThing('huge', {'word': 'x' * 400_000})\n")
    stack = work.stack(engine)
    full = (
        "import resource, runpy, sys\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        "sys.argv = ['pulumi', 'up', '--yes', '--skip-preview', '--stack', 'dev', '--non-interactive']\n"
        "runpy.run_module('sandbox.engine', run_name='__main__')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", full], cwd=work.work, env=work.env, check=False, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "the state cannot be written: [Errno 27] File too large" in done.stdout + done.stderr
    assert {call["method"] for call in work.calls()} >= {"Check"}
    assert not [call for call in work.calls() if call["method"] == "Create"]
    assert resources(stack) == {"bench-dev", "default"}
    assert not pending(stack)


def test_python_is_the_only_runtime(work: Bench, engine: EmbeddedPulumi) -> None:
    work.program(SIMPLE)
    (work.work / "Pulumi.yaml").write_text("name: bench\nruntime: nodejs\n")
    with pytest.raises(errors.CommandError, match="runtime 'nodejs'; only python is"):
        work.stack(engine).preview()


def test_the_engine_runs_as_a_command(work: Bench) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "sandbox.engine", "version"], capture_output=True, text=True, check=True, env=work.env
    )
    assert answer.stdout.strip().startswith("v3.")
