"""What the pages of docs name is there: files, links, headings, programs, commands and their options."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest
import typer.main

from soundalike.cli import app

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "AGENTS.md", *sorted((ROOT / "docs").glob("*.md"))]
FOLDERS = [ROOT / name for name in ("src", "tools", "benchmarks", "tests")]
FILES = [*ROOT.glob("*.py"), *(path for folder in FOLDERS for path in folder.rglob("*.*"))]
CODE = [path.relative_to(ROOT).as_posix() for path in FILES]
ELSEWHERE = {"discord.py", "convert_hf_to_gguf.py"}  # a library, and llama.cpp's program
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]

page = pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)


@page
def test_every_module_that_a_page_names_exists(page: Path) -> None:
    """By its path or the end of it, as `training/loop.py` or `loop.py`."""
    named = set(re.findall(r"(?<![\w./<-])(?:\w+/)*\w+\.(?:py|c|css)\b", page.read_text("utf-8"))) - ELSEWHERE
    assert {name for name in named if not any(f"/{path}".endswith(f"/{name}") for path in CODE)} == set()


@page
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    """To a file that exists, and a heading that is in it."""
    broken = []
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", page.read_text("utf-8")):
        file = page.parent / target if target else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(f"{target}#{anchor}")
    assert broken == []


def anchors(file: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@page
def test_every_program_that_a_page_starts_exists(page: Path) -> None:
    """`python -m benchmarks.gpu`, and one by its short name: `python -m benchmarks flood`."""
    started = re.findall(r"python -m ((?:benchmarks|tools)[\w.]*)(?: ([a-z]\w+))?", page.read_text("utf-8"))
    modules = [f"{module}.{name}" if module == "benchmarks" and name else module for module, name in started]
    assert [module for module in modules if find_spec(module) is None] == []


@page
def test_every_option_that_a_page_shows_is_known_to_its_command(page: Path) -> None:
    """`soundalike train me --fresh`, also over two lines and as `soundalike.cli` under a launcher."""
    text = page.read_text("utf-8").replace("\\\n", " ")
    unknown = []
    for name, words in re.findall(r"\bsoundalike(?:\.cli)? ([a-z]+)\b([^`\n#;]*)", text):
        if name in COMMANDS:
            known = {option for parameter in COMMANDS[name].params for option in parameter.opts} | {"--help"}
            unknown += [f"{name} {option}" for option in re.findall(r"(?<!\S)--[a-z-]+", words) if option not in known]
    assert unknown == []
