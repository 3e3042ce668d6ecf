"""What bad input gets: one clear error, exit code 2, and nothing lost: an old library stays."""

import array
import json
import os
import sqlite3
import unittest

from tests.e2e.common import Case
from tests.e2e.numbers import IN_DIMS, OUT_DIMS, SmallConv, write_npz
from models import onnx
from models.wire import Message

OLD_LIBRARY = b"an old library"
EXTERNAL_LOCATION, TENSOR_LOCATION, TENSOR_EXTERNAL = 1, 14, 13


class BadModels(Case):
    def setUp(self):
        super().setUp()
        self.library.write_bytes(OLD_LIBRARY)

    def refuse_model(self, data, *words):
        """Compiling the file is refused and leaves the old library and nothing beside it."""
        path = self.folder / "model.onnx"
        path.write_bytes(data)
        before = sorted(self.folder.iterdir())
        err = self.refused("compile", path, "-o", self.library, *words)
        self.assertEqual(self.library.read_bytes(), OLD_LIBRARY)
        self.assertEqual(sorted(self.folder.iterdir()), before)
        return err

    def refuse_graph(self, nodes, weights=(), dims=(2, 3)):
        return self.refuse_model(onnx.model("bad", nodes, [onnx.value_info("x", dims)],
                                            [onnx.value_info("y", [1])], weights).encode())

    def test_a_file_that_is_no_model(self):
        self.assertIn("no ONNX model", self.refuse_model(b"this is no model\n"))
        self.assertIn("no ONNX model", self.refuse_model(b""))
        self.assertIn("no ONNX model", self.refuse_model(bytes(range(256)) * 16))

    def test_a_model_cut_short_at_any_place(self):
        whole = self.make_model().read_bytes()
        for size in [1, len(whole) // 3, len(whole) // 2, len(whole) - 100, len(whole) - 1]:
            err = self.refuse_model(whole[:size])
            self.assertIn("model.onnx", err, size)

    def test_a_missing_file_and_a_folder(self):
        self.assertIn("nothing.onnx",
                      self.refused("compile", self.folder / "nothing.onnx", "-o", self.library))
        self.assertIn("directory", self.refused("compile", self.folder, "-o", self.library))
        self.assertEqual(self.library.read_bytes(), OLD_LIBRARY)

    def external(self, location):
        weight = Message().add(onnx.TENSOR_DIMS, 2).add(onnx.TENSOR_DIMS, 3)
        weight.add(onnx.TENSOR_TYPE, onnx.FLOAT).add(onnx.TENSOR_NAME, "w")
        weight.add(TENSOR_EXTERNAL, Message().add(1, "location").add(2, location))
        weight.add(TENSOR_LOCATION, EXTERNAL_LOCATION)
        return self.refuse_graph([onnx.node("Add", ["x", "w"], "y")], [weight])

    def test_external_data_outside_the_folder(self):
        outside = self.folder.parent / (self.folder.name + "-secret")
        outside.write_bytes(b"\0" * 24)
        self.addCleanup(outside.unlink)
        (self.folder / "link").symlink_to(outside)
        for location in (f"../{outside.name}", str(outside), f"run/../../{outside.name}", "link"):
            err = self.external(location)
            self.assertIn("outside the model's folder", err)
            self.assertIn(location, err)
        self.assertIn('"absent" is missing', self.external("absent"))
        (self.folder / "short").write_bytes(b"\0" * 23)
        self.assertIn("has 23 bytes; offset 0 and 24 bytes need more", self.external("short"))

    def test_all_unsupported_operators_are_listed(self):
        err = self.refuse_graph([onnx.node("Frobnicate", ["x"], "a"), onnx.node("Relu", ["a"], "b"),
                                 onnx.node("Wobble", ["b"], "c"),
                                 onnx.node("Frobnicate", ["c"], "y")])
        self.assertIn("3 nodes that are not supported", err)
        for name in ("Frobnicate", "Wobble", '"a"', '"c"', '"y"'):
            self.assertIn(name, err)

    def test_shapes_that_contradict_each_other(self):
        weight = onnx.tensor("w", [4, 5], onnx.FLOAT, array.array("f", range(20)))
        err = self.refuse_graph([onnx.node("MatMul", ["x", "w"], "y")], [weight])
        self.assertIn('node "y"', err)
        self.assertIn("3", err)
        self.assertIn("4", err)
        filters = onnx.tensor("w", [4, 5, 3, 3], onnx.FLOAT, array.array("f", range(180)))
        err = self.refuse_graph([onnx.node("Conv", ["x", "w"], "y", kernel_shape=[3, 3])],
                                [filters], dims=(1, 3, 8, 8))
        self.assertIn('node "y"', err)
        err = self.refuse_graph([onnx.node("Add", ["x", "w"], "y")],
                                [onnx.tensor("w", [2, 2], onnx.FLOAT, array.array("f", range(4)))])
        self.assertIn('node "y"', err)

    def test_a_weight_with_too_few_bytes(self):
        weight = onnx.tensor("w", [2, 3], onnx.FLOAT, array.array("f", range(5)))
        err = self.refuse_graph([onnx.node("Add", ["x", "w"], "y")], [weight])
        self.assertIn("has 20 bytes, its shape needs 24", err)

    def test_an_unknown_target_and_an_unknown_feature(self):
        model = self.make_model().read_bytes()
        for target, named in (("llvm -mcpu=znver3 -mattr=+avx3", "avx3"),
                              ("llvm -mcpu=znver33", "znver33"), ("cuda", "cuda"),
                              ("llvm -wrong=1", "-wrong"), ("", "target")):
            self.assertIn(named, self.refuse_model(model, "--target", target))

    def test_an_output_that_cannot_be_written(self):
        model = self.make_model()
        self.assertIn("no/such/m.so",
                      self.refused("compile", model, "-o", self.folder / "no/such/m.so"))
        self.assertIn("irectory", self.refused("compile", model, "-o", self.folder))


class BadData(Case):
    def setUp(self):
        super().setUp()
        self.conv = SmallConv()
        self.model, self.given, self.expected = self.conv.write(self.folder)
        self.tenon("compile", self.model, "-o", self.library)

    def refuse_input(self, path, *words):
        return self.refused("run", self.library, "--input", path, *words)

    def npz(self, name, dims, values):
        path = self.folder / "bad.npz"
        write_npz(path, name, dims, values)
        return path

    def test_inputs_of_another_shape_rank_name_or_type(self):
        few = self.conv.data[:512]
        err = self.refuse_input(self.npz("data", [1, 8, 8, 8], few))
        self.assertIn("data", err)
        self.assertIn("8", err)
        self.assertIn("16", err)
        self.assertIn("data", self.refuse_input(self.npz("data", [1024], self.conv.data)))
        self.assertIn('no array "data"', self.refuse_input(self.npz("dada", IN_DIMS,
                                                                     self.conv.data)))
        from models import inputs
        path = self.folder / "ints.npz"
        inputs.write_npz(path, [("data", onnx.INT64, IN_DIMS, array.array("q", [0] * 1024))])
        self.assertIn("int64", self.refuse_input(path))

    def test_an_expectation_of_another_shape(self):
        path = self.npz(self.conv.output, [1, 32, 64], self.conv.expected())
        out, err = self.tenon("run", self.library, "--input", self.given, "--expect", path, code=1)
        self.assertIn("WRONG", out + err)

    def test_files_that_are_no_arrays(self):
        self.assertIn("model.onnx", self.refuse_input(self.model))
        whole = self.given.read_bytes()
        cut = self.folder / "cut.npz"
        for size in (0, 10, 100, len(whole) // 2, len(whole) - 1):
            cut.write_bytes(whole[:size])
            self.assertIn("cut.npz", self.refuse_input(cut), size)
        damaged = bytearray(whole)
        damaged[len(whole) // 2] ^= 1
        cut.write_bytes(damaged)
        self.assertIn("cut.npz", self.refuse_input(cut))
        self.assertIn("absent.npz", self.refuse_input(self.folder / "absent.npz"))

    def test_a_library_cut_short_at_any_place(self):
        whole = self.library.read_bytes()
        sections = len(whole) - 64 * 14  # what follows is for debuggers and linkers alone
        cut = self.folder / "cut.so"
        for size in [0, 3, 63, 64, 200, *range(500, sections, 1500)]:
            cut.write_bytes(whole[:size])
            self.assertIn("cut.so", self.refused("run", cut), size)

    def test_a_file_that_is_no_library(self):
        for path in (self.model, self.folder, self.folder / "absent.so"):
            self.assertIn(str(path), self.refused("run", path))


class BadRecords(Case):
    def tuned_log(self):
        self.tenon(*self.tune_words(self.make_model(), "--trials", 8))
        log = self.folder / "log.jsonl"
        self.tenon("export", "--db", self.database, "-o", log)
        return log

    def test_torn_and_forged_log_lines_are_skipped_counted_and_named(self):
        log = self.tuned_log()
        lines = log.read_text().splitlines()
        self.assertGreater(len(lines), 5)
        changed = lines[1].replace('"outcome":"ok"', '"outcome":"xx"', 1)
        if changed == lines[1]:
            changed = lines[1][:-3] + "0" + lines[1][-2:]
        lines[1] = changed
        lines[3] = "this is no JSON"
        lines[4] = json.dumps({"tenon_log": 1, "sha256": "00"})
        torn = lines.pop()
        lines.append(torn[:len(torn) // 2])
        log.write_text("\n".join(lines))
        bad = [2, 4, 5, len(lines)]
        err = self.tenon("import", log, "--db", self.folder / "other.db")[1]
        self.assertIn(f"{len(lines)} lines: {len(lines) - 4} added, 0 known, 4 rejected", err)
        for number in bad:
            self.assertIn(f"line {number}: ", err)
        self.assertEqual(self.num_measured(self.folder / "other.db"), len(lines) - 4)
        err = self.tenon("compile", self.folder / "model.onnx", "-o", self.library, "--log",
                         log)[1]
        for number in bad:
            self.assertIn(f"log.jsonl:{number}: skipped: ", err)

    def test_a_database_of_a_newer_version_is_not_touched(self):
        model = self.make_model()
        self.tenon(*self.tune_words(model, "--trials", 2))
        connection = sqlite3.connect(self.database)
        connection.execute("PRAGMA user_version = 99")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        before = self.database.read_bytes()
        old_library = self.library.read_bytes()
        log = self.folder / "log.jsonl"
        log.write_text("")
        for words in (self.tune_words(model, "--trials", 4),
                      ["compile", model, "-o", self.library, "--db", self.database],
                      ["export", "--db", self.database, "-o", log],
                      ["import", log, "--db", self.database],
                      ["best", model, "--db", self.database],
                      ["doctor", "--db", self.database]):
            done = self.run_any(*words)
            self.assertEqual(done.returncode, 2, words[0] + done.stdout + done.stderr)
            self.assertIn("newer Tenon", done.stderr, words[0])
            self.assertIn("nothing was changed", done.stderr, words[0])
        self.assertEqual(self.database.read_bytes(), before)
        self.assertEqual(self.library.read_bytes(), old_library)

    def test_another_programs_file_is_not_touched(self):
        self.database.write_text("no database\n")
        for words in (self.tune_words(self.make_model(), "--trials", 2),
                      ["export", "--db", self.database, "-o", self.folder / "log.jsonl"]):
            done = self.run_any(*words)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn("not a Tenon database", done.stderr)
        self.assertEqual(self.database.read_text(), "no database\n")


class BadWords(Case):
    def test_words_that_no_command_knows(self):
        model = self.make_model()
        for words in (["tuna"], [], ["tune", model], ["compile", model, "--emit", "wasm"],
                      ["compile", model, "-o", "x.so", "--threads", "0"], ["tune", model, "--fast"],
                      ["run"]):
            out, err = self.tenon(*words, code=2)
            self.assertEqual(out, "")
            self.assertNotEqual(err, "")

    def test_durations(self):
        for text in ("10x", "-5s", "0", "s", ""):
            words = self.tune_words(self.make_model(), "--time-limit", text)
            self.assertIn("--time-limit", self.tenon(*words, code=2)[1])

    def test_keys(self):
        model = self.make_model()
        words = ["tune", model, "-o", self.library, "--tracker", "tcp://127.0.0.1:1"]
        self.assertIn("--key", self.refused(*words))
        key = self.folder / "my.key"
        self.assertIn("my.key", self.refused(*words, "--key", key))
        key.write_text("tenon-key 1\n")
        os.chmod(key, 0o644)
        self.assertIn("chmod 600", self.refused(*words, "--key", key))
        os.chmod(key, 0o600)
        self.assertIn("needs the lines public and secret", self.refused(*words, "--key", key))
        key.write_text("something else\n")
        self.assertIn("my.key", self.refused(*words, "--key", key))
        self.assertIn("key name", self.refused("keygen", self.folder / "keys", "--name", "../x",
                                               "--role", "run"))
        self.assertIn("painter", self.refused("keygen", self.folder / "keys", "--name", "x",
                                              "--role", "painter"))


if __name__ == "__main__":
    unittest.main()
