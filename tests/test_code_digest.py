"""A changed rule anywhere in the package makes every cache stale that depends on code."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import sayso
from sayso import code_digest
from sayso.settings import Checkout
from tests.dataset import samples

pytestmark = pytest.mark.slow

PACKAGE = Path(sayso.__file__).parent


def copy_package(folder: Path) -> Path:
    return shutil.copytree(PACKAGE, folder / "sayso", ignore=shutil.ignore_patterns("__pycache__"))


def change_line(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def run_copy(package: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "sayso", *words],
        env=os.environ | {"PYTHONPATH": str(package.parent)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_changed_licence_rule_rebuilds_the_dataset(checkout: Checkout, tmp_path: Path) -> None:
    package = copy_package(tmp_path / "copy")
    (checkout.root / "pyproject.toml").write_text('[tool.sayso]\ntexts = "licensed"\n')
    document = samples.make_document("d1", "Two drones fell.", license="CC-BY-4.0")
    samples.write_corpus(checkout.root, [document])

    def run_build(*options: str) -> subprocess.CompletedProcess[str]:
        return run_copy(package, "--root", str(checkout.root), "build", *options)

    assert run_build().returncode == 0
    assert run_build("--check").returncode == 0
    assert samples.read_rows(checkout.root, "articles")[0]["text"] == document.text
    change_line(package / "corpus" / "licences.py", "|CC-BY(", "|CC-BZ(")

    checked = run_build("--check")
    assert checked.returncode == 5 and "run `sayso build`" in checked.stderr
    assert "wrote" in run_build().stderr
    assert samples.read_rows(checkout.root, "articles")[0]["text"] is None
    assert run_build("--check").returncode == 0


def test_every_file_counts_and_bytecode_does_not(tmp_path: Path) -> None:
    package = copy_package(tmp_path)

    def read_digest() -> str:
        code = "from sayso.code_digest import package_digest; print(package_digest())"
        environment = os.environ | {"PYTHONPATH": str(tmp_path)}
        return subprocess.check_output(
            [sys.executable, "-P", "-c", code], env=environment, text=True
        ).strip()

    first = read_digest()
    assert first == code_digest.package_digest(), "the same files elsewhere have the same digest"
    (package / "__pycache__").mkdir(exist_ok=True)
    (package / "__pycache__" / "rule.pyc").write_bytes(b"anything")
    assert read_digest() == first
    (package / "new.txt").write_text("a word list")
    second = read_digest()
    (package / "new.txt").rename(package / "renamed.txt")
    assert len({first, second, read_digest()}) == 3
