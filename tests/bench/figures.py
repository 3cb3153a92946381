"""The figures of docs/PERFORMANCE.md, one function each. A function measures everything that its row compares
in one go, several times, and answers a dictionary of lists: one value per repetition."""

import collections
import http.client
import json
import os
import statistics
import subprocess
import tempfile
import time

from machine import TOKEN, free_port, fsync_ms

SESSIONS = 10_000


class Series(collections.defaultdict):
    """name -> one value per repetition"""

    def __init__(self):
        super().__init__(list)

    def add(self, **values):
        for name, value in values.items():
            self[name].append(value)


def start(bench, rounds):
    state = bench.state("filled", SESSIONS)
    series = Series()
    for name, folder in (("empty_ms", bench.state("empty")), ("filled_ms", state)):
        port = free_port()
        command = bench.start_command(folder, port)
        series[name] = bench.load("start", command, port=port, token=TOKEN, repeat=3 * rounds)["all_ms"]
    return series


def idle(bench, seconds):
    series = Series()
    with bench.gateway(bench.state("filled", SESSIONS)) as gateway:
        time.sleep(3)  # looking for a local model, the first health summary
        before, begun = gateway.switches(), time.monotonic()
        time.sleep(seconds)
        series.add(wakeups_per_s=(gateway.switches() - before) / (time.monotonic() - begun),
                   anonymous_mb=gateway.status("RssAnon") / 1024, resident_mb=gateway.status("VmRSS") / 1024)
    return series


def clients(bench, rounds):
    series = Series()
    for count in [1_000] * rounds + [10_000]:
        with bench.gateway(bench.state("idle")) as gateway:
            bench.hold(gateway.port, 10).close()  # what is only paid once
            time.sleep(0.5)
            before = gateway.status("RssAnon")
            held = bench.hold(gateway.port, count)
            time.sleep(1.5)
            after = gateway.status("RssAnon")
            held.close()
            series.add(**{f"kb_{count}": (after - before) / count, f"open_ms_{count}": held.open_ms})
    return series


def reloads(bench, rounds, count=1_000):
    """From just before the rename of a changed file until a new request is judged by it; then nobody may be missing."""
    series = Series()
    state = bench.state("reload")
    with bench.gateway(state) as gateway:
        file = os.path.join(state, "carapace.json5")
        asking = http.client.HTTPConnection("127.0.0.1", gateway.port)

        def served():
            asking.request("GET", "/v1/models", headers={"Authorization": "Bearer " + TOKEN})
            answer = asking.getresponse()
            answer.read()
            return answer.status == 200

        held = bench.hold(gateway.port, count)
        time.sleep(1)
        for number in range(5 * rounds):
            wanted = number % 2 == 1
            with open(file + ".new", "w", encoding="utf-8") as out:
                json.dump({"gateway": {"http": {"endpoints": {"chatCompletions": {"enabled": wanted}}}}}, out)
            time.sleep(0.5)
            begun = time.perf_counter()
            os.rename(file + ".new", file)
            while served() != wanted:
                if time.perf_counter() - begun > 5:
                    raise RuntimeError("a changed configuration had no effect")
            series.add(reload_ms=(time.perf_counter() - begun) * 1e3)
        held.close()  # tells when a client was lost
    return series


def round_trips(bench, rounds, seconds):
    """Per second, and microseconds of the server's CPU per call: the second hardly minds a busy machine."""
    series = Series()
    with bench.gateway(bench.state("idle"), core=0) as gateway, bench.echo(core=0) as echo:
        def calls(server, count, **more):
            before = server.cpu_s()
            got = bench.load("rpc", core=1, port=server.port, clients=count, seconds=seconds, **more)
            return got["per_s"], (server.cpu_s() - before) / got["answers_with_warm_up"] * 1e6
        for _ in range(rounds):
            for count in (1, 16, 64, 256):
                ours, our_cpu = calls(gateway, count, token=TOKEN)
                bare, bare_cpu = calls(echo, count, bare=1)
                series.add(**{f"health_{count}": ours, f"echo_{count}": bare, f"share_{count}": ours / bare,
                              f"health_cpu_us_{count}": our_cpu, f"echo_cpu_us_{count}": bare_cpu})
    return series


