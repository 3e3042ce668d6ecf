"""Candidates that crash, hang and lie while a job runs: each is recorded with its outcome, nothing
of it stays alive, and the next one starts at once.

tests/e2e/bad_builder.cc stands in for the builder; it breaks candidates by the hash of their trace.
"""

import hashlib
import threading
import time
import unittest

from tests.e2e.common import (OUTCOMES, PROGRAMS, all_processes, children_of, command_of,
                              descendants_of, is_alive)
from tests.e2e.farm import FarmCase

BROKEN = {0: "candidate_crash", 1: "candidate_crash", 2: "wrong_result", 3: "wrong_result",
          4: "run_timeout"}
RUN_LIMIT_MS = 1000
TRIALS = 48
LONGEST_GAP_SECONDS = 2
FEWEST_BAD = 20
POLL_SECONDS = 0.01


def expected_outcome(trace, workload):
    """What the broken builder made of a candidate; "" for one that it left alone."""
    outcome = BROKEN.get(hashlib.sha256(trace.encode()).digest()[0] % 8, "")
    return "" if outcome == "wrong_result" and "T.max(" not in workload else outcome


class RunnerWatch(threading.Thread):
    """Sees the runners of a worker come and go: gaps between them, and what outlives one."""

    def __init__(self, worker):
        super().__init__(daemon=True)
        self.worker = worker
        self.is_over = threading.Event()
        self.gaps = []
        self.survivors = []

    def run(self):
        runner, last_seen, below = 0, 0.0, set()
        while not self.is_over.is_set():
            now = time.monotonic()
            runners = children_of(self.worker, "tenon-runner")
            if runners and runners[0] != runner:
                if runner:
                    self.gaps.append(now - last_seen)
                    self.survivors += [pid for pid in below if is_alive(pid)]
                runner, below = runners[0], set()
            if runners:
                last_seen = now
                below.update([runner, *descendants_of(runner)])
            self.is_over.wait(POLL_SECONDS)

    def stop(self):
        self.is_over.set()
        self.join()


class BadCandidates(FarmCase):
    def start_bad_farm(self):
        worker_key, client = self.keygen("board", "build,run"), self.keygen("client", "submitter")
        self.start_tracker("tcp://127.0.0.1:*", "--run-limit-ms", RUN_LIMIT_MS)
        # With seccomp a candidate that forks is ended by that; without, it has its grandchildren.
        self.worker = self.start_worker("board", worker_key, "--skip-sandbox", "seccomp",
                                        "--builder", PROGRAMS / "tests/bad-builder")
        return client

    def recorded(self):
        return self.query(
            "SELECT x.text, w.text, m.outcome FROM measurement m JOIN trace x ON x.id = m.trace_id"
            " JOIN workload w ON w.id = m.workload_id WHERE m.role = 0 AND m.outcome < 8")

    def test_each_is_recorded_nothing_survives_and_the_next_starts_at_once(self):
        client = self.start_bad_farm()
        watch = RunnerWatch(self.worker.pid)
        watch.start()
        try:
            summary = self.tune("tune", self.make_model(), "-o", self.library, "--tracker",
                                self.url, "--key", client, "--trials", TRIALS)
        finally:
            watch.stop()
        self.assertTrue(summary["right"])
        self.assert_nothing_lost_or_doubled()
        num_bad, seen = 0, set()
        for trace, workload, outcome in self.recorded():
            expected = expected_outcome(trace, workload)
            if expected:
                self.assertEqual(OUTCOMES[outcome], expected, trace)
                num_bad += 1
                seen.add(expected)
            else:
                self.assertEqual(OUTCOMES[outcome], "ok", trace)
        self.assertEqual(seen, set(BROKEN.values()))
        self.assertGreaterEqual(num_bad, FEWEST_BAD)
        self.assertGreaterEqual(len(watch.gaps), FEWEST_BAD)
        self.assertLess(max(watch.gaps), LONGEST_GAP_SECONDS)
        self.assertEqual(watch.survivors, [])
        left = [pid for pid in all_processes() if command_of(pid)[0].endswith("tenon-runner")
                and command_of(pid)[1] == str(self.worker.pid)]
        self.assertEqual(left, [])

    def test_best_is_never_a_bad_one(self):
        client = self.start_bad_farm()
        model = self.make_model()
        self.tune("tune", model, "-o", self.library, "--tracker", self.url, "--key", client,
                  "--trials", 16)
        best = self.query("SELECT x.text, w.text FROM best b JOIN measurement m"
                          " ON m.id = b.measurement_id JOIN trace x ON x.id = m.trace_id"
                          " JOIN workload w ON w.id = b.workload_id")
        self.assertGreater(len(best), 0)
        for trace, workload in best:
            self.assertEqual(expected_outcome(trace, workload), "")


if __name__ == "__main__":
    unittest.main()
