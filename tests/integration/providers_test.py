#!/usr/bin/env python3
"""Misbehaving providers against the whole binary: every case ends in one defined outcome, and the gateway lives.

The cases are those of the provider specification (transport T01–T23, and a choice of the vendors' own), written as
raw bytes. Each stream is delivered in one write and one byte at a time; one recorded stream per wire is cut at every
byte. A message names its case, so hundreds of them run in parallel on one gateway per wire.
"""

import json
import os
import re
import sys
import threading
import time
import unittest
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support.gateway import Gateway, basic_config  # noqa: E402
from support.provider import WIRES, Anthropic, Hold, Ollama, OpenAi, Pause, Pieces, Provider, Reset, data_line, head, says, whole  # noqa: E402,E501
from support.run import main  # noqa: E402
from support.socket_client import text_of  # noqa: E402

CASE = re.compile(r"case (\S+)")
AT_ONCE = 24


class Stage:
    """One gateway whose model plays the case that the message names."""

    def __init__(self, wire, **config):
        self.wire = wire
        self.cases = {}
        self.calls = {}
        self.lock = threading.Lock()
        self.provider = Provider(self.answer)
        self.gateway = Gateway(basic_config(self.provider.url + wire.prefix, wire.api, logging__level="error", **config)).start()
        self.client = self.gateway.client()
        self.number = 0

    def answer(self, request):
        name = CASE.search(request.last_user())[1]
        with self.lock:
            self.calls[name] = count = self.calls.get(name, 0) + 1
        steps = self.cases[name]
        return steps(count) if callable(steps) else steps

    def ask(self, cases, limit=60, **more):
        """Plays {name: steps or steps(call number)}, many at once; answers {name: terminal event}."""
        self.cases.update(cases)
        waiting, ended = list(cases), {}
        running = []
        end = time.monotonic() + limit
        while waiting or running:
            while waiting and len(running) < AT_ONCE:
                name = waiting.pop(0)
                self.number += 1
                run = f"run-{self.number}"
                self.client.send("chat.send", {"sessionKey": f"s-{run}", "message": f"case {name}", "idempotencyKey": run, **more})
                running.append((name, run))
            def one_ended():
                return [(name, run) for name, run in running if self.client.terminal(run)]
            done = self.client.wait(one_ended, end - time.monotonic(), f"the end of one of {[n for n, _ in running]}")
            for name, run in done:
                running.remove((name, run))
                payloads = [f["payload"] for f in self.client.events_of(run, "chat")]
                terminals = [p for p in payloads if p["state"] in ("final", "error", "aborted")]
                ended[name] = {**terminals[0], "run": run, "terminals": len(terminals), "session": f"s-{run}"}
            with self.client.changed:  # what is judged need not be searched again
                keep = {run for _, run in running}
                self.client.events = [e for e in self.client.events if e[1].get("payload", {}).get("runId") in keep]
        return ended

    def play(self, steps, **more):
        self.number += 1
        name = f"single-{self.number}"
        return self.ask({name: steps}, **more)[name], self.calls[name]

    def close(self):
        self.client.close()
        self.gateway.remove()
        self.provider.close()


def body(wire, *texts):
    return b"".join(wire.parts(texts)) + wire.ending()


def both_ways(wire, data, content_type=None):
    """The same stream in one write and one byte at a time."""
    start = head(content_type or wire.content_type)
    return {"whole": [start + data], "bytes": [start, Pieces(data)]}


