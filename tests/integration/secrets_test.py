#!/usr/bin/env python3
"""Secrets that the configuration refers to: each way gives the model its key and no other place anything, failures say
what to do and are tried again, the gateway's own credential is opened before it listens, `carapace credentials`."""

import glob
import json
import os
import resource
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support.gateway import TOKEN, Gateway, basic_config, binary  # noqa: E402
from support.provider import OpenAi, Provider, says, whole  # noqa: E402
from support.run import main  # noqa: E402
from support.socket_client import text_of  # noqa: E402

PASSWORD = "planted-config-password"
FILE_STORE = {"CARAPACE_CREDENTIAL_STORE": "file"}
# Sealed with PASSWORD: "planted-key-enc".
ENVELOPE = "enc:v2:AAECAwQFBgcICQoL:hH+FLvpEfkLQk8YyiBfyMAwhf05pMuQu9fNxhQ0pcQ==:EBESExQVFhcYGRobHB0eHw=="


def write(path, text, mode=0o600):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


class Stage:
    """A gateway whose one model answers when its key is right, and remembers what it was given."""

    def __init__(self, key, environment=None, prepare=None, token=TOKEN, headers=None, right=None, start=True):
        self.right = right
        self.provider = Provider(self.answer)
        config = basic_config(self.provider.url + OpenAi.prefix, OpenAi.api)
        self.settings = config["models"]["providers"]["mock"]
        self.settings["apiKey"] = key
        if headers:
            self.settings["headers"] = headers
        self.config = config
        self.gateway = Gateway(config, environment={**FILE_STORE, **(environment or {})}, token=token)
        if prepare:
            prepare(self)
            self.gateway.write_config(self.config)
        self.client = None
        self.number = 0
        if start:
            self.gateway.start()
            self.client = self.gateway.client()

    def answer(self, request):
        given = request.headers.get("authorization", "")
        if self.right and given != f"Bearer {self.right}":
            return whole({"error": {"message": "no such key"}}, status=401, reason="Unauthorized")
        return says(OpenAi, "fine")

    def ask(self):
        self.number += 1
        return self.client.ask(f"s-{self.number}", "hello", f"run-{self.number}")

    def keys(self):
        return [request.headers.get("authorization") for request in self.provider.requests]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.client:
            self.client.close()
        self.gateway.remove()
        self.provider.close()


def everything_written(root, but=()):
    """Every file below the folder, as bytes."""
    for path in glob.glob(os.path.join(root, "**"), recursive=True):
        if os.path.isfile(path) and os.path.basename(path) not in but:
            with open(path, "rb") as file:
                yield path, file.read()


def keep(stage, name, value):
    code, out, err = stage.gateway.run("credentials", "set", name, "-", "--json", "--state-dir", stage.gateway.state_dir,
                                       stdin=value + "\n", place=False)
    assert code == 0, (out, err)
    return json.loads(out)["reference"]


def path_of(stage, name):
    return os.path.join(stage.gateway.root, name)


def by_file(stage):
    stage.settings["apiKey"] = "file:" + write(path_of(stage, "key"), "planted-key-file\n")


def by_program(stage):
    write(path_of(stage, "vault"), "#!/bin/sh\necho planted-key-exec\necho login: me\n", 0o700)
    stage.settings["apiKey"] = f"exec:{path_of(stage, 'vault')} read 'my item'"


def by_keychain(stage):
    stage.settings["apiKey"] = keep(stage, "provider:main:mock", "planted-key-keychain")


def hangs(stage):
    """A program that tells its number and never prints a key."""
    write(path_of(stage, "vault"), f"#!/bin/sh\ntrap '' TERM\necho $$ > {path_of(stage, 'pid')}\nwhile :; do sleep 1; done\n", 0o700)
    stage.settings["apiKey"] = "exec:" + path_of(stage, "vault")


def wait_until(done, what, limit=20):
    end = time.monotonic() + limit
    while not done():
        assert time.monotonic() < end, what
        time.sleep(0.01)


def wait_for(path):
    wait_until(lambda: os.path.exists(path) and os.path.getsize(path), f"{path} was not written")


def runs(pid_file):
    with open(pid_file, encoding="ascii") as file:
        return os.path.exists(f"/proc/{file.read().strip()}")


