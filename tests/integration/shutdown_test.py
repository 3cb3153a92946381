#!/usr/bin/env python3
"""SIGTERM: the gateway drains, says so, closes in order and ends with 0; what it accepted is taken up again."""

import http.client
import json
import os
import pty
import signal
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support.gateway import Gateway, basic_config  # noqa: E402
from support.provider import Hold, OpenAi, Pause, Provider, head, says  # noqa: E402
from support.run import main  # noqa: E402
from support.socket_client import Closed, text_of  # noqa: E402


def slow(pieces, pause):
    steps = [head()]
    for text in OpenAi.parts([f"piece{n} " for n in range(pieces)]):
        steps += [text, Pause(pause)]
    return steps + [OpenAi.ending()]


class Shutdown(unittest.TestCase):
    def serve(self, answer):
        provider = Provider(answer)
        self.addCleanup(provider.close)
        gateway = Gateway(basic_config(provider.url + "/v1"))
        self.addCleanup(gateway.remove)
        return gateway.start()

    def end_of(self, client, limit=20):
        client.thread.join(limit)
        self.assertIsNotNone(client.closed, "the gateway never closed the connection")
        return client.closed

    def test_idle(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number):
                gateway = self.serve(lambda request: says(OpenAi, "fine"))
                clients = [gateway.client() for _ in range(3)]
                begun = time.monotonic()
                gateway.signal(number)
                self.assertEqual(gateway.process.wait(10), 0, gateway.output())
                self.assertLess(time.monotonic() - begun, 3)
                for client in clients:
                    closed = self.end_of(client)
                    self.assertEqual((closed.code, closed.reason), (1012, "service restart"))
                    shutdown = [f["payload"] for _, f in client.events if f["event"] == "shutdown"]
                    self.assertEqual(len(shutdown), 1)
                    self.assertEqual(shutdown[0]["reason"], "gateway stopping")
                    self.assertIn("restartExpectedMs", shutdown[0])

    def test_a_running_answer_is_finished(self):
        gateway = self.serve(lambda request: slow(10, 0.1))
        client = gateway.client()
        client.chat("main", "take your time", "drain-1")
        client.wait(lambda: client.events_of("drain-1", "agent"), 10, "a first event")
        gateway.signal(signal.SIGTERM)
        self.assertEqual(gateway.process.wait(15), 0, gateway.output())
        self.assertEqual(self.end_of(client).code, 1012)
        self.assertEqual(client.terminal("drain-1")["state"], "final")
        gateway.start()
        again = gateway.client()
        self.assertEqual([m["role"] for m in again.history("main")], ["user", "assistant"])
        self.assertTrue(text_of(again.history("main")[1]).endswith("piece9 "))
        again.close()

    def test_an_answer_that_takes_too_long_ends_visibly_and_what_waited_is_taken_up(self):
        calls = []

        def answer(request):
            calls.append(request.last_user())
            # A question without a whole answer goes along with the next one.
            if request.last_user().endswith("hang please"):
                return [head(), b"".join(OpenAi.parts(["half an ans"])), Hold(60)]
            return says(OpenAi, "answered " + request.last_user()[-6:])

        gateway = self.serve(answer)
        client = gateway.client()
        client.chat("main", "hang please", "long-1")
        client.wait(lambda: [f for f in client.events_of("long-1", "agent") if f["payload"]["stream"] == "assistant"], 10, "text")
        for n in (2, 3):
            self.assertEqual(client.chat("main", f"queued {n}", f"long-{n}")["status"], "started")
        begun = time.monotonic()
        gateway.signal(signal.SIGTERM)
        self.assertEqual(gateway.process.wait(30), 0, gateway.output())
        self.assertLess(time.monotonic() - begun, 20)
        self.assertEqual(self.end_of(client).code, 1012)
        end = client.terminal("long-1")
        self.assertIsNotNone(end, "the running turn ended without a word")
        self.assertIn(end["state"], ("aborted", "error"))
        gateway.start()
        again = gateway.client()
        for n in (2, 3):
            self.assertEqual(again.call("agent.wait", {"runId": f"long-{n}", "timeoutMs": 10000})["status"], "ok")
        messages = again.history("main")
        self.assertEqual([(m["role"], text_of(m)) for m in messages if m["role"] == "user"],
                         [("user", "hang please"), ("user", "queued 2"), ("user", "queued 3")])
        answers = [m for m in messages if m["role"] == "assistant"]
        self.assertEqual(len(answers), 3, messages)
        self.assertIn("nterrupted", text_of(answers[0]) + answers[0].get("errorMessage", "") + answers[0].get("stopReason", ""))
        self.assertEqual(calls.count("hang please"), 1, "an interrupted turn was paid for twice")
        again.close()

    def test_new_work_is_refused_while_it_drains(self):
        gateway = self.serve(lambda request: slow(20, 0.1))
        client = gateway.client()
        client.chat("main", "slow one", "busy-1")
        client.wait(lambda: client.events_of("busy-1", "agent"), 10, "a first event")
        gateway.signal(signal.SIGTERM)
        time.sleep(0.3)
        frame = client.response(client.send("chat.send", {"sessionKey": "x", "message": "new", "idempotencyKey": "busy-2"}))
        self.assertFalse(frame["ok"])
        self.assertIn("shutting down", frame["error"]["message"])
        self.assertEqual(frame["error"]["code"], "UNAVAILABLE")
        self.assertEqual(gateway.process.wait(15), 0)

    def test_the_second_signal_leaves_at_once_and_loses_nothing(self):
        gateway = self.serve(lambda request: [head(), b"".join(OpenAi.parts(["part"])), Hold(60)])
        client = gateway.client()
        client.chat("main", "hang", "twice-1")
        client.wait(lambda: client.events_of("twice-1", "agent"), 10, "a first event")
        gateway.signal(signal.SIGTERM)
        time.sleep(0.2)
        gateway.signal(signal.SIGTERM)
        gateway.process.wait(3)
        client.thread.join(5)
        gateway.start()
        again = gateway.client()
        self.assertIn(again.call("agent.wait", {"runId": "twice-1", "timeoutMs": 10000})["status"], ("error", "ok"))
        messages = again.history("main")
        self.assertEqual([m["role"] for m in messages], ["user", "assistant"])
        self.assertIn("Interrupted", text_of(messages[1]))
        again.close()

    def test_a_streamed_http_answer_ends_in_order(self):
        gateway = self.serve(lambda request: slow(5, 0.2))
        got = {}

        def ask():
            body = b'{"model":"x","stream":true,"messages":[{"role":"user","content":"hi"}]}'
            got["answer"] = gateway.http("POST", "/v1/chat/completions", body, {"Authorization": f"Bearer {gateway.token}"})

        thread = threading.Thread(target=ask)
        thread.start()
        time.sleep(0.4)
        gateway.signal(signal.SIGTERM)
        self.assertEqual(gateway.process.wait(15), 0, gateway.output())
        thread.join(10)
        status, _, body = got["answer"]
        self.assertEqual(status, 200)
        self.assertIn(b"piece4", body)
        self.assertTrue(body.rstrip().endswith(b"data: [DONE]"), body[-200:])


    def test_a_draining_gateway_is_not_ready(self):
        gateway = self.serve(lambda request: slow(20, 0.1))
        client = gateway.client()
        client.chat("main", "slow one", "drain-2")
        client.wait(lambda: client.events_of("drain-2", "agent"), 10, "a first event")
        probe = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=5)
        self.addCleanup(probe.close)

        def ready():
            probe.request("GET", "/health/ready")
            response = probe.getresponse()
            return response.status, response.getheader("retry-after"), json.loads(response.read())

        self.assertEqual(ready()[0], 200)
        gateway.signal(signal.SIGTERM)
        time.sleep(0.3)
        status, retry, body = ready()
        self.assertEqual((status, retry, body["status"], body["checks"]["running"]), (503, "5", "not_ready", "failed"))
        self.assertEqual(gateway.process.wait(15), 0)

    def test_signals_of_log_rotation_and_old_scripts_do_not_end_it(self):
        gateway = self.serve(lambda request: says(OpenAi, "fine"))
        log = os.path.join(gateway.state_dir, "logs", "carapace.log")
        os.rename(log, log + ".moved")
        for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGPIPE):
            with self.subTest(number):
                gateway.signal(number)
                time.sleep(0.3)
                self.assertTrue(gateway.alive(), gateway.output())
                self.assertTrue(gateway.answers())
        with open(log, encoding="utf-8") as file:
            self.assertIn("opened anew", file.read())

    def test_a_terminal_that_closes_ends_it_in_order(self):
        provider = Provider(lambda request: says(OpenAi, "fine"))
        self.addCleanup(provider.close)
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        gateway = Gateway(basic_config(provider.url + "/v1"), wrap=lambda: os.dup2(theirs, 0))
        self.addCleanup(gateway.remove)
        gateway.start()
        os.close(theirs)
        gateway.signal(signal.SIGHUP)
        self.assertEqual(gateway.process.wait(10), 0, gateway.output())
        self.assertIn("the terminal was closed", gateway.output())


class Connections(unittest.TestCase):
    def test_a_client_that_never_answers_the_close_does_not_hold_the_end_up(self):
        with Gateway() as gateway:
            gateway.start()
            client = gateway.client(reading=False)
            client.raw.polite = False
            begun = time.monotonic()
            gateway.signal(signal.SIGTERM)
            self.assertEqual(gateway.process.wait(15), 0)
            self.assertLess(time.monotonic() - begun, 12)
            with self.assertRaises(Closed) as caught:
                while True:
                    client.raw.receive()
            self.assertEqual(caught.exception.code, 1012)
            client.close()


if __name__ == "__main__":
    main()
