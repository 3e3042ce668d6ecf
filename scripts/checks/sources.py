"""No dead files: a CMakeLists.txt names every .cc and .proto, some file includes every .h."""

import pathlib
import re

from checks.common import cpp_files, read_lines

NAME_IN_LIST = re.compile(r"[\w./+-]+\.(?:cc|proto)\b")
INCLUDE = re.compile(r'\s*#\s*include\s+"([^"]+)"')


def listed_sources(root, paths):
    """Paths of all sources that some CMakeLists.txt names, relative to its own folder."""
    sources = set()
    for path in paths:
        if path.endswith("CMakeLists.txt"):
            folder = path.rpartition("/")[0]
            for line in read_lines(root, path):
                for name in NAME_IN_LIST.findall(line.partition("#")[0]):
                    sources.add(str(pathlib.PurePosixPath(folder) / name))
    return sources


def included_headers(root, paths):
    """Headers that another file than their own .cc includes; the two alone serve nobody."""
    headers = set()
    for path in cpp_files(paths):
        own = path.removesuffix(".cc") + ".h"
        for line in read_lines(root, path):
            match = INCLUDE.match(line)
            if match and match.group(1) != own:
                headers.add(match.group(1))
    return headers


def unsorted_lists(root, path):
    """Names in consecutive lines of a list that are not in order: (line number, name)."""
    before = ""
    for number, line in enumerate(read_lines(root, path), 1):
        match = re.fullmatch(r"\s*([\w/+-]+\.cc)\)*", line)
        if match:
            name = match.group(1)
            if before and name < before:
                yield number, name
            before = name
        else:
            before = ""


def check(root, paths):
    findings = []
    sources = listed_sources(root, paths)
    headers = included_headers(root, paths)
    for path in paths:
        if path.endswith((".cc", ".proto")) and path not in sources:
            findings.append(f"{path}: no CMakeLists.txt names it")
        if path.endswith(".h") and path not in headers:
            findings.append(f"{path}: nothing but its own .cc includes it")
        if path.endswith("CMakeLists.txt"):
            for number, name in unsorted_lists(root, path):
                findings.append(f"{path}:{number}: {name} is not in its place; lists are sorted")
    return findings