def by_variable_of_the_file(stage):
    stage.config["env"] = {"MOCK_KEY": keep(stage, "env:main:mock", "planted-key-section")}
    stage.settings["apiKey"] = "${MOCK_KEY}"


WAYS = {
    "section": ("", {}, by_variable_of_the_file),
    "literal": ("planted-key-literal", {}, None),
    "variable": ("${MOCK_KEY}", {"MOCK_KEY": "planted-key-variable"}, None),
    "enc": (ENVELOPE, {"CARAPACE_CONFIG_PASSWORD": PASSWORD}, None),
    "file": ("", {}, by_file),
    "exec": ("", {}, by_program),
    "keychain": ("", {}, by_keychain),
}


class Ways(unittest.TestCase):
    def test_each_way_reaches_the_model_and_no_other_place(self):
        for name, (key, environment, prepare) in WAYS.items():
            with self.subTest(name), Stage(key, environment, prepare, right=f"planted-key-{name}") as stage:
                end = stage.ask()
                self.assertEqual((end["state"], text_of(end["message"])), ("final", "fine"), end)
                self.assertEqual(stage.keys(), [f"Bearer planted-key-{name}"])
                self.assertNothingPlanted(stage)

    def test_nor_when_it_is_refused(self):
        """The model answers 401 and quotes the key."""
        for name, (key, environment, prepare) in WAYS.items():
            with self.subTest(name), Stage(key, environment, prepare) as stage:
                planted = f"planted-key-{name}"
                stage.provider.answer = lambda request, planted=planted: whole(
                    {"error": {"message": f"Incorrect API key provided: {planted}"}}, status=401, reason="Unauthorized")
                end = stage.ask()
                self.assertEqual(end["state"], "error", end)
                self.assertNothingPlanted(stage)

    def assertNothingPlanted(self, stage):
        with stage.client.changed:
            frames = json.dumps([event for event in stage.client.events], default=str)
        answers = [json.dumps(stage.client.call(method, {}), default=str) for method in
                   ("health", "status", "models.list", "logs.tail", "config.get")]
        for said in (frames, *answers, stage.gateway.output(1 << 22)):
            self.assertNotIn("planted-", said)
        # The key file of the test itself and the file with the literal key are where they were planted.
        for path, data in everything_written(stage.gateway.root, but=("key", "vault", "config.json5")):
            self.assertNotIn(b"planted-", data, path)

    def test_headers_can_be_references_too(self):
        def prepare(stage):
            stage.settings["headers"] = {"x-team": "file:" + write(path_of(stage, "team"), "planted-team")}
        with Stage("plain-key", prepare=prepare) as stage:
            self.assertEqual(stage.ask()["state"], "final")
            self.assertEqual(stage.provider.requests[0].headers["x-team"], "planted-team")

    def test_nothing_is_opened_before_it_is_used_and_then_once(self):
        def prepare(stage):
            write(path_of(stage, "vault"), f"#!/bin/sh\necho x >> {path_of(stage, 'calls')}\necho the-key\n", 0o700)
            stage.settings["apiKey"] = "exec:" + path_of(stage, "vault")
        with Stage("", prepare=prepare) as stage:
            self.assertFalse(os.path.exists(path_of(stage, "calls")))
            stage.client.call("models.list", {})
            self.assertFalse(os.path.exists(path_of(stage, "calls")))
            runs = [f"many-{i}" for i in range(8)]
            for run in runs:
                stage.client.chat(run, "hello", run)
            stage.client.wait(lambda: all(stage.client.terminal(run) for run in runs), 20, "the end of all")
            self.assertEqual(len(stage.provider.requests), 8)
            with open(path_of(stage, "calls"), encoding="ascii") as calls:
                self.assertEqual(calls.read(), "x\n")


