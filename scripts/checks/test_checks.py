"""Each check finds what it is for, and is quiet otherwise."""

import pathlib
import tempfile
import unittest

from checks import catches, layers, sizes, sources, words
from checks.common import listed_files

LAYERS = """# a comment
low : 
high : low
top/. : high low
tests : *
<zmq : high
"""


class CheckTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.directory.name)
        self.write("scripts/layers.txt", LAYERS)
        self.write("scripts/size_reasons.txt", "")
        self.write("scripts/words.txt", r"\blater\b | *.cc | do it now" + "\n")
        self.write("scripts/catch_borders.txt", "")

    def tearDown(self):
        self.directory.cleanup()

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def findings(self, check, files):
        for path, text in files.items():
            self.write(path, text)
        return check.check(self.root, sorted(files))


class LayersTest(CheckTest):
    def test_downward_includes_pass(self):
        files = {
            "high/a.cc": '#include "high/a.h"\n#include "low/b.h"\n#include <zmq.hpp>\n',
            "top/c.cc": '#include "high/a.h"\n',
            "tests/high/d.cc": '#include "high/a.h"\n#include <vector>\n',
        }
        self.assertEqual(self.findings(layers, files), [])

    def test_upward_include_is_found(self):
        found = self.findings(layers, {"low/b.cc": '#include "low/b.h"\n#include "high/a.h"\n'})
        self.assertEqual(found, ['low/b.cc:2: includes "high/a.h": low may not include high'])

    def test_files_directly_in_a_folder_are_told_from_those_below(self):
        found = self.findings(layers, {"top/deeper/e.cc": '#include "high/a.h"\n'})
        self.assertEqual(found, ["top/deeper/e.cc: no folder of scripts/layers.txt covers it"])

    def test_path_that_does_not_start_at_the_root_is_found(self):
        found = self.findings(layers, {"low/b.cc": '#include "b.h"\n'})
        self.assertEqual(len(found), 1)
        self.assertIn("paths start at the root", found[0])

    def test_outside_library_away_from_home_is_found(self):
        found = self.findings(layers, {"low/b.cc": "#include <zmq.h>\n"})
        self.assertEqual(found, ["low/b.cc:1: includes <zmq.h>, which belongs to high"])

    def test_cycle_in_the_table_is_found(self):
        self.write("scripts/layers.txt", "a : b\nb : c\nc : a\n")
        found = self.findings(layers, {})
        self.assertEqual(found, ["scripts/layers.txt: a cycle: a -> b -> c -> a"])


class SizesTest(CheckTest):
    def test_limits(self):
        body = "  f();\n" * 57
        files = {
            "a.cc": "\n" * 500,
            "b.cc": "void g() {\n" + body + "}\n",
            "c.cc": "namespace n {\n" + "int x;\n" * 90 + "}\n",
            "d.cc": "const int t[] = {\n" + "  1,\n" * 90 + "};\n",
        }
        self.assertEqual(self.findings(sizes, files), [])

    def test_long_file_function_and_line_are_found(self):
        files = {
            "a.cc": "\n" * 501,
            "b.cc": "\nvoid g() {\n" + "  f();\n" * 59 + "}\n",
            "c.cc": "//" + "x" * 99 + "\n",
        }
        found = self.findings(sizes, files)
        self.assertEqual(len(found), 3)
        self.assertIn("a.cc: 501 lines, at most 500", found[0])
        self.assertEqual(found[1], "b.cc:2: a function of 61 lines, at most 60")
        self.assertEqual(found[2], "c.cc:1: 101 columns, at most 100")

    def test_listed_file_may_shrink_but_not_grow(self):
        self.write("scripts/size_reasons.txt", "a.cc 600 one table\n")
        self.assertEqual(self.findings(sizes, {"a.cc": "\n" * 600}), [])
        self.assertEqual(len(self.findings(sizes, {"a.cc": "\n" * 601})), 1)
        self.assertIn("take it off", self.findings(sizes, {"a.cc": "\n" * 400})[0])
        self.assertIn("does not exist", self.findings(sizes, {"b.cc": ""})[0])

    def test_reason_is_needed(self):
        self.write("scripts/size_reasons.txt", "a.cc 600\n")
        self.assertIn("has no reason", self.findings(sizes, {"a.cc": "\n" * 600})[0])


class SourcesTest(CheckTest):
    def test_listed_and_included_files_pass(self):
        files = {
            "x/CMakeLists.txt": "tenon_library(x SOURCES\n  a.cc\n  sub/b.cc)\n",
            "x/a.cc": '#include "x/a.h"\n',
            "x/a.h": "",
            "x/sub/b.cc": '#include "x/a.h"\n',
        }
        self.assertEqual(self.findings(sources, files), [])

    def test_dead_source_and_header_are_found(self):
        files = {"x/CMakeLists.txt": "# a.cc\n", "x/a.cc": '#include "x/a.h"\n', "x/a.h": ""}
        found = self.findings(sources, files)
        self.assertEqual(found, ["x/a.cc: no CMakeLists.txt names it",
                                 "x/a.h: nothing but its own .cc includes it"])

    def test_unsorted_list_is_found(self):
        files = {"CMakeLists.txt": "f(\n  b.cc\n  a.cc)\n", "a.cc": "", "b.cc": ""}
        found = self.findings(sources, files)
        self.assertEqual(found, ["CMakeLists.txt:3: a.cc is not in its place; lists are sorted"])


class WordsTest(CheckTest):
    def test_banned_word_is_found_with_advice_where_the_rule_applies(self):
        files = {"a.cc": "x\n// Later: more\n", "b.md": "later\n", "c.cc": "int laters;\n"}
        self.assertEqual(self.findings(words, files), ['a.cc:2: "Later": do it now'])


class CatchesTest(CheckTest):
    def test_catch_is_allowed_in_listed_files_and_tests_only(self):
        self.write("scripts/catch_borders.txt", "main.cc the command line\n")
        text = "try {\n} catch (const E& e) {\n}\n"
        files = {"main.cc": text, "tests/a.cc": text, "low/b.cc": text}
        files["low/c.cc"] = "// catch (it)\n"
        found = self.findings(catches, files)
        self.assertEqual(len(found), 1)
        self.assertTrue(found[0].startswith("low/b.cc:2: catch outside the borders"))

    def test_border_that_catches_nothing_is_found(self):
        self.write("scripts/catch_borders.txt", "main.cc the command line\nother.cc\n")
        found = self.findings(catches, {"main.cc": "int main() {}\n"})
        self.assertEqual(len(found), 3)


class RepositoryTest(unittest.TestCase):
    def test_files_are_listed_without_ignored_ones(self):
        root = pathlib.Path(__file__).resolve().parent.parent.parent
        paths = listed_files(root)
        self.assertIn("scripts/checks/test_checks.py", paths)
        self.assertFalse([path for path in paths if path.startswith("build/")])


if __name__ == "__main__":
    unittest.main()
