#!/usr/bin/env python3
"""Money and time of model calls, against the whole binary: the daily cap holds, every attempt pays, and the keys of
`models.timeouts` end what takes too long."""

import glob
import json
import os
import sqlite3
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support.gateway import Gateway, basic_config  # noqa: E402
from support.provider import WIRES, Anthropic, Hold, OpenAi, Pause, Provider, Reset, data_line, head, says, whole  # noqa: E402,E501
from support.run import main  # noqa: E402
from support.socket_client import text_of  # noqa: E402

PRICE = {"input": 1, "output": 2, "cacheRead": 0, "cacheWrite": 0}  # one and two micro-dollars a token


def costs(prompt, output):
    """A plain answer of the chat completions wire that cost so many tokens."""
    usage = {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output}
    return [head() + b"".join(OpenAi.parts(["fine"])) + OpenAi.chunk({}, "stop")
            + data_line({"choices": [], "usage": usage}) + b"data: [DONE]\n\n"]


class House:
    def __init__(self, answer, wire=OpenAi, cap=None, model=None, **config):
        self.provider = Provider(answer)
        settings = basic_config(self.provider.url + wire.prefix, wire.api, logging__level="error", **config)
        settings["models"]["providers"]["mock"]["models"] = [{"id": "x", **(model or {})}]
        if cap is not None:
            settings["models"]["budget"] = {"dailyUsd": cap}
        self.gateway = Gateway(settings).start()
        self.client = self.gateway.client()
        self.number = 0

    def ask(self, **more):
        self.number += 1
        return self.client.ask(f"s-{self.number}", "hello", f"run-{self.number}", **more)

    def money(self):
        """(spent, reserved, usage rows) in micro-dollars, once all that ended is settled."""
        time.sleep(0.3)
        path = glob.glob(os.path.join(self.gateway.root, "**", "carapace.db"), recursive=True)[0]
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
            return tuple(db.execute("SELECT (SELECT coalesce(sum(spent_micros), 0) FROM caps),"
                                    " (SELECT coalesce(sum(amount_micros), 0) FROM reservations),"
                                    " (SELECT count(*) FROM usage)").fetchone())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()
        self.gateway.remove()
        self.provider.close()