class Failures(unittest.TestCase):
    def test_a_failure_says_what_to_do_and_the_next_message_tries_again(self):
        def prepare(stage):
            stage.settings["apiKey"] = "file:" + path_of(stage, "later")
        with Stage("", prepare=prepare) as stage:
            end = stage.ask()
            self.assertEqual(end["state"], "error", end)
            self.assertEqual(stage.provider.requests, [])
            self.assertIn("models.providers.mock.apiKey", stage.gateway.output(1 << 20))
            self.assertIn("later", stage.gateway.output(1 << 20))
            write(path_of(stage, "later"), "now-there")
            self.assertEqual(stage.ask()["state"], "final")
            self.assertEqual(stage.keys(), ["Bearer now-there"])

    def test_a_program_that_fails_is_named_and_not_quoted(self):
        def prepare(stage):
            write(path_of(stage, "vault"), "#!/bin/sh\necho planted-out; echo planted-err >&2; exit 9\n", 0o700)
            stage.settings["apiKey"] = "exec:" + path_of(stage, "vault")
        with Stage("", prepare=prepare) as stage:
            end = stage.ask()
            self.assertEqual(end["state"], "error", end)
            said = stage.gateway.output(1 << 20)
            self.assertIn("exit code 9", said)
            self.assertNotIn("planted-", said + json.dumps(end))

    def test_a_key_that_was_changed_where_it_lies_is_taken_up(self):
        def prepare(stage):
            stage.settings["apiKey"] = "file:" + write(path_of(stage, "key"), "old-key")
        with Stage("", prepare=prepare, right="new-key") as stage:
            self.assertEqual(stage.ask()["state"], "error")
            write(path_of(stage, "key"), "new-key")
            self.assertEqual(stage.ask()["state"], "final")
            self.assertEqual(stage.keys()[0], "Bearer old-key")
            self.assertEqual(stage.keys()[-1], "Bearer new-key")

    def test_locked_and_wrong_passwords(self):
        for environment, words in (({}, "locked"), ({"CARAPACE_CONFIG_PASSWORD": "another"}, "not the password")):
            with self.subTest(words), Stage(ENVELOPE, environment) as stage:
                self.assertEqual(stage.ask()["state"], "error")
                self.assertIn(words, stage.gateway.output(1 << 20))
                self.assertIn("models.providers.mock.apiKey", stage.gateway.output(1 << 20))
                self.assertEqual(stage.provider.requests, [])

    def test_a_program_that_hangs_holds_neither_the_gateway_nor_its_end(self):
        with Stage("", prepare=hangs) as stage:
            stage.client.chat("s", "hello", "run-hangs")
            wait_for(path_of(stage, "pid"))
            self.assertTrue(stage.client.call("health", {}))
            begun = time.monotonic()
            stage.gateway.stop(limit=25)
            # Less than the 10 s that a turn has to finish, and than the 30 s that a program has.
            self.assertLess(time.monotonic() - begun, 8)
            self.assertFalse(runs(path_of(stage, "pid")))

    def test_a_stop_ends_the_wait_for_a_key_and_its_program(self):
        with Stage("", prepare=hangs) as stage:
            stage.client.chat("s", "hello", "run-hangs")
            wait_for(path_of(stage, "pid"))
            begun = time.monotonic()
            stage.client.call("chat.abort", {"sessionKey": "s"})
            stage.client.wait(lambda: stage.client.terminal("run-hangs"), 25, "the end")
            self.assertLess(time.monotonic() - begun, 15)
            self.assertEqual(stage.client.terminal("run-hangs")["state"], "aborted")
            wait_until(lambda: not runs(path_of(stage, "pid")), "the program's end")


