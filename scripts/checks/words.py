"""Words that do not belong in the sources, each with what to do instead: scripts/words.txt."""

import fnmatch
import re

from checks.common import read_lines, table_lines

TABLE = "scripts/words.txt"
BINARY_SUFFIXES = (".onnx", ".npz", ".npy", ".pb", ".gz", ".zst", ".png")


def read_table(root):
    """(compiled pattern, file pattern, advice) of every line "PATTERN | FILES | ADVICE"."""
    rules = []
    for _, line in table_lines(root, TABLE):
        pattern, files, advice = (part.strip() for part in line.split(" | "))
        rules.append((re.compile(pattern, re.IGNORECASE), files, advice))
    return rules


def check(root, paths):
    findings = []
    rules = read_table(root)
    for path in paths:
        if path in (TABLE, "LICENSE") or path.endswith(BINARY_SUFFIXES):
            continue
        chosen = [rule for rule in rules if fnmatch.fnmatch(path, rule[1])]
        for number, line in enumerate(read_lines(root, path), 1):
            for pattern, _, advice in chosen:
                match = pattern.search(line)
                if match:
                    findings.append(f'{path}:{number}: "{match.group(0).strip()}": {advice}')
    return findings
