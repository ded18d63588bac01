"""Files are whole or absent, whatever happens to the writer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from sayso import files
from sayso.errors import ConflictError, DiskError, InputError


def file_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_block_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    with pytest.raises(InputError), files.open_replacement(path) as file:
        file.write(b"new")
        raise InputError("no")
    assert path.read_text() == "old"
    assert file_names(tmp_path) == ["a"]


def test_a_reader_sees_the_old_file_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    with files.open_replacement(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_text() == "old"
    assert path.read_text() == "new"


def test_the_same_content_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "a"
    assert files.write_if_changed(path, b"x") is True
    inode = path.stat().st_ino
    assert files.write_if_changed(path, b"x") is False
    assert path.stat().st_ino == inode
    assert files.write_if_changed(path, b"y") is True


def test_a_secret_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "private" / "key"
    old = os.umask(0)
    try:
        files.write_secret(path, "s")
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_one_clear_line() -> None:
    with (
        pytest.raises(DiskError, match="free some space") as caught,
        files.convert_os_errors(Path("/dev/full")),
    ):
        Path("/dev/full").write_bytes(b"x" * 10_000_000)
    assert caught.value.exit_code == 10


def test_a_folder_that_is_a_file_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with (
        pytest.raises(DiskError, match=r"Not a directory|File exists"),
        files.open_replacement(tmp_path / "a" / "b") as file,
    ):
        file.write(b"")


def test_our_own_errors_pass_through_unchanged(tmp_path: Path) -> None:
    error = DiskError("full", where="x")
    with pytest.raises(DiskError) as caught, files.convert_os_errors(tmp_path):
        raise error
    assert caught.value is error


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    taken = pytest.raises(ConflictError, match="sayso pull")
    with files.hold_lock(lock, "sayso pull"), taken, files.hold_lock(lock, "sayso push"):
        pass
    with files.hold_lock(lock, "sayso push"):
        pass


def test_a_lock_dies_with_its_process(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time; from pathlib import Path; from sayso.files import hold_lock\n"
            "with hold_lock(Path(sys.argv[1]), 'x'): print('held', flush=True); time.sleep(60)",
            str(lock),
        ],
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(ConflictError), files.hold_lock(lock, "y"):
        pass
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    with files.hold_lock(lock, "y"):
        pass


def test_a_writer_that_is_killed_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    writer = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time; from pathlib import Path; from sayso.files import open_replacement\n"
            "with open_replacement(Path(sys.argv[1])) as f:\n"
            "    f.write(b'n' * 9999999); print('in', flush=True); time.sleep(60)",
            str(path),
        ],
        stdout=subprocess.PIPE,
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == b"in\n"
    writer.kill()
    writer.communicate()
    assert path.read_bytes() == b"old"
    assert len(file_names(tmp_path)) == 2
    files.write_if_changed(path, b"new")
    assert file_names(tmp_path) == ["a"]


def test_the_part_of_a_living_writer_is_let_alone(tmp_path: Path) -> None:
    part = tmp_path / f"a.{os.getppid()}{files.PARTIAL_SUFFIX}"
    part.write_bytes(b"part")
    files.write_if_changed(tmp_path / "a", b"x")
    assert file_names(tmp_path) == ["a", part.name]


def test_files_are_replaced_together_or_not_at_all(tmp_path: Path) -> None:
    def fill(content: bytes) -> Callable[[BinaryIO], None]:
        return lambda file: file.writelines([content])

    def fail(_file: BinaryIO) -> None:
        raise InputError("no")

    paths = [tmp_path / "in" / name for name in "abc"]
    files.replace_together((path, fill(b"old")) for path in paths)
    with pytest.raises(InputError):
        files.replace_together(zip(paths, (fill(b"new"), fill(b"new"), fail), strict=True))
    assert [path.read_bytes() for path in paths] == [b"old"] * 3
    assert file_names(tmp_path / "in") == ["a", "b", "c"]


def make_tree(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*", ["a.txt", "b"]),
        ("*.txt", ["a.txt"]),
        ("*/*.txt", [".hidden/f.txt", "c/a.txt"]),
        ("c/*/*", ["c/d/e.txt"]),
        ("**/*.txt", ["a.txt", "c/a.txt", "c/d/e.txt"]),
        ("[ab]*", ["a.txt", "b"]),
        ("missing/*", []),
    ],
)
def test_files_are_listed_by_pattern(tmp_path: Path, pattern: str, found: list[str]) -> None:
    make_tree(tmp_path, "a.txt", "b", "c/a.txt", "c/d/e.txt", ".hidden/f.txt")
    listed = files.list_files(tmp_path, pattern)
    assert [path.relative_to(tmp_path).as_posix() for path in listed] == found
    assert files.list_files(tmp_path / "missing", pattern) == []


def test_folders_and_names_are_listed(tmp_path: Path) -> None:
    make_tree(tmp_path, "b/x", "a/x", "c")
    assert files.list_folders(tmp_path) == [tmp_path / "a", tmp_path / "b"]
    assert files.list_names(tmp_path) == ["a", "b", "c"]
    with pytest.raises(DiskError, match="Not a directory"):
        files.list_files(tmp_path / "c")


def test_a_name_beyond_a_file_is_not_there(tmp_path: Path) -> None:
    make_tree(tmp_path, "a")
    assert not files.exists(tmp_path / "a" / "b") and not files.is_folder(tmp_path / "a")
    assert files.is_file(tmp_path / "a")


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "/"])
def test_what_is_no_file_is_not_read(path: str) -> None:
    with pytest.raises(InputError, match="not a file"):
        files.read_file(Path(path))


def test_a_link_to_nothing_is_not_listed_as_absent(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").symlink_to(tmp_path / "gone")
    with pytest.raises(InputError, match="link to nothing"):
        files.list_files(tmp_path, "*.jsonl")
    assert files.list_files(tmp_path, "*.txt") == []


_IMPORT_ALL = """
import importlib, pkgutil, sys
sys.modules.update(dict.fromkeys(["fcntl", "grp", "pwd", "resource", "termios"]))
import sayso
import sayso.cli.commands
names = [module.name for module in pkgutil.walk_packages(sayso.__path__, "sayso.")]
for name in names:
    if name.rpartition(".")[2] not in ("__main__", "gunicorn_config", "wsgi"):  # of the server
        importlib.import_module(name)
from sayso.files import is_process_alive
print(len(names))
"""


@pytest.mark.slow
def test_modules_load_without_what_only_posix_has() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _IMPORT_ALL], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 200


def test_a_lock_names_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with (
        files.hold_lock(path, "sayso pull"),
        pytest.raises(ConflictError, match=r": sayso pull \(process \d+\) is at work here;"),
        files.hold_lock(path, "sayso push"),
    ):
        pass
