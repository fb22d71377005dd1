"""The widget's files: small, without anything of others, every language complete."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from channels.chat.widget.files import DEMO_POLICY, ENTRY, widget_files, without_comments

FOLDER = Path(__file__).parents[4] / "channels" / "chat" / "widget"
SCRIPTS = sorted(FOLDER.glob("*.js"))
SIZE_MAX = 30_000  # bytes of all scripts in all languages, compressed one by one
LINES_MAX = 250
FORMS_OF_PLURALS = {"en": {"one", "other"}, "fr": {"one", "other"}, "ar": {"few", "other"}}
UNSAFE = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser"
    r"|createContextualFragment|\.style\b|setAttribute\(.style"
)


def keys_of(language: str) -> dict[str, set[str]]:
    """Return the texts of a language by name, with the values that each needs."""
    source = (FOLDER / f"strings.{language}.js").read_text(encoding="utf-8")
    parts = re.split(r"^  (\w+):", source, flags=re.M)[1:]
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return {name: set(re.findall(r"\{(\w+)\}", text)) for name, text in pairs}


def test_all_scripts_together_are_small() -> None:
    sizes = {name: len(file.packed) for name, file in widget_files().items() if name.endswith("js")}
    assert sum(sizes.values()) < SIZE_MAX, sizes


def test_every_file_has_an_address_and_arrives_whole() -> None:
    files = widget_files()
    scripts = {path.name for path in SCRIPTS} - {ENTRY}
    expected = {"", ENTRY, "widget/demo.css", *(f"widget/{name}" for name in scripts)}
    assert set(files) == expected
    assert all(gzip.decompress(file.packed) == file.plain for file in files.values())
    assert files[ENTRY].media_type.startswith("text/javascript")
    assert len({file.tag for file in files.values()}) == len(files)


def test_every_imported_module_is_there() -> None:
    files = widget_files()
    for path in SCRIPTS:
        source = files[ENTRY if path.name == ENTRY else f"widget/{path.name}"].plain.decode()
        for name in re.findall(r"""(?:from |import\()"\./(?:widget/)?([\w.]+)\"""", source):
            assert f"widget/{name}" in files, path.name


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_modules_are_short_described_and_parse_nothing_as_html(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert source.startswith("/**")
    assert len(source.splitlines()) <= LINES_MAX
    assert not UNSAFE.search(source)
    for number, line in enumerate(source.splitlines()):
        if line.startswith("export ") and " default " not in line and "const" not in line:
            before = source.splitlines()[number - 1]
            assert before.strip().endswith("*/") or "class" in line, line


@pytest.mark.parametrize("path", [*SCRIPTS, FOLDER / "demo.html", FOLDER / "demo.css"])
def test_nothing_is_loaded_from_anybody_else(path: Path) -> None:
    loads = r"""(?:src=|<link[^>]*href=|url\(|@import|from |import\()\s*["']?(https?:)?//"""
    source = re.sub(r"<pre.*?</pre>", "", path.read_text(encoding="utf-8"), flags=re.S)
    assert not re.search(loads, source)


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_every_language_says_everything_with_the_same_values(language: str) -> None:
    assert keys_of(language).keys() == keys_of("en").keys()
    for name, values in keys_of("en").items():
        assert keys_of(language)[name] == values, name


@pytest.mark.parametrize(("language", "forms"), FORMS_OF_PLURALS.items())
def test_numbers_of_minutes_have_their_plurals(language: str, forms: set[str]) -> None:
    source = (FOLDER / f"strings.{language}.js").read_text(encoding="utf-8")
    for name in ("unread", "wait_about", "wait_least", "wait_most"):
        text = re.search(rf"  {name}: \{{(.*?)\n?  ?\}},\n", source, flags=re.S)
        assert text is not None, name
        assert forms <= set(re.findall(r"(\w+): \"", text[1])), name


def test_comments_stay_here_and_everything_else_travels() -> None:
    source = (
        "/** What it does. */\n"
        "const css = `\n* { margin: 0 }\n`;\n"
        "/**\n * @param {string} a\n */\n"
        "export const f = (a) => a.replace(/\\/\\*x\\*\\//, '// no comment'); // kept\n"
        "  // gone\n"
    )
    assert without_comments(source) == (
        "const css = `\n* { margin: 0 }\n`;\n"
        "export const f = (a) => a.replace(/\\/\\*x\\*\\//, '// no comment'); // kept\n"
    )


def test_the_demo_page_has_nothing_inside_that_its_policy_forbids() -> None:
    page = widget_files()[""].plain.decode()
    assert not re.search(r"<style|style=|\son\w+=|<script(?![^>]*src=)", page)
    assert "unsafe" not in DEMO_POLICY
    assert 'href="forms"' in page
