#!/usr/bin/env python3
"""kill -9 at random moments, and afterwards: nothing acknowledged lost, nothing doubled, every run ended once.

    kill_sweep.py --kills N [--bin PATH] [--seed S] [--ready-ms 500] [--keep]

Each round puts a mixed load on four sessions of the running gateway, waits for the moment that the round aims at
(the phase), kills the process, starts it again on the same state and compares what it says with three ledgers:
what this client sent and what was acknowledged, what the model was asked, and which side effects a tool had.
The model and the tool's target are processes of their own (support/sweep_peers.py).

Phases, by what this client and the witnesses had seen when the signal was sent:
  ack      the message was on its way, its acknowledgement was not here
  append   acknowledged, no piece of the answer yet
  intent   the tool call was announced, its target had not been reached
  effect   the tool's target had been reached, the result was not here
  stream   in the middle of the answer
  finish   the whole text was here; the end of the run was not, or just so

A gateway that acknowledges before it commits, or runs a tool before its intent is written, fails here; see
broken_builds.sh. What only a power cut shows (a missing fsync) is the matter of tests/store/power_loss_test.cc:
the page cache outlives a killed process.
"""

import argparse
import collections
import json
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support.gateway import Gateway, basic_config  # noqa: E402
from support.socket_client import Closed, text_of  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
AIMS = ("ack", "append", "intent", "effect", "finish")
ROUNDS_PER_EPOCH = 8   # then fresh sessions, so that histories stay short
SESSIONS = 4
SETTLE_S = 15.0


class Witness:
    """One peer process; its lines after the port are hits."""

    def __init__(self, role, ledger, *more):
        self.process = subprocess.Popen([sys.executable, os.path.join(HERE, "support", "sweep_peers.py"), role, ledger, *more],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())
        self.hits = collections.Counter()
        self.changed = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            with self.changed:
                self.hits[line.strip()] += 1
                self.changed.notify_all()

    def wait_hit(self, tag, limit):
        with self.changed:
            return self.changed.wait_for(lambda: self.hits[tag], limit)

    def end(self):
        self.process.stdin.close()
        self.process.wait(10)


class Sent:
    """One message of this client, and what is known of it."""

    def __init__(self, session, tag, what, pause_ms, page):
        self.session, self.tag, self.what = session, tag, what
        # The person names the page's host: otherwise a conversation that has read a page would ask before the next.
        self.text = f"sweep {tag} {what} {pause_ms} {page}"
        self.acked = False
        self.frame = None


