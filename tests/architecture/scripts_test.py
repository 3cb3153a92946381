"""The scripts parse, explain themselves, and count right. Nothing is installed or built here."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from planted import ROOT

JUNIT = """<testsuite>
<testcase name="a" status="run"><system-out>[  PASSED  ] 12 tests.
[  SKIPPED ] 1 test, listed below:</system-out></testcase>
<testcase name="b" status="fail"><failure/><system-out>[  PASSED  ] 3 tests.
[  FAILED  ] 2 tests, listed below:</system-out></testcase>
<testcase name="c" status="fail"><failure/><system-out>Ran 7 tests in 0.1s

FAILED (failures=1, errors=1, skipped=2)</system-out></testcase>
<testcase name="d" status="run"/>
<testcase name="e" status="fail"><failure/><system-out>[  PASSED  ] 4 tests.
a sanitizer ended it</system-out></testcase>
<testcase name="f" status="run"><system-out># pass 5
# fail 0</system-out></testcase>
<testcase name="g" status="disabled"><skipped message=""/></testcase>
<testcase name="h" status="notrun"><skipped message="Unable to find executable"/></testcase>
<testcase name="i" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/></testcase>
</testsuite>"""


def run(*words):
    dropped = ("STEP_IS_TEST", "STEP_TAIL", "VERBOSE", "CARAPACE_SKIP_PACKAGES")
    environment = {name: value for name, value in os.environ.items() if name not in dropped}
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                          check=False, text=True, cwd=ROOT, env=environment)
    return done.returncode, done.stdout


def bash_files():
    for folder in ("scripts", ".ci", ".githooks"):
        for name in sorted(os.listdir(os.path.join(ROOT, folder))):
            path = os.path.join(ROOT, folder, name)
            if os.path.isfile(path):
                yield os.path.relpath(path, ROOT)


class Scripts(unittest.TestCase):
    def test_they_parse(self):
        files = list(bash_files())
        self.assertGreater(len(files), 5)
        for path in files:
            with self.subTest(path=path):
                status, printed = run("bash", "-n", path)
                self.assertEqual(status, 0, printed)

    @unittest.skipUnless(shutil.which("shellcheck"), "shellcheck is not installed")
    def test_shellcheck_is_content(self):
        status, printed = run("shellcheck", "-x", "-P", "SCRIPTDIR", *bash_files())
        self.assertEqual(status, 0, printed)

    def test_they_stop_at_the_first_error_and_may_be_run(self):
        for path in bash_files():
            if path.endswith("lib.sh"):
                continue
            with self.subTest(path=path):
                with open(os.path.join(ROOT, path), encoding="utf-8") as handle:
                    text = handle.read()
                self.assertTrue(text.startswith("#!/usr/bin/env bash\n"))
                self.assertIn("\nset -euo pipefail\n", text)
                self.assertTrue(os.access(os.path.join(ROOT, path), os.X_OK), f"chmod +x {path}")

    def test_help(self):
        for words in (("scripts/quickstart", "--help"), ("scripts/test", "--help"), ("scripts/dev", "help")):
            with self.subTest(words=words):
                status, printed = run(*words)
                self.assertEqual(status, 0, printed)
                self.assertIn("usage: ./" + words[0], printed)

    def test_unknown_words_are_refused(self):
        for words in (("scripts/quickstart", "--nope"), ("scripts/test", "--nope"), ("scripts/dev", "nope")):
            with self.subTest(words=words):
                status, printed = run(*words)
                self.assertEqual(status, 1, printed)
                self.assertIn("unknown", printed)

    def test_mistyped_words_do_nothing_else(self):
        for words in (("fmt", "--chek"), ("check", "x"), ("stats", "x"), ("test", "a", "b"), ("asan", "x"), ("build", "nope"),
                      ("tidy", "nope/"), ("fuzz", "soon"), ("sweep", "many"), ("sweep", "1", "2"), ("hooks", "x"),
                      ("review", "a", "b")):
            with self.subTest(words=words):
                status, printed = run("env", "CARAPACE_SKIP_PACKAGES=1", "scripts/dev", *words)
                self.assertEqual(status, 1, printed)
                self.assertLess(printed.count("\n"), 4, printed)

    def test_every_verb_stands_in_the_help(self):
        with open(f"{ROOT}/scripts/dev", encoding="utf-8") as handle:
            verbs = re.findall(r"^  ([a-z| -]+)\)", handle.read().split('case "$verb" in')[1], re.MULTILINE)
        _, printed = run("scripts/dev", "help")
        self.assertGreater(len(verbs), 10)
        for verb in " ".join(verbs).replace("|", " ").split():
            if not verb.startswith("-"):
                self.assertIn(verb, printed)

    def test_another_distribution_gets_the_list(self):
        code = 'set -euo pipefail; . scripts/lib.sh; supported_distribution() { return 1; }; need_packages "${BUILD_PACKAGES[@]}"'
        status, printed = run("bash", "-c", code)
        self.assertEqual(status, 3, printed)
        for needle in ("clang-22", "libsqlite3-dev", "CARAPACE_SKIP_PACKAGES=1"):
            self.assertIn(needle, printed)

    def test_a_full_disk_is_said_plainly(self):
        status, printed = run("bash", "-c", "set -euo pipefail; . scripts/lib.sh; need_disk 1000000")
        self.assertEqual(status, 1, printed)
        self.assertIn("Free some space", printed)

    def test_a_failing_step_explains_itself(self):
        with tempfile.TemporaryDirectory() as folder:
            code = ('set -euo pipefail; . scripts/lib.sh; LOGS="$1"; bad() { echo "Temporary failure resolving x"; return 7; }; '
                    'step "a step" bad')
            status, printed = run("bash", "-c", code, "bash", folder)
        self.assertEqual(status, 7, printed)
        self.assertIn("FAILED a step", printed)
        self.assertIn("The network did not answer", printed)


class Tally(unittest.TestCase):
    def verdict(self, text, *words):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "junit.xml")
            with open(path, "w", encoding="utf-8") as handle:
                handle.write(text)
            return run(sys.executable, "-B", "tools/tally", path, *words)

    def test_counts(self):
        status, printed = self.verdict(JUNIT, "--passed", "2")
        self.assertEqual(status, 1)
        self.assertEqual(printed.splitlines(), ["failed: b, c, e, h", "tests: 30 passed, 6 failed, 5 skipped"])

    def test_all_well(self):
        status, printed = self.verdict('<testsuite><testcase name="a" status="run"/></testsuite>')
        self.assertEqual((status, printed), (0, "tests: 1 passed, 0 failed\n"))

    def test_nothing_ran(self):
        self.assertEqual(self.verdict("<testsuite/>")[0], 1)
        self.assertEqual(run(sys.executable, "-B", "tools/tally", "/nonexistent.xml")[0], 1)


if __name__ == "__main__":
    unittest.main()
