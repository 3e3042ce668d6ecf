#!/usr/bin/env python3
"""Checks the house rules on all files. Prints one line a finding; exit 1 if there is any."""

import pathlib
import sys

from checks import catches, layers, sizes, sources, words
from checks.common import listed_files

CHECKS = [layers, sizes, sources, words, catches]


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    paths = listed_files(root)
    findings = [finding for check in CHECKS for finding in check.check(root, paths)]
    for finding in findings:
        print(finding)
    print(f"checked {len(paths)} files: {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
