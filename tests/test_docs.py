"""The documents say what the program does, all of it, and nothing that it does not do."""

from __future__ import annotations

import ast
import importlib
import os
import pkgutil
import re
import subprocess
import tomllib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Final

import pytest
import typer

from router import cli
from router.core import model
from router.core.model import ItemState
from router.core.state import State
from router.errors import TownlineError
from router.runtime.environment import PREFIX, variables
from router.runtime.metrics import Metrics
from scripts import draw_formulas, draw_lifecycle
from tests.fakes.image import instructions
from tests.fakes.mail_servers import make_certificate, missing

ROOT: Final = Path(__file__).parent.parent
DOCS: Final = ROOT / "docs"
ADR_LINES: Final = 60  # one page
ADR_PARTS: Final = ("## Context", "## Decision", "## Consequences")
CODE: Final = re.compile(r"[a-z]+(?:-[a-z]+)*")
LEVELS: Final = frozenset({"debug", "info", "warning", "error", "exception", "critical"})
GLOSSARY_KINDS: Final = (
    model.ItemState,
    model.Tempo,
    model.Form,
    model.OfferEnding,
    model.AgentStatus,
    model.AgentState,
    model.Condition,
)
# Words that mean one of ours; the glossary says which.
OTHER_WORDS: Final = re.compile(r"\b(?:tickets?|jobs?|operatives?)\b", re.IGNORECASE)


def text_of(name: str) -> str:
    """Return a document."""
    return (ROOT / name).read_text(encoding="utf-8")


def documents() -> list[Path]:
    """Return every document, those beside what they are about too."""
    return sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "ivr_flows").glob("*.md")])


def section(name: str, title: str) -> str:
    """Return the part of a document below a heading, up to the next of its rank."""
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", text_of(name), re.MULTILINE | re.DOTALL)
    assert found, f"{name} has no section {title!r}"
    return found[1]


def first_cells(text: str) -> set[str]:
    """Return what stands in backticks in the first cell of each table row."""
    rows = (line.split("|")[1] for line in text.splitlines() if line.startswith("| `"))
    return set(chain.from_iterable(re.findall(r"`([^`]+)`", row) for row in rows))


