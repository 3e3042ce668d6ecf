"""scripts/setup on machines made of stand-in commands that only write down their calls."""

import pathlib
import shutil
import subprocess
import tempfile
import unittest

SETUP = pathlib.Path(__file__).resolve().parent.parent / "setup"
TOOLS = ["awk", "bash", "cat", "dirname", "env", "grep", "mkdir", "stat", "tail", "wc"]


class SetupTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        root = pathlib.Path(self.directory.name)
        self.calls = root / "calls"
        self.bin = root / "bin"
        self.bin.mkdir()
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool))
        self.script = root / "project/scripts/setup"
        self.script.parent.mkdir(parents=True)
        shutil.copy(SETUP, self.script)
        self.stand_in("id", "echo 1000")
        self.stand_in("sleep", "")
        self.stand_in("apt-get", "")
        self.stand_in("dpkg-query", "echo installed")

    def tearDown(self):
        self.directory.cleanup()

    def stand_in(self, name, body):
        """A command that writes down its call and then does `body`."""
        file = self.bin / name
        file.write_text(f'#!{self.bin}/bash\necho "{name} $*" >>{self.calls}\n{body}\n')
        file.chmod(0o755)

    def run_setup(self, *arguments):
        self.calls.write_text("")
        done = subprocess.run([str(self.bin / "bash"), str(self.script), *arguments], text=True,
                              env={"PATH": str(self.bin)}, stdin=subprocess.DEVNULL,
                              capture_output=True, check=False)
        return done, self.calls.read_text().splitlines()

    def apt_calls(self, calls):
        return [call for call in calls if call.startswith("apt-get")]

    def test_nothing_is_asked_when_the_stamp_is_current(self):
        done, calls = self.run_setup()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertTrue(calls)
        done, calls = self.run_setup()
        self.assertEqual((done.returncode, calls), (0, []))
        done, calls = self.run_setup("--again")
        self.assertTrue(calls)

    def test_without_rights_one_line_names_the_command(self):
        self.stand_in("dpkg-query", "exit 1")
        done, calls = self.run_setup("format")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr, "error: 1 packages are missing; as root: apt-get update && "
                         "apt-get install -y --no-install-recommends clang-format-19\n")
        self.assertEqual(self.apt_calls(calls), [])

    def test_sudo_without_password_installs_what_is_missing(self):
        self.stand_in("dpkg-query", '[[ "$*" == *clang-format-19 ]] && exit 1; echo installed')
        self.stand_in("sudo", 'shift; "$@"')
        done, calls = self.run_setup("build", "format")
        self.assertEqual(done.returncode, 0, done.stderr)
        update, simulated, installed = self.apt_calls(calls)
        self.assertIn("DPkg::Lock::Timeout", update)
        self.assertTrue(simulated.startswith("apt-get -s install"))
        self.assertTrue(installed.endswith("install -y --no-install-recommends clang-format-19"))
        self.assertIn("sudo -n env DEBIAN_FRONTEND=noninteractive apt-get", "\n".join(calls))

    def test_removals_are_refused_but_for_the_other_boost(self):
        self.stand_in("id", "echo 0")
        self.stand_in("dpkg-query", "exit 1")
        boost = 'echo "Remv libboost-dev [1.74]"; echo "Remv libboost1.74-dev [1.74]"'
        self.stand_in("apt-get", boost)
        done, _ = self.run_setup("format")
        self.assertEqual(done.returncode, 0, done.stderr)
        removal = f'{boost}; echo "Remv openssh [1]"'
        self.stand_in("apt-get", f'[ "$1" = -s ] && {{ {removal}; }}; exit 0')
        done, calls = self.run_setup("--again", "format")
        self.assertEqual(done.returncode, 2)
        self.assertIn("would remove openssh;", done.stderr)
        self.assertEqual(len(self.apt_calls(calls)), 2)

    def test_a_lock_on_the_lists_is_waited_for(self):
        self.stand_in("id", "echo 0")
        self.stand_in("dpkg-query", "exit 1")
        once = self.bin.parent / "once"
        locked = f"echo >{once}; echo 'E: Could not get lock /var/lib/apt/lists/lock'; exit 100"
        self.stand_in("apt-get", f'[[ "$*" == *update ]] && [ ! -f {once} ] && {{ {locked}; }}\n'
                      "exit 0")
        done, calls = self.run_setup("format")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("another package manager is at work; waiting", done.stderr)
        self.assertEqual(len(self.apt_calls(calls)), 4)

    def test_failures_show_what_apt_said(self):
        self.stand_in("id", "echo 0")
        self.stand_in("dpkg-query", "exit 1")
        self.stand_in("apt-get", "echo 'E: no space left'; exit 100")
        done, _ = self.run_setup("format")
        self.assertEqual(done.returncode, 1)
        self.assertIn("E: no space left\nerror: setup: apt-get update failed", done.stderr)

    def test_unknown_group_is_refused(self):
        done, _ = self.run_setup("buidl")
        self.assertEqual(done.returncode, 2)
        self.assertIn("unknown group buidl; known: build format fuzz", done.stderr)


if __name__ == "__main__":
    unittest.main()
