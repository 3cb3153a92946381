#!/usr/bin/env bash
# Shows that the tests of durability can fail: three builds with one promise broken each, and the test that must
# notice. Nothing in the product or in its tree is changed: a patched copy of one source file is compiled with the
# command of the build, and the program is linked again with it, into a temporary folder.
#
#   broken_builds.sh [BUILD] [KILLS]     BUILD: build/debug by default, built before; KILLS: 200
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"
build="$(cd "${1:-$root/build/debug}" && pwd)"
kills="${2:-200}"
work="$(mktemp -d -t carapace-broken-XXXXXX)"
trap 'rm -rf "$work"' EXIT
missed=0

# patched SOURCE PATTERN NEW: $work/patched.o, made from SOURCE with the one place that matches replaced by NEW.
patched() {
  python3 - "$root" "$build" "$work" "$@" <<'PY'
import json, os, re, shlex, subprocess, sys
root, build, work, source, pattern, new = sys.argv[1:]
path = os.path.join(root, source)
with open(path, encoding="utf-8") as file:
    text = file.read()
text, places = re.subn(pattern, new, text)
if places != 1:
    sys.exit(f"{source}: {places} places match, not one: {pattern}")
copy = os.path.join(work, os.path.basename(source))
with open(copy, "w", encoding="utf-8") as file:
    file.write(text)
with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
    row = next(row for row in json.load(file) if os.path.realpath(row["file"]) == os.path.realpath(path))
words = shlex.split(row["command"])
words[words.index("-o") + 1] = os.path.join(work, "patched.o")
words = [copy if os.path.realpath(os.path.join(row["directory"], word)) == os.path.realpath(path) else word for word in words]
subprocess.run(words, cwd=row["directory"], check=True)
PY
}

# linked TARGET: $work/TARGET, linked as in the build but with patched.o in front of the libraries.
linked() {
  python3 - "$build" "$work" "$1" <<'PY'
import os, subprocess, sys
build, work, target = sys.argv[1:]
lines = subprocess.run(["ninja", "-C", build, "-t", "commands", target], capture_output=True, text=True, check=True).stdout.splitlines()
command = next(line for line in reversed(lines) if " -o " in line and f"{target} " in line and " lib/lib" in line)
place = command.index(" lib/lib")
command = command[:place] + f" {work}/patched.o" + command[place:]
before, after = command.split(" -o ", 1)
command = f"{before} -o {work}/{target} " + after.split(" ", 1)[1]
subprocess.run(command, shell=True, cwd=build, check=True)
PY
}

# must_fail NAME COMMAND…
must_fail() {
  local name="$1"
  shift
  if "$@" >"$work/output" 2>&1; then
    echo "MISSED   $name: the test passed on a broken build"
    missed=1
  else
    echo "noticed  $name:"
    grep -m 3 -E "VIOLATION|FAILED|Failure" "$work/output" | cut -c1-200 | sed 's/^/           /' || tail -3 "$work/output"
  fi
}

sweep() { python3 "$here/kill_sweep.py" --bin "$work/carapace" --kills "$kills" --seed 11 --ready-ms 5000; }

echo "1. acknowledged before it is committed"
patched src/gateway/methods/chat_send.cc 'const auto acceptance\s*=\s*co_await call\.face->ports\.door\.submit\(' \
  'call.first(answered(
      ObjectText().text("runId", string_or(arguments, "idempotencyKey", "")).text("status", "started").take()));
  \g<0>'
linked carapace
must_fail "the kill sweep" sweep

echo "2. a tool runs and its intent was never written"
patched src/agent/run_tools.cc 'CO_TRY_STATUS\(\s*co_await scope\.ports\.runs\.[a-z]+\([^;]*"tool_intent"[^;]*;' \
  '(void)intent_body(call);'
linked carapace
must_fail "the kill sweep" sweep

echo "3. nothing is synced to the disk (a killed process does not show this: its page cache lives on)"
patched src/store/sqlite/connection.cc 'synchronous \? "FULL" : "OFF"' 'synchronous ? "OFF" : "OFF"'
linked store_test
must_fail "the unsynced file system of the store's tests" "$work/store_test" --gtest_filter='PowerLoss.*'

exit "$missed"
