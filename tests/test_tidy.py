"""The house is in order: sizes, names, finished code, tested modules, nobody's real number.

Each check returns findings as `file:line what`; a test fails with all of them at once. Exceptions
stand in tables, each with its reason.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent
CODE: Final = ("router", "channels", "scripts", "benchmarks")
TEXT_SUFFIXES: Final = {
    "", ".py", ".sh", ".md", ".yaml", ".toml", ".html", ".css", ".js", ".mako", ".json", ".lock",
    ".ts", ".svelte",
}  # fmt: skip
TEXT_FOLDERS: Final = (*CODE, "tests", "docs", "config", "ivr_flows", ".ci", "console/src")
TIDY_TESTS: Final = frozenset({"tests/test_tidy.py"})  # holds the very words it looks for

MODULE_LINES: Final = 400
TEST_LINES: Final = 600  # tables of cases are long and read in any order
FUNCTION_LINES: Final = 60
BANNED_NAMES: Final = frozenset(
    {"utils", "helpers", "common", "manager", "base", "misc", "core", "app", "config"}
)

# Modules that no test imports, and where they are tested all the same.
TESTED_THROUGH: Final[dict[str, str]] = {
    "router.history.migrations.env": "alembic loads it; tests/history/test_schema.py",
    "router.history.migrations.versions.r0001_first": "alembic loads it; the same test",
    "router.history.migrations.versions.r0002_conversations": "the same test",
    "router.history.migrations.versions.r0003_feed_chain": "the same test",
    "router.history.migrations.versions.r0004_reports": "the same test",
    "router.history.migrations.versions.r0005_sign_in_provider": "the same test",
    "router.history.migrations.versions.r0006_contact_addresses": "the same test",
    "router.runtime.about": "the real process of tests/end_to_end",
    "router.runtime.channels": "the real process of tests/end_to_end",
    "router.runtime.daemon": "the real process of tests/end_to_end",
    "router.runtime.duties": "the real process of tests/end_to_end",
    "router.runtime.first_accounts": "the real process of tests/end_to_end",
    "router.runtime.stop": "the real process of tests/end_to_end",
}
# Functions that may be long, because they are one literal.
LITERALS: Final[dict[str, str]] = {
    "tests/core/town.py town": "a whole compiled policy, read from top to bottom",
}

UNFINISHED: Final = re.compile(
    r"\b(?:TODO|FIXME|XXX|HACK|WIP|raise NotImplementedError)\b|\bfor now\b|\bplaceholder\b(?!=)"
    r"|\bstub\b"
)
MACHINE_PATH: Final = re.compile(r"(?<![\w.])/work/|/tmp/t/|\.\./shared|(?<![\w.])/root/|/home/\w")
ISSUE: Final = re.compile(r"(?<![\w&/(\"'])#\d{1,4}\b|\b[Ii]ssue \d|\bGH-\d|\bpull request \d")
BARE_IGNORE: Final = re.compile(r"type:\s*ignore(?!\[)|noqa(?!:\s*[A-Z]+\d)")

NUMBER: Final = re.compile(
    r"(?<![\w.+-])(?:\+[1-9][0-9 ().-]{6,}[0-9]|\([0-9]{3}\) ?[0-9]{3}-[0-9]{4}"
    r"|[0-9]{3}-[0-9]{3}-[0-9]{4})(?![\w{-])"
)
NUMBER_DIGITS: Final = 8  # fewer are a prefix
# Digits of the numbers that may stand anywhere.
NOBODYS_NUMBERS: Final[dict[re.Pattern[str], str]] = {
    re.compile(r"1?[2-9]\d\d55501\d\d"): "555-0100 to 555-0199 is kept free for fiction",
    re.compile(r"1[2-9]\d\d976\d{4}"): "exchange 976 is premium: named to be refused",
    re.compile(r"442079460\d{3}"): "kept free for fiction by the British regulator",
    re.compile(r"33199\d{6}"): "kept free for fiction by the French regulator",
    re.compile(r"266696687|7378742833|86282452253"): "how carriers write a withheld number",
}

DOMAIN: Final = re.compile(r"(?:https?://|wss?://|[\w.+-]@)((?:[\w-]+\.)+[a-z]{2,})\b")
OUR_DOMAIN: Final = re.compile(r"(?:^|\.)(?:example\.(?:org|com)|test|example)$")
# Sites of specifications and of the carrier's interface.
NAMED_SITES: Final = frozenset(
    {
        "api.twilio.com",
        "www.twilio.com",
        # where the carrier's library for telephones in browsers goes
        "eventgw.twilio.com",
        "voice-js.roaming.twilio.com",
        "media.twiliocdn.com",
        "sdk.twilio.com",
        "keepachangelog.com",
        "semver.org",
        "login.microsoftonline.com",  # how Entra ID names itself
        "www.apache.org",
        "json-schema.org",
        "www.crockford.com",
        "www.w3.org",  # the namespace of SVG
        "svelte.dev",  # where the console's framework explains its errors
    }
)

NOT_OURS: Final = re.compile(r"router/desk/console/assets/sdk-.*")  # the carrier's library

Source = tuple[str, str]  # path below the repository, text


def python_files(*folders: str) -> list[Path]:
    """Return the Python files below these folders, sorted."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    """Return the path below the repository."""
    return path.relative_to(ROOT).as_posix()


def sources(*folders: str) -> list[Source]:
    """Return the Python files below these folders."""
    return [(name_of(path), path.read_text(encoding="utf-8")) for path in python_files(*folders)]


def texts() -> list[Source]:
    """Return every file that people read: code, documents, policies, scripts."""
    inside = (path for folder in TEXT_FOLDERS for path in (ROOT / folder).rglob("*"))
    above = (path for path in ROOT.iterdir() if path.name not in {"LICENSE", ".env", ".git"})
    return [
        (name_of(path), path.read_text(encoding="utf-8"))
        for path in sorted({*inside, *above})
        if path.is_file() and path.suffix in TEXT_SUFFIXES and "__pycache__" not in path.parts
        if not NOT_OURS.match(name_of(path))
    ]


def matches(found: Iterable[Source], pattern: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """Yield (`file:line`, match) for each match outside this file."""
    for path, text in found:
        if path in TIDY_TESTS:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            for match in pattern.finditer(line):
                yield f"{path}:{number}", match.group(match.lastindex or 0)


# --- the checks ----------------------------------------------------------------------------------


def too_long(found: Iterable[Source]) -> list[str]:
    """Modules and functions beyond their limits."""
    findings = []
    for path, text in found:
        limit = TEST_LINES if path.startswith("tests/") else MODULE_LINES
        lines = len(text.splitlines())
        if lines > limit:
            findings.append(f"{path}:{limit} module of {lines} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES and f"{path} {node.name}" not in LITERALS:
                    findings.append(f"{path}:{node.lineno} {node.name} of {lines} lines")
    return findings


def banned_names(found: Iterable[Source]) -> list[str]:
    """Files named after nothing."""
    return [path for path, _ in found if Path(path).stem in BANNED_NAMES]


def undescribed(found: Iterable[Source]) -> list[str]:
    """Modules that do not say what they do."""
    return [
        path
        for path, text in found
        if not path.endswith("__init__.py") and ast.get_docstring(ast.parse(text)) is None
    ]


def prints(found: Iterable[Source]) -> list[str]:
    """Calls of print: programs log, commands use their console."""
    return [
        f"{path}:{node.lineno} print"
        for path, text in found
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]


def unfinished(found: Iterable[Source]) -> list[str]:
    """Words of unfinished work."""
    return [f"{place} {word!r}" for place, word in matches(found, UNFINISHED)]


def bare_ignores(found: Iterable[Source]) -> list[str]:
    """`type: ignore` and `noqa` that do not say what they ignore."""
    findings = []
    for path, text in found:
        if path in TIDY_TESTS:
            continue
        findings += [
            f"{path}:{token.start[0]} {token.string}"
            for token in tokenize.generate_tokens(io.StringIO(text).readline)
            if token.type == tokenize.COMMENT and BARE_IGNORE.search(token.string)
        ]
    return findings


def machine_paths(found: Iterable[Source]) -> list[str]:
    """Paths that exist on one machine only."""
    return [f"{place} {path}" for place, path in matches(found, MACHINE_PATH)]


def issue_numbers(found: Iterable[Source]) -> list[str]:
    """Numbers that mean something in a tracker only."""
    code = [(path, text) for path, text in found if path.endswith((".py", ".md", ".yaml", ".toml"))]
    return [f"{place} {number}" for place, number in matches(code, ISSUE)]


def foreign_numbers(found: Iterable[Source]) -> list[str]:
    """Telephone numbers that might be somebody's."""
    findings = []
    for place, number in matches(found, NUMBER):
        digits = re.sub(r"[^0-9]", "", number)
        is_nobodys = any(pattern.fullmatch(digits) for pattern in NOBODYS_NUMBERS)
        if len(digits) >= NUMBER_DIGITS and not is_nobodys:
            findings.append(f"{place} {number}")
    return findings