class Wire:
    """Tests that every wire passes."""

    wire = None
    stage = None

    @classmethod
    def setUpClass(cls):
        cls.stage = Stage(cls.wire)

    @classmethod
    def tearDownClass(cls):
        cls.stage.close()

    def tearDown(self):
        self.assertTrue(self.stage.gateway.alive(), self.stage.gateway.output())

    def gives(self, expected, data, content_type=None):
        """Both deliveries end with this text."""
        for way, steps in both_ways(self.wire, data, content_type).items():
            with self.subTest(way):
                end, _ = self.stage.play(steps)
                self.assertEqual(end["state"], "final", end)
                self.assertEqual(text_of(end.get("message")), expected)

    def fails(self, data, *words, content_type=None, partial=None):
        for way, steps in both_ways(self.wire, data, content_type).items():
            with self.subTest(way):
                end, _ = self.stage.play(steps)
                self.assertEqual(end["state"], "error", end)
                for word in words:
                    self.assertIn(word, end["errorMessage"])
                last = self.stage.client.history(end["session"])[-1]
                self.assertEqual(last["role"], "assistant")
                if partial is not None:
                    self.assertEqual(text_of(last), partial)

    def test_plain(self):
        self.gives("Hello there", body(self.wire, "Hel", "lo there"))

    def test_t01_utf8_split_between_reads(self):
        text = "a 👩‍🚀 é 漢 \u200d b"
        data = body(self.wire, text[:4], text[4:])
        for size in (1, 2, 3, 5):
            end, _ = self.stage.play([head(self.wire.content_type), Pieces(data, size)])
            self.assertEqual(text_of(end["message"]), text)

    def test_t02_a_surrogate_pair_split_over_two_deltas(self):
        data = body(self.wire, "x", "MARK1", "MARK2", "y").replace(b"MARK1", b"\\ud83d").replace(b"MARK2", b"\\udc68")
        self.gives("x\U0001f468y", data)
        lone = body(self.wire, "x", "MARK1").replace(b"MARK1", b"\\ud83d")
        end, _ = self.stage.play([head(self.wire.content_type) + lone])
        self.assertIn(text_of(end["message"]), ("x", "x\ufffd"))

    def test_cut_at_every_byte(self):
        """Whatever arrived: a complete answer, or an error with what was there – and never two ends."""
        data = body(self.wire, "Hel", "lo ✓")
        start = head(self.wire.content_type)
        cases = {}
        for at in range(len(data)):
            cut = [start + data[:at]] + ([Reset()] if at % 2 else [])
            cases[f"cut-{at}"] = lambda count, cut=cut: cut if count == 1 else [start + data]
        for at in range(0, len(start), 7):
            cases[f"head-{at}"] = lambda count, at=at: [start[:at], Reset()] if count == 1 else [start + data]
        ended = self.stage.ask(cases, limit=100)
        states = {}
        for name, end in ended.items():
            states[end["state"]] = states.get(end["state"], 0) + 1
            self.assertEqual(end["terminals"], 1, name)
            calls = self.stage.calls[name]
            if end["state"] == "final":
                self.assertEqual(text_of(end["message"]), "Hello ✓", name)
            else:
                self.assertEqual(end["state"], "error", name)
                self.assertTrue(end["errorMessage"], name)
                self.assertEqual(calls, 1, f"{name} was paid for again after its text was shown")
                last = text_of(self.stage.client.history(end["session"])[-1])
                self.assertTrue("Hello ✓".startswith(last), (name, last))
        self.assertEqual(set(states), {"final", "error"}, states)

    def test_html_and_json_instead_of_a_stream(self):
        cases = {"html": whole(b"<html><body>Sign in</body></html>", "text/html"), "error": whole({"error": {"message": "broken inside"}}),
                 "empty": whole(b"", "application/json"), "null": whole(b"null", "application/json"),
                 "number": whole(b"42", self.wire.content_type)}
        for name, end in self.stage.ask(cases).items():
            with self.subTest(name):
                self.assertEqual(end["state"], "error", end)
                self.assertNotIn("<html", end["errorMessage"])

    def test_status_codes_and_how_often_they_are_paid(self):
        for status, calls in ((400, 1), (401, 1), (403, 1), (404, 1), (413, 1), (422, 1), (307, 1)):
            with self.subTest(status):
                end, made = self.stage.play(whole({"error": {"message": f"says {status}"}}, status=status, reason="No"))
                self.assertEqual((end["state"], made), ("error", calls), end)
        again = {f"status-{status}": lambda count, status=status: whole({"error": {"message": "later"}}, status=status, reason="No",
                                                                        Retry_After="1") if count == 1 else says(self.wire, "better")
                 for status in (408, 409, 429, 500, 502, 503, 504, 529)}
        for name, end in self.stage.ask(again).items():
            with self.subTest(name):
                self.assertEqual((end["state"], text_of(end.get("message")), self.stage.calls[name]), ("final", "better", 2))

    def test_three_failures_are_enough(self):
        end, calls = self.stage.play(whole({"error": {"message": "overloaded"}}, status=503, reason="No", retry_after_ms="5"))
        self.assertEqual((end["state"], calls), ("error", 3), end)

    def test_a_redirect_is_not_followed_with_the_key(self):
        with Provider(lambda request: says(self.wire, "stolen")) as thief:
            end, _ = self.stage.play([head(status=307, reason="Temporary Redirect", Location=thief.url + "/v1/chat", Content_Length="0")])
            self.assertEqual(end["state"], "error")
            self.assertEqual(thief.requests, [])

    def test_connection_refused_and_reset_before_the_head(self):
        end, calls = self.stage.play(lambda count: [Reset()] if count < 3 else says(self.wire, "third time"))
        self.assertEqual((end["state"], calls), ("final", 3), end)

    def test_a_stall_ends_by_the_deadline_of_the_run(self):
        half = [head(self.wire.content_type) + self.wire.parts(["half"])[0] + (b"".join(self.wire.parts(["half"])[1:])), Hold(30)]
        cases = {"stall-before-head": [Hold(30)], "stall-after-head": [head(self.wire.content_type), Hold(30)], "stall-half": half,
                 "trickle": [head(self.wire.content_type)] + [x for _ in range(100) for x in (b"\n", Pause(0.1))]}
        begun = time.monotonic()
        ended = self.stage.ask(cases, timeoutMs=1500)
        self.assertLess(time.monotonic() - begun, 8)
        for name, end in ended.items():
            with self.subTest(name):
                self.assertEqual((end["state"], end.get("stopReason")), ("aborted", "timeout"), end)
        self.assertEqual(text_of(self.stage.client.history(ended["stall-half"]["session"])[-1]), "half")

    def test_garbage(self):
        rubbish = [b"\x00" * 5000, b"\xff\xfe\xfd" * 1000, b"A" * 50_000, b"data: \x00\n\n" * 50, b"{" * 20_000 + b"\n\n",
                   b"data: " + b"[" * 20_000 + b"\n\n", b"\n" * 10_000, b"event: x\n\n" * 1000, b"data: {}\n\n" * 10, b"{}\n" * 10,
                   b"data: null\n\ndata: 1\n\ndata: []\n\n", b'{"choices":1}\n', b'data: {"choices":[null],"type":7}\n\n']
        cases = {f"garbage-{n}": [head(self.wire.content_type) + data] for n, data in enumerate(rubbish)}
        for name, end in self.stage.ask(cases).items():
            with self.subTest(name):
                self.assertEqual((end["state"], end["terminals"]), ("error", 1), end)

    def test_a_burst_and_a_long_line(self):
        begun = time.monotonic()
        texts = ["ab."] * 30_000
        end, _ = self.stage.play([head(self.wire.content_type) + body(self.wire, *texts)])
        self.assertEqual((end["state"], len(text_of(end["message"]))), ("final", 90_000))
        self.assertLess(time.monotonic() - begun, 20)
        end, _ = self.stage.play([head(self.wire.content_type) + body(self.wire, "long." * 200_000)])  # a line of 1 MB
        self.assertEqual((end["state"], len(text_of(end["message"]))), ("final", 1_000_000))

    def test_an_endless_line_is_given_up(self):
        def endless(count):
            return [head(self.wire.content_type) + b"data: "] + [b"x" * (1 << 20)] * 100
        before = self.stage.gateway.memory_mb()
        end, _ = self.stage.play(endless)
        self.assertEqual(end["state"], "error", end)
        self.assertLess(self.stage.gateway.memory_mb() - before, 250)

    def test_compressed_in_tiny_flushes(self):
        for name, bits in (("gzip", 31), ("deflate", 15)):
            pack = zlib.compressobj(9, zlib.DEFLATED, bits)
            data = b"".join(pack.compress(bytes([b])) + pack.flush(zlib.Z_SYNC_FLUSH) for b in body(self.wire, "Hel", "lo"))
            data += pack.flush()
            with self.subTest(name):
                end, _ = self.stage.play([head(self.wire.content_type, Content_Encoding=name), Pieces(data, 7)])
                self.assertEqual(text_of(end.get("message")), "Hello", end)
        pack = zlib.compressobj(9, zlib.DEFLATED, 31)
        first = pack.compress(b"x" * (1 << 20)) + pack.flush(zlib.Z_FULL_FLUSH)
        again = pack.compress(b"x" * (1 << 20)) + pack.flush(zlib.Z_FULL_FLUSH)
        bomb = first + again * 999  # a gigabyte
        before = self.stage.gateway.memory_mb()
        end, _ = self.stage.play([head(self.wire.content_type, Content_Encoding="gzip") + bomb])
        self.assertEqual(end["state"], "error", end)
        self.assertLess(self.stage.gateway.memory_mb() - before, 250)

    def test_framing_of_http(self):
        data = body(self.wire, "Hel", "lo")
        start = f"HTTP/1.1 200 OK\r\nContent-Type: {self.wire.content_type}\r\n".encode()
        chunked = start + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(b"1\r\n" + data[i:i + 1] + b"\r\n" for i in range(len(data)))
        end, _ = self.stage.play([Pieces(chunked + b"0\r\nX-Trailer: yes\r\n\r\n", 100)])
        self.assertEqual(text_of(end.get("message")), "Hello", end)
        # The answer was complete: that its frame is not, costs nobody anything.
        for steps in ([chunked], [start + b"Content-Length: %d\r\n\r\n" % (len(data) + 3) + data], [chunked + b"zz\r\n"]):
            end, calls = self.stage.play(steps)
            self.assertEqual((end["state"], calls), ("final", 1), end)

    def test_an_error_in_the_middle_keeps_what_was_there(self):
        self.fails(b"".join(self.wire.parts(["some ", "words"])) + self.wire.error("the engine stopped"), "the engine stopped",
                   partial="some words")

    def test_a_tool_call_and_a_tool_that_is_not_there(self):
        for name, word in (("session_status", "session"), ("no_such_tool", "no tool named")):
            for way, start in both_ways(self.wire, b"".join(self.wire.tool(name, {}))).items():
                with self.subTest(name=name, way=way):
                    end, calls = self.stage.play(lambda count, start=start: start if count == 1 else says(self.wire, "done"))
                    self.assertEqual((end["state"], text_of(end["message"]), calls), ("final", "done", 2))
                    roles = [m["role"] for m in self.stage.client.history(end["session"])]
                    self.assertEqual(roles, ["user", "assistant", "toolResult", "assistant"])
                    self.assertIn(word, text_of(self.stage.client.history(end["session"])[2]))

    def test_a_model_that_calls_tools_for_ever_is_ended(self):
        end, calls = self.stage.play([head(self.wire.content_type) + b"".join(self.wire.tool("session_status", {}))], limit=60)
        self.assertEqual(end["state"], "error", end)
        self.assertLessEqual(calls, 60)

    def test_the_answer_is_over_when_its_end_was_seen(self):
        begun = time.monotonic()
        end, _ = self.stage.play([head(self.wire.content_type) + body(self.wire, "quick"), Hold(20)])
        self.assertEqual(end["state"], "final")
        self.assertLess(time.monotonic() - begun, 5)


