"""tools/new_extension: one new file, one line and one test, which build, pass the checks of the house and
the contract suite of their kind as they are. Nonsense is refused before anything is written.

Compiles what is new over the headers and module archives of <build> ($CARAPACE_BUILD_DIR, or build/debug).
"""

import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import unittest

from planted import ROOT, Tree

BUILD = os.environ.get("CARAPACE_BUILD_DIR", os.path.join(ROOT, "build", "debug"))
COMPILER = os.environ.get("CARAPACE_CXX") or shutil.which("clang++-22")
# kind -> (home, name, what is compiled again because it reads the list, contract suite)
KINDS = {
    "provider": ("src/extensions/providers", "sea_shell", "src/extensions/providers/builtin.cc",
                 "tests/extensions/provider_contract_test.cc"),
    "channel": ("src/extensions/channels", "sea_horse", "src/extensions/channels/builtin.cc",
                "tests/extensions/channel_contract_test.cc"),
    "tool": ("src/extensions/tools", "sea_lion", "src/extensions/tools/builtin.cc",
             "tests/extensions/tools_contract_test.cc"),
    "method": ("src/gateway/methods", "sea.urchin", "src/gateway/method_table.cc",
               "tests/gateway/method_contract_test.cc"),
}


def text_of(path):
    with open(path, encoding="utf-8") as handle:
        return handle.read()


def generate(tree, kind, name):
    done = subprocess.run([sys.executable, "-B", f"{ROOT}/tools/new_extension", kind, name, "--root", tree.root],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True)
    return done.returncode, done.stdout


def plant(tree, kind):
    """A copy of the list that the generator is going to extend."""
    home = KINDS[kind][0]
    tree.write(f"{home}/builtin.def", text_of(f"{ROOT}/{home}/builtin.def"))


class Generator(unittest.TestCase):
    def test_one_file_one_line_one_test(self):
        for kind, (home, name, _, _) in KINDS.items():
            with self.subTest(kind=kind), Tree() as tree:
                plant(tree, kind)
                status, printed = generate(tree, kind, name)
                self.assertEqual(status, 0, printed)
                written = [line for line in printed.splitlines() if line.endswith(".cc")]
                self.assertEqual(len(written), 2, printed)
                for path in written:
                    self.assertNotRegex(text_of(os.path.join(tree.root, path)), r"@\w+@")
                before = text_of(f"{ROOT}/{home}/builtin.def").splitlines()
                after = text_of(os.path.join(tree.root, home, "builtin.def")).splitlines()
                new = [line for line in after if line not in before]
                self.assertEqual(len(new), 1)
                self.assertRegex(new[0], rf"^CARAPACE_[A-Z]+\({name.replace('.', '_')}\)$")
                self.assertEqual([line for line in after if line != new[0]], before, "the others keep their order")
                self.assertNotEqual(generate(tree, kind, name)[0], 0, "the second time")

    def test_what_answers_last_stays_last(self):
        with Tree() as tree:
            plant(tree, "provider")
            generate(tree, "provider", "sea_shell")
            lines = text_of(f"{tree.root}/src/extensions/providers/builtin.def").splitlines()
        self.assertEqual(lines[-2:], ["CARAPACE_PROVIDER(sea_shell)", "CARAPACE_PROVIDER(guide)"])

    def test_names_that_cannot_be(self):
        with Tree() as tree:
            for name in ("SeaShell", "sea-shell", "1shell", "", "../shell", "sea.shell", "class"):
                with self.subTest(name=name):
                    self.assertNotEqual(generate(tree, "tool", name)[0], 0)
            for name in ("usage_cost", "Usage.cost", "usage..cost", "usage.", "new", ".cost"):
                with self.subTest(method=name):
                    self.assertNotEqual(generate(tree, "method", name)[0], 0)
            self.assertEqual(os.listdir(f"{tree.root}/src"), ["LAYERS"], "something was written")

    def test_names_that_a_row_has_already(self):
        with Tree() as tree:
            plant(tree, "method")
            tree.write("src/gateway/methods/sessions.cc", text_of(f"{ROOT}/src/gateway/methods/sessions.cc"))
            status, printed = generate(tree, "method", "sessions.list")
            self.assertNotEqual(status, 0)
            self.assertIn("sessions.cc", printed)
            self.assertFalse(os.path.exists(f"{tree.root}/src/gateway/methods/sessions_list.cc"))


