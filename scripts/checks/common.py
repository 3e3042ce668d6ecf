"""What the checks share: which files there are, and how a finding looks."""

import pathlib
import subprocess

CPP_SUFFIXES = (".h", ".cc")


def listed_files(root):
    """Sorted paths below root of all files that git tracks or would track, less deleted ones."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=root, check=True, capture_output=True).stdout
    root = pathlib.Path(root)
    paths = sorted(set(names.decode().split("\0")) - {""})
    return [path for path in paths if (root / path).is_file()]


def cpp_files(paths):
    return [path for path in paths if path.endswith(CPP_SUFFIXES)]


def read_lines(root, path):
    return (pathlib.Path(root) / path).read_text(encoding="utf-8").splitlines()


def table_lines(root, path):
    """(number, text) of the lines that are neither empty nor a comment."""
    for number, line in enumerate(read_lines(root, path), 1):
        if line.strip() and not line.startswith("#"):
            yield number, line.strip()
