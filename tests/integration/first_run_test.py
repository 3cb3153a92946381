#!/usr/bin/env python3
"""The first minutes: an empty folder, no key, no configuration – and how a real model is found."""

import json
import os
import socket
import stat
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support.gateway import Gateway, binary, clean_environment, provider_config  # noqa: E402
from support.provider import WIRES, Hold, Ollama, OpenAi, Provider, says, whole  # noqa: E402
from support.run import main  # noqa: E402
from support.socket_client import text_of  # noqa: E402


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def port_is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


class EmptyMachine(unittest.TestCase):
    """One gateway on an empty state folder, without configuration and without a token of ours."""

    @classmethod
    def setUpClass(cls):
        cls.gateway = Gateway(token=None)
        os.unlink(cls.gateway.config_path)
        cls.gateway.start()

    @classmethod
    def tearDownClass(cls):
        cls.gateway.remove()

    def run_ok(self, *words, **more):
        code, out, err = self.gateway.run(*words, **more)
        self.assertEqual(code, 0, err + out)
        return out

    def test_the_guide_answers_streamed_and_says_what_it_is(self):
        client = self.gateway.client()
        end = client.ask("main", "How do I set a provider key?", "first-1")
        self.assertEqual(end["state"], "final")
        answer = text_of(end["message"])
        self.assertIn("offline guide", answer.lower())
        self.assertIn("no model configured", answer)
        self.assertIn("API_KEY", answer)
        pieces = [f["payload"]["data"]["text"] for f in client.events_of("first-1", "agent") if f["payload"]["stream"] == "assistant"]
        self.assertGreaterEqual(len(pieces), 1)
        for shorter, longer in zip(pieces, pieces[1:]):
            self.assertTrue(longer.startswith(shorter))
        self.assertEqual(pieces[-1], answer)
        self.assertEqual([m["role"] for m in client.history("main")][-2:], ["user", "assistant"])
        client.close()

    def test_the_guide_calls_a_tool(self):
        client = self.gateway.client()
        end = client.ask("tooling", "What time is it?", "first-2")
        self.assertEqual(end["state"], "final")
        roles = [m["role"] for m in client.history("tooling")]
        self.assertEqual(roles, ["user", "assistant", "toolResult", "assistant"])
        client.close()

    def test_what_the_documentation_does_not_know_is_said(self):
        client = self.gateway.client()
        end = client.ask("unknown", "zxqv wvutsr qqqqj?", "first-3")
        self.assertIn("documentation does not answer", text_of(end["message"]))
        client.close()

    def test_only_the_owner_may_read_the_state(self):
        state = self.gateway.state_dir
        self.assertEqual(mode(state), 0o700)
        self.assertEqual(mode(os.path.join(state, "gateway.token")), 0o600)
        self.assertGreaterEqual(len(self.gateway.stored_token()), 32)
        for folder, _, names in os.walk(state):
            for name in names:
                path = os.path.join(folder, name)
                self.assertEqual(mode(path) & 0o077, 0, path)

    def test_open_prints_the_address_with_the_token_in_the_fragment(self):
        url = self.run_ok("open", "--print").strip()
        self.assertEqual(url, f"http://127.0.0.1:{self.gateway.port}/#token={self.gateway.stored_token()}")

    def test_status(self):
        text = self.run_ok("status")
        self.assertIn("guide", text)
        self.assertRegex(text.lower(), "no model (is )?configured")
        self.assertIn(self.gateway.state_dir, text)
        self.assertIsInstance(json.loads(self.run_ok("status", "--json")), dict)

    def test_agent_with_a_message_and_from_standard_input(self):
        self.assertIn("guide", self.run_ok("agent", "--message", "How do I install it?").lower())
        self.assertIn("guide", self.run_ok("agent", stdin="How do I\nconfigure a model?\n").lower())
        answer = json.loads(self.run_ok("agent", "--json", "--message", "hello"))
        self.assertEqual(answer["status"], "ok")
        self.assertIn("guide", answer["result"]["payloads"][0]["text"].lower())

    def test_a_question_of_any_bytes_and_one_that_is_too_long(self):
        command = [binary(), "agent", *self.gateway.arguments()]
        done = subprocess.run(command, input=b"\xff\xfe hello", capture_output=True, env=self.gateway.environment, check=False, timeout=30)
        self.assertEqual(done.returncode, 0, done.stderr)
        done = subprocess.run(command, input=b"a" * 3_000_000, capture_output=True, env=self.gateway.environment, check=False, timeout=30)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"too long", done.stderr)

    def test_logs(self):
        self.assertIn("ready", self.run_ok("logs"))
        for line in self.run_ok("logs", "--json", "--lines", "5").splitlines():
            self.assertIsInstance(json.loads(line), dict)

    def test_nothing_printed_or_logged_holds_the_token(self):
        token = self.gateway.stored_token()
        self.assertNotIn(token, self.gateway.output(1 << 20))
        self.assertNotIn(token, self.run_ok("logs", "--lines", "5000"))
        self.assertNotIn(token, self.run_ok("config", "show"))
        self.assertNotIn(token, self.run_ok("status") + self.run_ok("status", "--json"))

    def test_health_for_supervisors(self):
        for path in ("/health", "/health/ready"):
            status, _, body = self.gateway.http("GET", path)
            self.assertEqual(status, 200, body)
            self.assertIsInstance(json.loads(body), dict)

    def test_exit_codes(self):
        run = self.gateway.run
        self.assertEqual(run("agent", stdin="")[0], 2)
        self.assertEqual(run("agent", "--message", "  ")[0], 2)
        self.assertEqual(run("no-such-verb")[0], 2)
        self.assertEqual(run("start", "--no-such-option")[0], 2)
        self.assertEqual(run()[0], 2)
        self.assertEqual(run("config", "get", "gateway.port")[0], 0)
        self.assertNotEqual(run("config", "get", "no.such.key")[0], 0)
        with Gateway() as absent:
            code, _, err = absent.run("agent", "--message", "hello")
            self.assertEqual(code, 1)
            self.assertIn("carapace start", err)
        wrong = [binary(), "status", *self.gateway.arguments(), "--token", "wrong"]
        done = subprocess.run(wrong, capture_output=True, text=True, env=self.gateway.environment, check=False, timeout=20)
        self.assertEqual(done.returncode, 1)
        self.assertIn("unauthorized", done.stderr)


