"""What a deployer does: a C program with nothing but libc, and what the files of Tenon need."""

import re
import subprocess
import unittest

from tests.e2e.common import PROGRAMS, ROOT, Case
from tests.e2e.numbers import IN_DIMS, OUT_DIMS, SmallConv, write_npz

EXAMPLE = ROOT / "docs/examples/run_model.c"
WITH_HEADER = """
#include <stddef.h>
#include "model.h"
int main(void) {
  return MODEL_NUM_INPUTS == 1 && MODEL_NUM_OUTPUTS == 1 && MODEL_NUM_SYMBOLS == 0 &&
         MODEL_INPUT_DATA == 0 && MODEL_OUTPUT_CONV_RELU == 0 &&
         sizeof(TenonModelV1) > offsetof(TenonModelV1, run) ? 0 : 1;
}
"""


class Example(Case):
    def build(self, source, *words):
        program = self.folder / source.stem
        subprocess.run(["cc", "-std=c99", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wpedantic",
                        "-Werror", "-I", ROOT / "compiler/runtime", *words, source, "-o", program],
                       check=True)
        return program

    def compile_small_conv(self):
        conv = SmallConv()
        self.model, self.given, self.expected = conv.write(self.folder)
        self.tenon("compile", self.model, "-o", self.library)
        return conv

    def test_a_c_program_computes_what_tenon_run_computes(self):
        conv = self.compile_small_conv()
        raw = self.folder / "in.raw"
        raw.write_bytes(conv.data.tobytes())
        program = self.build(EXAMPLE)
        done = subprocess.run([program, self.library, raw], capture_output=True, check=True)
        self.assertIn(b"data (1, 16, 8, 8) 32 bits, 4096 bytes", done.stderr)
        outputs = type(conv.data)("f")
        outputs.frombytes(done.stdout)
        same = self.folder / "same.npz"
        write_npz(same, conv.output, OUT_DIMS, outputs)
        self.tenon("run", self.library, "--input", self.given, "--expect", same, "--rtol", 0,
                   "--atol", 0)
        self.tenon("run", self.library, "--input", self.given, "--expect", self.expected)

    def test_the_c_program_refuses_what_does_not_fit(self):
        self.compile_small_conv()
        program = self.build(EXAMPLE)
        short = self.folder / "short.raw"
        short.write_bytes(b"\0" * 100)
        for words, said in (([self.library], "one file is needed"),
                            ([self.library, short], "not as many bytes"),
                            ([short, short], "cannot load"),
                            ([self.library, "--size", "N=1", short], "a symbol of this model")):
            done = subprocess.run([program, *words], capture_output=True, text=True)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(said, done.stderr)

    def test_a_program_may_include_the_generated_header(self):
        self.compile_small_conv()
        source = self.folder / "with_header.c"
        source.write_text(WITH_HEADER)
        program = self.build(source, "-I", self.folder)
        self.assertEqual(subprocess.run([program]).returncode, 0)


class Files(Case):
    def readelf(self, *words):
        done = subprocess.run(["readelf", "-W", *words], check=True, capture_output=True, text=True)
        return done.stdout

    def test_a_library_needs_nothing_and_exports_one_symbol(self):
        self.tenon("compile", self.make_model(), "-o", self.library, "--threads", 2)
        dynamic = self.readelf("-d", self.library)
        self.assertIn("SYMTAB", dynamic)
        self.assertNotIn("NEEDED", dynamic)
        self.assertNotRegex(dynamic, r"\(INIT|\(FINI|TEXTREL|RPATH|RUNPATH")
        symbols = re.findall(r"^ +[1-9]\d*: +\S+ +\d+ (\S+) +(\S+) +\S+ +(\S+) (\S+)$",
                             self.readelf("--dyn-syms", self.library), re.MULTILINE)
        self.assertEqual(len(symbols), 1, symbols)
        kind, binding, section, name = symbols[0]
        self.assertEqual((kind, binding, name), ("FUNC", "GLOBAL", "tenon_model_v1"))
        self.assertNotEqual(section, "UND")

    def test_a_library_holds_no_path_and_no_time(self):
        elsewhere = self.folder / "a-folder-of-its-own"
        elsewhere.mkdir()
        model = self.make_model()
        self.tenon("compile", model, "-o", self.library)
        (elsewhere / model.name).write_bytes(model.read_bytes())
        self.tenon("compile", elsewhere / model.name, "-o", elsewhere / "other.so")
        library = self.library.read_bytes()
        self.assertEqual(library, (elsewhere / "other.so").read_bytes())
        self.assertNotIn(str(self.folder).encode(), library)

    def test_tracker_worker_and_runner_need_no_llvm(self):
        for program in ("tenon-tracker", "tenon-worker", "tenon-runner"):
            done = subprocess.run(["ldd", PROGRAMS / program], check=True, capture_output=True,
                                  text=True)
            self.assertIn("libc.so", done.stdout)
            self.assertNotRegex(done.stdout, "LLVM|lld|xgboost|protobuf", program)


if __name__ == "__main__":
    unittest.main()