class Own(unittest.TestCase):
    """The gateway's own credential."""

    def test_a_token_by_reference_lets_clients_and_commands_in(self):
        def prepare(stage):
            stage.config["gateway"] = {"auth": {"token": "file:" + write(path_of(stage, "key"), TOKEN)}}
        with Stage("k", prepare=prepare, token=None, start=False) as stage:
            stage.gateway.start()
            code, out, err = stage.gateway.run("status", "--json")
            self.assertEqual(code, 0, err)
            self.assertNotIn(TOKEN, out + err)
            stage.gateway.token = TOKEN
            stage.client = stage.gateway.client()
            self.assertEqual(stage.ask()["state"], "final")

    def test_one_that_cannot_be_opened_ends_the_start_with_its_key(self):
        for reference in ("file:/nonexistent/token", "exec:false", "enc:v2:AAAA:AAAA:AAAA", "keychain:gateway:token:none",
                          ENVELOPE):
            with self.subTest(reference), Stage("k", token=None, start=False) as stage:
                stage.config["gateway"] = {"auth": {"token": reference}}
                stage.gateway.write_config(stage.config)
                stage.gateway.launch()
                self.assertEqual(stage.gateway.process.wait(20), 1)
                self.assertIn("gateway.auth.token", stage.gateway.output())
                self.assertFalse(os.path.exists(os.path.join(stage.gateway.state_dir, "gateway.token")))


    def test_a_start_that_waits_for_it_can_be_stopped(self):
        def prepare(stage):
            hangs(stage)
            stage.config["gateway"] = {"auth": {"token": stage.settings["apiKey"]}}
        with Stage("k", prepare=prepare, token=None, start=False) as stage:
            stage.gateway.launch()
            wait_for(path_of(stage, "pid"))
            begun = time.monotonic()
            self.assertEqual(stage.gateway.stop(limit=25), 0)
            self.assertLess(time.monotonic() - begun, 15)
            self.assertFalse(runs(path_of(stage, "pid")))

    def test_an_older_credential_never_takes_its_place(self):
        """The configuration that worked last had another token: it may be one that others know."""
        with Stage("k", token=None, start=False) as stage:
            stage.config["gateway"] = {"auth": {"token": "an-older-token-0123456789"}}
            stage.gateway.write_config(stage.config)
            stage.gateway.start()
            wait_until(lambda: "config.no_last_good" not in stage.gateway.run("doctor", "--offline", "--json")[1], "it is kept")
            stage.gateway.stop()
            stage.config["gateway"] = {"auth": {"token": ENVELOPE}}
            stage.gateway.write_config(stage.config)
            stage.gateway.launch()
            self.assertEqual(stage.gateway.process.wait(20), 1)
            self.assertIn("set CARAPACE_CONFIG_PASSWORD", stage.gateway.output())


class Children(unittest.TestCase):
    def test_no_child_sees_the_gateways_own_secrets(self):
        """While the program runs: its words, its environment, its descriptors."""
        def prepare(stage):
            write(path_of(stage, "vault"), f"#!/bin/sh\necho $$ > {path_of(stage, 'pid')}\nsleep 3\necho the-key\n", 0o700)
            stage.settings["apiKey"] = "exec:" + path_of(stage, "vault")
            stage.config["env"] = {"VAULT_ADDR": "http://vault.test"}
        own = {"CARAPACE_CONFIG_PASSWORD": PASSWORD, "CARAPACE_GATEWAY_TOKEN": TOKEN}
        with Stage("", own, prepare=prepare, token=None, start=False) as stage:
            stage.gateway.start()
            stage.gateway.token = TOKEN
            stage.client = stage.gateway.client()
            stage.client.chat("s", "hello", "run-child")
            end = time.monotonic() + 10
            while not (os.path.exists(path_of(stage, "pid")) and os.path.getsize(path_of(stage, "pid"))):
                self.assertLess(time.monotonic(), end, "the program was not started")
                time.sleep(0.01)
            with open(path_of(stage, "pid"), encoding="ascii") as file:
                pid = int(file.read())
            with open(f"/proc/{pid}/limits", encoding="ascii") as file:
                self.assertRegex(file.read(), r"Max core file size +(0|1) ")
            seen = {}
            for name in ("cmdline", "environ"):
                with open(f"/proc/{pid}/{name}", "rb") as file:
                    seen[name] = file.read()
            for data in seen.values():
                self.assertNotIn(PASSWORD.encode(), data)
                self.assertNotIn(TOKEN.encode(), data)
            self.assertIn(b"VAULT_ADDR=http://vault.test", seen["environ"])
            for number in os.listdir(f"/proc/{pid}/fd"):
                target = os.readlink(f"/proc/{pid}/fd/{number}")
                # The shell itself holds its script; of the gateway there are the three pipes.
                self.assertTrue(int(number) < 3 or target == path_of(stage, "vault"), target)
            stage.client.wait(lambda: stage.client.terminal("run-child"), 20, "the answer")
            self.assertEqual(stage.keys(), ["Bearer the-key"])

    def test_a_crash_leaves_no_core(self):
        def allow_cores():
            hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
            resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
        with open("/proc/sys/kernel/core_pattern", encoding="ascii") as file:
            pattern = file.read().strip()
        if pattern.startswith("|") or pattern.startswith("/"):
            self.skipTest(f"cores go to {pattern} here")
        with Stage("planted-key-literal", start=False) as stage:
            stage.gateway.wrap = allow_cores
            stage.gateway.start()
            stage.gateway.signal(signal.SIGABRT)
            stage.gateway.process.wait(20)
            self.assertEqual([name for name in os.listdir(stage.gateway.root) if name.startswith("core")], [])


