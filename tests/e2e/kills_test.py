"""kill -9 of everything that works for a running `tenon tune`, and of itself: the job goes on, or
the same command resumes it, and no measurement is lost or made twice."""

import json
import os
import signal
import subprocess
import unittest

from tests.e2e.common import Case, children_of, descendants_of, eventually, is_alive, kill
from tests.e2e.farm import FarmCase
from tests.e2e.numbers import several_convs

TRIALS = 48


class KillsCase(Case):
    def several_convs(self):
        path = self.folder / "several.onnx"
        path.write_bytes(several_convs())
        return path


class Kills(KillsCase):
    def start_tune(self, *words):
        job = self.start(*self.tune_words(self.several_convs(), "--json", *words),
                         stdout=subprocess.PIPE, text=True)
        self.assertTrue(self.measured_more_than(0, job), job.errors())
        return job

    def measured_more_than(self, count, job):
        return eventually(lambda: self.num_measured() > count or job.process.poll() is not None,
                          60) and self.num_measured() > count

    def child(self, parent, program):
        """The id of the one child of that program; waits for it."""
        found = eventually(lambda: children_of(parent, program))
        self.assertEqual(len(found), 1, program)
        return found[0]

    def finish(self, job):
        out, _ = job.process.communicate(timeout=200)
        self.assertEqual(job.process.returncode, 0, job.errors())
        summary = json.loads(out.splitlines()[-1])
        self.assertTrue(summary["right"])
        self.assertEqual(summary["trials"], TRIALS)
        self.assertEqual(self.num_measured_tasks(), TRIALS)
        self.assert_nothing_lost_or_doubled()
        self.tenon("doctor", "--db", self.database)
        return summary

    def num_measured_tasks(self):
        return self.query("SELECT COUNT(DISTINCT task_id) FROM measurement WHERE role = 0")[0][0]

    def test_killed_builder_runner_worker_and_tracker_are_replaced_and_the_job_goes_on(self):
        job = self.start_tune("--trials", TRIALS)
        worker = self.child(job.pid, "tenon-worker")
        kill(self.child(worker, "tenon-builder"))
        self.assertTrue(self.measured_more_than(self.num_measured(), job), job.errors())
        runner = eventually(lambda: children_of(worker, "tenon-runner"))
        for pid in [*runner, *descendants_of(runner[0])]:
            kill(pid)
        self.assertTrue(self.measured_more_than(self.num_measured(), job), job.errors())

        kill(worker)
        self.assertTrue(job.says("the private worker ended with signal 9"), job.errors())
        self.assertTrue(self.measured_more_than(self.num_measured(), job), job.errors())
        tracker = self.child(job.pid, "tenon-tracker")
        kill(tracker)
        self.assertTrue(job.says("the private tracker ended with signal 9"), job.errors())
        self.assertNotEqual(self.child(job.pid, "tenon-worker"), worker)
        self.finish(job)

    def test_a_killed_tune_leaves_no_process_and_the_same_command_repeats_nothing(self):
        job = self.start_tune("--trials", TRIALS)
        below = descendants_of(job.pid)
        self.assertGreaterEqual(len(below), 3)
        kill(job.pid)
        job.process.wait()
        eventually(lambda: not any(is_alive(pid) for pid in below), 5)
        self.assertEqual([pid for pid in below if is_alive(pid)], [], "alive 5 s after tune")
        self.assertFalse(self.library.exists())
        measured = self.num_measured()
        self.assertGreater(measured, 0)
        before = self.query("SELECT id FROM measurement ORDER BY id")
        again = self.start_tune("--trials", TRIALS)
        summary = self.finish(again)
        self.assertGreaterEqual(summary["resumed"], measured)
        self.assertEqual(self.query("SELECT id FROM measurement WHERE id <= ? ORDER BY id",
                                    before[-1][0]), before)
        self.assertEqual(list((self.folder / "run").iterdir()), [], "private files are left")


    def test_a_tune_killed_while_it_compares_leaves_the_old_library(self):
        self.library.write_bytes(b"an old library")
        job = self.start(*self.tune_words(self.several_convs(), "--trials", 4))
        fresh = eventually(lambda: list(self.folder.glob(".tenon-compare.*/reference.so"))
                           or job.process.poll() is not None, 60)
        self.assertTrue(fresh, job.errors())
        self.assertIsNone(job.process.poll(), "the library was not compared beside its place")
        self.assertEqual(self.library.read_bytes(), b"an old library")
        kill(job.pid)
        job.process.wait()
        self.assertEqual(self.library.read_bytes(), b"an old library")
        # What the killed one left beside goes with the next.
        self.tune(*self.tune_words(self.several_convs(), "--trials", 4))
        self.assertEqual(list(self.folder.glob(".tenon-compare.*")), [])
        self.tenon("run", self.library)


