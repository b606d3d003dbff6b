"""Several processes: the holder rule, Ctrl-C, and how fast the command line starts."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

from tests.cli.conftest import Cli, process, serving

HEAVY = (
    "numpy",
    "onnxruntime",
    "qdrant_edge",
    "sqlalchemy",
    "sqlglot",
    "kreuzberg",
    "fastapi",
    "httpx",
    "rich",
)


def test_commands_use_the_server_that_holds_the_library_and_say_nothing_of_it(
    filled: Cli, docs: Path
) -> None:
    alone = filled("search", "kettle", "--json").json
    with serving() as (url, _):
        assert filled("status", "--json").json["server"] == url
        held = filled("search", "kettle", "--json")
        assert held.json == alone
        assert held.err == ""
        assert (
            filled("ask", "In how many minutes does the kettle boil one litre of water?").out.count(
                "[1] guide/kettle.md"
            )
            == 1
        )
        (docs / "new.md").write_text("# New\n\nThe mixer whirls.\n")
        assert filled("add", "docs", "--json").json["added"] == 1
        assert "new.md" in filled("search", "mixer whirls", "--mode", "keyword").out
        assert filled("show", "nowhere.md").code == 3
        assert filled("doctor", "--check").code == 0
        assert filled("list", "--server", url, "--library", "none").out.count("\n") == 4
    assert "server" not in filled("status", "--json").json


def test_a_process_that_does_not_serve_is_named_to_the_second_one(filled: Cli) -> None:
    holder = process("chat")
    try:
        assert holder.stdin is not None
        assert holder.stdout is not None
        holder.stdin.write("In how many minutes does the kettle boil one litre of water?\n")
        holder.stdin.flush()
        holder.stdout.readline()
        said = filled("list")
        assert said.code == 6
        assert str(holder.pid) in said.err
    finally:
        holder.kill()
        holder.communicate()
    assert filled("list").code == 0


def test_ctrl_c_ends_a_command_with_130_and_one_line_and_loses_nothing(filled: Cli) -> None:
    waiting = process("chat")
    assert waiting.stdin is not None
    assert waiting.stdout is not None
    waiting.stdin.write("In how many minutes does the kettle boil one litre of water?\n")
    waiting.stdin.flush()
    waiting.stdout.readline()
    waiting.send_signal(signal.SIGINT)
    _, errors = waiting.communicate(timeout=30)
    assert waiting.returncode == 130
    assert errors.strip().splitlines()[-1] == "interrupted; everything that was acknowledged is kept"
    assert filled("doctor", "--check").code == 0


def test_a_server_stops_at_ctrl_c_with_exit_code_0(filled: Cli) -> None:
    with serving() as (_, server):
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=30) == 0


def test_the_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, json\nsys.argv = ['citewell', '--help']\nfrom citewell.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Exit codes" in done.stdout
    assert json.loads(done.stdout.splitlines()[-1]) == []


def test_ctrl_c_in_the_middle_of_an_add_keeps_what_was_acknowledged(cli: Cli, docs: Path) -> None:
    for number in range(2_000):
        (docs / f"{number}.md").write_text(f"# Page {number}\n\n" + f"The word{number} is here. " * 200)
    assert cli("init").code == 0
    adding = process("add", "docs")
    assert adding.stderr is not None
    adding.stderr.readline()  # the first line of progress: something was acknowledged
    adding.send_signal(signal.SIGINT)
    _, said = adding.communicate(timeout=60)
    assert adding.returncode == 130
    assert "interrupted" in said
    assert "Traceback" not in said
    assert cli("doctor", "--check").code == 0
    kept = cli("status", "--json").json["documents"]
    again = cli("add", "docs", "--json").json
    assert 0 < kept < 2_003
    assert (again["added"], again["failed"]) == (2_003 - kept, [])
