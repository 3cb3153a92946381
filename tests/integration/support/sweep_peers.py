"""The two witnesses of the kill sweep, each a process of its own: what they saw is written down outside of the
gateway, which can be killed at any moment without taking the evidence along.

    sweep_peers.py provider LEDGER TOOL_PORT   a model on the chat completions wire
    sweep_peers.py effect LEDGER               a page whose reading is the side effect of a tool

Each prints its port first. The second one then prints one line per hit, at once.
"""

import json
import os
import re
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support.provider import OpenAi, Pause, Provider, head  # noqa: E402

LINE = threading.Lock()
ORDER = re.compile(r"sweep (\S+) (chat|tool) (\d+)")  # tag, what to do, milliseconds between pieces
PIECES = 6


def note(ledger, **what):
    line = json.dumps({"at": time.monotonic(), **what}) + "\n"
    with LINE:
        ledger.write(line)
        ledger.flush()


def streamed(texts, pause):
    steps = [head(), Pause(pause), OpenAi.parts([])[0]]
    for text in texts:
        steps += [OpenAi.parts([text])[1], Pause(pause)]
    return steps + [OpenAi.ending()]


def model(ledger, effect_port):
    def answer(request):
        orders = ORDER.findall(request.last_user())
        if not orders:
            return [head() + b"".join(OpenAi.parts(["no order"])) + OpenAi.ending()]
        # A question without a whole answer goes along with the next one, before it.
        tag, what, pause = orders[-1][0], orders[-1][1], int(orders[-1][2]) / 1000
        results = request.answered_tools()
        note(ledger, who="model", tag=tag, results=len(results))
        if what == "tool" and not results:
            url = f"http://127.0.0.1:{effect_port}/hit/{tag}"
            return [head(), Pause(pause)] + OpenAi.tool("web_fetch", {"url": url}, f"call_{tag}")
        return streamed([f"answer {tag}"] + [f" {n}" for n in range(PIECES)] + [" END"], pause)
    return answer


def effect(ledger):
    def answer(request):
        tag = request.path.rpartition("/")[2]
        note(ledger, who="effect", tag=tag)
        with LINE:
            print(tag, flush=True)
        return [Pause(0.02), head("text/plain") + f"effect {tag}".encode()]
    return answer


def main():
    role, path = sys.argv[1:3]
    with open(path, "a", encoding="utf-8") as ledger:
        peer = Provider(model(ledger, int(sys.argv[3])) if role == "provider" else effect(ledger))
        print(peer.port, flush=True)
        sys.stdin.read()  # until the sweep ends


if __name__ == "__main__":
    main()