def curl_ms(mock, times):
    """Reading the same stream with curl over one kept connection."""
    done = subprocess.run(["curl", "-sN", "-o", "/dev/null", "-w", "%{time_total}\n", "-d", "{}",
                           "-H", "content-type: application/json",
                           f"http://127.0.0.1:{mock.port}/v1/chat/completions?[1-{times}]"],
                          check=True, capture_output=True, text=True)
    return [float(line) * 1e3 for line in done.stdout.split()]


def one_turn(bench, rounds, turns, delay_us):
    series = Series()
    with bench.mock(delay_us=delay_us) as mock, bench.gateway(bench.state(f"turn-{delay_us}"), mock) as gateway:
        for number in range(rounds + 1):
            curl = statistics.median(curl_ms(mock, turns))
            ours = bench.load("turns", port=gateway.port, token=TOKEN, turns=turns, fresh=1, prefix=f"round-{number}")
            if number == 0:  # nothing is warm yet
                continue
            series.add(curl_ms=curl, turn_ms=ours["final_ms"], added_ms=ours["final_ms"] - curl,
                       ack_ms=ours["ack_ms"], fsync_ms=fsync_ms(bench.folder))
    return series


def many_turns(bench, rounds, turns):
    series = Series()
    with bench.mock() as mock, bench.gateway(bench.state("filled", SESSIONS), mock) as gateway:
        for number in range(rounds):
            before = gateway.cpu_s()
            ours = bench.load("turns", port=gateway.port, token=TOKEN, sessions=32, turns=turns, prefix=f"many-{number}")
            series.add(turns_per_s=ours["per_s"], final_ms=ours["final_ms"], events_per_turn=ours["events_per_turn"],
                       cpu_ms=(gateway.cpu_s() - before) / ours["turns"] * 1e3)
    return series


def long_transcripts(bench, rounds, turns):
    series = Series()
    counts = (10, 100, 1_000, 10_000)
    state = bench.state("transcripts", 0, counts)
    for name, window in (("small", 16_000), ("large", 2_000_000)):
        with bench.mock(chunks=20) as mock, bench.gateway(state, mock, window) as gateway:
            bench.load("turns", port=gateway.port, token=TOKEN, turns=3, prefix="t10")
            for _ in range(rounds):
                for count in counts:
                    before = gateway.cpu_s()
                    ours = bench.load("turns", port=gateway.port, token=TOKEN, turns=turns, prefix=f"t{count}")
                    series.add(**{f"{name}_{count}_wall_ms": ours["final_ms"],
                                  f"{name}_{count}_cpu_ms": (gateway.cpu_s() - before) / turns * 1e3})
    return series


# A file as people have one.
SETTINGS = """{
  // The port of this machine.
  gateway: { port: 18790, bind: "loopback", auth: { mode: "token" } },
  logging: { level: "info", consoleStyle: "pretty" },
  agents: { defaults: { model: { primary: "mine/x", fallbacks: [] }, timeoutSeconds: 300 } },
  models: { providers: { mine: { baseUrl: "http://127.0.0.1:1/v1", api: "openai-completions", models: [{ id: "x" }] } } },
  tools: { web: { fetch: { enabled: true } } },
}
"""


def reading(bench, rounds):
    """A configuration of 1 MB in a main file and twenty includes: read, merged, filled in and checked."""
    series = Series()
    done = subprocess.run([bench.program("config_bench"), "--benchmark_filter=load/large", f"--benchmark_repetitions={2 * rounds}",
                           "--benchmark_min_time=0.2", "--benchmark_format=json"], check=True, capture_output=True, text=True)
    for one in json.loads(done.stdout)["benchmarks"]:
        if one["run_type"] == "iteration":
            series.add(read_ms=one["real_time"])
    return series


def commands(bench, rounds):
    series = Series()
    for name, word in (("help_ms", "--help"), ("version_ms", "version")):
        series[name] = bench.load("exec", [bench.binary, word], repeat=7 * rounds)["all_ms"]
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "config.json5")
        with open(file, "w", encoding="utf-8") as out:
            out.write(SETTINGS)
        series["config_get_ms"] = bench.load(
            "exec", [bench.binary, "config", "get", "gateway.port", "--config", file, "--state-dir", folder],
            repeat=7 * rounds)["all_ms"]
    series.add(binary_mb=os.path.getsize(bench.binary) / 2**20)
    return series