class Sweep:
    def __init__(self, options):
        self.options = options
        self.random = random.Random(options.seed)
        self.folder = tempfile.mkdtemp(prefix="carapace-sweep-")
        self.effect = Witness("effect", os.path.join(self.folder, "effects.jsonl"))
        self.model = Witness("provider", os.path.join(self.folder, "model.jsonl"), str(self.effect.port))
        self.own = open(os.path.join(self.folder, "client.jsonl"), "a", encoding="utf-8")
        config = basic_config(f"http://127.0.0.1:{self.model.port}/v1", tools__web__fetch__allowPrivateHosts=["127.0.0.1"],
                              logging__level="warn")
        self.gateway = Gateway(config)
        self.sent = []
        self.by_session = collections.defaultdict(list)
        self.phases = collections.Counter()
        self.outcomes = collections.defaultdict(collections.Counter)  # phase -> outcome of the aimed message
        self.ready = []
        self.ready_of = collections.defaultdict(list)
        self.violations = []
        self.round = 0

    def violate(self, text):
        self.violations.append(f"round {self.round}: {text}")
        print(f"VIOLATION round {self.round}: {text}", flush=True)

    # --- one round -------------------------------------------------------------------------------------------------

    def message(self, session, what, pause_ms):
        item = Sent(f"agent:main:e{self.round // ROUNDS_PER_EPOCH}-{session}", f"k{self.round}-{len(self.sent)}", what, pause_ms,
                    f"http://127.0.0.1:{self.effect.port}/")
        self.sent.append(item)
        self.by_session[item.session].append(item)
        return item

    def put(self, client, item):
        self.own.write(json.dumps({"at": time.monotonic(), "sent": item.tag, "session": item.session}) + "\n")
        self.own.flush()
        item.frame = client.send("chat.send", {"sessionKey": item.session, "message": item.text, "idempotencyKey": item.tag})

    def note_ack(self, client, item):
        """Looks for the acknowledgement among what has arrived."""
        frames = client.responses.get(item.frame) or []
        if item.acked or not frames:
            return item.acked
        item.acked = bool(frames[0]["ok"])
        if not item.acked:
            self.violate(f"{item.tag} was refused: {frames[0].get('error')}")
        self.own.write(json.dumps({"at": time.monotonic(), "acked": item.tag}) + "\n")
        self.own.flush()
        return item.acked

    def saw(self, client, item, stream, test):
        return any(frame["payload"]["stream"] == stream and test(frame["payload"]["data"])
                   for frame in client.events_of(item.tag, "agent"))

    def phase_of(self, client, item):
        if client.terminal(item.tag) or self.saw(client, item, "assistant", lambda data: data["text"].endswith("END")):
            return "finish"
        if self.saw(client, item, "assistant", lambda data: True) or self.saw(client, item, "tool", lambda d: d["phase"] == "result"):
            return "stream"
        if self.effect.hits[item.tag]:
            return "effect"
        if self.saw(client, item, "tool", lambda data: True):
            return "intent"
        return "append" if item.frame in client.responses else "ack"

    def reach(self, client, item, aim):
        """Waits for the aimed moment, then a little at random."""
        rest = self.random.random()
        if aim == "ack":
            time.sleep(rest * 0.003)
            return
        if aim == "append":
            client.response(item.frame, SETTLE_S)
            time.sleep(rest * 0.004)
        elif aim == "intent":
            client.wait(lambda: self.saw(client, item, "tool", lambda data: True), SETTLE_S, "the tool call")
            time.sleep(rest * 0.0005)
        elif aim == "effect":
            if not self.effect.wait_hit(item.tag, SETTLE_S):
                self.violate(f"{item.tag}: the tool never ran; {client.tail()}")
            time.sleep(rest * 0.01)
        else:
            client.wait(lambda: self.phase_of(client, item) == "finish", SETTLE_S, "the whole answer")
            time.sleep(rest * 0.004)

    def load_and_kill(self, client, aim):
        others = [self.message(session, self.random.choice(("chat", "chat", "tool")), self.random.choice((0, 1, 4)))
                  for session in range(1, SESSIONS)]
        others.append(self.message(1, "chat", 0))  # waits behind the first one of its session
        pause = 2 if aim in ("finish", "append") else 1
        item = self.message(0, "tool" if aim in ("intent", "effect") else "chat", pause)
        for other in others:
            self.put(client, other)
        if self.random.random() < 0.5:
            time.sleep(self.random.random() * 0.02)
        self.put(client, item)
        self.reach(client, item, aim)
        phase = self.phase_of(client, item)
        self.gateway.kill()
        client.thread.join(10)  # what the kernel still held counts as received
        for one in [*others, item]:
            self.note_ack(client, one)
        client.close()
        self.phases[phase] += 1
        return [*others, item], item, phase

    # --- after the restart -----------------------------------------------------------------------------------------

    def start(self, phase=None):
        self.gateway.start()
        self.ready.append(self.gateway.ready_ms)
        if phase:
            self.ready_of[phase].append(self.gateway.ready_ms)
        if self.gateway.ready_ms > self.options.ready_ms:
            self.violate(f"ready after {self.gateway.ready_ms:.0f} ms, more than {self.options.ready_ms}")

    def check_repeats(self, client, items):
        """The same request again: what was acknowledged must not start a second time."""
        for item in items:
            before = item.acked
            if before and self.random.random() < 0.5:
                continue
            self.put(client, item)
            frame = client.response(item.frame, SETTLE_S)
            status = (frame.get("payload") or {}).get("status")
            if before and status == "started":
                self.violate(f"{item.tag} was acknowledged before the kill and started again after it")
            if status is None:
                self.violate(f"{item.tag}: the repeat was answered with {frame}")
            item.acked = True

    def settle(self, client, items):
        """Every accepted run ends."""
        waits = [(item, client.send("agent.wait", {"runId": item.tag, "timeoutMs": int(SETTLE_S * 1000)})) for item in items]
        for item, frame_id in waits:
            frame = client.response(frame_id, SETTLE_S + 2)
            if not frame["ok"] or frame["payload"]["status"] not in ("ok", "error"):
                self.violate(f"{item.tag} did not end: {frame}")

    def check_session(self, client, session):
        items = self.by_session[session]
        messages = client.history(session)
        outcomes = {}
        users = [text_of(m) for m in messages if m["role"] == "user"]
        known = {item.text for item in items}
        for text in users:
            if text not in known:
                self.violate(f"{session}: a message that nobody sent: {text[:80]!r}")
        for item in items:
            count = users.count(item.text)
            if count != 1:
                self.violate(f"{item.tag} ({'acknowledged' if item.acked else 'never acknowledged'}) stands {count} times in its transcript")
                continue
            at = next(i for i, m in enumerate(messages) if m["role"] == "user" and text_of(m) == item.text)
            rest = []
            for message in messages[at + 1:]:
                if message["role"] == "user":
                    break
                rest.append(message)
            outcomes[item.tag] = self.check_run(item, rest)
        return outcomes

    def check_run(self, item, rest):
        calls = [b for m in rest if m["role"] == "assistant" for b in m["content"] if b.get("type") == "toolCall"]
        results = [m for m in rest if m["role"] == "toolResult"]
        ends = [m for m in rest if m["role"] == "assistant" and not any(b.get("type") == "toolCall" for b in m["content"])]
        if len(ends) != 1:
            self.violate(f"{item.tag} has {len(ends)} outcomes: {[text_of(m)[:60] for m in ends]}")
            return "?"
        if any("damaged on the disk" in text_of(m) for m in rest):
            self.violate(f"{item.tag}: a message of its run is damaged")
        if [c["id"] for c in calls] != [m["toolCallId"] for m in results]:
            self.violate(f"{item.tag}: calls and results do not match")
        end = text_of(ends[0])
        interrupted = end.startswith("Interrupted")
        if not interrupted and not (end.startswith(f"answer {item.tag} ") and end.endswith(" END")):
            self.violate(f"{item.tag} ended with something else: {end[:80]!r}")
        hits = self.effect.hits[item.tag]
        if hits > 1:
            self.violate(f"{item.tag}: its tool took effect {hits} times")
        result = text_of(results[0]) if results else None
        if result is None:
            if hits:
                self.violate(f"{item.tag}: its tool took effect and the transcript does not know")
            return "interrupted" if interrupted else "answered"
        if result.startswith("Outcome unknown"):
            return "unknown outcome"
        if result.startswith("Not run"):
            if hits:
                self.violate(f"{item.tag}: its tool took effect and is reported as not run")
            return "not run"
        if f"effect {item.tag}" not in result or not hits:
            self.violate(f"{item.tag}: its tool's result is {result[:80]!r}, hits {hits}")
        return "interrupted" if interrupted else "answered"

    def check(self, client, items, item, phase):
        self.check_repeats(client, items)
        self.settle(client, items)
        for session in {one.session for one in items}:
            outcomes = self.check_session(client, session)
            if item.tag in outcomes:
                self.outcomes[phase][outcomes[item.tag]] += 1

    # --- the whole sweep -------------------------------------------------------------------------------------------

    def run(self):
        begun = time.monotonic()
        self.start()
        client = self.gateway.client()
        for self.round in range(1, self.options.kills + 1):
            aim = min(AIMS, key=lambda name: (self.phases[name], self.random.random()))
            items, item, phase = self.load_and_kill(client, aim)
            self.start(phase)
            client = self.gateway.client()
            self.check(client, items, item, phase)
            if self.round % 50 == 0:
                print(f"{self.round} kills, {len(self.violations)} violations, {time.monotonic() - begun:.0f} s", flush=True)
            if len(self.violations) > 20:
                print("giving up: enough violations", flush=True)
                break
        for session in list(self.by_session):
            self.check_session(client, session)
        client.close()
        if self.gateway.stop() != 0:
            self.violate("the last, orderly stop did not end with 0")
        self.check_store()
        return time.monotonic() - begun

    def check_store(self):
        with sqlite3.connect(os.path.join(self.gateway.state_dir, "carapace.db")) as db:
            answer = db.execute("PRAGMA integrity_check").fetchone()[0]
        if answer != "ok":
            self.violate(f"the store is damaged: {answer}")

    def report(self, seconds):
        print(f"\n{'phase':<8} {'kills':>6} {'ready median':>13} {'ready worst':>12}   outcomes of the aimed message")
        for phase in ("ack", "append", "intent", "effect", "stream", "finish"):
            ready = self.ready_of[phase] or [0.0]
            what = ", ".join(f"{name} {count}" for name, count in sorted(self.outcomes[phase].items()))
            print(f"{phase:<8} {self.phases[phase]:>6} {statistics.median(ready):>10.0f} ms {max(ready):>9.0f} ms   {what}")
        if self.options.kills >= 200:
            for aim in AIMS:
                if self.phases[aim] < 20 and len(self.violations) <= 20:
                    self.violate(f"only {self.phases[aim]} kills in the phase {aim}")
        acked = sum(item.acked for item in self.sent)
        kills = sum(self.phases.values())
        print(f"\n{kills} kills in {seconds:.1f} s ({kills / seconds:.1f}/s), seed {self.options.seed}; {len(self.sent)} messages sent, "
              f"{acked} acknowledged; {sum(self.effect.hits.values())} side effects; ready: median "
              f"{statistics.median(self.ready):.0f} ms, worst {max(self.ready):.0f} ms")
        print(f"KILL SWEEP {'FAILED: ' + str(len(self.violations)) + ' violations' if self.violations else 'PASSED: 0 lost, 0 doubled'}")

    def end(self):
        self.effect.end()
        self.model.end()
        self.own.close()
        if self.options.keep or self.violations:
            print(f"ledgers: {self.folder}; state: {self.gateway.root}")
            self.gateway.kill()
        else:
            self.gateway.remove()
            for name in os.listdir(self.folder):
                os.unlink(os.path.join(self.folder, name))
            os.rmdir(self.folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--bin", help="the binary; else CARAPACE_BIN, else build/debug/carapace")
    parser.add_argument("--seed", type=int, default=None, help="default: from the clock, printed")
    parser.add_argument("--ready-ms", type=float, default=500, help="longest time from exec to the first /health")
    parser.add_argument("--keep", action="store_true", help="keep state and ledgers also when all is well")
    options = parser.parse_args()
    if options.bin:
        os.environ["CARAPACE_BIN"] = os.path.abspath(options.bin)
    if options.seed is None:
        options.seed = int(time.time()) % 1_000_000
    print(f"kill sweep: {options.kills} kills, seed {options.seed}", flush=True)
    sweep = Sweep(options)
    try:
        sweep.report(sweep.run())
    except (AssertionError, Closed, OSError) as error:
        sweep.violate(f"the sweep could not go on: {error}\n{sweep.gateway.output()}")
    finally:
        sweep.end()
    return 1 if sweep.violations else 0


if __name__ == "__main__":
    sys.exit(main())