class Commands(unittest.TestCase):
    def setUp(self):
        self.gateway = Gateway({}, environment=FILE_STORE)
        self.addCleanup(self.gateway.remove)

    def run_verb(self, *words, stdin=None, environment=None):
        return self.gateway.run("credentials", *words, "--state-dir", self.gateway.state_dir, "--config", self.gateway.config_path,
                                stdin=stdin, environment=environment, place=False)

    def test_set_list_delete(self):
        code, out, err = self.run_verb("set", "provider:main:work", "-", stdin="planted-value\n")
        self.assertEqual((code, err), (0, ""), out)
        self.assertIn("keychain:provider:main:work", out)
        code, out, _ = self.run_verb("list", "--json")
        told = json.loads(out)
        self.assertEqual([entry["name"] for entry in told["credentials"]], ["provider:main:work"])
        self.assertEqual(told["store"]["id"], "file")
        self.assertNotIn("planted-value", out)
        for path, data in everything_written(self.gateway.root):
            self.assertNotIn(b"planted-value", data, path)
            self.assertEqual(os.stat(path).st_mode & 0o077 if "credentials" in path else 0, 0, path)
        self.assertEqual(self.run_verb("delete", "provider:main:work")[0], 0)
        code, _, err = self.run_verb("delete", "provider:main:work")
        self.assertEqual(code, 1)
        self.assertIn("NotFound", err)

    def test_what_is_refused(self):
        for words, stdin, said in ((("set", "bad name", "-"), "x", "kind:agent:id"), (("set", "a:b:c", "literal"), "x", "seen by others"),
                                   (("set", "a:b:c", "-"), "\n", "no value"), (("set", "a:b:" + "x" * 61, "-"), "x", "KeyTooLong"),
                                   (("set", "a:b:c", "-"), "x" * 65_537, "ValueTooLong")):
            with self.subTest(words[1][:20]):
                code, out, err = self.run_verb(*words, stdin=stdin)
                self.assertEqual((code, out), (1, ""))
                self.assertIn(said, err)
        code, _, err = self.run_verb("set", "a:b:c", "-", stdin="x", environment={"CARAPACE_CREDENTIAL_STORE": "none"})
        self.assertEqual(code, 1)
        self.assertIn("StoreUnavailable", err)

    def test_migrate_moves_every_secret_and_keeps_the_rest(self):
        text = """{
  // mine
  models: { providers: {
    work: { baseUrl: 'https://api.example.test/v1', apiKey: 'planted-one', /* here */ models: [{ id: 'm' }] },
    other: { baseUrl: 'https://b.example.test', apiKey: '${OTHER}', },
  } },
  gateway: { auth: { token: 'planted-token-0123456789' } }, // end
}
"""
        self.gateway.write_config(text)
        environment = {"OTHER": "planted-two"}
        code, out, err = self.run_verb("migrate", "--dry-run", environment=environment)
        self.assertEqual(code, 0, err)
        with open(self.gateway.config_path, encoding="utf-8") as file:
            self.assertEqual(file.read(), text)
        self.assertEqual(json.loads(self.run_verb("list", "--json")[1])["credentials"], [])
        code, out, err = self.run_verb("migrate", "--json", environment=environment)
        self.assertEqual(code, 0, err)
        self.assertEqual(json.loads(out)["moved"],
                         [{"key": "models.providers.work.apiKey", "reference": "keychain:config:main:models.providers.work.apiKey"},
                          {"key": "gateway.auth.token", "reference": "keychain:gateway:token:default"}])
        with open(self.gateway.config_path, encoding="utf-8") as file:
            now = file.read()
        self.assertNotIn("planted", now)
        for kept in ("// mine", "/* here */", "// end", "${OTHER}", "apiKey: \"keychain:config:main:models.providers.work.apiKey\""):
            self.assertIn(kept, now)
        for path, data in everything_written(self.gateway.root):
            self.assertNotIn(b"planted-", data, path)
        self.assertEqual(json.loads(self.run_verb("migrate", "--json", environment=environment)[1])["moved"], [])
        # And a gateway starts with it.
        self.gateway.environment.update(environment)
        self.gateway.token = None
        self.gateway.start()
        self.gateway.token = "planted-token-0123456789"
        self.gateway.client().close()

    def test_migrate_tells_of_everything_that_stays_in_the_clear(self):
        folder = self.gateway.root
        with open(os.path.join(folder, "more.json5"), "w", encoding="utf-8") as file:
            file.write("{ apiKey: 'planted-included' }")
        self.gateway.write_config("""{
  env: { WORK_KEY: 'planted-env', MIXED_TOKEN: 'planted-mixed', vars: { VAULT_TOKEN: 'planted-vault' } },
  models: { providers: { work: { baseUrl: 'https://a.test', apiKey: '${WORK_KEY}', models: [{ id: 'm' }] },
    other: { $include: './more.json5', baseUrl: 'https://b.test/${MIXED_TOKEN}', models: [{ id: 'm' }] } } },
}
""")
        profile = os.path.join(self.gateway.state_dir, "agents", "main", "agent", "auth-profiles.json")
        os.makedirs(os.path.dirname(profile))
        write(profile, '{"profiles": {"x": {"key": "planted-profile"}}}')
        for words in (("--dry-run",), ()):
            code, out, err = self.run_verb("migrate", *words, "--json")
            self.assertEqual(code, 0, err)
            told = json.loads(out)
            self.assertEqual({move["key"] for move in told["moved"]},
                             {"env.WORK_KEY", "env.vars.VAULT_TOKEN", "models.providers.other.apiKey"})
            [included] = [move for move in told["moved"] if "stillIn" in move]
            self.assertIn("more.json5:1", included["stillIn"])
            self.assertEqual([left["key"] for left in told["left"]], ["env.MIXED_TOKEN"])
            self.assertIn("models.providers.other.baseUrl", told["left"][0]["reason"])
            self.assertEqual(told["files"], [profile])
            self.assertNotIn("planted-", out + err)
        with open(self.gateway.config_path, encoding="utf-8") as file:
            now = file.read()
        self.assertEqual([word in now for word in ("planted-env", "planted-vault", "planted-mixed")], [False, False, True])
        out = self.run_verb("migrate")[1]
        for part in ("env.MIXED_TOKEN stays", profile, "rm "):
            self.assertIn(part, out)

    def test_migrate_loses_nothing_when_it_is_killed(self):
        keys = [f"p{i}" for i in range(8)]
        providers = {key: {"baseUrl": "https://a.test", "apiKey": f"planted-{key}", "models": [{"id": "m"}]} for key in keys}
        self.gateway.write_config({"models": {"providers": providers}})
        command = [binary(), "credentials", "migrate", "--json", "--state-dir", self.gateway.state_dir, "--config",
                   self.gateway.config_path]
        for step in range(24):
            with subprocess.Popen(command, env=self.gateway.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as ran:
                time.sleep(0.02 * step)
                ran.kill()
            with open(self.gateway.config_path, encoding="utf-8") as file:
                now = json.loads(file.read())["models"]["providers"]
            kept = {entry["name"] for entry in json.loads(self.run_verb("list", "--json")[1])["credentials"]}
            for key in keys:
                self.assertTrue(now[key]["apiKey"] == f"planted-{key}" or now[key]["apiKey"].removeprefix("keychain:") in kept, key)
        self.assertEqual(self.run_verb("migrate")[0], 0)
        listed = json.loads(self.run_verb("list", "--json")[1])["credentials"]
        self.assertEqual(len(listed), len(keys))
        with open(self.gateway.config_path, encoding="utf-8") as file:
            self.assertNotIn("planted-", file.read())

    def test_migrate_changes_nothing_when_the_file_cannot_be_read(self):
        self.gateway.write_config("{ gateway: { auth: { token: 'planted-token-01234' } }, broken")
        code, out, err = self.run_verb("migrate")
        self.assertEqual(code, 1)
        self.assertNotIn("planted", out + err)
        self.assertEqual(json.loads(self.run_verb("list", "--json")[1])["credentials"], [])


if __name__ == "__main__":
    main()
