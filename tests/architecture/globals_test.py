"""No mutable state outlives its owner: every variable of namespace carapace that lives as long as the
process is a constant (its name begins with k), the log's sinks and levels aside.

Looks into the sections for writable data of the module archives of <build>; <build> is
$CARAPACE_BUILD_DIR, or build/debug.
"""

import os
import re
import shutil
import subprocess
import unittest

from link_alone_test import BUILD, Scratch, archive_of, compile_object, modules

OBJDUMP = shutil.which("llvm-objdump-22") or shutil.which("objdump")
FILTER = shutil.which("llvm-cxxfilt-22") or shutil.which("c++filt")
PERMITTED = {
    ("log", "levels()::instance"): "the one permitted global",
    ("log", "sinks()::instance"): "the one permitted global",
    ("fs", "temporary_name()::counter"): "names of temporary files differ within a process",
}


def variables(archive):
    """Writable variables of namespace carapace in `archive`, demangled, function parameters left out."""
    table = subprocess.run([OBJDUMP, "-t", archive], stdout=subprocess.PIPE, check=True, text=True).stdout
    names = {line.split()[-1] for line in table.splitlines()
             if re.search(r"\s\.(?:t?bss|t?data)\b", line) and ".rel.ro" not in line}
    plain = subprocess.run([FILTER], input="\n".join(sorted(names)), stdout=subprocess.PIPE, check=True, text=True).stdout
    for name in plain.splitlines():
        if name.startswith("carapace::"):
            name = name.removeprefix("carapace::").replace("(anonymous namespace)::", "")
            name = re.sub(r"\[abi:\w+\]", "", name)
            while (shorter := re.sub(r"\([^()]+\)|<[^<>]*>| const(?=::)", lambda m: "()" if m[0][0] == "(" else "", name)) != name:
                name = shorter
            yield name


def is_constant(name):
    return re.match(r"k[A-Z]", name.split("::")[-1]) is not None


@unittest.skipUnless(OBJDUMP and FILTER, "binutils are not installed")
class Globals(Scratch):
    def test_the_method_sees_one(self):
        code = ("namespace carapace { int counter = 1; namespace { int hidden; }\n"
                "int next(int a) { static int last; return last += a + ++counter + ++hidden; }\n"
                "extern const char* const kNames[]; const char* const kNames[] = {\"a\"}; }")
        archive = archive_of(self.folder, "planted", compile_object(self.folder, "planted", code))
        self.assertEqual(sorted(variables(archive)), ["counter", "hidden", "next()::last"])

    @unittest.skipUnless("CARAPACE_BUILD_DIR" in os.environ or os.path.exists(os.path.join(BUILD, "modules.json")),
                         f"no build in {BUILD}")
    def test_every_module(self):
        seen, kept = 0, set()
        for name, module in modules().items():
            for variable in variables(module["archive"]):
                seen += 1
                key = (name, variable.removeprefix(f"{name}::"))
                kept.add(key)
                self.assertTrue(is_constant(variable) or key in PERMITTED, f"{name}: '{variable}' is a global that can change")
        self.assertGreater(seen, 0, "nothing was seen")
        self.assertEqual(set(PERMITTED) - kept, set(), "these are gone: take them off the list")


if __name__ == "__main__":
    unittest.main()