class OpenAiWire(Wire, unittest.TestCase):
    wire = OpenAi

    def test_t03_line_ends(self):
        data = body(OpenAi, "Hel", "lo")
        for ending in (b"\r\n", b"\r"):
            self.gives("Hello", data.replace(b"\n", ending))
        mixed = data.replace(b"\n\n", b"\r\n\n", 2)
        self.gives("Hello", mixed)

    def test_t04_comments(self):
        comments = b": keep-alive\n\n: OPENROUTER PROCESSING\n\n:\n\n"
        self.gives("Hello", comments + comments.join(OpenAi.parts(["Hel", "lo"])) + comments + OpenAi.ending())

    def test_t05_t06_t07_spaces_lines_and_bom(self):
        data = body(OpenAi, "Hel", "lo")
        self.gives("Hello", data.replace(b"data: ", b"data:"))
        self.gives("Hello", data.replace(b"data: {", b"data:  {"))
        self.gives("Hello", b"\xef\xbb\xbf" + data)
        lines = json.dumps({"choices": [{"index": 0, "delta": {"content": "Hello"}, "finish_reason": None}]}, indent=1).split("\n")
        self.gives("Hello", "".join(f"data: {line}\n" for line in lines).encode() + b"\n" + OpenAi.ending())

    def test_t08_t09_t10_t11_t12_ends(self):
        parts = b"".join(OpenAi.parts(["Hel", "lo"]))
        finish = OpenAi.chunk({}, "stop")
        self.gives("Hello", (parts + finish).rstrip(b"\n"))  # no blank line
        self.gives("Hello", parts + finish)                  # no [DONE]
        self.gives("Hello", parts + finish + b"data: [DONE]  \n\ndata: [DONE]\n\ndata: {rubbish\n\n")
        self.fails(parts + b'data: {"choices":[{"index":0,"del', partial="Hello")
        self.fails(parts, partial="Hello")

    def test_t16_a_line_of_8_megabytes(self):
        end, _ = self.stage.play([head() + OpenAi.chunk({"content": "x", "image": "y" * (8 << 20)}) + OpenAi.ending()])
        self.assertEqual((end["state"], text_of(end["message"])), ("final", "x"))

    def test_t19_event_names(self):
        data = body(OpenAi, "Hel", "lo")
        self.gives("Hello", b"event: foo\ndata: {}\n\n" + data)
        self.fails(b"".join(OpenAi.parts(["x"])) + b'event: error\ndata: {"error":{"message":"gone wrong"}}\n\n', "gone wrong")

    def test_t21_a_megabyte_of_nothing(self):
        begun = time.monotonic()
        end, _ = self.stage.play([head() + b"data: {}\n\n" * 100_000 + body(OpenAi, "still here")])
        self.assertEqual(text_of(end.get("message")), "still here", end)
        self.assertLess(time.monotonic() - begun, 10)

    def test_t23_numbers_and_nesting(self):
        odd = (b'data: {"x":1e400,"y":-1e-999999,"z":123456789012345678901234567890,"a":1,"a":2,"n":"\\u0000",'
               b'"choices":[{"index":0,"delta":{"content":"a\\u0000b"},"finish_reason":null}]}\n\n')
        for way, steps in both_ways(OpenAi, odd + OpenAi.ending()).items():
            with self.subTest(way):
                end, _ = self.stage.play(steps)
                self.assertIn(end["state"], ("final", "error"))
        deep = b"data: " + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"\n\n"
        end, _ = self.stage.play([head() + deep + body(OpenAi, "after")])
        self.assertIn(end["state"], ("final", "error"))

    def test_vendors(self):
        chunk = OpenAi.chunk
        done = OpenAi.ending()
        for name, expected, data in (
                ("O01 empty choices first", "Hello", data_line({"choices": []}) + body(OpenAi, "Hello")),
                ("O02 usage null", "Hello", chunk({"content": "Hello"}, usage=None) + done),
                ("O08 unknown finish", "Hello", chunk({"content": "Hello"}) + chunk({}, "eos") + b"data: [DONE]\n\n"),
                ("O09 parts and message", "Hello", chunk({"content": [{"type": "text", "text": "Hel"}]}) + chunk({"content": "lo"}) + done),
                ("O10 reasoning first", "Hello", chunk({"reasoning_content": "hm", "reasoning": "hm"}) + chunk({"content": "Hello"}) + done),
                ("O11 code as number", None, data_line({"error": {"code": 502, "message": "upstream"}, "choices": [{"finish_reason": "error"}]})),
                ("O11 error as text", None, data_line({"error": "upstream broke"})),
                ("O11 object error", None, data_line({"object": "error", "message": "upstream broke", "code": 500}))):
            with self.subTest(name):
                if expected is None:
                    end, _ = self.stage.play([head() + data])
                    self.assertEqual(end["state"], "error", end)
                    self.assertIn("upstream", end["errorMessage"])
                else:
                    self.gives(expected, data)

    def test_quota_is_not_tried_again(self):
        error = {"error": {"message": "You exceeded your current quota", "type": "insufficient_quota", "code": "insufficient_quota"}}
        end, calls = self.stage.play(whole(error, status=429, reason="Too Many Requests"))
        self.assertEqual((end["state"], calls), ("error", 1), end)


