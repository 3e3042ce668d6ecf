"""What a terminal, a pipe and a dumb terminal see of a running job."""

import os
import pty
import re
import select
import signal
import subprocess
import time
import unittest

from tests.e2e.common import TENON, Case, descendants_of, eventually, is_alive

PATIENCE_SECONDS = 60
ESCAPE = "\x1b"


class Output(Case):
    def watch(self, wanted, **variables):
        """Standard error of `tune` on a terminal until `wanted` is seen, then tune is ended."""
        environment = dict(self.environment, TERM="xterm")
        environment.pop("NO_COLOR", None)
        environment.pop("COLUMNS", None)
        environment.update(variables)
        controller, terminal = pty.openpty()
        words = [TENON, *self.tune_words(self.make_model(), "--time-limit", "60s")]
        job = subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=terminal, env=environment)
        os.close(terminal)
        text, end = "", time.monotonic() + PATIENCE_SECONDS
        while not re.search(wanted, text) and time.monotonic() < end:
            if select.select([controller], [], [], 0.1)[0]:
                text += os.read(controller, 65536).decode()
        below = descendants_of(job.pid)
        job.kill()
        job.wait()
        os.close(controller)
        self.assertTrue(eventually(lambda: not any(is_alive(pid) for pid in below), 10))
        self.assertRegex(text, wanted)
        return text

    def test_a_terminal_gets_a_table_that_redraws_itself(self):
        text = self.watch(ESCAPE + r"\[\d+A")
        self.assertIn(ESCAPE + "[1m", text)
        self.assertIn("GFLOP/s", text)

    def test_no_color_means_no_color(self):
        text = self.watch(ESCAPE + r"\[\d+A", NO_COLOR="1")
        self.assertNotIn(ESCAPE + "[1m", text)
        self.assertNotIn(ESCAPE + "[0m", text)

    def test_a_dumb_terminal_gets_plain_lines(self):
        text = self.watch("tune: .*trials", TERM="dumb")
        self.assertNotIn(ESCAPE, text)

    def test_lines_keep_to_the_columns(self):
        text = self.watch(ESCAPE + r"\[\d+A", COLUMNS="64")
        plain = re.sub(ESCAPE + r"\[\d*[A-Za-z]", "", text)
        self.assertLessEqual(max(len(line) for line in plain.splitlines()), 64)

    def test_a_closed_pipe_ends_a_command_quietly(self):
        for words in (["inspect", self.make_model(), "--space"],
                      self.tune_words(self.make_model(), "--time-limit", "60s", "--json")):
            job = self.start(*words, stdout=subprocess.PIPE)
            self.assertNotEqual(job.process.stdout.readline(), b"")
            below = descendants_of(job.pid)
            job.process.stdout.close()
            job.process.stdout = None
            code = job.wait(60)
            self.assertIn(code, (0, -signal.SIGPIPE))
            self.assertNotIn("error", job.errors())
            self.assertTrue(eventually(lambda: not any(is_alive(pid) for pid in below), 10))
        self.assertEqual(code, -signal.SIGPIPE)

    def test_results_go_to_stdout_and_progress_to_stderr(self):
        out, err = self.tenon(*self.tune_words(self.make_model(), "--trials", 2))
        self.assertRegex(out, r"(?m)^latency .* untuned, .* tuned")
        self.assertNotIn("tune: ", out)
        self.assertNotIn(ESCAPE, out + err)
        self.assertRegex(err, r"(?m)^tune: .*trials")


if __name__ == "__main__":
    unittest.main()
