#!/usr/bin/env python3
"""`carapace chat` in a pseudo terminal, with a person's keys."""

import os
import pty
import re
import select
import signal
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support.gateway import Gateway, basic_config, binary  # noqa: E402
from support.provider import Hold, OpenAi, Pause, Provider, head, says, whole  # noqa: E402
from support.run import main  # noqa: E402
from support.socket_client import text_of  # noqa: E402

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[=>]|\r")


class Terminal:
    """A chat in a terminal of 100 columns."""

    def __init__(self, gateway, *words, **environment):
        command = [binary(), "chat", *gateway.arguments(), *words]
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            os.execve(command[0], command, {**gateway.environment, "TERM": "xterm", "COLUMNS": "100", "LINES": "40",
                                            "LANG": "C.UTF-8", **environment})
        self.seen = ""
        self.code = None

    def read(self, seconds):
        ready, _, _ = select.select([self.file], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self.file, 1 << 16)
        except OSError:
            data = b""
        self.seen += data.decode("utf-8", "replace")
        if not data:
            time.sleep(0.02)
        return bool(data)

    def text(self):
        return ESCAPES.sub("", self.seen)

    def expect(self, word, limit=15.0):
        """Waits for a word after everything that was expected before; answers the text up to it."""
        end = time.monotonic() + limit
        while True:
            text = self.text()
            found = re.search(word, text)
            if found:
                self.seen = text[found.end():]
                return text[:found.end()]
            if time.monotonic() > end:
                raise AssertionError(f"waited for {word!r}, the screen shows: {text[-1500:]!r}")
            self.read(0.1)

    def type(self, keys):
        os.write(self.file, keys.encode())

    def alive(self):
        if self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        return self.code is None

    def ended(self, limit=10.0):
        end = time.monotonic() + limit
        while self.alive():
            self.read(0.05)
            if time.monotonic() > end:
                raise AssertionError(f"it does not end; the screen shows {self.text()[-1500:]!r}")
        while self.read(0):  # what it said last
            pass
        return self.code

    def leave(self):
        """Ctrl-D as a person does it: once more when the line was not ready for it."""
        end = time.monotonic() + 15.0
        while self.alive() and time.monotonic() < end:
            self.type("\x04")
            pause = time.monotonic() + 1.0
            while self.alive() and time.monotonic() < pause:
                self.read(0.05)
        return self.ended(1.0)

    def remove(self):
        if self.alive():
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.file)


PROMPT = "› "