class AnthropicWire(Wire, unittest.TestCase):
    wire = Anthropic

    def test_vendor(self):
        event = Anthropic.event
        ping = event("ping")
        parts = Anthropic.parts(["Hel", "lo"])
        self.gives("Hello", ping + ping.join(parts) + ping + Anthropic.ending())                     # A04
        self.gives("Hello", b"".join(parts) + event("future_event", x=1) + Anthropic.ending())
        self.fails(event("error", error={"type": "overloaded_error", "message": "Overloaded"}), "Overloaded")      # A01
        null = event("message_delta", delta={"stop_reason": "end_turn"}, usage={"input_tokens": None, "output_tokens": 3})
        self.gives("Hello", b"".join(parts) + event("content_block_stop", index=0) + null + event("message_stop"))  # A09
        self.gives("Hello", b"".join(parts) + Anthropic.ending("something_new"))                    # A08
        thinking = (event("content_block_start", index=0, content_block={"type": "thinking", "thinking": "", "signature": ""})
                    + event("content_block_delta", index=0, delta={"type": "thinking_delta", "thinking": "hm"})
                    + event("content_block_delta", index=0, delta={"type": "signature_delta", "signature": "c2ln"})
                    + event("content_block_stop", index=0))
        text = (event("content_block_start", index=1, content_block={"type": "text", "text": ""})
                + event("content_block_delta", index=1, delta={"type": "text_delta", "text": "Hello"}) + event("content_block_stop", index=1))
        ending = event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 9}) + event("message_stop")
        self.gives("Hello", Anthropic.start() + thinking + text + ending)                           # A06
        unknown = event("content_block_start", index=0, content_block={"type": "server_tool_use", "id": "s", "name": "web", "input": {}})
        self.gives("Hello", Anthropic.start() + unknown + event("content_block_stop", index=0) + text + ending)     # A10

    def test_a_signed_thought_is_sent_back_unchanged(self):
        event = Anthropic.event
        first = (Anthropic.start()
                 + event("content_block_start", index=0, content_block={"type": "thinking", "thinking": "", "signature": ""})
                 + event("content_block_delta", index=0, delta={"type": "thinking_delta", "thinking": "let me look"})
                 + event("content_block_delta", index=0, delta={"type": "signature_delta", "signature": "c2lnbmVk"})
                 + event("content_block_stop", index=0)
                 + event("content_block_start", index=1, content_block={"type": "tool_use", "id": "toolu_9", "name": "session_status", "input": {}})
                 + event("content_block_stop", index=1)
                 + event("message_delta", delta={"stop_reason": "tool_use"}, usage={"output_tokens": 9}) + event("message_stop"))
        end, _ = self.stage.play(lambda count: [head() + first] if count == 1 else says(Anthropic, "done"))
        self.assertEqual(text_of(end["message"]), "done")
        sent = self.stage.provider.requests[-1].body["messages"]
        thoughts = [b for m in sent if m["role"] == "assistant" for b in m["content"] if b["type"] == "thinking"]
        self.assertEqual([(b["thinking"], b["signature"]) for b in thoughts], [("let me look", "c2lnbmVk")])
        self.assertEqual(sent[-1]["content"][0]["type"], "tool_result")
        self.assertEqual(sent[-1]["content"][0]["tool_use_id"], "toolu_9")


