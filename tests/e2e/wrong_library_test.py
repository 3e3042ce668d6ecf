"""A tuned library that computes something else never replaces a right one.

The search measures only candidates that were compared with plain loops, so the wrong schedule is
put where no worker looks again: into the records of an earlier session.
"""

import hashlib
import json
import sqlite3
import unittest

from tests.e2e.common import Case

TRIALS = 8
OLD_LIBRARY = b"an old library"
# The convolution sums in whole numbers.
WRONG_TRACE = json.dumps([[["GetSBlock", [], ["b1", "main"], ["b0"]],
                           ["UnsafeSetDType", ["b0"], [0, "int32"], []]], []],
                         separators=(",", ":"))

BAD_TRACE = '[[["GetSBlock",[],["zz","main"],["b0"]]],[]]'


class WrongLibrary(Case):
    def forge_best(self, text):
        """Makes one measurement of the convolution the fastest, with a trace of our own."""
        connection = sqlite3.connect(self.database)
        with connection:
            measured, trace = connection.execute(
                "SELECT m.id, m.trace_id FROM measurement m JOIN workload w ON w.id = m.workload_id"
                " WHERE m.outcome = 0 AND m.role = 0 AND w.text LIKE '%T.max(%'").fetchone()
            connection.execute("UPDATE trace SET text = ?, hash = ? WHERE id = ?",
                               (text, hashlib.sha256(text.encode()).digest(), trace))
            connection.execute("UPDATE measurement SET q10_ns = 1 WHERE id = ?", (measured,))
            connection.execute("UPDATE best SET measurement_id = ? WHERE workload_id ="
                               " (SELECT workload_id FROM measurement WHERE id = ?)",
                               (measured, measured))
        connection.close()

    def test_it_is_told_and_the_old_library_stays(self):
        words = self.tune_words(self.make_model(), "--trials", TRIALS)
        self.tenon(*words)
        self.forge_best(WRONG_TRACE)
        self.library.write_bytes(OLD_LIBRARY)
        out, err = self.tenon(*words, code=1)
        self.assertIn("outputs   WRONG", out)
        self.assertEqual(err.count("error: "), 1)
        self.assertIn("the tuned library's outputs differ from plain loops", err)
        self.assertIn("was not written", err)
        self.assertEqual(self.library.read_bytes(), OLD_LIBRARY)
        self.assertEqual(list(self.folder.glob(".tenon-compare.*")), [])

    def test_a_record_that_does_not_apply_is_told_and_left_out(self):
        model = self.make_model()
        words = self.tune_words(model, "--trials", TRIALS)
        self.tenon(*words)
        compile_words = ["compile", model, "-o", self.library, "--db", self.database]
        for text, why, command in ((BAD_TRACE, "no block of that name", compile_words),
                                   (BAD_TRACE, "no block of that name", words),
                                   ('[[["Frobnicate",[],[],[]]],[]]', "Frobnicate", compile_words)):
            self.forge_best(text)
            self.library.unlink(missing_ok=True)
            err = self.tenon(*command)[1]
            self.assertEqual(err.count("warning: the recorded schedule of workload"), 1, err)
            self.assertIn(why, err)
            self.assertTrue(self.library.exists())


if __name__ == "__main__":
    unittest.main()
