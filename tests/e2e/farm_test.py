"""A shared tracker and workers over TCP with keys: tuning through them, and who is not let in."""

import pathlib
import unittest

from tests.e2e.common import eventually
from tests.e2e.farm import FarmCase


class Farm(FarmCase):
    def test_tuning_through_a_tracker_is_like_tuning_alone(self):
        client = self.start_farm()
        model = self.make_model()
        words = ["tune", model, "-o", self.library, "--tracker", self.url, "--key", client,
                 "--trials", 8]
        summary = self.tune(*words)
        self.assertTrue(summary["right"])
        self.assertEqual(summary["trials"], 8)
        self.assertGreater(summary["outcomes"].get("ok", 0), 0)
        self.assertEqual(self.num_measured(), 8)
        self.assert_nothing_lost_or_doubled()
        workers = dict(self.query("SELECT role, worker FROM attempt GROUP BY role, worker"))
        self.assertEqual(sorted(workers.values()), ["board/board", "builder/builder"])

        alone = self.folder / "alone.db"
        local = self.tune("tune", model, "-o", self.folder / "alone.so", "--db", alone,
                          "--trials", 8)
        self.assertEqual(local.keys(), summary.keys())
        # The first batches depend on the seed alone, wherever they are measured.
        first = ("SELECT t.hash FROM task JOIN trace t ON t.id = trace_id WHERE batch_no = 0"
                 " ORDER BY position")
        self.assertEqual(self.query(first), self.query(first, database=alone))

        again = self.tune(*words)
        self.assertEqual(again["resumed"], 8)
        self.assertEqual(self.num_measured(), 8)

    def test_a_worker_with_an_unknown_key_is_refused_and_both_sides_say_so(self):
        tracker = self.start_tracker()
        stranger = self.stranger_key("run")
        worker = self.start_worker("stranger", stranger, "--role", "run")
        self.assertEqual(worker.wait(60), 2)
        said = [line for line in worker.errors().splitlines() if "error" in line]
        self.assertEqual(len(said), 1, worker.errors())
        self.assertIn("refuses this worker", said[0])
        self.assertTrue(tracker.says("warning"), tracker.errors())
        self.assertIn("not authorised", tracker.errors())

    def stranger_key(self, role):
        """A key that knows this tracker but was never authorised by it."""
        stranger = pathlib.Path(self.keygen("stranger", role, keys=self.folder / "elsewhere"))
        server = (self.keys / "server.key").read_text().split("public ")[1].split()[0]
        lines = stranger.read_text().splitlines()
        lines[-1] = "server " + server
        stranger.write_text("\n".join(lines) + "\n")
        return stranger

    def test_a_client_with_an_unknown_key_is_refused(self):
        tracker = self.start_tracker()
        err = self.refused("tune", self.make_model(), "-o", self.library, "--tracker", self.url,
                           "--key", self.stranger_key("submitter"), "--trials", 2)
        self.assertIn("not authorised", err)
        self.assertIn("not authorised", tracker.errors())
        self.assertFalse(self.library.exists())

    def test_a_key_may_act_in_its_role_only(self):
        key = self.keygen("board", "run")
        tracker = self.start_tracker()
        worker = self.start_worker("board", key, "--role", "build")
        self.assertEqual(worker.wait(60), 2)
        self.assertIn("build", worker.errors())
        self.assertIn("not build", tracker.errors())
        err = self.refused("tune", self.make_model(), "-o", self.library, "--tracker", self.url,
                           "--key", key, "--trials", 2)
        self.assertIn("run", err)
        self.assertFalse(self.library.exists())

    def test_a_worker_without_its_builder_says_so(self):
        key = self.keygen("board", "build")
        self.start_tracker()
        for program, said in (("/bin/false", "the builder did not start: exit code 1"),
                              ("/no/such/builder", "start /no/such/builder: No such file")):
            worker = self.start_worker("board", key, "--role", "build", "--builder", program)
            self.assertEqual(worker.wait(60), 1)
            self.assertEqual(worker.errors().count("error"), 1, worker.errors())
            self.assertIn(said, worker.errors())

    def test_a_worker_whose_tracker_comes_later_and_comes_back(self):
        key = self.keygen("board", "run")
        tracker = self.start_tracker()
        worker = self.start_worker("board", key, "--role", "run")
        self.assertTrue(worker.says("connected to"), worker.errors())
        tracker.end()
        self.assertTrue(worker.says("no connection"), worker.errors())
        self.start_tracker(self.url)
        self.assertTrue(eventually(lambda: worker.errors().count("connected to") == 2),
                        worker.errors())


if __name__ == "__main__":
    unittest.main()
