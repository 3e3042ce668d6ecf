"""Exceptions are caught at the borders only: scripts/catch_borders.txt lists them with reasons."""

import re

from checks.common import cpp_files, read_lines, table_lines

TABLE = "scripts/catch_borders.txt"
ADVICE = f"catch outside the borders of {TABLE}: let the error go up"
CATCH = re.compile(r"\bcatch\s*\(")


def check(root, paths):
    borders = {}
    findings = []
    for number, line in table_lines(root, TABLE):
        path, _, reason = line.partition(" ")
        borders[path] = number
        if not reason.strip():
            findings.append(f"{TABLE}:{number}: {path} has no reason")
    used = set()
    for path in cpp_files(paths):
        if path.startswith("tests/"):
            continue
        for number, line in enumerate(read_lines(root, path), 1):
            if CATCH.search(line.partition("//")[0]):
                used.add(path)
                if path not in borders:
                    findings.append(f"{path}:{number}: {ADVICE}")
    for path, number in borders.items():
        if path not in used:
            findings.append(f"{TABLE}:{number}: {path} catches nothing; take it off the list")
    return findings