class Verbs(unittest.TestCase):
    def test_without_a_gateway(self):
        with Gateway(token=None) as gateway:
            run = gateway.run
            self.assertRegex(run("version")[1], r"^carapace \d+\.\d+")
            self.assertIn("version", json.loads(run("version", "--json")[1]))
            for verb in ("start", "chat", "agent", "open", "status", "logs", "config", "version", "completion"):
                code, out, _ = run(verb, "--help", place=False)
                self.assertEqual(code, 0)
                self.assertIn(verb, out)
            for shell in ("bash", "zsh", "fish"):
                code, out, _ = run("completion", shell)
                self.assertEqual(code, 0)
                self.assertIn("--state-dir", out.replace("-l state-dir", "--state-dir"))
            script = run("completion", "bash")[1]
            self.assertEqual(subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode, 0)

    def test_help_and_usage_errors_say_what_would_have_been_right(self):
        with Gateway(token=None) as gateway:
            def run(*words):
                return gateway.run(*words, place=False)
            for words in (("help",), ("--help",), ("-h",)):
                code, out, _ = run(*words)
                self.assertEqual(code, 0)
                for verb in ("start", "chat", "agent", "open", "status", "logs", "config", "version", "completion"):
                    self.assertIn(verb, out)
                self.assertIn("Exit codes: 0", out)
            self.assertEqual(run("help", "config", "set")[:2], run("config", "set", "--help")[:2])
            for words, advice in ((("statsu",), "did you mean status"), (("start", "--prot", "3"), "did you mean --port"),
                                  (("config", "gte", "x"), "did you mean get"), (("help", "chta"), "did you mean chat"),
                                  (("status", "extra"), "extra"), (("start", "--port"), "--port"),
                                  (("start", "--port", "99999"), "65535"), (("config", "get"), "key"),
                                  (("completion", "tcsh"), "bash"), (("logs", "-n", "0"), "5000")):
                code, out, err = run(*words)
                self.assertEqual((code, out), (2, ""), words)
                self.assertTrue(err.startswith("carapace: "), err)
                self.assertIn(advice, err)
                self.assertIn("--help", err)

    def test_failures_are_json_where_a_program_reads(self):
        with Gateway() as gateway:
            for words in (("status",), ("logs",), ("agent", "--message", "hi"), ("config", "get", "no.such")):
                code, out, err = gateway.run(*words, "--json")
                self.assertEqual(code, 1)
                self.assertIn("message", json.loads(out)["error"])
                self.assertTrue(err.startswith("carapace: "))
            self.assertEqual(json.loads(gateway.run("config", "path", "--json")[1]), {"path": gateway.config_path, "exists": True})
            self.assertIn("#token=", json.loads(gateway.run("open", "--json")[1])["url"])
            code, _, err = gateway.run("open")
            self.assertEqual(code, 1)
            self.assertIn("carapace start", err)

    def test_completion_completes_in_bash(self):
        with Gateway(token=None) as gateway:
            script = gateway.run("completion", "bash")[1]

            def completed(*words):
                done = subprocess.run(
                    ["bash", "-c", script + 'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _carapace; echo "${COMPREPLY[@]}"',
                     "bash", *words], capture_output=True, text=True, check=True)
                return done.stdout.split()
            self.assertEqual(completed("carapace", "sta"), ["start", "status"])
            self.assertEqual(completed("carapace", "config", "s"), ["show", "schema", "set"])
            self.assertIn("--json", completed("carapace", "config", "get", "--"))
            self.assertEqual(completed("carapace", "config", "get", "gateway.po"), ["gateway.port"])
            self.assertEqual(completed("carapace", "completion", "z"), ["zsh"])
            self.assertEqual(completed("carapace", "start", "--bind", "la"), ["lan"])

    def test_the_port_comes_from_the_command_line_then_the_environment_then_the_file(self):
        with Gateway("{gateway: {port: 18790}}") as gateway:
            def url(*words, **environment):
                return gateway.run("open", "--print", "--config", gateway.config_path, "--state-dir", gateway.state_dir, *words,
                                   place=False, environment=environment)[1]
            self.assertIn(":18790/", url())
            self.assertIn(":18791/", url(CARAPACE_GATEWAY_PORT="18791"))
            self.assertIn(":18792/", url("--port", "18792", CARAPACE_GATEWAY_PORT="18791"))
            self.assertIn("#token=mine", url("--token", "mine", CARAPACE_GATEWAY_TOKEN="other"))

    def test_config_set_keeps_comments_and_hides_secrets(self):
        with Gateway("{\n  // my own note\n  gateway: { port: 18790 },\n}\n") as gateway:
            run = gateway.run
            self.assertEqual(run("config", "path")[1].strip(), gateway.config_path)
            self.assertEqual(run("config", "get", "gateway.port")[1].strip(), "18790")
            self.assertEqual(run("config", "set", "gateway.port", "18791")[0], 0)
            self.assertEqual(run("config", "set", "models.providers.openai.apiKey", "sk-very-secret-key-1234567890")[0], 0)
            with open(gateway.config_path, encoding="utf-8") as file:
                text = file.read()
            self.assertIn("my own note", text)
            self.assertIn("18791", text)
            self.assertEqual(mode(gateway.config_path) & 0o077, 0)
            for words in (("config", "show"), ("config", "show", "--json"), ("config", "get", "models.providers.openai.apiKey")):
                self.assertNotIn("very-secret", run(*words)[1])
            self.assertEqual(run("config", "get", "agents.defaults.timeoutSeconds")[1].strip(), "600")
            self.assertEqual(json.loads(run("config", "show", "--json")[1])["gateway"]["bind"], "loopback")
            self.assertEqual(run("config", "set", "agents.defaults.model", "a/b")[0], 0)
            self.assertEqual(run("config", "set", "agents.defaults.model.primary", "c/d")[0], 0)
            self.assertEqual(run("config", "get", "agents.defaults.model.primary")[1].strip(), "c/d")
            code, _, err = run("config", "set", "gateway.bind", "banana")
            self.assertEqual(code, 1)
            self.assertIn("loopback", err)
            code, _, err = run("config", "set", "gateway.port", "many")
            self.assertNotEqual(code, 0)
            self.assertIn("gateway.port", err)

    def test_places_from_the_environment(self):
        with Gateway() as gateway:
            environment = {"CARAPACE_STATE_DIR": os.path.join(gateway.root, "elsewhere"),
                           "CARAPACE_CONFIG_PATH": os.path.join(gateway.root, "other.json5")}
            self.assertEqual(gateway.run("config", "path", place=False, environment=environment)[1].strip(),
                             environment["CARAPACE_CONFIG_PATH"])
            gateway.start()
            environment = {"CARAPACE_GATEWAY_TOKEN": gateway.token}
            code, out, err = gateway.run("status", "--port", str(gateway.port), "--state-dir", gateway.state_dir, place=False,
                                         environment=environment)
            self.assertEqual(code, 0, err + out)


