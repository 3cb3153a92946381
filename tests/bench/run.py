#!/usr/bin/env python3
"""Measures what docs/PERFORMANCE.md says, each figure with its comparison in the same run.

    cmake --preset release && cmake --build --preset release --target carapace
    cmake --preset bench && cmake --build --preset bench --target bench_programs
    tests/bench/run.py [--write docs/PERFORMANCE.md] [--json FILE] [--quick] [--only WORD]

Prints a table in Markdown: median (least–most of the repetitions). Takes about three minutes on two cores.
Exit status: 0 measured, 1 a figure could not be measured. Missing the reach is no error: machines differ.
"""

import argparse
import json
import os
import statistics
import sys

sys.dont_write_bytecode = True
import figures
import machine

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


def short(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def shown(values, unit=""):
    text = short(statistics.median(values))
    if len(values) > 1:
        text += f" ({short(min(values))}–{short(max(values))})"
    return text + (" " + unit if unit else "")


def percent(values):
    text = f"{statistics.median(values):.0%}"
    return text + (f" ({min(values):.0%}–{max(values):.0%})" if len(values) > 1 else "")


# One function per figure: its series as rows of the table {what, reach, measured, beside it, elsewhere}.

def start_rows(of):
    return [("exec to hello-ok, 10,000 sessions in the store", "≤ 30 ms", shown(of["filled_ms"], "ms"),
             f"empty store: {shown(of['empty_ms'], 'ms')}", "2,500 ms")]


def idle_rows(of):
    return [("idle memory, anonymous / resident", "≤ 10 MB / ≤ 20 MB",
             f"{shown(of['anonymous_mb'])} / {shown(of['resident_mb'])} MB", "", "369 MB"),
            ("idle wake-ups (context switches of all threads)", "≤ 1 per s", shown(of["wakeups_per_s"], "per s"), "", "")]


def clients_rows(of):
    return [("anonymous memory per idle WebSocket client, 1,000 / 10,000 of them", "≤ 10 kB",
             f"{shown(of['kb_1000'])} / {shown(of['kb_10000'])} kB", "", "65–90 kB"),
            ("1,000 connects up to hello-ok", "≤ 1 s", shown(of["open_ms_1000"], "ms"),
             f"10,000: {shown(of['open_ms_10000'], 'ms')}", "11 s")]


def reloads_rows(of):
    return [("a changed configuration, from the rename to its effect, 1,000 clients connected and none lost", "≤ 50 ms",
             shown(of["reload_ms"], "ms"), "20 ms of it wait for a second rename", "")]


def round_trips_rows(of):
    elsewhere = {1: "4,900 per s", 64: "1,100 per s", 256: "180 per s"}
    return [(f"`health` round trips on one core, {count} client{'s' * (count > 1)}", "≥ 60 % of the echo" if count == 64 else "",
             f"{shown(of[f'health_{count}'], 'per s')}, {percent(of[f'share_{count}'])}",
             f"bare Beast echo: {shown(of[f'echo_{count}'], 'per s')}; CPU per call "
             f"{shown(of[f'health_cpu_us_{count}'])} and {shown(of[f'echo_cpu_us_{count}'])} µs", elsewhere.get(count, ""))
            for count in (1, 16, 64, 256)]


def one_turn_rows(of, what, reach, elsewhere):
    return [(f"one turn of 200 chunks, {what}: added to reading the stream", reach, shown(of["added_ms"], "ms"),
             f"curl alone: {shown(of['curl_ms'], 'ms')}; fsync of this disk: {shown(of['fsync_ms'], 'ms')}; "
             f"acknowledged after {shown(of['ack_ms'], 'ms')}", elsewhere)]


def many_turns_rows(of):
    return [("32 sessions at once, turns of 200 chunks, one subscriber", "≥ 150 turns per s",
             shown(of["turns_per_s"], "turns per s"),
             f"{shown(of['cpu_ms'])} ms of CPU and {shown(of['events_per_turn'])} events per turn", "6 per s")]


def transcripts_rows(of):
    rows = []
    for name, what in (("small", "a window of 16,000 tokens"), ("large", "a window that holds it all")):
        def line(kind, name=name):
            return " / ".join(short(statistics.median(of[f"{name}_{count}_{kind}"])) for count in (10, 100, 1_000, 10_000))
        rows.append((f"a turn after 10 / 100 / 1,000 / 10,000 messages, {what}",
                     "flat but for the prompt" if name == "small" else "", f"{line('wall_ms')} ms",
                     f"CPU: {line('cpu_ms')} ms", "grows"))
    return rows


def reading_rows(of):
    return [("reading a configuration of 1 MB in 20 includes: parsed, merged, variables filled in, checked", "≤ 20 ms",
             shown(of["read_ms"], "ms"), "", "")]


def commands_rows(of):
    return [("`--help` / `version`", "≤ 10 ms", f"{shown(of['help_ms'])} / {shown(of['version_ms'])} ms", "", "1.4 s"),
            ("`config get` of one key, the whole process", "≤ 10 ms", shown(of["config_get_ms"], "ms"), "", ""),
            ("size of the binary", "", shown(of["binary_mb"], "MB"), "", "")]


def plan(quick):
    """name, what measures it, what shows it"""
    rounds, seconds = (1, 0.7) if quick else (5, 1.2)
    turn_rounds, turns = (3, 10) if quick else (10, 30)
    return [
        ("start", lambda bench: figures.start(bench, rounds), start_rows),
        ("idle", lambda bench: figures.idle(bench, 3 if quick else 10), idle_rows),
        ("clients", lambda bench: figures.clients(bench, rounds), clients_rows),
        ("reloads", lambda bench: figures.reloads(bench, rounds), reloads_rows),
        ("round_trips", lambda bench: figures.round_trips(bench, rounds, seconds), round_trips_rows),
        ("burst_turn", lambda bench: figures.one_turn(bench, turn_rounds, turns, 0),
         lambda of: one_turn_rows(of, "back to back", "≤ 2 ms", "120 ms; 1,100 ms with 288 sessions")),
        ("paced_turn", lambda bench: figures.one_turn(bench, turn_rounds // 3 + 1, turns // 3, 500),
         lambda of: one_turn_rows(of, "one every 0.5 ms", "", "")),
        ("many_turns", lambda bench: figures.many_turns(bench, rounds, 5 if quick else 20), many_turns_rows),
        ("transcripts", lambda bench: figures.long_transcripts(bench, rounds, 5), transcripts_rows),
        ("reading", lambda bench: figures.reading(bench, rounds), reading_rows),
        ("commands", lambda bench: figures.commands(bench, rounds), commands_rows),
    ]


def load_note(load):
    cores = len(machine.CORES)
    if load <= cores / 4:
        return f"The machine was quiet before the run (load {load:.2f} on {cores} cores)."
    return (f"**Preliminary**: the machine was busy with other work (load {load:.2f} on {cores} cores before the run), "
            "so that times are too long and spreads too wide.")


def table(rows, build_times):
    if build_times:
        rows = rows + [("build from nothing / after a change in one method file", "≤ 8 min / ≤ 8 s", build_times, "", "")]
    lines = ["| what | reach | measured | beside it, in the same run | the Node ancestor, elsewhere |",
             "|---|---|---|---|---|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def write_into(path, text):
    with open(path) as file:
        page = file.read()
    head, found, rest = page.partition(BEGIN)
    _, closed, tail = rest.partition(END)
    if not found or not closed:
        raise SystemExit(f"{path} has no place for the table: {BEGIN} … {END}")
    with open(path, "w") as file:
        file.write(f"{head}{BEGIN}\n{text}\n{END}{tail}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="build/release/carapace", help="the gateway that is measured")
    parser.add_argument("--build", default="build/bench", help="build folder of the bench programs; states are kept there meanwhile")
    parser.add_argument("--json", metavar="FILE", help="write every value of every repetition")
    parser.add_argument("--write", metavar="PAGE", help="put the table into this page")
    parser.add_argument("--quick", action="store_true", help="few repetitions: does it still work?")
    parser.add_argument("--only", default="", metavar="WORD", help="figures whose name contains the word")
    parser.add_argument("--build-times", default="", metavar="TEXT", help="shown in the row of the build, which is not measured here")
    options = parser.parse_args()
    for path in (options.bin, options.build):
        if not os.path.exists(path):
            raise SystemExit(f"{path} is not there: build it first, see --help")
    machine.raise_file_limit()
    load = os.getloadavg()[0]
    series, rows, failed = {}, [], False
    with machine.Bench(options.bin, options.build) as bench:
        for name, measure, show in plan(options.quick):
            if options.only not in name:
                continue
            print(f"measuring {name} …", file=sys.stderr, flush=True)
            try:
                series[name] = measure(bench)
                rows += show(series[name])
            except (RuntimeError, OSError) as error:
                failed = True
                print(f"{name} could not be measured: {error}", file=sys.stderr)
    text = table(rows, options.build_times) + "\n\n" + load_note(load)
    print(text)
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"load": load, "cores": len(machine.CORES), "figures": series}, file, indent=1)
    if options.write and not failed and not options.only:
        write_into(options.write, text)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
