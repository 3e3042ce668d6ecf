"""Includes point downward only: scripts/layers.txt says who may include whom, and whose is what."""

import re

from checks.common import cpp_files, read_lines, table_lines

TABLE = "scripts/layers.txt"
INCLUDE = re.compile(r'\s*#\s*include\s+(?:"([^"]+)"|(<[^>]+)>)')


def read_table(root):
    """(folders, libraries): name -> what it may include; prefix -> the folders it belongs to."""
    folders, libraries = {}, {}
    for _, line in table_lines(root, TABLE):
        name, _, allowed = line.partition(":")
        table = libraries if name.startswith("<") else folders
        table[name.strip()] = set(allowed.split())
    return folders, libraries


def layer_of(path, folders):
    """The table's name that covers a file, the most exact one; None if there is none."""
    folder = path.rpartition("/")[0]
    if folder + "/." in folders:
        return folder + "/."
    while folder:
        if folder in folders:
            return folder
        folder = folder.rpartition("/")[0]
    return None


def find_cycle(folders):
    """A list of names that include each other in a circle, or None."""
    done = set()

    def visit(name, path):
        if name in path:
            return path[path.index(name):] + [name]
        if name in done:
            return None
        for other in sorted(folders.get(name, ())):
            cycle = visit(other, path + [name])
            if cycle:
                return cycle
        done.add(name)
        return None

    for name in folders:
        cycle = visit(name, [])
        if cycle:
            return cycle
    return None


def is_inside(path, folder):
    return path.startswith(folder + "/")


def check_include(path, layer, text, folders, libraries):
    """The complaint about one include line, or None."""
    match = INCLUDE.match(text)
    if not match:
        return None
    own, outside = match.groups()
    if outside:
        for prefix, homes in libraries.items():
            if outside.startswith(prefix) and not any(is_inside(path, home) for home in homes):
                return f"includes {outside}>, which belongs to {', '.join(sorted(homes))}"
        return None
    target = layer_of(own, folders)
    if target is None:
        return f'includes "{own}", which no folder of {TABLE} covers; paths start at the root'
    if target == layer or target in folders[layer] or "*" in folders[layer]:
        return None
    return f'includes "{own}": {layer} may not include {target}'


def check(root, paths):
    folders, libraries = read_table(root)
    findings = []
    cycle = find_cycle(folders)
    if cycle:
        findings.append(f"{TABLE}: a cycle: {' -> '.join(cycle)}")
    for path in cpp_files(paths):
        layer = layer_of(path, folders)
        if layer is None:
            findings.append(f"{path}: no folder of {TABLE} covers it")
            continue
        for number, text in enumerate(read_lines(root, path), 1):
            finding = check_include(path, layer, text, folders, libraries)
            if finding:
                findings.append(f"{path}:{number}: {finding}")
    return findings
