"""The commit hooks and `dev fmt` in a throw-away repository: what is wrong is refused in seconds, by name."""

import json
import os
import shutil
import subprocess
import time
import unittest

from planted import ROOT, Tree

GOOD = "int f(int a) { return a; }\n"
TOOLS = ("clang-format-22", "git-clang-format-22", "clang-tidy-22", "clang-tidy-diff-22.py")


class Repository(Tree):
    """The scripts, tools and rules of this repository around one source file, with the hooks in force."""

    def __init__(self):
        super().__init__({"src/base/a.cc": GOOD, "tests/a.cc": GOOD})
        for folder in ("scripts", "tools", ".githooks"):
            shutil.copytree(f"{ROOT}/{folder}", f"{self.root}/{folder}", ignore=shutil.ignore_patterns("__pycache__"))
        for name in (".clang-format", ".clang-tidy"):
            shutil.copy(f"{ROOT}/{name}", f"{self.root}/{name}")
        for name in ("node", "npm"):  # the scripts look for one that is new enough, and fetch it otherwise
            self.write(f"bin/{name}", "#!/bin/sh\necho v22.0.0\n")
            os.chmod(f"{self.root}/bin/{name}", 0o755)
        self.commit()
        self.git("config", "core.hooksPath", ".githooks")

    def words(self, *words):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_") and k != "CI"}
        environment.update(CARAPACE_SKIP_PACKAGES="1", GIT_CONFIG_GLOBAL=os.devnull,
                           PATH=f"{self.root}/bin:{os.environ['PATH']}")
        done = subprocess.run(words, cwd=self.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True,
                              env=environment)
        return done.returncode, done.stdout

    def try_commit(self):
        self.git("add", "-A")
        return self.words("git", "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-m", "change")

    def compile_commands(self):
        source = f"{self.root}/src/base/a.cc"
        self.write("build/debug/compile_commands.json", json.dumps(
            [{"directory": self.root, "file": source, "command": f"clang++-22 -std=c++23 -c {source}"}]))
        self.write(".gitignore", "/build/\n")


@unittest.skipUnless(all(map(shutil.which, TOOLS)), "clang-format-22 or clang-tidy-22 is not installed")
class BeforeACommit(unittest.TestCase):
    def refused(self, path, text, *needles, tidy=False):
        with Repository() as repository:
            if tidy:
                repository.compile_commands()
            repository.write(path, text)
            began = time.monotonic()
            status, printed = repository.try_commit()
            took = time.monotonic() - began
        self.assertEqual(status, 1, printed)
        for needle in (*needles, "Not committed: see above."):
            self.assertIn(needle, printed)
        self.assertLess(took, 30, "a hook takes seconds")

    def test_what_is_right_passes(self):
        with Repository() as repository:
            repository.compile_commands()
            repository.write("src/base/a.cc", GOOD + "int g(int a) { return f(a); }\n")
            status, printed = repository.try_commit()
        self.assertEqual(status, 0, printed)

    def test_format(self):
        self.refused("src/base/a.cc", GOOD + "int  g( ) {return 1 ;}\n", "not formatted: ./scripts/dev fmt")

    def test_layers(self):
        self.refused("src/base/a.cc", '#include "app/run.h"\n\n' + GOOD, "above it")

    def test_sizes(self):
        self.refused("src/base/b.cc", "int a;\n" * 801, "801 lines")

    def test_scripts(self):
        self.refused("scripts/test", "#!/usr/bin/env bash\nif\n", "syntax error")

    def test_tidy_on_changed_lines(self):
        self.refused("src/base/a.cc", GOOD + "int* g() { return 0; }\n", "modernize-use-nullptr", "clang-tidy objects", tidy=True)

    def test_a_commit_that_is_there_already(self):
        with Repository() as repository:
            repository.write("src/base/a.cc", GOOD + "int  g( ) {return 1 ;}\n")
            repository.commit()
            status, printed = repository.words("./scripts/dev", "review", "HEAD^")
            self.assertEqual(status, 1, printed)
            self.assertIn("not formatted", printed)
            self.assertEqual(repository.words("./scripts/dev", "review")[0], 0, "nothing changed since HEAD")
            # The first push of a branch names no commit.
            self.assertEqual(repository.words("./scripts/dev", "review", "0" * 40)[0], 1)


class BeforeAPush(unittest.TestCase):
    def test_what_does_not_build_is_refused(self):
        with Repository() as repository:
            repository.git("init", "-q", "--bare", "elsewhere")
            status, printed = repository.words("git", "push", "elsewhere", "HEAD:refs/heads/main")
            self.assertNotEqual(status, 0, printed)
            self.assertIn("Not pushed: see above.", printed)
            self.assertIn("FAILED configure debug", printed)


@unittest.skipUnless(shutil.which("clang-format-22"), "clang-format-22 is not installed")
class Format(unittest.TestCase):
    def test_this_repository_is_formatted(self):
        done = subprocess.run([f"{ROOT}/scripts/dev", "fmt", "--check"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              check=False, text=True, env={**os.environ, "CARAPACE_SKIP_PACKAGES": "1"})
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_one_bad_line_is_found(self):
        with Repository() as repository:
            self.assertEqual(repository.words("./scripts/dev", "fmt", "--check")[0], 0)
            repository.write("tests/a.cc", "int  a ;\n")
            status, printed = repository.words("./scripts/dev", "fmt", "--check")
        self.assertEqual(status, 1, printed)
        self.assertIn("tests/a.cc:1", printed)

    def test_nothing_to_look_at_is_an_error(self):
        with Repository() as repository:
            for path in ("src/base/a.cc", "tests/a.cc"):
                os.remove(f"{repository.root}/{path}")
            status, printed = repository.words("./scripts/dev", "fmt", "--check")
        self.assertEqual(status, 1, printed)
        self.assertIn("nothing to format", printed)


if __name__ == "__main__":
    unittest.main()
