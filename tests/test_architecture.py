"""Who may import whom: the contracts of pyproject.toml, and one home for each library."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from scripts.write_lock import pinned

ROOT: Final = Path(__file__).parent.parent

# What each third-party library is imported as, and the only parts that may: modules or packages.
HOMES: Final[dict[str, tuple[str, ...]]] = {
    "aiohttp": ("channels.voice.rest",),
    "aiosmtpd": ("channels.mail.smtp_session",),
    "aiosmtplib": ("channels.mail.smtp_out",),
    "alembic": ("router.history",),
    "argon2": ("router.history.passwords",),
    "fastapi": ("router.desk",),
    "fastapi_offline": ("router.desk.api",),
    "holidays": ("router.policy.holiday_dates",),
    "httpx": ("channels.voice.practice", "router.desk", "router.runtime.status_screen"),
    "redis": (
        "router.runtime.journal_redis",
        "router.runtime.redis_link",
        "router.runtime.redis_server",
        "router.runtime.redis_shortening",
        "router.runtime.redis_snapshots",
        "router.runtime.redis_spool",
        "router.runtime.redis_worries",
    ),
    "imapclient": ("channels.mail.imap_session",),
    "jinja2": ("channels.webform.pages", "router.desk.told", "router.reports.page"),
    "joserfc": ("router.desk.openid",),
    "markupsafe": ("channels.webform.pages",),
    "msgspec": ("router", "channels"),  # messages and rows are everywhere
    "nh3": ("channels.mail.safe_html",),
    "phonenumbers": (
        "channels.chat.contact",
        "channels.voice.numbers",
        "channels.webform",
        "router.policy.telephones",
    ),
    "prometheus_client": ("router.runtime.metrics",),
    "pydantic": ("router.policy", "router.runtime"),
    "pydantic_core": ("router.policy",),
    "pydantic_settings": ("router.runtime",),
    "python_multipart": ("channels.webform.body",),
    "rich": (
        "channels.voice.practice",
        "router.cli",
        "router.cli_backup",
        "router.cli_installation",
        "router.cli_moving",
        "router.cli_report",
        "router.cli_reports",
        "router.cli_policy",
        "router.cli_residents",
        "router.cli_staff",
        "router.cli_twin",
        "router.desk",
        "router.runtime",
        "router.twin.screen",
    ),
    "sqlalchemy": ("router.history",),
    "starlette": ("channels", "router.desk", "router.runtime"),
    "structlog": ("channels", "router.cli", "router.desk", "router.history", "router.runtime"),
    "twilio": ("channels.voice",),
    "typer": (
        "router.cli",
        "router.cli_backup",
        "router.cli_moving",
        "router.cli_policy",
        "router.cli_report",
        "router.cli_reports",
        "router.cli_residents",
        "router.cli_staff",
        "router.cli_switch",
        "router.cli_twin",
    ),
    "uvicorn": ("channels.voice.practice.serving", "router.runtime.http"),
    "uvloop": ("router.cli",),
    "watchfiles": ("router.policy.watch",),
    "websockets": ("router.desk",),
    "xlsxwriter": ("router.reports.files",),
    "yaml": ("router.policy.documents",),
}
# Dependencies that nothing imports, and who uses them.
UNIMPORTED: Final[dict[str, str]] = {
    "httptools": "uvicorn parses HTTP with it",
    "tzdata": "zoneinfo reads it where the system has no zones",
}
# Libraries that come with another one, whose types cannot be used without them.
COME_WITH: Final = {"pydantic_core": "pydantic"}
# Where the distribution is not called as it is imported.
DISTRIBUTIONS: Final = {"argon2": "argon2-cffi", "yaml": "pyyaml"}

# The pure parts: value types of the standard library, msgspec, and each other.
PURE: Final = ("router.core", "router.errors")
PURE_IMPORTS: Final = frozenset(
    {
        "__future__", "bisect", "collections", "dataclasses", "datetime", "enum", "functools",
        "hashlib", "heapq", "hmac", "itertools", "math", "msgspec", "operator", "re", "types",
        "typing", "zoneinfo",
    }
)  # fmt: skip


def project() -> dict[str, Any]:
    """Return pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def imports() -> Iterator[tuple[str, str, str]]:
    """Yield (module, imported name, `file:line`) for every absolute import of the program."""
    for folder in ("router", "channels"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            module = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    for alias in node.names:
                        yield module, alias.name, f"{name}:{node.lineno}"
                elif isinstance(node, ast.ImportFrom) and node.module:
                    yield module, node.module, f"{name}:{node.lineno}"


def is_in(module: str, package: str) -> bool:
    """Say whether the module is the package or inside it."""
    return module == package or module.startswith(f"{package}.")


def third_party() -> Iterator[tuple[str, str, str]]:
    """Yield the imports of what is neither ours nor the standard library's."""
    for module, name, place in imports():
        library = name.split(".")[0]
        if library not in sys.stdlib_module_names and library not in {"router", "channels"}:
            yield module, library, place


def test_the_import_contracts_hold() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_library_is_imported_only_at_home() -> None:
    strays = [
        f"{place} {library}"
        for module, library, place in third_party()
        if not any(is_in(module, home) for home in HOMES.get(library, ()))
    ]
    assert not strays, "\n" + "\n".join(strays)


def test_every_home_is_lived_in() -> None:
    """A row of the table that nothing needs any more is removed."""
    used = list(third_party())
    empty = [
        f"{library} in {home}"
        for library, homes in HOMES.items()
        for home in homes
        if not any(is_in(module, home) and name == library for module, name, _ in used)
    ]
    assert not empty, "\n" + "\n".join(empty)


def test_every_dependency_is_imported_or_has_a_reason() -> None:
    declared = {re.split(r"[<>=;\[ ]", text)[0] for text in project()["project"]["dependencies"]}
    imported = {name for name in HOMES if name not in COME_WITH}
    homes = {DISTRIBUTIONS.get(name, name.replace("_", "-")) for name in imported}
    assert declared == homes | set(UNIMPORTED)


def test_every_dependency_says_why_it_is_there() -> None:
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    silent = [
        line for line in lines if re.match(r'    "[a-z0-9-]+[<>=]', line) and "# " not in line
    ]
    assert not silent


def test_the_core_imports_value_types_only() -> None:
    strays = [
        f"{place} {name}"
        for module, name, place in imports()
        if any(is_in(module, pure) for pure in PURE)
        and name.split(".")[0] not in PURE_IMPORTS
        and not any(is_in(name, pure) for pure in PURE)
    ]
    assert not strays, "\n" + "\n".join(strays)


def test_the_lock_pins_everything_that_is_needed() -> None:
    """Run `scripts/lock` when this fails."""
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    locked = {line.split("==")[0] for line in lines if "==" in line and not line.startswith("#")}
    assert locked >= set(pinned())
