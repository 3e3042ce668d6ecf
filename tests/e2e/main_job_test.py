"""The main job with real processes: tune, resume, export, compile elsewhere, run."""

import json
import unittest

from tests.e2e.common import Case
from tests.e2e.numbers import SmallConv

TRIALS = 8


class MainJob(Case):
    def test_tune_then_resume_then_export_and_compile_elsewhere(self):
        model = self.make_model()
        words = self.tune_words(model, "--trials", TRIALS, "--json")
        first = self.tenon(*words)[0].splitlines()
        self.assertTrue(all(json.loads(line)["tenon_tune"] == 1 for line in first))
        summary = json.loads(first[-1])
        self.assertEqual(summary["event"], "summary")
        self.assertTrue(summary["right"])
        self.assertGreaterEqual(summary["trials"], TRIALS)
        seconds = summary["seconds"]
        for phase in ("search", "learn", "send", "wait", "build", "run"):
            self.assertGreaterEqual(summary["elapsed_s"] + 0.1, seconds[phase], phase)
        self.assertGreater(min(seconds["wait"], seconds["build"], seconds["run"]), 0)
        measured = self.num_measured()

        again = json.loads(self.tenon(*words)[0].splitlines()[-1])
        self.assertEqual(again["resumed"], summary["trials"])
        self.assertEqual(self.num_measured(), measured)
        self.assert_nothing_lost_or_doubled()

        log = self.folder / "log.jsonl"
        self.tenon("export", "--db", self.database, "-o", log)
        other = self.folder / "elsewhere"
        other.mkdir()
        self.tenon("compile", model, "-o", other / "a.so", "--log", log)
        self.tenon("compile", model, "-o", other / "b.so", "--db", self.database)
        self.assertEqual((other / "a.so").read_bytes(), (other / "b.so").read_bytes())
        self.assertEqual((other / "a.so").read_bytes(), self.library.read_bytes())
        self.tenon("doctor", "--db", self.database)

    def test_a_log_goes_through_another_database_unchanged(self):
        model = self.make_model()
        self.tenon(*self.tune_words(model, "--trials", TRIALS))
        log, again = self.folder / "log.jsonl", self.folder / "again.jsonl"
        self.tenon("export", "--db", self.database, "-o", log)
        other = self.folder / "other.db"
        report = self.tenon("import", log, "--db", other)[1]
        self.assertIn(" 0 known, 0 rejected", report)
        self.assertIn(" 0 added, ", self.tenon("import", log, "--db", other)[1])
        self.tenon("export", "--db", other, "-o", again)
        self.assertEqual(log.read_bytes(), again.read_bytes())
        best = json.loads(self.tenon("best", model, "--db", other, "--json")[0])
        self.assertGreater(len([task for task in best["tasks"] if task["best_us"]]), 0)

    def test_a_tuned_library_computes_what_python_computes(self):
        model, given, expected = SmallConv().write(self.folder)
        self.tenon(*self.tune_words(model, "--trials", TRIALS, "--threads", 2))
        out = self.tenon("run", self.library, "--input", given, "--expect", expected,
                         "--threads", 2)[0]
        self.assertIn("equal", out)

    def test_a_fresh_job_measures_again(self):
        words = self.tune_words(self.make_model(), "--trials", 4)
        self.tune(*words)
        measured = self.num_measured()
        summary = self.tune(*words, "--fresh")
        self.assertEqual(summary["resumed"], 0)
        self.assertEqual(self.num_measured(), 2 * measured)

    def test_artifacts_are_cached_where_the_environment_says(self):
        self.tenon(*self.tune_words(self.make_model(), "--trials", 4))
        blobs = list((self.folder / "cache/tenon/artifacts").glob("??/" + "?" * 64))
        self.assertGreaterEqual(len(blobs), 4)
        self.assertFalse((self.folder / "home/.cache").exists())
        self.assertEqual(list((self.folder / "run").iterdir()), [])

    def test_doctor_finds_nothing_wrong(self):
        self.tenon(*self.tune_words(self.make_model(), "--trials", 2))
        words = ["doctor", "--db", self.database]
        self.assertIn("0 findings", self.tenon(*words)[0])
        found = json.loads(self.tenon(*words, "--json")[0])
        self.assertEqual(found["findings"], [])
        self.assertEqual(found["problems"], 0)
        self.assertTrue(all(found["programs"].values()))
        self.assertIn("sandbox seccomp", found["machine"])
        absent = json.loads(self.tenon("doctor", "--db", self.folder / "absent.db", "--json",
                                       code=1)[0])
        self.assertIsNone(absent["findings"])


if __name__ == "__main__":
    unittest.main()
