"""Files of 500 lines, functions of 60, lines of 100 columns. Larger files need a listed reason."""

import re

from checks.common import CPP_SUFFIXES, read_lines, table_lines

REASONS = "scripts/size_reasons.txt"
MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 60
MAX_COLUMNS = 100
SUFFIXES = CPP_SUFFIXES + (".py", ".cmake", "CMakeLists.txt")
NO_FUNCTION = re.compile(r"(namespace|struct|class|enum|union|extern)\b|.*=\s*\{$")


def read_reasons(root):
    """path -> (listed lines, has a reason)."""
    reasons = {}
    for _, line in table_lines(root, REASONS):
        path, lines, *reason = line.split(maxsplit=2)
        reasons[path] = (int(lines), bool(reason))
    return reasons


def long_functions(lines):
    """(first line, length) of functions over the limit; clang-format starts them in column 0."""
    start = None
    for number, line in enumerate(lines, 1):
        if start is None and line.endswith("{") and not line.startswith((" ", "#", "}", "//")):
            start = None if NO_FUNCTION.match(line) else number
        elif start is not None and line.startswith("}"):
            length = number - start + 1
            if length > MAX_FUNCTION_LINES:
                yield start, length
            start = None


def check_file_length(path, num_lines, reasons):
    if path in reasons:
        limit, has_reason = reasons[path]
        if not has_reason:
            yield f"{REASONS}: {path} has no reason"
        if num_lines > limit:
            yield f"{path}: {num_lines} lines, listed are {limit}: split it, the number only falls"
        if num_lines <= MAX_FILE_LINES:
            yield f"{REASONS}: {path} has {num_lines} lines now; take it off the list"
    elif num_lines > MAX_FILE_LINES:
        yield f"{path}: {num_lines} lines, at most {MAX_FILE_LINES}: split it, or {REASONS}"


def check(root, paths):
    reasons = read_reasons(root)
    findings = [f"{REASONS}: {path} does not exist" for path in sorted(set(reasons) - set(paths))]
    for path in paths:
        if not path.endswith(SUFFIXES):
            continue
        lines = read_lines(root, path)
        findings.extend(check_file_length(path, len(lines), reasons))
        for number, line in enumerate(lines, 1):
            if len(line) > MAX_COLUMNS and not line.lstrip().startswith("#include"):
                findings.append(f"{path}:{number}: {len(line)} columns, at most {MAX_COLUMNS}")
        if path.endswith(CPP_SUFFIXES):
            for number, length in long_functions(lines):
                limit = MAX_FUNCTION_LINES
                findings.append(f"{path}:{number}: a function of {length} lines, at most {limit}")
    return findings