class Logging(unittest.TestCase):
    def test_the_console_has_a_level_of_its_own_and_so_has_each_subsystem(self):
        logging = {"level": "warn", "consoleLevel": "error", "levels": {"http": "info"}}
        with Gateway({"logging": logging}) as gateway:
            gateway.start()
            gateway.http("GET", "/v1/models", headers={"Authorization": "Bearer wrong"})
            with open(os.path.join(gateway.state_dir, "logs", "carapace.log"), encoding="utf-8") as file:
                lines = [json.loads(line) for line in file]
            self.assertEqual([line["subsystem"] for line in lines if line["level"] == "info"], ["http"])
            self.assertEqual(gateway.output(), "")


class ModelChoice(unittest.TestCase):
    def model_of(self, gateway, limit=10):
        """What answers a question, once the gateway has settled."""
        client = gateway.client()
        end = client.ask("main", "who are you?", "who-1")
        reference = client.call("status").get("model", {}).get("ref", "")
        client.close()
        return text_of(end.get("message")) or end.get("errorMessage", ""), reference

    def test_a_key_in_the_environment_chooses_its_provider(self):
        for name, key, wire in (("anthropic", "ANTHROPIC_API_KEY", "anthropic"), ("openai", "OPENAI_API_KEY", "openai"),
                                ("groq", "GROQ_API_KEY", "openai"), ("openrouter", "OPENROUTER_API_KEY", "openai")):
            shape = WIRES[wire]
            with self.subTest(name), Provider(lambda request, shape=shape: says(shape, "I am the real one")) as provider:
                config = {"models": {"providers": {name: {"baseUrl": provider.url + ("/v1" if wire == "openai" else "")}}}}
                with Gateway(config, environment={key: "key-from-the-environment"}) as gateway:
                    gateway.start()
                    answer, reference = self.model_of(gateway)
                    self.assertEqual(answer, "I am the real one")
                    self.assertTrue(reference.startswith(name + "/"), reference)
                    request = provider.requests[0]
                    sent = request.headers.get("authorization", "") + request.headers.get("x-api-key", "")
                    self.assertIn("key-from-the-environment", sent)
                    self.assertNotIn("key-from-the-environment", gateway.output(1 << 20))

    def test_configuration_wins_over_the_environment(self):
        with Provider(lambda request: says(OpenAi, "configured")) as provider:
            config = {"models": {"providers": {"mock": provider_config(provider.url + "/v1")}},
                      "agents": {"defaults": {"model": {"primary": "mock/x"}}}}
            with Gateway(config, environment={"ANTHROPIC_API_KEY": "sk-unused"}) as gateway:
                gateway.start()
                self.assertEqual(self.model_of(gateway), ("configured", "mock/x"))

    def ollama(self, request):
        if request.path == "/api/tags":
            return whole({"models": [{"name": "embed:1", "model": "embed:1"}, {"name": "llama3.2:3b", "model": "llama3.2:3b"}]})
        if request.path == "/api/show":
            chats = request.body.get("model") == "llama3.2:3b"
            return whole({"capabilities": ["completion", "tools"] if chats else ["embedding"],
                          "model_info": {"llama.context_length": 131072}})
        return says(Ollama, "local ", "model")

    def found(self, environment):
        with Gateway(environment=environment) as gateway:
            gateway.start()
            client = gateway.client()
            for _ in range(50):
                if client.call("status")["model"]["ref"].startswith("ollama/"):
                    break
                time.sleep(0.05)
            self.assertEqual(client.call("status")["model"]["ref"], "ollama/llama3.2:3b")
            self.assertEqual(text_of(client.ask("main", "who?", "o-1")["message"]), "local model")
            client.close()

    def test_a_local_ollama_is_found_on_its_usual_port(self):
        if not port_is_free(11434):
            self.skipTest("something listens on 127.0.0.1:11434 of this machine")
        with Provider(self.ollama, port=11434):
            self.found({"OLLAMA_BASE_URL": ""})

    def test_a_local_ollama_is_found_where_the_environment_says(self):
        with Provider(self.ollama) as provider:
            self.found({"OLLAMA_BASE_URL": provider.url})

    def test_an_ollama_that_hangs_or_lies_does_not_delay_the_guide(self):
        for steps in ([b""], whole(b"<html>", "text/html"), whole({"models": "none"}), whole({"models": []})):
            with self.subTest(steps=steps), Provider(lambda request, steps=steps: steps) as provider:
                with Gateway(environment={"OLLAMA_BASE_URL": provider.url}) as gateway:
                    gateway.start()
                    self.assertLess(gateway.ready_ms, 3000)
                    answer, reference = self.model_of(gateway)
                    self.assertIn("guide", answer.lower())
                    self.assertTrue(reference.startswith("guide/"))


class FirstSeconds(unittest.TestCase):
    def test_a_message_sent_while_a_local_server_is_still_asked_is_answered_once(self):
        """The start looks for a local model and takes up old work while clients can already talk."""
        with Provider(lambda request: [Hold(5)]) as provider, Gateway(environment={"OLLAMA_BASE_URL": provider.url}) as gateway:
            gateway.start()
            client = gateway.client()
            for n in range(5):
                end = client.ask("main", f"hello {n}", f"early-{n}")
                self.assertEqual(end["state"], "final", end)
            time.sleep(2)  # longer than the search for a local model
            messages = client.history("main")
            self.assertEqual([m["role"] for m in messages], ["user", "assistant"] * 5)
            client.close()


if __name__ == "__main__":
    main()
