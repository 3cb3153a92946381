"""tools/new_extension writes what compiles against today's contracts, once, and refuses nonsense."""

import os
import shutil
import subprocess
import sys
import unittest

from planted import ROOT, Tree

COMPILER = os.environ.get("CARAPACE_CXX") or shutil.which("clang++-22")
HOMES = {"provider": "src/extensions/providers", "channel": "src/extensions/channels",
         "tool": "src/extensions/tools", "method": "src/gateway/methods"}


def generate(tree, kind, name):
    done = subprocess.run([sys.executable, "-B", f"{ROOT}/tools/new_extension", kind, name, "--root", tree.root],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True)
    return done.returncode, done.stdout


def plant(tree, kind):
    """A copy of the list that the generator is going to extend."""
    with open(f"{ROOT}/{HOMES[kind]}/builtin.def", encoding="utf-8") as handle:
        tree.write(f"{HOMES[kind]}/builtin.def", handle.read())


def has_home(kind):
    return os.path.exists(f"{ROOT}/{HOMES[kind]}/builtin.def") and os.path.exists(f"{ROOT}/tools/templates/{kind}.cc.in")


class Generator(unittest.TestCase):
    def test_one_file_one_line_one_test(self):
        for kind in filter(has_home, HOMES):
            with self.subTest(kind=kind), Tree() as tree:
                plant(tree, kind)
                status, printed = generate(tree, kind, "sea_shell")
                self.assertEqual(status, 0, printed)
                written = [line for line in printed.splitlines() if line.endswith(".cc")]
                self.assertEqual(len(written), 2, printed)
                for path in written:
                    self.assertTrue(os.path.exists(os.path.join(tree.root, path)))
                    with open(os.path.join(tree.root, path), encoding="utf-8") as handle:
                        self.assertNotRegex(handle.read(), r"@\w+@")
                with open(os.path.join(tree.root, HOMES[kind], "builtin.def"), encoding="utf-8") as handle:
                    self.assertRegex(handle.read(), r"(?m)^CARAPACE_[A-Z]+\(sea_shell\)$")
                self.assertNotEqual(generate(tree, kind, "sea_shell")[0], 0, "the second time")

    def test_names_that_cannot_be(self):
        with Tree() as tree:
            for name in ("SeaShell", "sea-shell", "1shell", "", "../shell", "sea.shell"):
                with self.subTest(name=name):
                    self.assertNotEqual(generate(tree, "tool", name)[0], 0)

    @unittest.skipUnless(COMPILER, "no compiler")
    def test_what_it_writes_compiles(self):
        for kind in filter(has_home, HOMES):
            with self.subTest(kind=kind), Tree() as tree:
                plant(tree, kind)
                _, printed = generate(tree, kind, "sea_shell")
                for path in (line for line in printed.splitlines() if line.endswith(".cc")):
                    done = subprocess.run(
                        [COMPILER, "-std=c++23", "-Wall", "-Wextra", "-Wshadow", "-Werror", "-fsyntax-only",
                         f"-I{tree.root}/src", f"-I{ROOT}/src", f"-I{ROOT}/tests", os.path.join(tree.root, path)],
                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True)
                    self.assertEqual(done.returncode, 0, f"{path}:\n{done.stdout}")


if __name__ == "__main__":
    unittest.main()