def trees() -> Iterator[ast.Module]:
    """Yield the syntax tree of every module of the program."""
    for folder in ("router", "channels"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield ast.parse(path.read_text(encoding="utf-8"))


def calls() -> Iterator[ast.Call]:
    """Yield every call in the program."""
    for tree in trees():
        yield from (node for node in ast.walk(tree) if isinstance(node, ast.Call))


# --- operations ----------------------------------------------------------------------------------


def error_codes() -> set[str]:
    """Return the codes of all our exceptions."""
    for root in ("router", "channels"):
        package = importlib.import_module(root)
        for module in pkgutil.walk_packages(package.__path__, f"{root}."):
            if ".migrations." not in module.name:
                importlib.import_module(module.name)
    kinds: list[type[TownlineError]] = [TownlineError]
    for kind in kinds:
        kinds.extend(kind.__subclasses__())
    return {kind.code for kind in kinds if kind.__module__.split(".")[0] in {"router", "channels"}}


def test_every_error_code_is_documented_and_exists() -> None:
    table = section("docs/operations.md", "Error codes").split("Wrong requests")[0]
    assert first_cells(table) == error_codes()


def test_every_answer_to_a_wrong_request_is_documented() -> None:
    """Codes that are no exceptions of ours: `Refused(403, "unsigned", ...)`, `code="internal"`."""
    codes: set[str] = set()
    for call in calls():
        if isinstance(call.func, ast.Name) and call.func.id in {
            "Refused", "BadWebhook", "Unreadable"
        }:  # fmt: skip
            texts = (a.value for a in call.args[:2] if isinstance(a, ast.Constant))
            codes |= {str(text) for text in texts if CODE.fullmatch(str(text))}
        for keyword in call.keywords:
            if keyword.arg == "code" and isinstance(keyword.value, ast.Constant):
                codes |= {str(keyword.value.value)} - {""}
    assert codes <= first_cells(section("docs/operations.md", "Error codes"))


def test_the_settings_are_those_there_are() -> None:
    rows = [
        f"| `{name}` | {f'`{default}`' if default else ''} | {description} |"
        for name, default, description in variables()
    ]
    table = section("docs/operations.md", "Settings")
    assert [line for line in table.splitlines() if line.startswith("| `")] == rows


def log_events() -> set[str]:
    """Return the names that are logged."""
    names = set()
    for call in calls():
        is_log = isinstance(call.func, ast.Attribute) and call.func.attr in LEVELS
        if is_log and call.args and isinstance(call.args[0], ast.Constant):
            names.add(str(call.args[0].value))
    return names


def test_every_log_event_is_documented_and_exists() -> None:
    """An alarm of `health` is logged by variable, and again with `_over` when it ends."""
    documented = first_cells(section("docs/operations.md", "Log events"))
    alarms = {
        str(call.args[0].value)
        for call in calls()
        if isinstance(call.func, ast.Attribute)
        and call.func.attr == "_warn"
        and isinstance(call.args[0], ast.Constant)
    }
    assert documented == log_events() | alarms | {f"{name}_over" for name in alarms}


def test_every_metric_is_documented_and_exists() -> None:
    lines = Metrics().text(State(), 0).decode().splitlines()
    names = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    served = {name for name in names if not name.endswith("_created")}
    assert first_cells(section("docs/operations.md", "Metrics")) == served


def commands(app: typer.Typer, prefix: str) -> Iterator[str]:
    """Yield `townline ...` of every command."""
    for command in app.registered_commands:
        assert command.callback is not None
        yield f"{prefix} {command.name or command.callback.__name__}"
    for group in app.registered_groups:
        assert group.typer_instance is not None
        yield from commands(group.typer_instance, f"{prefix} {group.name}")


def test_every_command_is_documented_and_exists() -> None:
    table = first_cells(section("docs/operations.md", "Start and stop"))
    documented = {name for name in table if name.startswith("townline")}
    assert documented == set(commands(cli.app, "townline"))
    rows = re.findall(r"^\| `(townline [^`]+)`", text_of("docs/operations.md"), re.MULTILINE)
    assert len(rows) == len(set(rows)), sorted(row for row in rows if rows.count(row) > 1)


# --- words ---------------------------------------------------------------------------------------


def test_the_glossary_has_every_state_and_kind() -> None:
    glossary = text_of("docs/glossary.md")
    missing = [value for kind in GLOSSARY_KINDS for value in kind if f"`{value}`" not in glossary]
    assert not missing


def test_the_glossary_says_each_word_once() -> None:
    words = re.findall(r"^\*\*([^*]+)\*\*", text_of("docs/glossary.md"), re.MULTILINE)
    assert len(words) > 40
    assert sorted(words) == sorted(set(words))


def test_there_is_no_second_word_for_a_thing() -> None:
    folders = (ROOT / "config", ROOT / "ivr_flows")
    policies = [ROOT / "skills.yaml", *(path for folder in folders for path in folder.rglob("*.*"))]
    found = [
        f"{path.relative_to(ROOT)}:{number} {word}"
        for path in (*documents(), *policies)
        if path.name != "glossary.md"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for word in OTHER_WORDS.findall(line)
    ]
    assert not found


# --- the rest ------------------------------------------------------------------------------------


def test_the_life_of_an_item_is_drawn_from_the_table() -> None:
    """Run `python -m scripts.draw_lifecycle` when this fails."""
    assert set(draw_lifecycle.MEANINGS) == set(ItemState)
    assert text_of("docs/lifecycle.md") == draw_lifecycle.page()


def test_every_formula_is_explained_with_its_place_for_every_ending() -> None:
    """Run `python -m scripts.draw_formulas` when this fails."""
    assert text_of("docs/service-level.md") == draw_formulas.page()


def anchors(path: Path) -> set[str]:
    """Return what headings of a document can be linked to."""
    titles = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        file, _, anchor = target.partition("#")
        if "://" in file or file.startswith("mailto:"):
            continue
        to = (path.parent / file).resolve() if file else path
        if not to.exists() or (anchor and to.suffix == ".md" and anchor not in anchors(to)):
            broken.append(target)
    assert not broken


def decisions() -> list[Path]:
    """Return the decisions, in order."""
    return sorted((DOCS / "adr").glob("[0-9]*.md"))


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [int(path.name[:4]) for path in decisions()]
    assert numbers == [*range(1, len(numbers) + 1)]


@pytest.mark.parametrize("path", decisions(), ids=lambda path: path.name[:4])
def test_a_decision_is_one_page_in_the_usual_parts(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= ADR_LINES
    assert re.match(rf"# {path.name[:4]} \S.*\n\nDate: \d{{4}}-\d\d-\d\d\nStatus: accepted\n", text)
    assert [line for line in text.splitlines() if line.startswith("## ")] == [*ADR_PARTS]


def test_decisions_named_in_the_code_exist() -> None:
    numbers = {path.name[:4] for path in decisions()}
    named = set()
    for folder in ("router", "channels", "tests", "docs", "config", "ivr_flows"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in {".py", ".md", ".yaml"}:
                named |= set(re.findall(r"\bADR (\d{4})", path.read_text(encoding="utf-8")))
    assert named <= numbers


def test_the_changelog_knows_this_release() -> None:
    version = tomllib.loads(text_of("pyproject.toml"))["project"]["version"]
    assert f"## {version}" in text_of("CHANGELOG.md")


# --- the image -----------------------------------------------------------------------------------


def test_the_image_copies_what_exists_and_what_is_not_ignored() -> None:
    sent = {line[1:] for line in text_of(".dockerignore").splitlines() if line.startswith("!")}
    for name, rest in instructions():
        if name == "COPY" and not rest.startswith("--from="):
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert source in sent, f".dockerignore leaves out {source}"


def test_the_image_runs_as_nobody_special_with_one_volume_and_a_health_check() -> None:
    found = dict(instructions())  # the last one of each name
    assert [name for name, _ in instructions()].count("VOLUME") == 1
    assert found["VOLUME"] == "/data"
    assert found["EXPOSE"] == "8400 8025"
    assert found["USER"] == "townline"
    assert "/healthz" in found["HEALTHCHECK"]
    assert found["CMD"] == '["townline", "run"]'
    assert all(
        rest.startswith("python:3.11-slim") for name, rest in instructions() if name == "FROM"
    )


def _web_servers() -> list[str]:
    """Return the blocks for nginx of the operations manual: one daemon, several daemons."""
    blocks = re.findall(r"^```nginx\n(.*?)^```", text_of("docs/operations.md"), re.M | re.S)
    one, several = blocks
    return [one, several]


def _location(block: str) -> set[str]:
    found = re.search(r"location / \{(.*?)\}", block, re.DOTALL)
    assert found
    return {line.strip() for line in found[1].splitlines() if line.strip()}


def test_a_web_server_passes_on_the_same_before_one_daemon_and_before_several() -> None:
    one, several = map(_location, _web_servers())
    missing = one - several - {"proxy_pass http://127.0.0.1:8400;"}
    assert not missing
    assert {"proxy_buffering off;", "proxy_set_header X-Forwarded-For $remote_addr;"} <= several


@pytest.mark.skipif(bool(missing("nginx", "openssl")), reason=missing("nginx", "openssl"))
@pytest.mark.parametrize("which", [0, 1])
def test_nginx_takes_the_configurations_of_the_manual(which: int, tmp_path: Path) -> None:
    make_certificate(tmp_path)
    block = _web_servers()[which]
    block = block.replace("/etc/ssl/townline/", f"{tmp_path}/")
    if "server {" not in block:
        before, location, rest = block.partition("location / {")
        block = f"{before}server {{ {location}{rest} }}"
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "".join(f"{kind}_temp_path {tmp_path}/{kind};\n" for kind in kinds)
    conf = tmp_path / "nginx.conf"
    conf.write_text(f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{\n{places}{block}\n}}\n")
    done = subprocess.run(
        ["nginx", "-t", "-c", str(conf), "-p", str(tmp_path), "-e", str(tmp_path / "errors")],
        env={**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_image_sets_what_is_a_setting() -> None:
    known = {each.name for each in variables()}
    words = " ".join(rest for name, rest in instructions() if name == "ENV").split()
    found = {word.partition("=")[0] for word in words if word.startswith(PREFIX)}
    assert found
    assert found <= known
