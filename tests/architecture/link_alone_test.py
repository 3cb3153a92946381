"""Every module links alone: its archive as one shared object, against the modules it may use and nothing else.

A static archive swallows calls to modules above it, because the final link finds them anyway.
With --whole-archive and --no-undefined an upward call has nowhere to go.

Reads <build>/modules.json; <build> is $CARAPACE_BUILD_DIR, or build/debug.
"""

import json
import os
import shutil
import subprocess
import tempfile
import unittest

from planted import ROOT

BUILD = os.environ.get("CARAPACE_BUILD_DIR", os.path.join(ROOT, "build", "debug"))
COMPILER = os.environ.get("CARAPACE_CXX") or shutil.which("clang++-22") or "clang++"


def modules():
    with open(os.path.join(BUILD, "modules.json"), encoding="utf-8") as handle:
        return {m["name"]: m for m in json.load(handle)}


def sources(module):
    for _, _, files in os.walk(f"{ROOT}/src/{module}"):
        yield from files


def run(*words):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True)
    return done.returncode, done.stdout


def link_alone(whole, helpers, libraries, folder):
    """Links `whole` (archives or objects, every part of them) with what it takes from `helpers`."""
    return run(COMPILER, "-fuse-ld=lld", "-shared", "-nostartfiles", "-o", os.path.join(folder, "alone.so"),
               "-Wl,--no-undefined", "-Wl,--error-limit=20",
               "-Wl,--whole-archive", *whole, "-Wl,--no-whole-archive",
               "-Wl,--start-group", *helpers, "-Wl,--end-group", *libraries)


def compile_object(folder, name, code):
    source, target = os.path.join(folder, name + ".cc"), os.path.join(folder, name + ".o")
    with open(source, "w", encoding="utf-8") as handle:
        handle.write(code)
    status, printed = run(COMPILER, "-std=c++23", "-fPIC", "-c", source, "-o", target)
    if status:
        raise AssertionError(printed)
    return target


def archive_of(folder, name, *objects):
    archive = os.path.join(folder, f"lib{name}.a")
    status, printed = run(shutil.which("llvm-ar-22") or "ar", "rcs", archive, *objects)
    if status:
        raise AssertionError(printed)
    return archive


class Scratch(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="alone-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)


class PlantedSymbol(Scratch):
    """The method itself, on three tiny modules."""

    def setUp(self):
        super().setUp()
        upper = compile_object(self.folder, "upper", "namespace carapace { int upper() { return 2; } }")
        lower = compile_object(self.folder, "lower", "namespace carapace { int lower() { return 1; } }")
        good = compile_object(self.folder, "good", "namespace carapace { int lower(); int good() { return lower(); } }")
        bad = compile_object(self.folder, "bad", "namespace carapace { int upper(); int bad() { return upper(); } }")
        self.upper = archive_of(self.folder, "upper", upper)
        self.lower = archive_of(self.folder, "lower", lower)
        self.good = archive_of(self.folder, "good", good)
        self.bad = archive_of(self.folder, "bad", good, bad)

    def test_downward_call_links(self):
        status, printed = link_alone([self.good], [self.lower], [], self.folder)
        self.assertEqual(status, 0, printed)

    def test_upward_call_does_not(self):
        status, printed = link_alone([self.bad], [self.lower], [], self.folder)
        self.assertNotEqual(status, 0, "an upward symbol went unnoticed")
        self.assertIn("carapace::upper()", printed)
        status, printed = link_alone([self.bad], [self.lower, self.upper], [], self.folder)
        self.assertEqual(status, 0, "the plant fails for another reason: " + printed)


# By hand there may be no build yet; under ctest there is one, and its absence is a failure.
@unittest.skipUnless("CARAPACE_BUILD_DIR" in os.environ or os.path.exists(os.path.join(BUILD, "modules.json")),
                     f"no build in {BUILD}")
class EveryModule(Scratch):
    def test_there_are_modules(self):
        self.assertGreater(len(modules()), 0, "modules.json is empty")
        with open(f"{ROOT}/src/LAYERS", encoding="utf-8") as handle:
            named = [line.split()[1] for line in handle if line[0].isdigit()]
        written = {name for name in named if any(path.endswith(".cc") for path in sources(name))}
        self.assertEqual(set(modules()), written, "src/CMakeLists.txt and src/LAYERS tell different stories")
        for name, module in modules().items():
            self.assertTrue(os.path.exists(module["archive"]), f"{name}: {module['archive']} is not built")

    def test_floors_and_dependencies_agree(self):
        everyone = modules()
        for name, module in everyone.items():
            for dependency in module["deps"]:
                self.assertLess(everyone[dependency]["floor"], module["floor"], f"{name} may not use {dependency}")

    def test_each_alone(self):
        everyone = modules()
        for name, module in everyone.items():
            if not os.path.exists(module["archive"]):
                continue  # the test above says so
            with self.subTest(module=name):
                helpers = [everyone[d]["archive"] for d in module["deps"]]
                status, printed = link_alone([module["archive"]], helpers, module["libs"], self.folder)
                self.assertEqual(status, 0, f"{name} needs something above it or beside it:\n{printed}")

    def test_a_real_upward_symbol_is_seen(self):
        """A call from the lowest module into the highest one, by a symbol that really exists."""
        everyone = sorted(modules().values(), key=lambda m: m["floor"])
        lowest = everyone[0]
        for upper in reversed(everyone):
            symbol = defined_function(upper["archive"]) if upper["floor"] > lowest["floor"] else None
            if symbol:
                break
        else:
            self.skipTest("no module above the ground floor defines a function yet")
        planted = compile_object(self.folder, "planted",
                                 f'extern void up() __asm__("{symbol}"); void planted() {{ up(); }}')
        whole = [lowest["archive"], planted]
        helpers = [m["archive"] for m in everyone if m["name"] in lowest["deps"]]
        status, printed = link_alone(whole, helpers, lowest["libs"], self.folder)
        self.assertNotEqual(status, 0, f"{symbol} of {upper['name']} was reached from {lowest['name']}")
        self.assertIn("undefined", printed)


def defined_function(archive):
    """The mangled name of one global function of namespace carapace defined in `archive`, or None."""
    _, printed = run(shutil.which("llvm-nm-22") or "nm", "--defined-only", archive)
    for line in printed.splitlines():
        parts = line.split()
        if len(parts) == 3 and parts[1] == "T" and parts[2].startswith(("_ZN8carapace", "_ZNK8carapace")):
            return parts[2]
    return None


if __name__ == "__main__":
    unittest.main()
