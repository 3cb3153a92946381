"""scripts/lib.sh on machines that lack something: each failure says what to do. The machine is a
folder of small programs that stand first in PATH; nothing is installed, fetched or filled."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from planted import ROOT

DEBIAN = "ID=debian\nVERSION_ID=12\n"
NOTHING_INSTALLED = "exit 1\n"
NO_CANDIDATES = "exit 0\n"
EVERY_CANDIDATE = 'echo "  Candidate: 1.0"\n'
NO_NAMES = "W: Failed to fetch https://archive.example/dists: Temporary failure resolving 'archive.example'"


class Machine:
    """A copy of lib.sh in a repository of its own, and programs that stand before the real ones."""

    def __init__(self, programs, os_release=DEBIAN):
        self.folder = tempfile.mkdtemp(prefix="machine-")
        os.chmod(self.folder, 0o777)
        for name in ("bin", "repo", "repo/scripts", "repo/build"):
            os.mkdir(os.path.join(self.folder, name))
            os.chmod(os.path.join(self.folder, name), 0o777)
        shutil.copy(f"{ROOT}/scripts/lib.sh", f"{self.folder}/repo/scripts/lib.sh")
        self.write("os-release", os_release)
        self.write("calls", "")
        os.chmod(f"{self.folder}/calls", 0o666)
        for name, body in programs.items():
            self.write(f"bin/{name}", f'#!/bin/bash\necho "{name} $*" >> "{self.folder}/calls"\n{body}')
            os.chmod(f"{self.folder}/bin/{name}", 0o755)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as handle:
            handle.write(text)

    def calls(self):
        with open(f"{self.folder}/calls", encoding="utf-8") as handle:
            return handle.read().splitlines()

    def start(self, code, without_root=False):
        before = []
        if without_root and os.geteuid() == 0:
            before = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        elif not without_root and os.geteuid() != 0:
            raise unittest.SkipTest("needs root")
        script = f'set -euo pipefail; . scripts/lib.sh; OS_RELEASE="{self.folder}/os-release"; {code}'
        kept = {k: v for k, v in os.environ.items() if k in ("LANG", "HOME", "LC_ALL")}
        return subprocess.Popen([*before, "bash", "-c", script], cwd=f"{self.folder}/repo", text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                env={**kept, "PATH": f"{self.folder}/bin:/usr/sbin:/usr/bin:/sbin:/bin"})

    def run(self, code, without_root=False):
        with self.start(code, without_root) as process:
            printed, _ = process.communicate(timeout=60)
        return process.returncode, printed


def apt(update="exit 0", install="exit 0"):
    return f'case "$*" in *update*) {update};; *install*) {install};; esac\n'


class Packages(unittest.TestCase):
    def verdict(self, programs, status, *needles, code="need_packages one 'two|three'", **more):
        release = more.pop("os_release", DEBIAN)
        with Machine({"dpkg-query": NOTHING_INSTALLED, "apt-cache": EVERY_CANDIDATE, "apt-get": apt(), **programs},
                     release) as machine:
            got, printed = machine.run(code, **more)
            calls = machine.calls()
        self.assertEqual(got, status, printed)
        for needle in needles:
            self.assertIn(needle, printed)
        return printed, calls

    def test_missing_ones_are_installed_by_name(self):
        _, calls = self.verdict({}, 0, "ok  install 2 packages")
        self.assertRegex("\n".join(calls), r"apt-get -y .* install --no-install-recommends one two")

    def test_what_is_there_is_left_alone(self):
        printed, calls = self.verdict({"dpkg-query": "echo installed\n"}, 0)
        self.assertEqual(printed, "")
        self.assertFalse([call for call in calls if call.startswith("apt-get")])

    def test_lists_that_nobody_answered_for(self):
        # apt-get update ends with 0 although it reached nothing.
        printed, _ = self.verdict({"apt-get": apt(update=f'echo "{NO_NAMES}"'), "apt-cache": NO_CANDIDATES}, 1,
                                  "could not be fetched", "The network did not answer", "run the same command again")
        self.assertNotIn("do not carry", printed)

    def test_sources_without_the_package(self):
        self.verdict({"apt-cache": NO_CANDIDATES}, 1, "do not carry: one two or three", "On Debian enable")

    def test_downloads_that_fail(self):
        self.verdict({"apt-get": apt(install=f'echo "E: {NO_NAMES}"; exit 100')}, 1,
                     "FAILED install 2 packages", "The network did not answer")

    def test_no_room_for_packages(self):
        full = "E: You don't have enough free space in /var/cache/apt/archives/."
        self.verdict({"apt-get": apt(install=f'echo "{full}"; exit 100')}, 1, "The disk is full", "free some space")

    def test_somebody_else_installs(self):
        self.verdict({"apt-get": apt(install='echo "E: Could not get lock /var/lib/dpkg/lock"; exit 100')}, 1,
                     "Another package manager is at work")

    def test_a_broken_package_database(self):
        self.verdict({"apt-get": apt(install='echo "E: dpkg was interrupted"; exit 100')}, 1, "dpkg --configure -a")

    def test_without_root_and_without_sudo(self):
        self.verdict({}, 1, "needs root", "Run as root: apt-get update && apt-get install one two", without_root=True,
                     code="command() { [[ \"$*\" != *sudo* ]] && builtin command \"$@\"; }; need_packages one 'two|three'")

    def test_sudo_that_wants_a_password_and_has_no_terminal(self):
        _, calls = self.verdict({"sudo": "exit 1\n"}, 1, "Run as root: apt-get update", without_root=True)
        self.assertEqual([c for c in calls if c.startswith("sudo")], ["sudo -n true"], "it must not ask")

    def test_sudo_that_may(self):
        _, calls = self.verdict({"sudo": 'shift; exec "$@"\n'}, 0, "ok  install 2 packages", without_root=True)
        self.assertTrue([c for c in calls if c.startswith("sudo -n env DEBIAN_FRONTEND=noninteractive apt-get")])

    def test_distributions(self):
        for release, status in ((DEBIAN, 0), ("ID=debian\n", 0), ("ID=ubuntu\nID_LIKE=debian\nVERSION_ID=24.04\n", 0),
                                ("ID=linuxmint\nID_LIKE='ubuntu debian'\n", 0), ("ID=debian\nVERSION_ID=11\n", 3),
                                ("ID=fedora\nVERSION_ID=41\n", 3)):
            with self.subTest(release=release):
                printed, _ = self.verdict({}, status, os_release=release)
                if status:
                    for needle in ("not Debian 12", "two or three", "CARAPACE_SKIP_PACKAGES=1"):
                        self.assertIn(needle, printed)

    def test_a_small_disk(self):
        self.verdict({"df": 'echo "Filesystem 1024-blocks Used Available"; echo "/dev/x 9 9 204800 9% /"\n'}, 1,
                     "Only 200 MB are free", "the build needs 4 GB", "Free some space", code="need_disk 4")


class Node(unittest.TestCase):
    def verdict(self, programs, status, *needles, before=""):
        with Machine(programs) as machine:
            got, printed = machine.run(before + "need_node; node --version", without_root=True)
            calls = machine.calls()
        self.assertEqual(got, status, printed)
        for needle in needles:
            self.assertIn(needle, printed)
        return calls

    def test_a_new_one_is_used_as_it_is(self):
        calls = self.verdict({"node": "echo v24.1.0\n", "npm": "exit 1\n"}, 0, "v24.1.0")
        self.assertFalse([c for c in calls if c.startswith("npm")])

    def test_an_old_one_is_replaced_below_the_repository_once(self):
        brings = ('while (($#)); do [[ "$1" != --prefix ]] || to="$2/node_modules/node/bin"; shift; done; mkdir -p "$to"; '
                  'printf \'#!/bin/sh\\necho v%s\\n\' "$NODE_VERSION" > "$to/node"; chmod +x "$to/node"\n')
        old = {"node": "echo v18.19.0\n", "npm": brings}
        calls = self.verdict(old, 0, "fetch Node", before="export NODE_VERSION; need_node; ")
        self.assertEqual(len([c for c in calls if c.startswith("npm")]), 1, "the second time it is there")

    def test_no_network(self):
        self.verdict({"node": "echo v18.19.0\n", "npm": 'echo "npm error code ENOTFOUND" >&2; exit 1\n'}, 1,
                     "FAILED fetch Node", "The network did not answer")


class Steps(unittest.TestCase):
    def test_a_program_that_is_not_there(self):
        with Machine({}) as machine:
            status, printed = machine.run('step "a build" no-such-program || exit 9', without_root=True)
        self.assertEqual(status, 9, printed)
        self.assertIn("./scripts/quickstart --no-run installs it", printed)

    def test_an_interrupted_step_takes_its_program_along(self):
        with Machine({}) as machine:
            with machine.start('long() { echo $BASHPID > build/pid; sleep 300; }; step "a long one" long',
                               without_root=True) as process:
                pid = self.wait_for(f"{machine.folder}/repo/build/pid")
                process.send_signal(signal.SIGTERM)
                printed, _ = process.communicate(timeout=20)
            self.assertEqual(process.returncode, 143, printed)
            self.assertIn("Interrupted. The same command goes on from here.", printed)
            self.assertTrue(self.ends(pid), "it still runs")

    def ends(self, pid):
        """Gone, or dead and not yet taken off the list by whoever adopted it."""
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                with open(f"/proc/{pid}/stat", encoding="utf-8") as handle:
                    if handle.read().rpartition(")")[2].split()[0] == "Z":
                        return True
            except FileNotFoundError:
                return True
            time.sleep(0.05)
        return False

    def wait_for(self, path):
        until = time.monotonic() + 20
        while time.monotonic() < until:
            if os.path.exists(path):
                with open(path, encoding="utf-8") as handle:
                    pid = handle.read().strip()
                if pid:
                    return pid
            time.sleep(0.02)
        self.fail(f"{path} never came")


if __name__ == "__main__":
    unittest.main()
