#!/usr/bin/env python3
"""Bad input of every kind, against the running gateway: a clear answer that says what to do, and it stays up."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support.gateway import TOKEN, Gateway, basic_config  # noqa: E402
from support.provider import OpenAi, Provider, head, says, whole  # noqa: E402
from support.run import main  # noqa: E402
from support.socket_client import BINARY, Client, Closed, RawSocket, Refused, connect_params, text_of  # noqa: E402

NOBODY = 65534


def request(method, params=None, frame_id="1"):
    return json.dumps({"type": "req", "id": frame_id, "method": method, "params": params or {}})


class Frames(unittest.TestCase):
    """One gateway; every test leaves it as it was."""

    @classmethod
    def setUpClass(cls):
        cls.provider = Provider(lambda request: says(OpenAi, "fine"))
        cls.gateway = Gateway(basic_config(cls.provider.url + "/v1")).start()

    @classmethod
    def tearDownClass(cls):
        cls.gateway.remove()
        cls.provider.close()

    def tearDown(self):
        self.assertTrue(self.gateway.alive(), self.gateway.output())
        self.assertTrue(self.gateway.answers())

    def raw(self, **more):
        sock = RawSocket(self.gateway.port, **more)
        self.addCleanup(sock.close)
        self.assertEqual(sock.status, 101, sock.head)
        return sock

    def signed_in(self):
        sock = self.raw()
        sock.receive()
        sock.send(request("connect", connect_params(TOKEN), "connect"))
        while sock.json().get("id") != "connect":
            pass
        return sock

    def answer(self, sock, frame_id):
        while True:
            frame = sock.json()
            if frame.get("id") == frame_id and frame["type"] == "res":
                return frame

    def test_garbage_before_connect_closes_with_1000_and_no_reason(self):
        for garbage in (b"garbage", b"\xff\xfe\x00", b"{", b"not json", b""):
            with self.subTest(garbage=garbage[:12]):
                sock = self.raw()
                sock.send(garbage, BINARY)
                self.assertEqual(sock.close_code(), (1000, ""))

    def test_deep_json_before_connect_closes(self):
        sock = self.raw()
        sock.send(b"[" * 5000)
        self.assertIn(sock.close_code()[0], (1000, 1008))

    def test_a_first_frame_that_is_no_request_closes_with_1008(self):
        for frame in ('{"type":"event"}', "[]", "7", '{"type":"req","id":"","method":"connect"}', '{"type":"req","id":1,"method":"x"}'):
            with self.subTest(frame=frame):
                sock = self.raw()
                sock.send(frame)
                self.assertEqual(sock.close_code(), (1008, "invalid request frame"))

    def test_another_first_request_is_told_so(self):
        sock = self.raw()
        sock.receive()
        sock.send(request("health"))
        frame = sock.json()
        self.assertEqual(frame["error"], {"code": "INVALID_REQUEST", "message": "invalid handshake: first request must be connect"})
        self.assertEqual(sock.close_code(), (1008, "invalid handshake: first request must be connect"))

    def test_connect_is_validated(self):
        for params, code, message in (
                ({}, 1008, "invalid connect params:"),
                (connect_params(TOKEN, extra=1), 1008, "invalid connect params: at root: unexpected property 'extra'"),
                (connect_params(TOKEN, minProtocol=4, maxProtocol=9), 1002, "protocol mismatch"),
                (connect_params(TOKEN, role="king"), 1008, "invalid role"),
                (connect_params("wrong"), 1008, "unauthorized: gateway token mismatch"),
                (connect_params(None, auth={}), 1008, "device identity required")):
            with self.subTest(message=message):
                sock = self.raw()
                sock.receive()
                sock.send(request("connect", params))
                self.assertIn(message, sock.json()["error"]["message"])
                got, reason = sock.close_code()
                self.assertEqual(got, code)
                self.assertLessEqual(len(reason.encode()), 120)

    def test_after_sign_in_text_that_is_not_json_is_ignored_and_the_socket_lives(self):
        sock = self.signed_in()
        for garbage in (b"garbage", b"{\"type\":", b"\x00\x01"):
            sock.send(garbage, BINARY)
        sock.send(request("health", {}, "h"))
        self.assertTrue(self.answer(sock, "h")["ok"])

    def test_after_sign_in_a_wrong_frame_is_answered_and_the_socket_lives(self):
        sock = self.signed_in()
        for frame, frame_id in (('{"type":"event","id":"e1","event":"x"}', "e1"), ('{"id":"e2"}', "e2"), ("[1]", "invalid"),
                                ('{"type":"req","id":"e3","method":"health","extra":1}', "e3")):
            with self.subTest(frame=frame):
                sock.send(frame)
                error = self.answer(sock, frame_id)["error"]
                self.assertEqual(error["code"], "INVALID_REQUEST")
                self.assertTrue(error["message"].startswith("invalid request frame:"), error)
        sock.send(request("no.such.method", {}, "n"))
        self.assertEqual(self.answer(sock, "n")["error"]["message"], "unknown method: no.such.method")
        sock.send(request("chat.send", {"sessionKey": "main"}, "p"))
        self.assertIn("invalid chat.send params:", self.answer(sock, "p")["error"]["message"])

    def test_invalid_utf8_in_a_text_frame(self):
        sock = self.signed_in()
        sock.send(b'{"type":"req","id":"u","method":"health","params":{"x":"\xff\xfe"}}')
        try:
            sock.sock.settimeout(1)
            while True:
                sock.receive()
        except Closed as closed:
            self.assertEqual(closed.code, 1007)  # what RFC 6455 asks for
        except TimeoutError:
            pass  # ignored like other text that is not JSON

    def test_deep_json_is_refused_and_not_followed(self):
        for depth in (100, 10_000, 200_000):
            for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
                with self.subTest(depth=depth, opening=opening):
                    deep = opening * depth + b"1" + closing * depth
                    if len(deep) > 500_000:
                        continue
                    sock = self.signed_in()
                    sock.send(b'{"type":"req","id":"d","method":"health","params":{"x":' + deep + b"}}")
                    sock.send(request("health", {}, "after"))
                    self.assertTrue(self.answer(sock, "after")["ok"])

    def test_an_oversized_frame_closes_with_1009(self):
        sock = self.signed_in()
        with contextlib.suppress(Closed):
            sock.send(request("health", {"x": "y" * 600_000}))
        self.assertEqual(sock.close_code()[0], 1009)

    def test_a_frame_that_only_claims_to_be_huge_closes_with_1009(self):
        sock = self.signed_in()
        sock.send_bytes(b"\x81\xff" + (1 << 62).to_bytes(8, "big") + b"\0\0\0\0")
        self.assertEqual(sock.close_code()[0], 1009)

    def test_many_fragments_beyond_the_limit_close_with_1009(self):
        sock = self.signed_in()
        with contextlib.suppress(Closed):
            sock.send(b"x" * 1000, fin=False)
            for _ in range(700):
                sock.send(b"x" * 1000, 0, fin=False)
        self.assertEqual(sock.close_code()[0], 1009)

    def test_frames_against_the_protocol_close_the_socket(self):
        for name, data in (("unmasked", RawSocket.frame(b"{}", masked=False)), ("reserved bit", RawSocket.frame(b"{}", reserved=0x40)),
                           ("unknown opcode", RawSocket.frame(b"{}", 3)), ("long ping", RawSocket.frame(b"x" * 200, 9)),
                           ("continuation of nothing", RawSocket.frame(b"{}", 0))):
            with self.subTest(name):
                sock = self.raw()
                sock.receive()
                sock.send_bytes(data)
                code, _ = sock.close_code()
                self.assertIn(code, (1002, 1000, None))

    def test_many_bad_tokens_are_slowed_down_and_the_right_one_still_works(self):
        for _ in range(5):
            with self.assertRaises(Refused):
                Client(self.gateway.port, "wrong")
        Client(self.gateway.port, TOKEN).close()

    # --- HTTP ------------------------------------------------------------------------------------------------------

    def chat(self, body, headers=None):
        return self.gateway.http("POST", "/v1/chat/completions", body,
                                 {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json", **(headers or {})})

    def test_http_bodies_that_are_no_question(self):
        for body, status in ((b"", 400), (b"{", 400), (b"[]", 400), (b'{"messages":[]}', 400), (b'{"messages":7}', 400),
                             (b"\xff\xff", 400), (b"[" * 100_000, 400)):
            with self.subTest(body=body[:20]):
                got, _, answer = self.chat(body)
                self.assertEqual(got, status, answer)
                self.assertEqual(json.loads(answer)["error"]["type"], "invalid_request_error")

    def test_an_oversized_body_is_refused(self):
        for size in (2 << 20, 30 << 20):
            with self.subTest(size=size):
                try:
                    status, _, answer = self.chat(b'{"messages":[{"role":"user","content":"' + b"x" * size + b'"}]}')
                    self.assertIn(status, (400, 413), answer[:200])
                    self.assertRegex(answer.lower(), b"too large|at most")
                except (BrokenPipeError, ConnectionResetError):
                    pass  # it did not wait for the rest

    def test_http_that_is_no_http(self):
        for data, status in ((b"GARBAGE\r\n\r\n", b"400"), (b"GET / HTTP/9.9\r\n\r\n", None), (b"\x16\x03\x01\x02\x00\x01", None),
                             (b"GET /health HTTP/1.1\r\n" + b"X: " + b"y" * 100_000 + b"\r\n\r\n", b"431"),
                             (b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -5\r\n\r\n", b"400"),
                             (b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\n"
                              b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400")):
            with self.subTest(data=data[:30]), socket.create_connection(("127.0.0.1", self.gateway.port), timeout=10) as sock:
                sock.sendall(data)
                sock.shutdown(socket.SHUT_WR)
                answer = b""
                with contextlib.suppress(ConnectionResetError):
                    while more := sock.recv(4096):
                        answer += more
                if status:
                    self.assertIn(status, answer.split(b"\r\n")[0], answer[:200])

    def test_a_foreign_host_or_origin_gets_nothing(self):
        status, _, _ = self.gateway.http("GET", "/v1/models", headers={"Authorization": f"Bearer {TOKEN}", "Host": "evil.example"})
        self.assertGreaterEqual(status, 400)
        for headers in ({"headers": {"Origin": "https://evil.example"}}, {"host_header": "evil.example"}):
            with self.subTest(headers=headers):
                sock = RawSocket(self.gateway.port, **headers)
                self.addCleanup(sock.close)
                self.assertIn(sock.status, (400, 403, 421), sock.head)

    def test_wrong_key_and_wrong_verb(self):
        status, _, answer = self.chat(b"{}", {"Authorization": "Bearer nonsense"})
        self.assertEqual(status, 401)
        self.assertEqual(json.loads(answer), {"error": {"message": "Unauthorized", "type": "unauthorized"}})
        status, headers, _ = self.gateway.http("GET", "/v1/chat/completions", headers={"Authorization": f"Bearer {TOKEN}"})
        self.assertEqual((status, headers.get("allow")), (405, "POST"))
        self.assertEqual(self.gateway.http("GET", "/nothing/here.bin")[0], 404)

    # --- slow clients ----------------------------------------------------------------------------------------------

    def test_a_client_that_reads_nothing_is_closed_and_the_others_notice_nothing(self):
        text = "wide " * 20_000  # 100 kB, again in every cumulative event
        provider = Provider(lambda request: says(OpenAi, *[text[i:i + 2000] for i in range(0, len(text), 2000)]))
        self.addCleanup(provider.close)
        with Gateway(basic_config(provider.url + "/v1")).start() as gateway:
            sleeper = RawSocket(gateway.port)
            sleeper.receive()
            sleeper.send(request("connect", connect_params(TOKEN), "connect"))
            client = gateway.client()
            before = gateway.memory_mb()
            for n in range(60):
                self.assertEqual(client.ask(f"s{n}", "go on", f"slow-{n}")["state"], "final")
            self.assertLess(gateway.memory_mb() - before, 100)
            sleeper.sock.settimeout(15)
            with self.assertRaises(Closed) as caught:  # not TimeoutError
                while True:
                    sleeper.receive()
            self.assertIn(caught.exception.code, (1008, None))
            self.assertTrue(client.call("health"))
            client.close()
            sleeper.close()

    def test_slow_loris_headers_do_not_keep_others_out(self):
        socks = [socket.create_connection(("127.0.0.1", self.gateway.port), timeout=5) for _ in range(100)]
        for sock in socks:
            sock.sendall(b"GET /health HTTP/1.1\r\nHo")
        begun = time.monotonic()
        self.assertTrue(self.gateway.answers())
        self.assertLess(time.monotonic() - begun, 1)
        for sock in socks:
            sock.close()


class ProviderAnswers(unittest.TestCase):
    def test_html_with_status_200_is_an_error_and_no_chat_text(self):
        page = b"<!DOCTYPE html><html><head><title>Sign in to the hotel</title></head><body><script>evil()</script></body></html>"
        with Provider(lambda request: whole(page, "text/html")) as provider, Gateway(basic_config(provider.url + "/v1")).start() as gateway:
            client = gateway.client()
            end = client.ask("main", "hello", "html-1")
            self.assertEqual(end["state"], "error")
            self.assertNotIn("<script>", end["errorMessage"])
            history = client.history("main")
            self.assertEqual([m["role"] for m in history], ["user", "assistant"])
            self.assertNotIn("<script>", text_of(history[1]))
            self.assertTrue(text_of(history[1]))
            client.close()


    def test_a_secret_in_the_words_of_a_provider_reaches_nobody(self):
        secrets = ["sk-ant-api03-" + "Q" * 40, "Z" * 30, "hunter2pass", "abcd1234efgh5678"]
        words = "bad key {} for Bearer {} at https://user:{}@host/x?api_key={}".format(*secrets)

        def answer(request):
            if "stream" in request.last_user():
                return [head(), OpenAi.error(words)]
            return whole({"error": {"message": words, "type": "invalid_request_error"}}, status=401, reason="Unauthorized")

        with Provider(answer) as provider, Gateway(basic_config(provider.url + "/v1")).start() as gateway:
            client = gateway.client()
            seen = json.dumps([client.ask("main", "whole", "secret-1"), client.ask("main", "stream", "secret-2"),
                               client.history("main"), client.call("logs.tail"), gateway.output(100_000)])
            client.close()
            status, _, body = gateway.http("POST", "/v1/chat/completions", b'{"messages":[{"role":"user","content":"whole"}]}',
                                           {"Authorization": f"Bearer {TOKEN}"})
            self.assertEqual(status, 500, body)
            self.assertIn("bad key", seen)
            for secret in secrets:
                self.assertNotIn(secret, seen)
                self.assertNotIn(secret, body.decode())


class Configuration(unittest.TestCase):
    def refused(self, gateway, *words, code=None, limit=10):
        """The start must fail, soon, with a text that names `words`."""
        gateway.launch()
        status = gateway.process.wait(limit)
        output = gateway.output()
        self.assertNotEqual(status, 0, output)
        self.assertGreater(status, 0, output)  # no signal
        if code is not None:
            self.assertEqual(status, code)
        for word in words:
            self.assertIn(word, output)
        self.assertNotIn("terminate called", output)
        return output

    def test_no_configuration_file_is_a_start_with_defaults(self):
        with Gateway() as gateway:
            os.unlink(gateway.config_path)
            gateway.start()
            client = gateway.client()
            self.assertTrue(client.call("health")["ok"])
            client.close()
            self.assertIn("no configuration file of that name", gateway.output())

    def test_a_broken_file_is_named_with_the_line(self):
        for text in ("{ gateway: { port: 1 ", "{ a: 1,\n  b: [1, 2\n}", "not json", "[]", '"text"', b"\xff\xfe\x00{", "{" * 5000):
            with self.subTest(text=text[:20]), Gateway(text) as gateway:
                self.refused(gateway, "config.json5")

    def test_a_wrong_value_or_an_unknown_key_is_named(self):
        for config, word in (({"gateway": {"port": "many"}}, "gateway.port"), ({"gateway": {"port": 99999999}}, "gateway.port"),
                             ({"gateway": {"bind": {"a": 1}}}, "gateway.bind"),
                             ({"models": {"providers": {"mock": {"baseUrl": 7}}}}, "models.providers.mock.baseUrl"),
                             ({"logging": {"level": "shouting"}}, "logging.level")):
            with self.subTest(config=config), Gateway(config) as gateway:
                self.refused(gateway, word)

    def test_a_bind_beyond_loopback_without_a_credential_is_refused(self):
        with Gateway({"gateway": {"bind": "lan", "auth": {"mode": "none"}}}, token=None) as gateway:
            self.refused(gateway, "gateway")
        # A token that was made a moment ago is none that anybody could have been given.
        with Gateway({"gateway": {"bind": "lan"}}, token=None) as gateway:
            self.refused(gateway, "without a credential", "gateway.auth.token")

    def test_every_verb_says_what_is_wrong_with_the_file(self):
        with Gateway("{ broken") as gateway:
            for verb in (("status",), ("agent", "--message", "x"), ("config", "show"), ("open", "--print")):
                with self.subTest(verb=verb):
                    code, out, err = gateway.run(*verb)
                    self.assertNotEqual(code, 0)
                    self.assertIn("config.json5", err + out)

    def test_the_port_is_in_use(self):
        with socket.socket() as taken, Gateway() as gateway:
            taken.bind(("127.0.0.1", gateway.port))
            taken.listen()
            self.refused(gateway, str(gateway.port), "--port")

    def test_a_second_gateway_on_the_same_state(self):
        with Gateway() as first:
            first.start()
            with Gateway(state_dir=first.state_dir) as second:
                self.refused(second, "another gateway", str(first.process.pid), "--state-dir")
            self.assertTrue(first.answers())
            client = first.client()
            self.assertTrue(client.call("health")["ok"])
            client.close()

    def test_the_state_folder_is_a_file(self):
        with Gateway() as gateway:
            with open(gateway.state_dir, "w", encoding="utf-8") as file:
                file.write("x")
            self.refused(gateway, gateway.state_dir)
        with Gateway() as gateway:
            with open(gateway.state_dir, "w", encoding="utf-8") as file:
                file.write("x")
            gateway.state_dir += "/below"
            self.refused(gateway, "state")

    def test_the_state_folder_cannot_be_written(self):
        wrap = None
        if os.geteuid() == 0:
            def wrap():  # root may write anywhere
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
        with Gateway(wrap=wrap) as gateway:
            os.chmod(gateway.root, 0o755)
            os.mkdir(gateway.state_dir, 0o555)
            if os.geteuid() == 0:
                os.chmod(gateway.config_path, 0o644)
            self.refused(gateway, gateway.state_dir)

    def test_the_store_is_no_database(self):
        with Gateway() as gateway:
            os.mkdir(gateway.state_dir, 0o700)
            with open(os.path.join(gateway.state_dir, "carapace.db"), "wb") as file:
                file.write(b"this is no database, it is a letter to my aunt. " * 400)
            self.refused(gateway, "carapace.db")


class FullDisk(unittest.TestCase):
    """A tmpfs of 6 MB that is filled and emptied again; where none can be mounted, a limit on file sizes."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="carapace-full-")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "none", self.folder], capture_output=True, check=False)
        if done.returncode != 0:
            os.rmdir(self.folder)
            self.skipTest("no tmpfs can be mounted here (needs root): the full disk is not tested")

    def tearDown(self):
        subprocess.run(["umount", "-l", self.folder], check=False)
        with contextlib.suppress(OSError):
            os.rmdir(self.folder)

    def fill(self):
        with open(os.path.join(self.folder, "ballast"), "ab", buffering=0) as file:
            for size in (1 << 16, 4096, 512, 1):
                with contextlib.suppress(OSError):
                    while True:
                        if file.write(b"x" * size) < size:
                            break

    def test_a_full_disk_refuses_new_work_serves_reads_and_recovers_alone(self):
        provider = Provider(lambda request: says(OpenAi, "fine " * 200))
        self.addCleanup(provider.close)
        with Gateway(basic_config(provider.url + "/v1"), state_dir=os.path.join(self.folder, "state")) as gateway:
            gateway.start()
            client = gateway.client()
            acked = []
            for n in range(3):
                self.assertEqual(client.ask("main", f"before {n}", f"before-{n}")["state"], "final")
                acked.append(f"before {n}")
            self.fill()
            refused = 0
            for n in range(40):
                try:
                    client.chat("main", f"full {n} " + "y" * 3000, f"full-{n}")
                    acked.append(f"full {n} " + "y" * 3000)
                except Refused as error:
                    refused += 1
                    self.assertEqual(error.code, "UNAVAILABLE")
                    self.assertRegex(error.message.lower(), "full|space|disk")
            self.assertGreater(refused, 0, "the disk was never full")
            self.assertTrue(gateway.alive(), gateway.output())
            self.assertTrue(client.call("health")["ok"])
            self.assertGreaterEqual(len(client.history("main")), 6)  # reads go on
            os.unlink(os.path.join(self.folder, "ballast"))
            end = client.ask("main", "after", "after-1")
            self.assertEqual(end["state"], "final")
            acked.append("after")
            for _ in range(100):  # what was accepted while the disk was full ends too
                users = [text_of(m) for m in client.history("main") if m["role"] == "user"]
                if len(users) >= len(acked):
                    break
                time.sleep(0.05)
            self.assertEqual(sorted(users), sorted(acked))
            client.close()
            self.assertEqual(gateway.stop(), 0)

    def test_a_start_on_a_full_disk_says_so(self):
        with Gateway(state_dir=os.path.join(self.folder, "state")) as gateway:
            self.fill()
            gateway.launch()
            try:
                code = gateway.process.wait(10)
            except subprocess.TimeoutExpired:
                self.fail("it started on a full disk")
            self.assertGreater(code, 0)
            self.assertRegex(gateway.output().lower(), "full|space")


if __name__ == "__main__":
    main()