def foreign_domains(found: Iterable[Source]) -> list[str]:
    """Hosts and mail domains that might be somebody's."""
    return [
        f"{place} {domain}"
        for place, domain in matches(found, DOMAIN)
        if not OUR_DOMAIN.search(domain.lower()) and domain not in NAMED_SITES
    ]


# --- the house -----------------------------------------------------------------------------------

Check = Callable[[Iterable[Source]], list[str]]


@pytest.mark.parametrize("check", [too_long, banned_names, undescribed, bare_ignores])
def test_the_python_files_are_in_order(check: Check) -> None:
    found = check(sources(*CODE, "tests"))
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("check", [prints, unfinished])
def test_the_program_is_finished_and_does_not_print(check: Check) -> None:
    found = check(sources("router", "channels", "scripts"))
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("check", [machine_paths, issue_numbers, foreign_numbers, foreign_domains])
def test_nothing_readable_names_a_machine_a_tracker_or_a_stranger(check: Check) -> None:
    found = check(texts())
    assert not found, "\n" + "\n".join(found)


def imported(found: Iterable[Source]) -> set[str]:
    """Return the dotted names that these files import or name as text."""
    names = set()
    for path, text in found:
        package = path.rsplit("/", 1)[0].replace("/", ".")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                start = f"{package}.{node.module or ''}" if node.level else node.module or ""
                names |= {start, *(f"{start}.{alias.name}" for alias in node.names)}
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                names.add(node.value)
    return names


