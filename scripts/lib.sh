# shellcheck shell=bash disable=SC2034 # lists and results are read by those who source this
# Shared by the scripts of this folder: messages, steps with progress, packages, Node.
# Source it; it does nothing by itself. Callers have set -euo pipefail.

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
LOGS="$ROOT/build/logs"
NODE_VERSION=22.23.3     # used where the system's Node is older than NODE_MINIMUM
NODE_MINIMUM=22

# Debian names; "a|b" takes the first one that this release carries.
BUILD_PACKAGES=(
  clang-22 lld-22 cmake ninja-build ccache pkg-config
  'libboost1.81-dev|libboost1.83-dev|libboost1.88-dev|libboost1.90-dev'
  'libboost-json1.81-dev|libboost-json1.83-dev|libboost-json1.88-dev|libboost-json1.90-dev'
  libssl-dev libcurl4-openssl-dev libsqlite3-dev libfmt-dev libcli11-dev
  libgumbo-dev libmd4c-dev libedit-dev libargon2-dev libsecret-1-dev python3 ca-certificates
)
TEST_PACKAGES=(
  libclang-rt-22-dev libgtest-dev libgmock-dev libbenchmark-dev
  chromium gnome-keyring dbus wine64 g++-mingw-w64-x86-64 openssl procps curl git clang-format-22 shellcheck
)
DEV_PACKAGES=(clang-tidy-22 clang-format-22 git)

# --- messages ------------------------------------------------------------------------------

if [[ -t 2 && -z "${NO_COLOR:-}" && "${TERM:-dumb}" != dumb ]]; then
  BOLD=$'\e[1m' DIM=$'\e[2m' RED=$'\e[31m' GREEN=$'\e[32m' YELLOW=$'\e[33m' PLAIN=$'\e[0m' CLEAR=$'\r\e[K'
else
  BOLD='' DIM='' RED='' GREEN='' YELLOW='' PLAIN='' CLEAR=''
fi

say() { printf '%s\n' "$*" >&2; }
warn() { printf '%s%s%s\n' "$YELLOW" "$*" "$PLAIN" >&2; }

# fail TEXT [WHAT TO DO]…: the first line in red, one line per advice, exit status 1.
fail() {
  printf '%s%s%s\n' "$RED" "$1" "$PLAIN" >&2
  shift
  local line
  for line in "$@"; do printf '  %s\n' "$line" >&2; done
  exit 1
}

elapsed() { # seconds since $1, as 7s or 3m05s
  local s=$((SECONDS - $1))
  if ((s < 60)); then printf '%ds' "$s"; else printf '%dm%02ds' $((s / 60)) $((s % 60)); fi
}

# --- steps ---------------------------------------------------------------------------------

# step TITLE COMMAND…: runs the command with its output in build/logs/, shows that it is alive
# (its last line on a terminal, a sign of life every 30 s elsewhere), and says how it ended.
# On failure it prints the end of the log with what to do, and returns the command's status.
step() {
  local title="$1" log pid status=0 began=$SECONDS shown=$SECONDS
  shift
  mkdir -p "$LOGS"
  log="$LOGS/$(printf '%s' "$title" | tr -cs 'A-Za-z0-9' '-' | tr '[:upper:]' '[:lower:]' | sed 's/^-*//; s/-*$//').log"
  STEP_LOG="$log"
  if [[ -n "${VERBOSE:-}" ]]; then
    say "${BOLD}$title${PLAIN}"
    "$@" </dev/null 2>&1 | tee "$log" >&2 || status=${PIPESTATUS[0]}
  else
    [[ -n "$CLEAR" ]] || say "  ... $title"
    "$@" </dev/null >"$log" 2>&1 &
    pid=$!
    STEP_PID=$pid
    while kill -0 "$pid" 2>/dev/null; do
      if [[ -n "$CLEAR" ]]; then
        step_line "$title" "$began" "$log"
      elif ((SECONDS - shown >= 30)); then
        shown=$SECONDS
        say "      still at it, $(elapsed "$began"): $(tail -n 1 "$log" | cut -c -100)"
      fi
      sleep 0.2
    done
    wait "$pid" || status=$?
    STEP_PID=''
  fi
  if ((status == 0)); then
    printf '%s  %sok%s  %s %s(%s)%s\n' "$CLEAR" "$GREEN" "$PLAIN" "$title" "$DIM" "$(elapsed "$began")" "$PLAIN" >&2
    return 0
  fi
  printf '%s  %sFAILED%s %s (%s, exit status %d)\n' "$CLEAR" "$RED" "$PLAIN" "$title" "$(elapsed "$began")" "$status" >&2
  if [[ -z "${VERBOSE:-}" ]]; then
    say "${DIM}--- the end of $log${PLAIN}"
    tail -n "${STEP_TAIL:-40}" "$log" >&2
    say "${DIM}---${PLAIN}"
  fi
  explain "$log"
  return "$status"
}