@unittest.skipUnless(COMPILER, "no compiler")
@unittest.skipUnless("CARAPACE_BUILD_DIR" in os.environ or os.path.exists(os.path.join(BUILD, "modules.json")),
                     f"no build in {BUILD}")
class WhatIsWritten(unittest.TestCase):
    """All four kinds at once in one tree, because most of the time goes into the compiler."""

    def compile(self, tree, path):
        source = path if os.path.isabs(path) else os.path.join(tree.root, path)
        target = os.path.join(tree.root, re.sub(r"\W", "_", path) + ".o")
        done = subprocess.run(
            [COMPILER, "-std=c++23", "-O0", "-fPIC", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror", "-Wno-c23-extensions",
             "-D_GLIBCXX_ASSERTIONS", "-DBOOST_ASIO_SEPARATE_COMPILATION", "-DBOOST_ASIO_NO_DEPRECATED",
             f'-DCARAPACE_SOURCE_DIR="{ROOT}"', f"-I{tree.root}/src", f"-I{ROOT}/src", f"-I{ROOT}/tests",
             "-c", source, "-o", target],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True)
        return path, target, done.returncode, done.stdout

    def compile_all(self, tree, paths):
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            done = list(pool.map(lambda path: self.compile(tree, path), paths))
        for path, _, status, printed in done:
            self.assertEqual(status, 0, f"{path}:\n{printed}")
        return [target for _, target, _, _ in done]

    def link(self, tree, objects):
        modules = sorted(json.loads(text_of(f"{BUILD}/modules.json")), key=lambda m: -m["floor"])
        program = os.path.join(tree.root, "suites")
        done = subprocess.run(
            [COMPILER, "-fuse-ld=lld", "-o", program, *objects, "-lgtest_main", "-lgmock", "-lgtest",
             "-Wl,--start-group", *(m["archive"] for m in modules if m["name"] != "app"), "-Wl,--end-group",
             *modules[0]["libs"]],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)
        return program

    def test_it_builds_and_passes_what_every_row_must_pass(self):
        with Tree() as tree:
            tree.write("src/LAYERS", text_of(f"{ROOT}/src/LAYERS"))
            paths = []
            for kind, (_, name, _, _) in KINDS.items():
                plant(tree, kind)
                _, printed = generate(tree, kind, name)
                paths += [line for line in printed.splitlines() if line.endswith(".cc")]
            for tool in ("check_layers", "check_budget"):
                status, printed = tree.run(tool)
                self.assertEqual(status, 0, printed)
            again = [f"{ROOT}/{path}" for _, _, reader, suite in KINDS.values() for path in (reader, suite)]
            program = self.link(tree, self.compile_all(tree, paths + again))
            done = subprocess.run([program, "--gtest_brief=1"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  check=False, text=True, cwd=tree.root)
            self.assertEqual(done.returncode, 0, "\n".join(line for line in done.stdout.splitlines() if " warn " not in line)[-6000:])
            listed = subprocess.run([program, "--gtest_list_tests"], stdout=subprocess.PIPE, check=True, text=True).stdout
            for name in ("SeaShell", "SeaHorse", "SeaLion", "SeaUrchin", "ProviderContract", "ChannelContract",
                         "ToolsContract", "MethodContract"):
                self.assertIn(name, listed)
            self.assertIn("/sea_shell", listed, "the provider suite does not know the new row")


if __name__ == "__main__":
    unittest.main()
