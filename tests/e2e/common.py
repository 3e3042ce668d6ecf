"""What the end-to-end tests share: a private folder and home for each test, the programs as a user
runs them, processes found through /proc, and the end of everything that a test started.

TENON_PROGRAMS is the folder of the built programs. Nothing here waits for a fixed time: what
another process will do is polled for, with a deadline.
"""

import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = pathlib.Path(os.environ.get("TENON_PROGRAMS", ROOT / "build/release"))
TENON = PROGRAMS / "tenon"
SHARED = ROOT.parent / "shared"
COMMAND_SECONDS = 240
POLL_SECONDS = 0.02

# Columns of the database (database/records.h).
OUTCOMES = ["ok", "compile_error", "link_error", "invalid_schedule", "wrong_result",
            "candidate_crash", "candidate_limit", "run_timeout"]
CANDIDATE_ROLE = 0
FIRST_FINAL_STATE = 5

sys.path.insert(0, str(ROOT / "scripts"))  # the model generator: `from models import onnx`


def eventually(condition, seconds=30):
    """The first true value of condition(), or its last one when the time is over."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(POLL_SECONDS)


def parent_of(pid):
    """The parent's id, 0 when the process is gone or a zombie."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return 0
    state, parent = text.rpartition(")")[2].split()[:2]
    return 0 if state == "Z" else int(parent)


def command_of(pid):
    try:
        text = pathlib.Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except OSError:
        return [""]
    return text.split("\0")


def all_processes():
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]


def children_of(pid, program=""):
    """Ids of live children whose program's name ends with `program`."""
    return [child for child in all_processes()
            if parent_of(child) == pid and command_of(child)[0].endswith(program)]


def descendants_of(pid):
    found = []
    for child in children_of(pid):
        found += [child, *descendants_of(child)]
    return found


def is_alive(pid):
    return parent_of(pid) != 0


def kill(pid):
    """SIGKILL to one process; nothing happens when it is gone."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


class Background:
    """A program that runs beside the test; its standard error goes to a file."""

    def __init__(self, words, error_file, environment, **options):
        self.error_file = error_file
        with open(error_file, "ab") as errors:
            self.process = subprocess.Popen([str(word) for word in words], stderr=errors,
                                            stdin=subprocess.DEVNULL, env=environment,
                                            start_new_session=True, **options)
        self.pid = self.process.pid

    def errors(self):
        return self.error_file.read_text(errors="replace")

    def says(self, text, seconds=30):
        """Waits until standard error holds the text."""
        return eventually(lambda: text in self.errors() or self.process.poll() is not None,
                          seconds) and text in self.errors()

    def wait(self, seconds=COMMAND_SECONDS):
        return self.process.wait(timeout=seconds)

    def end(self):
        """Kills it and everything below it."""
        below = descendants_of(self.pid) if self.process.poll() is None else []
        for pid in [self.pid, *below] if self.process.poll() is None else below:
            kill(pid)
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="tenon-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        home = {name: str(self.folder / place) for name, place in (
            ("HOME", "home"), ("XDG_STATE_HOME", "state"), ("XDG_CACHE_HOME", "cache"),
            ("XDG_RUNTIME_DIR", "run"))}
        for place in home.values():
            pathlib.Path(place).mkdir()
        self.environment = dict(os.environ, **home)
        self.database = self.folder / "t.db"
        self.library = self.folder / "model.so"
        self.num_started = 0

    def make_model(self, kind="conv_relu", name="model.onnx", *words):
        path = self.folder / name
        subprocess.run([sys.executable, ROOT / "scripts/make_models", kind, "-o", path, *words],
                       check=True, capture_output=True)
        return path

    def run_any(self, *words, **options):
        return subprocess.run([str(TENON), *map(str, words)], capture_output=True, text=True,
                              env=self.environment, timeout=COMMAND_SECONDS, **options)

    def tenon(self, *words, code=0, **options):
        """Runs the command, checks its exit code, gives (stdout, stderr)."""
        done = self.run_any(*words, **options)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout, done.stderr

    def refused(self, *words, **options):
        """Runs a command that must end with code 2 and one error; gives the error's text."""
        out, err = self.tenon(*words, code=2, **options)
        self.assertEqual(out, "")
        self.assertTrue(err.startswith("error: "), err)
        self.assertEqual(err.count("error: "), 1, err)
        return err

    def start(self, *words, **options):
        """Starts `tenon WORDS...` beside the test; it and its children end with the test."""
        self.num_started += 1
        options.setdefault("stdout", subprocess.DEVNULL)
        background = Background([TENON, *words], self.folder / f"stderr{self.num_started}",
                                self.environment, **options)
        self.addCleanup(background.end)
        return background

    def tune_words(self, model, *words):
        return ["tune", model, "-o", self.library, "--db", self.database, *words]

    def tune(self, *words, code=0):
        """Runs `tenon tune ... --json`; gives its summary."""
        out = self.tenon(*words, "--json", code=code)[0]
        return json.loads(out.splitlines()[-1])

    def query(self, sql, *values, database=None):
        """Rows of the database while others may write to it; none while it is not there."""
        path = database or self.database
        if not path.exists():
            return []
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
        try:
            return connection.execute(sql, values).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []
            raise
        finally:
            connection.close()

    def num_measured(self, database=None):
        rows = self.query("SELECT COUNT(*) FROM measurement WHERE role = ?", CANDIDATE_ROLE,
                          database=database)
        return rows[0][0] if rows else 0

    def assert_nothing_lost_or_doubled(self, database=None):
        """Every finished task has exactly one final measurement, and no candidate has two tasks."""
        doubled = self.query(
            "SELECT task_id, COUNT(*) FROM measurement WHERE task_id IS NOT NULL AND outcome < 8"
            " GROUP BY task_id HAVING COUNT(*) > 1", database=database)
        self.assertEqual(doubled, [], "tasks with two accepted measurements")
        lost = self.query(
            "SELECT id FROM task WHERE state IN (5, 6) AND id NOT IN"
            " (SELECT task_id FROM measurement WHERE task_id IS NOT NULL)", database=database)
        self.assertEqual(lost, [], "finished tasks without a measurement")
        repeated = self.query(
            "SELECT workload_id, trace_id, COUNT(*) FROM task"
            " GROUP BY job_id, workload_id, trace_id, target_id, threads HAVING COUNT(*) > 1",
            database=database)
        self.assertEqual(repeated, [], "candidates that were sent twice")