class FarmKills(KillsCase, FarmCase):
    def test_a_farm_goes_on_after_its_tracker_and_a_worker_were_killed(self):
        client = self.start_farm()
        job = self.start("tune", self.several_convs(), "-o", self.library, "--tracker", self.url,
                         "--key", client, "--trials", TRIALS, "--json", stdout=subprocess.PIPE,
                         text=True)

        def more_than(count):
            self.assertTrue(eventually(lambda: self.num_measured() > count, 60), job.errors())

        more_than(0)
        self.tracker.end()
        self.tracker = self.start_tracker(self.url)
        more_than(self.num_measured())
        kill(self.board.pid)
        self.board.process.wait()
        self.board = self.start_worker("board", self.keys / "board.key", "--role", "run")
        more_than(self.num_measured())
        out, _ = job.process.communicate(timeout=200)
        self.assertEqual(job.process.returncode, 0, job.errors())
        summary = json.loads(out.splitlines()[-1])
        self.assertTrue(summary["right"])
        self.assertEqual(summary["trials"], TRIALS)
        self.assert_nothing_lost_or_doubled()


class Signals(KillsCase):
    def stop_with(self, number, expected):
        job = self.start(*self.tune_words(self.several_convs(), "--time-limit", "100s"))
        self.assertTrue(eventually(lambda: self.num_ok() > 0, 60), job.errors())
        below = descendants_of(job.pid)
        os.kill(job.pid, number)
        self.assertEqual(job.wait(60), expected, job.errors())
        self.assertTrue(self.library.exists(), job.errors())
        self.tenon("run", self.library)
        self.assertEqual([pid for pid in below if is_alive(pid)], [])
        self.assert_nothing_lost_or_doubled()

    def num_ok(self):
        rows = self.query("SELECT COUNT(*) FROM measurement WHERE role = 0 AND outcome = 0")
        return rows[0][0] if rows else 0

    def test_ctrl_c_keeps_the_best_library_so_far(self):
        self.stop_with(signal.SIGINT, 130)

    def test_sigterm_keeps_the_best_library_so_far(self):
        self.stop_with(signal.SIGTERM, 143)

    def test_a_second_ctrl_c_ends_at_once_and_leaves_nothing(self):
        job = self.start(*self.tune_words(self.several_convs(), "--time-limit", "100s"))
        self.assertTrue(eventually(lambda: self.num_ok() > 0, 60), job.errors())
        below = descendants_of(job.pid)

        def interrupt():
            os.kill(job.pid, signal.SIGINT)
            return job.process.poll() is not None

        self.assertTrue(eventually(interrupt, 2), job.errors())
        self.assertEqual(job.wait(), 130, job.errors())
        eventually(lambda: not any(is_alive(pid) for pid in below), 5)
        self.assertEqual([pid for pid in below if is_alive(pid)], [])
        self.assertFalse(self.library.exists())


if __name__ == "__main__":
    unittest.main()