step_line() {
  local width last
  width=$(tput cols 2>/dev/null || printf 80)
  last=$(tail -c 400 "$3" 2>/dev/null | tr '\r' '\n' | tail -n 1 | tr -cd '[:print:]')
  printf '%s  ..  %s %s%s%s' "$CLEAR" "$1 ($(elapsed "$2"))" "$DIM" \
    "$(printf '%s' "$last" | cut -c "-$((width > ${#1} + 30 ? width - ${#1} - 30 : 10))")" "$PLAIN" >&2
}

# What a failed log means for the person who reads it.
explain() {
  local log="$1"
  say "The whole log: $log"
  [[ -z "${STEP_IS_TEST:-}" ]] || return 0 # tests provoke every failure there is
  if grep -qiE 'no space left|disk quota exceeded|enough free space' "$log"; then
    say "The disk is full: free some space (the build needs about 4 GB) and run the same command again."
  elif network_failed "$log"; then
    say "$NETWORK_ADVICE"
  elif grep -qiE 'could not get lock|unable to acquire the dpkg' "$log"; then
    say "Another package manager is at work: wait until it is done, then run the same command again."
  elif grep -qE 'dpkg was interrupted|unmet dependencies|held broken packages' "$log"; then
    say "The package database is not in order: run 'dpkg --configure -a' and 'apt-get -f install' as root, then the same command again."
  elif grep -qiE 'killed|cannot allocate memory|out of memory|signal 9' "$log"; then
    say "It ran out of memory: try again with CMAKE_BUILD_PARALLEL_LEVEL=1 in front."
  elif grep -qE 'command not found|CMAKE_CXX_COMPILER|Could NOT find|Could not find a package|does not provide a build program' "$log"; then
    say "Something that the build needs is not installed: ./scripts/quickstart --no-run installs it, and ./scripts/test what the tests need as well."
  fi
}

NETWORK_ADVICE="The network did not answer: check the connection (and http_proxy / https_proxy behind a proxy), then run the same command again."

network_failed() { # network_failed LOG
  grep -qiE 'could not resolve|temporary failure (in name resolution|resolving)|network is unreachable|EAI_AGAIN|ENOTFOUND|ECONNREFUSED|ETIMEDOUT|connection (timed out|refused)|unable to connect|failed to fetch' "$1"
}

# Ends the step that is running when the script itself is told to end.
stop_step() {
  if [[ -n "${STEP_PID:-}" ]]; then
    pkill -TERM -P "$STEP_PID" 2>/dev/null || true
    kill "$STEP_PID" 2>/dev/null || true
  fi
}
interrupted() { # interrupted EXIT_STATUS
  stop_step
  printf '%s' "$CLEAR" >&2
  [[ -z "${STEP_PID:-}" ]] || warn "Interrupted. The same command goes on from here."
  exit "$1"
}
trap 'interrupted 130' INT
trap 'interrupted 143' TERM

# --- the machine ---------------------------------------------------------------------------

# need_disk GB: fails when the file system of the repository has less.
need_disk() {
  local free_kb
  free_kb=$(df -Pk "$ROOT" | awk 'NR == 2 { print $4 }')
  if ((free_kb < $1 * 1024 * 1024)); then
    fail "Only $((free_kb / 1024)) MB are free where the repository lies; the build needs $1 GB." \
      "Free some space or move the repository, then run the same command again."
  fi
}

# As many compilers at once as cores, and one per 1.5 GB of memory.
jobs_here() {
  local cores memory_kb by_memory
  cores=$(nproc 2>/dev/null || printf 2)
  memory_kb=$(awk '/^MemTotal/ { print $2 }' /proc/meminfo 2>/dev/null || printf 4000000)
  by_memory=$((memory_kb / 1500000))
  ((by_memory >= 1)) || by_memory=1
  printf '%d' $((cores < by_memory ? cores : by_memory))
}

OS_RELEASE=/etc/os-release

# True on Debian 12 and newer and on what descends from it.
supported_distribution() {
  command -v apt-get >/dev/null && command -v dpkg-query >/dev/null && [[ -r "$OS_RELEASE" ]] || return 1
  local id like version
  # shellcheck source=/dev/null
  { read -r id; read -r like; read -r version; } < <(. "$OS_RELEASE" && printf '%s\n' "${ID:-}" "${ID_LIKE:-}" "${VERSION_ID:-}")
  if [[ "$id" == debian ]]; then
    [[ -z "$version" ]] || ((${version%%.*} >= 12)) # testing and unstable have no number
    return
  fi
  [[ " $like " == *" debian "* || " $like " == *" ubuntu "* || "$id" == ubuntu ]]
}

installed() { [[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" == installed ]]; }

# The names of "$@" that are not installed, alternatives still joined by '|'.
missing_of() {
  local entry name found
  for entry in "$@"; do
    found=''
    for name in ${entry//|/ }; do
      if installed "$name"; then found=1; break; fi
    done
    [[ -n "$found" ]] || printf '%s\n' "$entry"
  done
}

# Runs a command as root; without a terminal sudo may not ask.
as_root() {
  if ((EUID == 0)); then "$@"; else sudo -n "$@"; fi
}

may_be_root() {
  ((EUID == 0)) && return 0
  command -v sudo >/dev/null || return 1
  sudo -n true 2>/dev/null && return 0
  [[ -t 0 ]] || return 1
  say "Installing packages needs root; sudo asks for your password."
  sudo -v
}

apt_quietly() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -q \
    -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
}

# need_packages NAME…: installs what is missing, and touches apt only then.
need_packages() {
  [[ -z "${CARAPACE_SKIP_PACKAGES:-}" ]] || return 0
  local missing=() chosen=() absent=() entry name candidate policy lists
  if ! supported_distribution; then
    printf '%s%s%s\n' "$RED" "This is not Debian 12 or newer (or a relative of it), so packages cannot be installed for you." "$PLAIN" >&2
    say "  Install what these Debian packages contain, and Node $NODE_MINIMUM or newer with npm:"
    printf '    %s\n' "${@//|/ or }" >&2
    say "  Then run the same command with CARAPACE_SKIP_PACKAGES=1 in front."
    exit 3
  fi
  mapfile -t missing < <(missing_of "$@")
  ((${#missing[@]} > 0)) || return 0
  say "Missing packages: ${missing[*]//|*/}"
  may_be_root || fail "Installing them needs root, and sudo is not there or may not ask." \
    "Run as root: apt-get update && apt-get install ${missing[*]//|*/}" "Then run the same command again."
  step "update the package lists" apt_quietly update || exit 1
  lists="$STEP_LOG"
  for entry in "${missing[@]}"; do
    candidate=''
    for name in ${entry//|/ }; do
      policy=$(LC_ALL=C apt-cache policy "$name" 2>/dev/null)
      if [[ "$policy" =~ Candidate:\ [^\(] ]]; then candidate=$name; break; fi
    done
    if [[ -n "$candidate" ]]; then chosen+=("$candidate"); else absent+=("${entry//|/ or }"); fi
  done
  if ((${#absent[@]} > 0)); then
    # apt-get update ends well even when it reached nobody.
    ! network_failed "$lists" || fail "The package lists could not be fetched, so these are unknown: ${absent[*]}" \
      "$NETWORK_ADVICE" "What apt said: $lists"
    fail "Your package sources do not carry: ${absent[*]}" \
      "On Debian enable main, the updates and the security archive of your release." \
      "On a relative of Debian take LLVM 22 from the LLVM project's own package archive." \
      "Then run the same command again."
  fi
  step "install ${#chosen[@]} packages" apt_quietly install --no-install-recommends "${chosen[@]}" || exit 1
}

# --- Node ----------------------------------------------------------------------------------

node_major() {
  local version
  version=$("$1" --version 2>/dev/null) || return 1
  version=${version#v}
  printf '%s' "${version%%.*}"
}

# Puts a Node of at least NODE_MINIMUM first in PATH: the system's, or a pinned one below .cache/node.
need_node() {
  local major='' home="$ROOT/.cache/node" pinned wanted=()
  pinned="$home/node_modules/node/bin"
  if [[ -z "${CARAPACE_SKIP_PACKAGES:-}" ]]; then
    command -v node >/dev/null || wanted+=(nodejs)
    command -v npm >/dev/null || wanted+=(npm)
    ((${#wanted[@]} == 0)) || need_packages "${wanted[@]}"
  fi
  command -v npm >/dev/null || fail "npm is not installed." "Install Node $NODE_MINIMUM or newer with npm, then run the same command again."
  major=$(node_major node) || major=0
  ((major < NODE_MINIMUM)) || return 0
  if [[ "$("$pinned/node" --version 2>/dev/null)" != "v$NODE_VERSION" ]]; then
    mkdir -p "$home"
    step "fetch Node $NODE_VERSION (the system has $major)" \
      npm install --prefix "$home" --no-save --no-fund --no-audit --loglevel=error "node@$NODE_VERSION" || exit 1
    [[ -x "$pinned/node" ]] || fail "The npm package node@$NODE_VERSION brought no program for this machine." \
      "Install Node $NODE_MINIMUM or newer yourself, then run the same command again."
  fi
  export PATH="$pinned:$PATH"
}

# need_node_modules FOLDER: npm ci where the lock file is newer than what is installed.
need_node_modules() {
  local folder="$1"
  [[ -f "$folder/package-lock.json" ]] || return 0
  [[ "$folder/node_modules/.package-lock.json" -nt "$folder/package-lock.json" ]] && return 0
  step "npm packages of ${folder#"$ROOT"/}" npm ci --prefix "$folder" --no-fund --no-audit --loglevel=error || return 1
  touch "$folder/node_modules/.package-lock.json"
}

# --- building ------------------------------------------------------------------------------

# build_preset NAME [TARGET…]: configures and builds; returns non-zero when either fails.
build_preset() {
  local preset="$1"
  shift
  export CMAKE_BUILD_PARALLEL_LEVEL="${CMAKE_BUILD_PARALLEL_LEVEL:-$(jobs_here)}"
  export NINJA_STATUS='[%f/%t] '
  cd "$ROOT" || return 1
  step "configure $preset" cmake --preset "$preset" || return 1
  if (($# > 0)); then
    step "build $preset: $*" cmake --build --preset "$preset" --target "$@"
  else
    step "build $preset" cmake --build --preset "$preset"
  fi
}

# --- testing -------------------------------------------------------------------------------

# run_ctest PRESET ARGUMENT…: the tests of a preset as one step; results in build/PRESET/junit.xml,
# which is gone when ctest did not come so far as to write it.
run_ctest() {
  local preset="$1" junit="$ROOT/build/$1/junit.xml"
  shift
  rm -f "$junit"
  cd "$ROOT" || return 1
  STEP_IS_TEST=1 STEP_TAIL=120 step "test $preset" ctest --preset "$preset" -j "$(jobs_here)" --output-junit "$junit" \
    --test-output-size-passed 4000000 --test-output-size-failed 4000000 "$@"
}

# --- fuzzing -------------------------------------------------------------------------------

# fuzz_targets PRESET SECONDS [NAME]: every target of build/PRESET/fuzz replays its corpus and then
# looks for new inputs; SECONDS are split over all of them. Counts in STEPS_PASSED and STEPS_FAILED;
# returns non-zero when there is no target. What breaks one is kept in build/PRESET/fuzz-found/.
fuzz_targets() {
  local preset="$1" seconds="$2" only="${3:-}" targets=() target name share
  STEPS_PASSED=0 STEPS_FAILED=0
  mapfile -t targets < <(find "$ROOT/build/$preset/fuzz" -maxdepth 1 -type f -name "${only:-*}" -perm -u+x 2>/dev/null | sort)
  ((${#targets[@]} > 0)) || return 1
  share=$((seconds / ${#targets[@]}))
  ((share >= 1)) || share=1
  for target in "${targets[@]}"; do
    name=$(basename "$target")
    if STEP_IS_TEST=1 step "fuzz $name, $share s" fuzz_one "$preset" "$target" "$share"; then
      STEPS_PASSED=$((STEPS_PASSED + 1))
    else
      STEPS_FAILED=$((STEPS_FAILED + 1))
    fi
  done
}

fuzz_one() {
  local preset="$1" target="$2" seconds="$3" name corpus grown found
  name=$(basename "$target")
  corpus="$ROOT/tests/fuzz/corpus/$name"
  grown="$ROOT/build/$preset/fuzz-corpus/$name"
  found="$ROOT/build/$preset/fuzz-found"
  mkdir -p "$grown" "$found"
  local known=("$grown")
  [[ ! -d "$corpus" ]] || known+=("$corpus")
  # Every known input once, then the search. `&&`: this runs where `set -e` does not reach.
  "$target" -runs=0 -timeout=10 -rss_limit_mb=2048 -artifact_prefix="$found/$name-" "${known[@]}" &&
    "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
      -artifact_prefix="$found/$name-" "${known[@]}"
}