class Money(unittest.TestCase):
    def test_a_cap_and_no_price(self):
        with House(lambda request: costs(10, 10), cap=5) as house:
            end = house.ask()
            self.assertEqual(end["state"], "error", end)
            self.assertIn("models.providers.mock.models", end["errorMessage"])
            self.assertEqual(house.provider.requests, [])
        with House(lambda request: costs(10, 10), cap=0, model={"cost": {"input": 0, "output": 0}}) as house:
            self.assertEqual(house.ask()["state"], "final")

    def test_many_at_once_stay_under_the_cap(self):
        cap = 0.2
        with House(lambda request: [Pause(0.2)] + costs(5_000, 1_000), cap=cap, model={"cost": PRICE, "maxTokens": 8192}) as house:
            runs = [f"run-{n}" for n in range(40)]
            for run in runs:
                house.client.send("chat.send", {"sessionKey": f"s-{run}", "message": "hello", "idempotencyKey": run})
            house.client.wait(lambda: all(house.client.terminal(run) for run in runs), 60, "all runs")
            spent, reserved, rows = house.money()
            self.assertEqual((spent, reserved), (7_000 * len(house.provider.requests), 0))
            self.assertEqual(rows, len(house.provider.requests))
            self.assertLessEqual(spent, cap * 1e6)
            self.assertGreater(len(house.provider.requests), 2)
            self.assertLess(len(house.provider.requests), 40)

    def test_the_cap_is_of_a_day_and_survives_a_restart(self):
        with House(lambda request: costs(43_500, 8_000), cap=0.06, model={"cost": PRICE, "maxTokens": 8192}) as house:
            self.assertEqual(house.ask()["state"], "final")
            self.assertEqual(house.money()[:2], (59_500, 0))
            self.assertEqual(house.ask()["state"], "error")
            house.client.close()
            house.gateway.kill()
            house.gateway.start()
            house.client = house.gateway.client()
            end = house.ask()
            self.assertEqual(end["state"], "error")
            self.assertIn("dailyUsd", end["errorMessage"])
            self.assertEqual(len(house.provider.requests), 1)

    def test_a_long_answer_shrinks_to_the_cap(self):
        with House(lambda request: costs(100, 100), cap=0.05, model={"cost": PRICE, "maxTokens": 64_000}) as house:
            self.assertEqual(house.ask()["state"], "final")
            asked = house.provider.requests[0].body["max_tokens"]
            self.assertGreater(asked, 1_024)
            self.assertLess(asked, 25_000)

    def test_every_attempt_pays(self):
        for name, first, paid in (("refused", whole({"error": {"message": "later"}}, status=503, reason="No", retry_after_ms="5"), 0),
                                  ("half a tool call", [head() + b"".join(OpenAi.tool("session_status", {"a": 1})[:2]), Reset()], 1)):
            with self.subTest(name), House(None, cap=100, model={"cost": PRICE}) as house:
                house.provider.answer = lambda request, house=house, first=first: first if len(house.provider.requests) == 1 else costs(10, 10)
                self.assertEqual(house.ask()["state"], "final")
                spent, reserved, rows = house.money()
                self.assertEqual((rows, reserved, len(house.provider.requests)), (2, 0, 2))
                self.assertEqual(spent > 30, bool(paid), spent)

    def test_every_part_of_a_paused_answer_pays(self):
        paused = [head() + b"".join(Anthropic.parts(["one "])) + Anthropic.ending("pause_turn")]
        with House(None, wire=Anthropic, cap=100, model={"cost": PRICE}) as house:
            house.provider.answer = lambda request: paused if len(house.provider.requests) == 1 else says(Anthropic, "two")
            self.assertEqual(text_of(house.ask()["message"]), "one two")
            self.assertEqual(house.money()[2], 2)
            self.assertEqual(house.provider.requests[1].body["messages"][-1],
                             {"role": "assistant", "content": [{"type": "text", "text": "one"}]})

    def test_a_known_vendor_has_a_price(self):
        with Provider(lambda request: says(Anthropic, "fine")) as provider:
            config = {"models": {"providers": {"anthropic": {"baseUrl": provider.url, "apiKey": "sk-test"}}, "budget": {"dailyUsd": 5}},
                      "agents": {"defaults": {"model": {"primary": "anthropic/claude-haiku-4-5-20251001"}}}}
            with Gateway(config).start() as gateway:
                client = gateway.client()
                self.assertEqual(client.ask("main", "hello", "r-1")["state"], "final")
                self.assertGreaterEqual(provider.requests[0].body["max_tokens"], 64_000)
                client.close()


class Time(unittest.TestCase):
    def ends(self, steps, calls, word, timeouts, wire=OpenAi, of_provider=None):
        config = {"models__timeouts": timeouts}
        with House(lambda request: steps, wire=wire, **config) as house:
            if of_provider is not None:
                path = house.gateway.config_path
                with open(path, encoding="utf-8") as file:
                    settings = json.load(file)
                settings["models"]["providers"]["mock"]["timeouts"] = of_provider
                house.client.close()
                house.gateway.stop()
                with open(path, "w", encoding="utf-8") as file:
                    json.dump(settings, file)
                house.gateway.start()
                house.client = house.gateway.client()
            begun = time.monotonic()
            end = house.ask(limit=30)
            self.assertLess(time.monotonic() - begun, 12)
            self.assertEqual(end["state"], "error", end)
            self.assertIn(word, end["errorMessage"])
            self.assertEqual(len(house.provider.requests), calls)

    def test_first_byte(self):
        for wire in WIRES.values():
            with self.subTest(wire.api):
                self.ends([Hold(20)], 3, "first byte deadline", {"firstByteSeconds": 0.4}, wire)

    def test_silence_within_an_answer(self):
        for wire in WIRES.values():
            with self.subTest(wire.api):
                half = [head(wire.content_type) + b"".join(wire.parts(["half"])), Hold(20)]
                self.ends(half, 1, "idle deadline", {"idleSeconds": 0.4}, wire)

    def test_the_whole_answer(self):
        trickle = [head() + b"".join(OpenAi.parts(["half"]))] + [x for _ in range(200) for x in (b": alive\n\n", Pause(0.05))]
        self.ends(trickle, 1, "total deadline", {"idleSeconds": 1, "totalSeconds": 1.5})

    def test_one_provider_comes_before_all(self):
        self.ends([Hold(20)], 3, "first byte deadline", {"firstByteSeconds": 300}, of_provider={"firstByteSeconds": 0.3})


if __name__ == "__main__":
    main()
