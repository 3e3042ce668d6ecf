"""A farm on loopback: keys, a tracker and workers as the programs that an operator starts."""

import os

from tests.e2e.common import Case


class FarmCase(Case):
    def setUp(self):
        super().setUp()
        self.keys = self.folder / "keys"

    def keygen(self, name, role, keys=None):
        return self.tenon("keygen", keys or self.keys, "--name", name, "--role", role)[0].strip()

    def start_tracker(self, url="tcp://127.0.0.1:*", *words):
        """Gives the tracker; self.url is where it listens."""
        read_end, write_end = os.pipe()
        tracker = self.start("tracker", "--listen", url, "--db", self.database, "--keys", self.keys,
                             "--blobs", self.folder / "blobs", "--ready-fd", write_end,
                             *words, pass_fds=[write_end])
        os.close(write_end)
        with os.fdopen(read_end) as ready:
            self.url = ready.readline().strip()
        self.assertTrue(self.url.startswith("tcp://127.0.0.1:"), tracker.errors())
        return tracker

    def start_worker(self, name, key, *words):
        return self.start("worker", "--tracker", self.url, "--key", key, "--name", name,
                          "--state", self.folder / "workers" / name / "state",
                          "--cache", self.folder / "workers" / name / "cache", *words)

    def start_farm(self, *worker_words):
        """Tracker, a build worker and a run worker; gives the submitter's key."""
        build, run = self.keygen("builder", "build"), self.keygen("board", "run")
        client = self.keygen("client", "submitter")
        self.tracker = self.start_tracker()
        self.builder = self.start_worker("builder", build, "--role", "build", *worker_words)
        self.board = self.start_worker("board", run, "--role", "run")
        return client