def modules() -> set[str]:
    """Return the dotted names of all modules with code in them."""
    return {
        name_of(path).removesuffix(".py").replace("/", ".")
        for path in python_files("router", "channels")
        if path.name != "__init__.py"
    }


def reached_by_tests() -> set[str]:
    """Return the modules that tests import, and those in or below their package that these use."""
    every = modules()
    uses = {
        path.removesuffix(".py").replace("/", "."): imported([(path, text)]) & every
        for path, text in sources("router", "channels")
    }
    reached: set[str] = set()
    waiting = [*(imported(sources("tests")) & every)]
    while waiting:
        module = waiting.pop()
        if module not in reached:
            reached.add(module)
            package = module.rpartition(".")[0]
            if "." in package:  # the roots know everybody
                waiting += [used for used in uses[module] if used.startswith(f"{package}.")]
    return reached


def test_every_module_is_tested() -> None:
    untested = sorted(modules() - reached_by_tests() - set(TESTED_THROUGH))
    assert not untested, "\n" + "\n".join(untested)


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (too_long, "x = 1\n" * 401),
        (too_long, "def f():\n" + "    x = 1\n" * 60),
        (undescribed, "x = 1\n"),
        (prints, "print(1)\n"),
        (unfinished, "# TODO: more\n"),
        (unfinished, "raise NotImplementedError\n"),
        (unfinished, '"""Works for now."""\n'),
        (bare_ignores, "x = 1  # type: ignore\n"),
        (bare_ignores, "x = 1  # noqa\n"),
        (machine_paths, "see /work/main\n"),
        (machine_paths, "see ../shared/x\n"),
        (issue_numbers, "fixes #12\n"),
        (foreign_numbers, "ring +1 416 555 2123\n"),
        (foreign_numbers, "ring 416-555-2123\n"),
        (foreign_numbers, "ring (905) 555-0200\n"),
        (foreign_domains, "see https://town.ca/x\n"),
        (foreign_domains, "write to ann@town.ca\n"),
    ],
)
def test_each_check_finds_what_it_is_for(check: Check, text: str) -> None:
    assert len(check([("router/noun.py", text)])) == 1


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (bare_ignores, "x = 1  # type: ignore[misc]\ny = 1  # noqa: N818 - why\n"),
        (foreign_numbers, "ring +1 905 555 0123, (905) 555-0199, 905-555-0100; 2026-11-22\n"),
        (foreign_domains, "https://town.example.org ann@example.com https://willowmere.test/x\n"),
    ],
)
def test_what_is_allowed_is_not_found(check: Check, text: str) -> None:
    assert check([("router/noun.md", text)]) == []