class Chat(unittest.TestCase):
    def open(self, gateway, *words, **environment):
        terminal = Terminal(gateway, *words, **environment)
        self.addCleanup(terminal.remove)
        return terminal

    def test_a_first_conversation_with_the_guide(self):
        with Gateway(token=None).start() as gateway:
            terminal = self.open(gateway)
            terminal.expect(r"Carapace \d+\.\d+.*/help")
            terminal.expect(PROMPT)
            terminal.type("How do I set a provider key?\n")
            terminal.expect("(?i)offline guide")
            terminal.expect("API_KEY")
            terminal.expect(PROMPT)
            terminal.type("/help\n")
            shown = terminal.expect("Ctrl-D")
            for word in ("/new", "/stop", "/model", "/sessions", "/help"):
                self.assertIn(word, shown)
            terminal.expect(PROMPT)
            terminal.type("/sessions\n")
            terminal.expect("agent:main:main")
            terminal.expect(PROMPT)
            terminal.type("/model\n")
            terminal.expect("guide/")
            terminal.expect(PROMPT)
            terminal.type("/new\n")
            terminal.expect("fresh conversation")
            terminal.expect(PROMPT)
            terminal.type("hello\n")
            terminal.expect("Hello!")
            terminal.expect(PROMPT)
            terminal.type("/whoami\n")  # not the terminal's own: the gateway answers it
            terminal.expect("owner")
            terminal.expect(PROMPT)
            self.assertEqual(terminal.leave(), 0)
            client = gateway.client()
            keys = [row["key"] for row in client.call("sessions.list")["sessions"]]
            self.assertEqual(len(keys), 2, keys)
            client.close()

    def test_ctrl_c_stops_the_answer_and_not_the_program(self):
        def answer(request):
            if "slow" not in request.last_user():
                return says(OpenAi, "quick reply")
            steps = [head()]
            for piece in OpenAi.parts([f"word{n} " for n in range(400)]):
                steps += [piece, Pause(0.05)]
            return steps

        with Provider(answer) as provider, Gateway(basic_config(provider.url + "/v1")).start() as gateway:
            terminal = self.open(gateway)
            terminal.expect(PROMPT)
            terminal.type("a slow one please\n")
            terminal.expect("word3")
            terminal.type("\x03")
            terminal.expect("stopped")
            terminal.expect(PROMPT)
            self.assertTrue(terminal.alive())
            terminal.type("and now quickly\n")
            terminal.expect("quick reply")
            terminal.expect(PROMPT)
            terminal.type("\x03")  # nothing runs: it stays, and says how to leave
            terminal.expect("Ctrl-D")
            terminal.expect(PROMPT)
            self.assertTrue(terminal.alive())
            terminal.type("half a line\x03and now another\n")
            terminal.expect("quick reply")
            terminal.expect(PROMPT)
            self.assertEqual(provider.requests[-1].last_user().splitlines()[-1], "and now another")
            terminal.type("/exit\n")
            self.assertEqual(terminal.ended(), 0)
            client = gateway.client()
            messages = client.history("main")
            self.assertEqual([m["role"] for m in messages], ["user", "assistant"] * 3)
            client.close()

    def test_a_tool_call_is_shown_and_control_characters_of_a_model_are_not(self):
        def answer(request):
            if request.answered_tools():
                return says(OpenAi, "safe \x1b]0;evil\x07\x1b[2Jtext **bold** done")
            return [head() + b"".join(OpenAi.tool("session_status", {}))]

        with Provider(answer) as provider, Gateway(basic_config(provider.url + "/v1")).start() as gateway:
            terminal = self.open(gateway)
            terminal.expect(PROMPT)
            terminal.type("what time is it\n")
            terminal.expect("session_status")
            raw_before = terminal.seen
            terminal.expect("done")
            self.assertNotIn("\x1b]0;", raw_before + terminal.seen)
            self.assertNotIn("\x1b[2J", raw_before + terminal.seen)
            terminal.expect(PROMPT)
            self.assertEqual(terminal.leave(), 0)

    def test_an_error_is_shown_and_the_program_goes_on(self):
        with Provider(lambda request: whole({"error": {"message": "bad key"}}, status=401, reason="Unauthorized")) as provider, \
                Gateway(basic_config(provider.url + "/v1")).start() as gateway:
            terminal = self.open(gateway)
            terminal.expect(PROMPT)
            terminal.type("hello\n")
            terminal.expect("bad key|key")
            terminal.expect(PROMPT)
            self.assertEqual(terminal.leave(), 0)

    def test_a_gateway_that_is_killed_in_an_answer_and_started_again(self):
        """The chat joins it again; the message is there once, and its end is shown."""
        with Provider(lambda request: [head(), b"".join(OpenAi.parts(["some words "])), Hold(30)]) as provider, \
                Gateway(basic_config(provider.url + "/v1")).start() as gateway:
            terminal = self.open(gateway)
            terminal.expect(PROMPT)
            terminal.type("hello\n")
            terminal.expect("some words")
            gateway.kill()
            terminal.expect("carapace start")
            provider.answer = lambda request: says(OpenAi, "back again")
            gateway.start()
            terminal.expect("the gateway is back")
            terminal.expect("Interrupted")
            terminal.expect(PROMPT)
            terminal.type("are you there?\n")
            terminal.expect("back again")
            terminal.expect(PROMPT)
            self.assertEqual(terminal.leave(), 0)
            client = gateway.client()
            said = [text_of(m) for m in client.history("main") if m["role"] == "user"]
            self.assertEqual([one.splitlines()[-1] for one in said], ["hello", "are you there?"])
            client.close()

    def test_a_gateway_that_restarts_between_two_messages(self):
        with Provider(lambda request: says(OpenAi, "reply to " + request.last_user().splitlines()[-1])) as provider, \
                Gateway(basic_config(provider.url + "/v1")).start() as gateway:
            terminal = self.open(gateway)
            terminal.expect(PROMPT)
            terminal.type("one\n")
            terminal.expect("reply to one")
            terminal.expect(PROMPT)
            gateway.stop()
            gateway.start()
            terminal.type("two\n")
            terminal.expect("reply to two")
            terminal.expect(PROMPT)
            gateway.stop()
            terminal.type("three\n")
            terminal.expect("carapace start")
            terminal.type("\x03")  # no longer wait for it
            terminal.expect("up arrow")
            terminal.expect(PROMPT)
            self.assertEqual(terminal.leave(), 0)

    def test_a_pasted_block_is_one_message(self):
        with Provider(lambda request: says(OpenAi, "got it")) as provider, \
                Gateway(basic_config(provider.url + "/v1")).start() as gateway:
            terminal = self.open(gateway)
            terminal.expect(PROMPT)
            terminal.type("look: \x1b[200~first\r\tsecond\r\x07third\r\x1b[201~ end\n")
            terminal.expect("got it")
            terminal.expect(PROMPT)
            self.assertIn("look: first\n\tsecond\nthird end", provider.requests[0].last_user())
            self.assertEqual(terminal.leave(), 0)

    def test_an_approval_is_asked_and_answered_in_the_terminal(self):
        def answer(request):
            if request.method == "GET":
                return whole("a page of strangers", "text/plain")
            results = request.answered_tools()
            if len(results) == 2:
                return says(OpenAi, "second: " + results[1][:300])
            url = f"http://{'localhost' if results else '127.0.0.1'}:{provider.port}/page?n={len(results)}"
            return [head() + b"".join(OpenAi.tool("web_fetch", {"url": url}, f"call_{len(results)}"))]

        with Provider(answer) as provider:
            hosts = [f"127.0.0.1:{provider.port}", f"localhost:{provider.port}"]
            config = basic_config(provider.url + "/v1", tools__web__fetch__allowPrivateHosts=hosts)
            with Gateway(config).start() as gateway:
                terminal = self.open(gateway)
                terminal.expect(PROMPT)
                fetched = []
                for keys in ("n\n", "y\n", "\x03"):
                    terminal.type("/new\n")  # what another conversation has read is no matter
                    terminal.expect(PROMPT)
                    terminal.type("please look\n")
                    terminal.expect(r"allow this once\? \[y/N\]")
                    terminal.type(keys)
                    terminal.expect("stopped" if keys == "\x03" else "second: ")
                    terminal.expect(PROMPT)
                    fetched.append(sum(request.path == "/page?n=1" for request in provider.requests))
                self.assertEqual(fetched, [0, 1, 1])
                terminal.type("\x1b[A\x1b[A")  # answers are no history
                self.assertEqual(terminal.alive(), True)
                terminal.type("\x03\x04")
                self.assertEqual(terminal.leave(), 0)

    def test_a_word_that_is_no_command_is_not_sent(self):
        with Provider(lambda request: says(OpenAi, "sent")) as provider, \
                Gateway(basic_config(provider.url + "/v1")).start() as gateway:
            terminal = self.open(gateway)
            terminal.expect(PROMPT)
            terminal.type("/sesions\n")
            terminal.expect("did you mean /sessions")
            terminal.expect(PROMPT)
            terminal.type("/etc/hosts has which lines?\n")  # a path is no command
            terminal.expect("sent")
            terminal.expect(PROMPT)
            self.assertEqual(len(provider.requests), 1)
            self.assertEqual(terminal.leave(), 0)

    def test_sigterm_leaves_the_terminal_as_it_was(self):
        with Gateway().start() as gateway:
            terminal = self.open(gateway)
            terminal.expect(PROMPT)
            os.kill(terminal.pid, signal.SIGTERM)
            self.assertEqual(terminal.ended(), 0)
            self.assertIn("\x1b[?2004l", terminal.seen)

    def test_without_a_gateway_it_says_what_to_do(self):
        with Gateway() as gateway:
            terminal = self.open(gateway)
            terminal.expect("carapace start")
            self.assertEqual(terminal.ended(), 1)

    def test_lines_from_a_pipe(self):
        with Gateway().start() as gateway:
            code, out, err = gateway.run("chat", stdin="hello\n/exit\n")
            self.assertEqual(code, 0, err)
            self.assertIn("offline guide", out.lower())
            self.assertNotIn("\x1b", out)

    def test_history_is_kept_for_the_owner_only(self):
        with Gateway().start() as gateway:
            terminal = self.open(gateway)
            terminal.expect(PROMPT)
            terminal.type("/help\n")
            terminal.expect("Ctrl-D")
            terminal.expect(PROMPT)
            self.assertEqual(terminal.leave(), 0)
            path = os.path.join(gateway.state_dir, "chat_history")
            self.assertEqual(os.stat(path).st_mode & 0o077, 0)
            terminal = self.open(gateway)
            terminal.expect(PROMPT)
            terminal.type("\x1b[A\n")  # the line before
            terminal.expect("Ctrl-D")


if __name__ == "__main__":
    main()
