"""A disk that is full: one clear error, exit code 2, the old library as it was."""

import resource
import shutil
import signal
import subprocess
import tempfile
import unittest

from tests.e2e.common import TENON, Case

OLD_LIBRARY = b"an old library"
FILE_LIMIT = 16 * 1024
DISK_KIB = 24
DISK_FULL = 15  # database/records.h


class FullDisk(Case):
    def test_a_file_over_the_size_limit(self):
        model = self.make_model()
        self.library.write_bytes(OLD_LIBRARY)
        before = sorted(self.folder.iterdir())
        err = self.refused("compile", model, "-o", self.library, preexec_fn=lambda: (
            resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_LIMIT, FILE_LIMIT))))
        self.assertIn("File too large", err)
        self.assertEqual(self.library.read_bytes(), OLD_LIBRARY)
        self.assertEqual(sorted(self.folder.iterdir()), before)

    def mount_small_disk(self, kib=DISK_KIB):
        """A tmpfs; needs privilege."""
        place = tempfile.mkdtemp(prefix="tenon-e2e-disk-")
        self.addCleanup(shutil.rmtree, place, True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", place],
                              capture_output=True, text=True)
        if done.returncode != 0:
            self.skipTest("skipped: no right to mount a small disk: " + done.stderr.strip())
        self.addCleanup(subprocess.run, ["umount", place], check=True)
        return type(self.folder)(place)

    def test_no_space_for_a_compiled_and_for_a_tuned_library(self):
        model = self.make_model()
        disk = self.mount_small_disk()
        library = disk / "model.so"
        library.write_bytes(OLD_LIBRARY)
        for words in (["compile", model, "-o", library],
                      ["tune", model, "-o", library, "--db", self.database, "--trials", 2]):
            done = self.run_any(*words)
            self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
            self.assertEqual(done.stderr.count("error: "), 1, done.stderr)
            self.assertIn("No space left on device", done.stderr)
            self.assertIn(str(disk), done.stderr)
            self.assertEqual(library.read_bytes(), OLD_LIBRARY)
            self.assertEqual([entry.name for entry in disk.iterdir()], ["model.so"])
        self.assertGreater(self.num_measured(), 0)

    def test_no_space_for_the_database(self):
        disk = self.mount_small_disk()
        done = self.run_any("tune", self.make_model(), "-o", self.library, "--db", disk / "t.db",
                            "--trials", 2)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertEqual(done.stderr.count("error: "), 1, done.stderr)
        self.assertRegex(done.stderr, "no room: free disk space|No space left")
        self.assertFalse(self.library.exists())

    def test_a_database_that_has_no_room_any_more_is_told_while_the_job_waits(self):
        disk = self.mount_small_disk(kib=700)
        job = self.start("tune", self.make_model(), "-o", self.library, "--db", disk / "t.db",
                         "--trials", 200)
        self.assertTrue(job.says("tune: tracker: not stored: "), job.errors())
        self.assertIn("no room: free disk space", job.errors())
        self.assertIsNone(job.process.poll())
        job.end()

    def test_no_space_for_artifacts_is_an_outcome_and_no_outage(self):
        disk = self.mount_small_disk(kib=8)
        self.environment["XDG_CACHE_HOME"] = str(disk)
        self.library.write_bytes(OLD_LIBRARY)
        out, err = self.tenon(*self.tune_words(self.make_model(), "--trials", 1), code=1)
        self.assertEqual(out, "")
        self.assertEqual(err.count("error: "), 1, err)
        self.assertIn("none of 1 candidates was valid; the last one: disk_full: ", err)
        self.assertIn("No space left on device", err)
        self.assertEqual(self.library.read_bytes(), OLD_LIBRARY)
        details = self.query("SELECT DISTINCT outcome FROM attempt")
        self.assertEqual(details, [(DISK_FULL,)])

    def test_a_full_standard_output_is_an_error(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([TENON, "inspect", self.make_model()], stdout=full,
                                  stderr=subprocess.PIPE, text=True, env=self.environment)
        self.assertNotEqual(done.returncode, 0)
        self.assertNotEqual(done.returncode, -signal.SIGPIPE)
        self.assertIn("No space left on device", done.stderr)


if __name__ == "__main__":
    unittest.main()