class OllamaWire(Wire, unittest.TestCase):
    wire = Ollama

    def test_t20_lines(self):
        data = body(Ollama, "Hel", "lo")
        self.gives("Hello", data.replace(b"\n", b"\n\n"))
        self.gives("Hello", data.replace(b"\n", b"\r\n"))
        self.gives("Hello", data.rstrip(b"\n"))

    def test_vendor(self):
        parts = b"".join(Ollama.parts(["Hel", "lo"]))
        self.gives("Hello", parts + Ollama.line({"content": ""}, True))                                   # L02, L03
        self.gives("Hello", Ollama.line({"content": "", "thinking": "hm"}) + parts + Ollama.ending())
        text_call = Ollama.line({"content": "", "tool_calls": [{"function": {"name": "session_status", "arguments": "{}"}}]})
        end, calls = self.stage.play(lambda count: [head(Ollama.content_type) + text_call + Ollama.ending()] if count == 1
                                     else says(Ollama, "done"))
        self.assertEqual((text_of(end["message"]), calls), ("done", 2))                                   # L04, L05
        end, calls = self.stage.play(whole({"error": "model 'x' not found"}, status=404, reason="Not Found"))
        self.assertEqual((end["state"], calls), ("error", 1))                                             # L07
        self.assertIn("not found", end["errorMessage"])


class Crash(unittest.TestCase):
    def test_a_provider_that_is_not_there(self):
        for wire in WIRES.values():
            with self.subTest(wire.api), Gateway(basic_config("http://127.0.0.1:9" + wire.prefix, wire.api)).start() as gateway:
                client = gateway.client()
                end = client.ask("main", "hello", "gone-1")
                self.assertEqual(end["state"], "error")
                self.assertTrue(end["errorMessage"])
                self.assertEqual([m["role"] for m in client.history("main")], ["user", "assistant"])
                client.close()

    def test_a_provider_that_comes_back(self):
        provider = Provider(lambda request: says(OpenAi, "back"))
        port = provider.port
        with Gateway(basic_config(provider.url + "/v1")).start() as gateway:
            client = gateway.client()
            self.assertEqual(client.ask("main", "one", "back-1")["state"], "final")
            provider.close()
            self.assertEqual(client.ask("main", "two", "back-2")["state"], "error")
            with Provider(lambda request: says(OpenAi, "back"), port=port):
                end = client.ask("main", "three", "back-3")
            self.assertEqual(text_of(end.get("message")), "back", end)
            client.close()


if __name__ == "__main__":
    main()
