#!/usr/bin/env python3
"""`carapace config`: every action, with a gateway and without one, on good files and on hostile ones."""

import json
import os
import pty
import re
import select
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import termios
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support.gateway import Gateway, binary, clean_environment  # noqa: E402
from support.run import main  # noqa: E402

SECRET = "planted-Secret-4711-abcdefgh"
KEY = "models.providers.mine.apiKey"


NOBODY = 65534


def somebody_may_run_it():
    if os.geteuid() != 0:
        return True
    try:
        return subprocess.run([binary(), "version"], capture_output=True, user=NOBODY, cwd="/", check=False).returncode == 0
    except OSError:
        return False


class Place:
    """A state folder and a configuration; verbs run against them without a gateway."""

    def __init__(self, text=None):
        self.root = tempfile.mkdtemp(prefix="carapace-cfg-")
        self.user = None  # the one who runs the test
        self.state = os.path.join(self.root, "state")
        self.file = os.path.join(self.root, "config.json5")
        self.environment = clean_environment(self.root)
        if text is not None:
            self.write(self.file, text)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["chmod", "-R", "u+rwx", self.root], check=False)
        subprocess.run(["rm", "-rf", self.root], check=False)

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def write(self, path, text):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        os.chmod(path, 0o600)

    def text(self, path=None):
        with open(path or self.file, encoding="utf-8") as file:
            return file.read()

    def command(self, *words):
        return [binary(), "config", *words, "--state-dir", self.state, "--config", self.file]

    def give_away(self):
        """Root reads and writes everything, so the rest of the test runs as somebody else."""
        if os.geteuid() != 0:
            return
        self.user = NOBODY
        for folder, _, names in os.walk(self.root):
            for name in (folder, *(os.path.join(folder, one) for one in names)):
                os.chown(name, NOBODY, NOBODY)

    def run(self, *words, stdin=None, environment=None, limit=20):
        done = subprocess.run(self.command(*words), input=stdin, capture_output=True, text=True, timeout=limit, cwd=self.root,
                              env={**self.environment, **(environment or {})}, user=self.user,
                              **({} if stdin is not None else {"stdin": subprocess.DEVNULL}))
        return done.returncode, done.stdout, done.stderr

    def json(self, *words, **more):
        code, out, err = self.run(*words, "--json", **more)
        try:
            return code, json.loads(out)
        except ValueError:
            raise AssertionError(f"{words}: no JSON: {out!r} {err!r}") from None


class Case(unittest.TestCase):
    def ok(self, place, *words, **more):
        code, out, err = place.run(*words, **more)
        self.assertEqual(code, 0, f"{words}: {err}{out}")
        return out

    def refused(self, place, *words, code=1, says="", **more):
        got, out, err = place.run(*words, **more)
        self.assertEqual(got, code, f"{words}: {err}{out}")
        self.assertTrue(err.startswith("carapace: "), err)
        self.assertIn(says, err)
        return err


class Change(Case):
    def test_set_get_unset_keep_the_rest_of_the_file(self):
        with Place("{\n  // mine\n  gateway: { port: 18790 }, // end\n}\n") as place:
            out = self.ok(place, "set", "gateway.port", "18791")
            self.assertIn("next start", out)
            self.assertEqual(self.ok(place, "get", "gateway.port").strip(), "18791")
            self.assertEqual(place.text(), "{\n  // mine\n  gateway: { port: 18791 }, // end\n}\n")
            self.assertEqual(stat.S_IMODE(os.stat(place.file).st_mode), 0o600)
            self.ok(place, "unset", "gateway.port")
            self.assertIn("// mine", place.text())
            self.assertNotIn("18791", place.text())
            self.assertEqual(self.ok(place, "get", "gateway.port").strip(), "18789")
            self.refused(place, "unset", "gateway.port", says="not set")
            _, told = place.json("set", "gateway.port", "18795")
            self.assertEqual((told["ok"], told["changed"], told["paths"]), (True, True, ["gateway.port"]))
            self.assertEqual(told["effect"]["outcome"], "next_start")
            _, told = place.json("set", "gateway.port", "18795")
            self.assertFalse(told["changed"])

    def test_a_file_that_is_missing_is_made(self):
        with Place() as place:
            self.ok(place, "set", "gateway.port", "18791")
            self.assertEqual(stat.S_IMODE(os.stat(place.file).st_mode), 0o600)
            self.assertEqual(self.ok(place, "get", "gateway.port").strip(), "18791")

    def test_paths_with_brackets_and_quotes(self):
        with Place("{agents: {list: [{id: 'main', name: 'One'}]}}") as place:
            self.ok(place, "set", "agents.list[0].name", "Two")
            self.assertEqual(self.ok(place, "get", "agents.list[0].name").strip(), "Two")
            self.ok(place, "set", "agents.list", "{id: 'next'}", "--append")
            self.assertEqual(self.ok(place, "get", "agents.list[1].id").strip(), "next")
            self.ok(place, "set", 'models.providers["my.vendor"].baseUrl', "http://127.0.0.1:1/v1")
            self.assertEqual(self.ok(place, "get", 'models.providers["my.vendor"].baseUrl').strip(), "http://127.0.0.1:1/v1")
            self.refused(place, "set", "agents.list[7].name", "x")
            self.refused(place, "set", "agents[", "x")
            self.ok(place, "set", "gateway.controlUi.allowedOrigins", "http://a.example", "--append")
            self.ok(place, "set", "gateway.controlUi.allowedOrigins", "http://b.example", "--append")
            self.assertEqual(json.loads(self.ok(place, "get", "gateway.controlUi.allowedOrigins")),
                             ["http://a.example", "http://b.example"])
            self.refused(place, "set", "gateway.port", "1", "--append", says="no list")

    def test_what_is_unknown_or_not_valid_is_refused_with_advice(self):
        with Place("{}") as place:
            self.refused(place, "set", "gateway.prot", "1", says="gateway.port")
            self.refused(place, "get", "gateway.prot", says="gateway.port")
            self.refused(place, "set", "gateway.port", "70000", says="gateway.port")
            self.refused(place, "set", "gateway.port", "many", says="gateway.port")
            self.refused(place, "set", "gateway.bind", "banana")
            self.refused(place, "set", "logging.level", "lowd")
            self.refused(place, "set", "logging.level", says="needs a value")
            self.assertEqual(place.text(), "{}")
            code, told = place.json("set", "gateway.port", "70000")
            self.assertEqual(code, 1)
            self.assertEqual(told["issues"][0]["path"], "gateway.port")

    def test_a_slip_that_stands_in_the_file_can_be_taken_out(self):
        with Place("{gatway: {port: 1}, gateway: {port: 18790}}") as place:
            self.ok(place, "unset", "gatway")
            self.assertNotIn("gatway", place.text())

    def test_strict_wants_json5_and_plain_takes_text(self):
        with Place("{}") as place:
            self.refused(place, "set", "agents.defaults.model.primary", "a/b", "--strict", says="JSON5")
            self.ok(place, "set", "agents.defaults.model.primary", "'a/b'", "--strict")
            self.assertEqual(self.ok(place, "get", "agents.defaults.model.primary").strip(), "a/b")
            self.ok(place, "set", "agents.defaults.model.primary", "plain words")
            self.ok(place, "set", "gateway.port", "0x4a38")
            self.assertEqual(self.ok(place, "get", "gateway.port").strip(), "19000")
            self.ok(place, "set", "gateway", "{port: 18792, /* note */ bind: 'loopback'}")
            self.assertEqual(self.ok(place, "get", "gateway.port").strip(), "18792")

    def test_standard_input(self):
        with Place("{}") as place:
            self.ok(place, "set", "gateway", "-", stdin="{\n  port: 18793,\n}\n")
            self.assertEqual(self.ok(place, "get", "gateway.port").strip(), "18793")
            self.ok(place, "set", KEY, "-", stdin=SECRET + "\n")
            self.ok(place, "set", "models.providers.other.apiKey", stdin=SECRET + "2\n")
            self.assertIn(SECRET + '2"', place.text())
            self.refused(place, "set", KEY, "-", stdin="", says="no value")
            self.refused(place, "set", KEY, "-", stdin="  \n", says="no value")
            self.refused(place, "set", KEY, "-", stdin="x" * (5 << 20), says="4 MiB")

    def test_a_dry_run_writes_nothing(self):
        with Place("{gateway: {port: 1024}}") as place:
            before = place.text()
            self.assertIn("nothing was written", self.ok(place, "set", "gateway.port", "18790", "--dry-run"))
            self.assertIn("nothing was written", self.ok(place, "unset", "gateway.port", "--dry-run"))
            self.refused(place, "set", "gateway.port", "x", "--dry-run")
            self.assertEqual(place.text(), before)
            self.assertTrue(place.json("set", "gateway.port", "5", "--dry-run")[1]["dryRun"])

    def test_secrets_are_masked_wherever_they_could_be_printed(self):
        with Place("{// %s\n}" % SECRET) as place:
            err = place.run("set", KEY, SECRET)[2]
            self.assertIn("history", err)
            self.ok(place, "set", "gateway.auth.token", "-", stdin=SECRET)
            self.assertIn(SECRET, place.text())
            for words in (("show",), ("show", "--no-defaults"), ("get", KEY), ("get", "models"), ("explain", KEY),
                          ("explain", "models.providers"), ("validate",), ("plan",), ("history",), ("diff",), ("rollback", "--dry-run"),
                          ("set", KEY, "7", "--dry-run"), ("unset", KEY, "--dry-run")):
                for more in ((), ("--json",)):
                    code, out, err = place.run(*words, *more)
                    self.assertNotIn("planted", out + err, words)
            self.assertEqual(self.ok(place, "get", KEY).strip(), "***")
            self.ok(place, "set", KEY, "${MINE}", environment={"MINE": "x"})
            self.assertEqual(self.ok(place, "get", KEY, environment={"MINE": SECRET}).strip(), "${MINE}")
            code, out, err = place.run("set", "gateway.auth.mode", SECRET)
            self.assertEqual(code, 1)

    def test_a_configuration_managed_from_outside_is_not_changed(self):
        with Place("{}") as place:
            self.refused(place, "set", "gateway.port", "18790", environment={"NIX_MODE": "1"}, says="NIX_MODE")


class Asked(Case):
    """In a terminal."""

    def terminal(self, place, *words, **environment):
        pid, file = pty.fork()
        if pid == 0:
            command = place.command(*words)
            os.execve(command[0], command, {**place.environment, "TERM": "xterm", **environment})
        return pid, file

    def until(self, file, word, limit=15.0):
        seen, end = "", time.monotonic() + limit
        while word not in seen:
            self.assertLess(time.monotonic(), end, f"waited for {word!r}: {seen!r}")
            if select.select([file], [], [], 0.1)[0]:
                try:
                    data = os.read(file, 4096)
                except OSError:
                    break
                if not data:
                    break
                seen += data.decode("utf-8", "replace")
        return seen

    def rest(self, pid, file):
        seen = self.until(file, "\0\0")
        return seen, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def test_a_secret_is_asked_for_without_echo(self):
        for words in (("set", KEY), ("set", KEY, "-")):
            with Place("{}") as place:
                pid, file = self.terminal(place, *words)
                seen = self.until(file, KEY + ": ")
                os.write(file, SECRET.encode() + b"\n")
                more, code = self.rest(pid, file)
                self.assertEqual(code, 0, more)
                self.assertNotIn("planted", seen + more)
                self.assertIn(SECRET, place.text())

    def test_who_is_asked_can_leave_and_gets_the_terminal_back(self):
        with Place("{}") as place:
            for end in (b"\x03", b"half\x03"):
                pid, file = self.terminal(place, "set", KEY)
                self.until(file, KEY + ": ")
                self.assertFalse(termios.tcgetattr(file)[3] & termios.ECHO)
                os.write(file, end)
                code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                self.assertEqual(code, -signal.SIGINT)
                self.assertTrue(termios.tcgetattr(file)[3] & termios.ECHO)
                os.close(file)
            self.assertEqual(place.text(), "{}")

    def test_an_invalid_edit_can_be_mended_at_once(self):
        with Place("{}") as place:
            script = place.path("editor")
            place.write(script, "#!/bin/sh\nif [ -e '%s' ]; then echo '{gateway: {port: 18790}}' > \"$1\"; else echo '{gateway: {port: 0x}}' > \"$1\"; touch '%s'; fi\n"
                        % (place.path("once"), place.path("once")))
            os.chmod(script, 0o700)
            pid, file = self.terminal(place, "edit", EDITOR=script)
            self.until(file, "again")
            os.write(file, b"y\n")
            seen, code = self.rest(pid, file)
            self.assertEqual(code, 0, seen)
            self.assertIn("18790", place.text())


class Edit(Case):
    def editor(self, place, body, name="editor"):
        script = place.path(name)
        place.write(script, "#!/bin/sh\n" + body + "\n")
        os.chmod(script, 0o700)
        return {"EDITOR": script}

    def test_a_valid_change_is_saved(self):
        with Place("{ // note\n  gateway: {port: 18790},\n}\n") as place:
            environment = self.editor(place, 'stat -c "%a" "$1" > seen; stat -c "%a" "$(dirname "$1")" >> seen; sed -i s/18790/18791/ "$1"')
            out = self.ok(place, "edit", environment=environment)
            self.assertIn("saved", out)
            self.assertEqual(place.text(), "{ // note\n  gateway: {port: 18791},\n}\n")
            self.assertEqual(place.text(place.path("seen")).split(), ["600", "700"])
            self.assertEqual(os.listdir(os.path.join(place.state, "edit")), [])

    def test_visual_comes_first_and_words_are_split_without_a_shell(self):
        with Place("{}") as place:
            self.editor(place, 'echo "$#:$1:$2" > seen; echo "{gateway: {port: 18792}}" > "$3"', "my editor")
            self.ok(place, "edit", environment={"EDITOR": "false", "VISUAL": f"'{place.path('my editor')}' --wait '$HOME;x'"})
            self.assertEqual(place.text(place.path("seen")).strip(), "3:--wait:$HOME;x")
            self.refused(place, "edit", environment={"EDITOR": "'open"}, says="quote")

    def test_nothing_changed(self):
        with Place("{}") as place:
            self.assertIn("Nothing changed", self.ok(place, "edit", environment={"EDITOR": "true"}))
            self.assertEqual(place.json("edit", environment={"EDITOR": "true"})[1]["changed"], False)

    def test_an_editor_that_fails_is_missing_or_deletes_the_copy(self):
        with Place("{}") as place:
            self.refused(place, "edit", environment={"EDITOR": "false"}, says="ended with 1")
            self.refused(place, "edit", environment={"EDITOR": place.path("none")}, says="EDITOR")
            self.refused(place, "edit", environment=self.editor(place, 'rm "$1"'), says="nothing was changed")
            self.refused(place, "edit", environment=self.editor(place, 'kill -9 $$'), says="signal 9")
            err = self.refused(place, "edit", environment=self.editor(place, 'rm "$1"; mkfifo "$1"'))
            self.assertIn("nothing was changed", err)
            err = self.refused(place, "edit", environment=self.editor(place, 'printf "{a\\0b" > "$1"'))
            self.assertEqual(place.text(), "{}")

    def test_a_broken_edit_is_kept_and_its_place_told(self):
        with Place("{gateway: {port: 18790}}") as place:
            for broken, says in (("{gateway: {port: 70000}}", "gateway.port"), ("{gateway: ", ""), ("[]", ""),
                                 ("{gatway: {port: 1}}", "gatway")):
                place.write(place.path("new"), broken)
                err = self.refused(place, "edit", environment=self.editor(place, 'cp new "$1"'), says=says)
                copy = re.search(r"your copy is (\S+)", err).group(1)
                self.assertEqual(place.text(copy), broken)
                self.assertEqual(stat.S_IMODE(os.stat(copy).st_mode), 0o600)
                self.assertEqual(place.text(), "{gateway: {port: 18790}}")

    def test_somebody_else_changed_the_file_meanwhile(self):
        with Place("{}") as place:
            environment = self.editor(place, f'echo "{{gateway: {{port: 1}}}}" > {place.file}; echo "{{gateway: {{port: 2}}}}" > "$1"')
            err = self.refused(place, "edit", environment=environment, says="meanwhile")
            self.assertIn("port: 2", place.text(re.search(r"your copy is (\S+)", err).group(1)))
            self.assertIn("port: 1", place.text())

    def test_a_file_that_does_not_parse_can_be_mended(self):
        with Place("{gateway: {port: }") as place:
            self.ok(place, "edit", environment=self.editor(place, 'echo "{gateway: {port: 18791}}" > "$1"'))
            self.assertEqual(self.ok(place, "get", "gateway.port").strip(), "18791")

    def test_includes_are_checked_from_the_place_of_the_file(self):
        with Place("{}") as place:
            place.write(place.path("part.json5"), "{port: 18799}")
            self.ok(place, "edit", environment=self.editor(place, 'echo "{gateway: {\\$include: \\"./part.json5\\"}}" > "$1"'))
            self.assertEqual(self.ok(place, "get", "gateway.port").strip(), "18799")


class Look(Case):
    def test_validate_names_file_line_and_column(self):
        with Place("{\n  gateway: {\n    port: 70000,\n    prot: 1,\n  },\n  logging: { level: 'lowd' },\n}\n") as place:
            code, out, err = place.run("validate")
            self.assertEqual(code, 1)
            self.assertRegex(err, r"config\.json5:3:11: gateway\.port")
            self.assertRegex(err, r"config\.json5:6:21: logging\.level")
            self.assertRegex(err, r"config\.json5:4:\d+: gateway\.prot.*gateway\.port")
            _, told = place.json("validate")
            self.assertFalse(told["valid"])
            self.assertEqual({(i["path"], i["severity"], i["line"]) for i in told["issues"]},
                             {("gateway.port", "error", 3), ("gateway.prot", "warning", 4), ("logging.level", "error", 6)})

    def test_validate_another_file_and_what_rows_cannot_say(self):
        with Place("{}") as place:
            self.assertIn("valid", self.ok(place, "validate"))
            place.write(place.path("other.json5"), "{gateway: {bind: 'lan', auth: {mode: 'none'}}}")
            self.refused(place, "validate", place.path("other.json5"), says="credential")
            self.refused(place, "validate", "no-such-file", says="no file")
            os.unlink(place.file)
            self.assertIn("default", self.ok(place, "validate"))

    def test_validate_tells_the_include_that_is_wrong(self):
        with Place("{gateway: {$include: './part.json5'}}") as place:
            place.write(place.path("part.json5"), "{\n port: 'x'}")
            self.assertRegex(place.run("validate")[2], r"part\.json5:2:8: gateway\.port")
            place.write(place.path("part.json5"), "{\n port: }")
            self.assertRegex(place.run("validate")[2], r"part\.json5:2:")
            self.refused(place, "get", "gateway.port", says="part.json5:2")

    def test_a_file_with_errors_is_still_shown(self):
        with Place("{gateway: {port: 70000, bind: 'loopback'}, models: {providers: {mine: {apiKey: '%s'}}}}" % SECRET) as place:
            code, out, err = place.run("get", "gateway.bind")
            self.assertEqual((code, out.strip()), (0, "loopback"), err)
            code, out, err = place.run("show")
            self.assertIn("70000", out)
            self.assertNotIn("planted", out + err)

    def test_explain_says_what_and_from_where(self):
        with Place("{\n  gateway: {$include: './part.json5'},\n  logging: {level: '${LEVEL}'},\n}") as place:
            place.write(place.path("part.json5"), "{\n  port: 18799,\n}")
            environment = {"LEVEL": "debug"}
            _, told = place.json("explain", "gateway.port", environment=environment)
            self.assertEqual(told["from"]["kind"], "include")
            self.assertEqual((told["from"]["file"], told["from"]["line"], told["value"]), (place.path("part.json5"), 2, 18799))
            self.assertEqual((told["default"], told["bounds"]["max"]), (18789, 65535))
            self.assertFalse(told["secret"])
            _, told = place.json("explain", "logging.level", environment=environment)
            self.assertEqual((told["from"]["kind"], told["from"]["line"]), ("file", 3))
            self.assertEqual(told["from"]["references"], [{"name": "LEVEL", "from": "process"}])
            self.assertIn("debug", told["choices"])
            _, told = place.json("explain", "gateway.port", environment={**environment, "CARAPACE_GATEWAY_PORT": "18111"})
            self.assertEqual((told["from"]["kind"], told["from"]["variable"], told["value"]), ("environment", "CARAPACE_GATEWAY_PORT", 18111))
            _, told = place.json("explain", "gateway.auth.token", environment={**environment, "MOLTBOT_GATEWAY_TOKEN": SECRET})
            self.assertEqual((told["from"]["variable"], told["value"], told["secret"]), ("MOLTBOT_GATEWAY_TOKEN", "***", True))
            _, told = place.json("explain", "agents.defaults.timeoutSeconds", environment=environment)
            self.assertEqual(told["from"]["kind"], "default")
            code, told = place.json("explain", "gateway.prot", environment=environment)
            self.assertEqual((code, told["known"], told["suggestion"]), (1, False, "gateway.port"))
            out = self.ok(place, "explain", "gateway.port", environment=environment)
            self.assertIn("part.json5:2", out)
            self.assertIn("65535", out)
            self.assertIn("object", self.ok(place, "explain", "gateway", environment=environment))

    def test_plan_tells_what_would_happen(self):
        with Place("{logging: {level: 'info'}}") as place:
            place.write(place.path("next.json5"), "{logging: {level: 'debug'}, gateway: {port: 18790}}")
            _, told = place.json("plan", place.path("next.json5"))
            self.assertEqual(told["plan"]["needsRestart"], True)
            self.assertIn("gateway.port", told["plan"]["restart"])
            self.ok(place, "set", "logging.level", "warn")
            place.write(place.file, "{logging: {level: 'error'}}")
            out = self.ok(place, "plan")
            self.assertIn("logging.level", out)
            self.assertIn("history", out)
            place.write(place.path("bad.json5"), "{gateway: {port: 'x'}}")
            self.refused(place, "plan", place.path("bad.json5"), says="gateway.port")

    def test_the_schema_is_one(self):
        with Place("{}") as place:
            schema = json.loads(self.ok(place, "schema"))
            self.assertEqual(schema["type"], "object")
            self.assertEqual(schema["properties"]["gateway"]["properties"]["port"]["maximum"], 65535)


class Past(Case):
    def test_history_diff_and_rollback(self):
        with Place("{\n  gateway: {port: 18790},\n  models: {providers: {mine: {apiKey: '%s'}}},\n}\n" % SECRET) as place:
            self.assertIn("no history", self.ok(place, "history"))
            self.refused(place, "diff", says="history")
            self.refused(place, "rollback", says="history")
            first = place.text()
            self.ok(place, "set", "gateway.port", "18791")
            self.ok(place, "set", KEY, "-", stdin="another-planted-Secret-99")
            _, told = place.json("history")
            self.assertGreaterEqual(len(told["entries"]), 2)
            self.assertEqual([e["current"] for e in told["entries"]].count(True), 1)
            numbers = [e["number"] for e in told["entries"]]
            self.assertEqual(numbers, sorted(numbers, reverse=True))
            out = self.ok(place, "diff")
            self.assertIn(KEY, out)
            oldest = str(numbers[-1])
            out = self.ok(place, "diff", oldest)
            self.assertRegex(out, r"-.*18790")
            self.assertRegex(out, r"\+.*18791")
            self.assertNotIn("planted", out)
            self.assertIn("Nothing differs", self.ok(place, "diff", oldest, oldest))
            self.refused(place, "diff", "9999")
            self.refused(place, "diff", "yesterday", says="number")
            self.assertIn("nothing was written", self.ok(place, "rollback", oldest, "--dry-run"))
            self.ok(place, "rollback", oldest)
            self.assertEqual(place.text(), first)
            self.assertIn("rollback", self.ok(place, "history"))
            self.ok(place, "rollback")
            self.assertIn("18791", place.text())
            self.refused(place, "rollback", "9999")
            self.assertEqual(place.run("rollback", "0")[0], 2)

    def test_what_was_valid_then_and_is_not_now_does_not_come_back(self):
        with Place("{gateway: {bind: '${WHERE}'}}") as place:
            self.ok(place, "set", "gateway.port", "18790", environment={"WHERE": "loopback"})
            self.ok(place, "set", "gateway.bind", "loopback", environment={"WHERE": "loopback"})
            code, _, err = place.run("rollback", environment={"WHERE": "nowhere"})
            self.assertEqual(code, 1, err)

    def test_ten_are_kept_and_none_holds_a_secret_in_the_clear(self):
        with Place("{models: {providers: {mine: {apiKey: '%s'}}}}" % SECRET) as place:
            for port in range(18790, 18805):
                self.ok(place, "set", "gateway.port", str(port))
            self.assertEqual(len(place.json("history")[1]["entries"]), 10)
            found = subprocess.run(["grep", "-rl", "planted", place.state], capture_output=True, text=True, check=False)
            self.assertEqual(found.stdout, "")


class Import(Case):
    CLAWDBOT = """{
  // from the old machine
  meta: { lastTouchedVersion: "2026.1.24-3" },
  gateway: { port: 18800, auth: { mode: "token", token: "%s" } },
  agents: { defaults: { model: { primary: "mine/x" }, heartbeat: { every: "30m" } } },
  session: { sendPolicy: { rules: [{ action: "deny", match: { provider: "irc" } }] } },
  nobody: { knows: "this" },
}
""" % SECRET

    def theirs(self, place, name="clawdbot.json", text=None, folder=".clawdbot"):
        path = place.path(folder, name)
        place.write(path, text or self.CLAWDBOT)
        return path

    def test_what_carries_over_what_changes_what_waits_and_what_nobody_knows(self):
        with Place() as place:
            path = self.theirs(place)
            before = (place.text(path), os.stat(path).st_mtime_ns)
            code, told = place.json("import", os.path.dirname(path), "--dry-run")
            self.assertEqual(code, 0)
            self.assertFalse(os.path.exists(place.file))
            self.assertEqual(told["from"], {"file": path, "product": "clawdbot"})
            self.assertIn("gateway.port", [k["path"] for k in told["asItIs"]])
            self.assertIn({"from": "session.sendPolicy.rules[0].match.provider", "to": "session.sendPolicy.rules[0].match.channel"},
                          told["changed"])
            self.assertIn("agents.defaults.heartbeat.every", [k["path"] for k in told["planned"]])
            self.assertEqual([k["path"] for k in told["unknown"]], ["nobody"])
            self.assertNotIn("planted", json.dumps(told))
            out = self.ok(place, "import", path)
            self.assertNotIn("planted", out)
            self.assertIn("carried over as they are", out)
            self.assertEqual((place.text(path), os.stat(path).st_mtime_ns), before)
            self.assertEqual(stat.S_IMODE(os.stat(place.file).st_mode), 0o600)
            self.assertIn("from the old machine", place.text())
            self.assertIn(SECRET, place.text())
            self.assertIn("knows", place.text())
            self.ok(place, "validate")
            self.assertEqual(self.ok(place, "get", "gateway.port").strip(), "18800")
            self.assertIn("config import", self.ok(place, "history"))

    def test_products_are_told_apart_by_their_names(self):
        for folder, name, product in ((".clawdbot", "moltbot.json", "moltbot"), (".openclaw", "openclaw.json", "openclaw"),
                                      (".config/carapace", "carapace.json5", "the earlier Carapace"),
                                      (".moltbot", "moltbot.json5", "the earlier Carapace")):
            with Place() as place:
                self.theirs(place, name, "{gateway: {port: 18801}}", folder)
                _, told = place.json("import", place.path(folder))
                self.assertEqual(told["from"]["product"], product)
                self.assertEqual(self.ok(place, "get", "gateway.port").strip(), "18801")

    def test_a_file_of_theirs_that_was_read_in_its_place_becomes_one_of_ours(self):
        with Place() as place:
            path = self.theirs(place)
            before = place.text(path)

            def run(*words):
                return subprocess.run([binary(), "config", *words], env=place.environment, capture_output=True, text=True, check=True).stdout
            self.assertEqual(run("path").strip(), path)
            run("import", place.path(".clawdbot"))
            ours = place.path(".carapace", "carapace.json5")
            self.assertEqual(run("path").strip(), ours)
            self.assertIn("18800", place.text(ours))
            self.assertEqual(place.text(path), before)

    def test_an_existing_configuration_is_not_overwritten_unasked(self):
        with Place("{gateway: {port: 18790, bind: 'loopback'}} // ours\n") as place:
            path = self.theirs(place)
            self.refused(place, "import", path, says="--merge")
            self.assertIn("ours", place.text())
            self.ok(place, "import", path, "--merge")
            self.assertIn("// ours", place.text())
            self.assertEqual(self.ok(place, "get", "gateway.port").strip(), "18800")
            self.assertEqual(self.ok(place, "get", "gateway.bind").strip(), "loopback")
            self.ok(place, "import", path, "--replace")
            self.assertNotIn("// ours", place.text())
            self.assertEqual(place.run("import", path, "--replace", "--merge")[0], 2)
            self.refused(place, "import", place.file, says="in use")

    def test_includes_are_put_in(self):
        with Place() as place:
            path = self.theirs(place, text="{ // top\n gateway: {$include: './parts/gateway.json5', bind: 'loopback'},\n}")
            place.write(place.path(".clawdbot", "parts", "gateway.json5"), "{port: 18802}")
            _, told = place.json("import", path)
            self.assertEqual(told["included"], [place.path(".clawdbot", "parts", "gateway.json5")])
            self.assertNotIn("$include", place.text())
            self.assertIn("// top", place.text())
            self.assertEqual(self.ok(place, "get", "gateway.port").strip(), "18802")

    def test_what_is_not_valid_here_is_left_out_and_told(self):
        with Place() as place:
            path = self.theirs(place, text="{gateway: {port: 'many', bind: 'loopback'}, logging: {level: 'lowd'}}")
            code, told = place.json("import", path)
            self.assertEqual(code, 0)
            self.assertEqual({k["path"] for k in told["leftOut"]}, {"gateway.port", "logging.level"})
            self.ok(place, "validate")

    def test_variables_that_are_missing_here_are_told_and_carried_over(self):
        with Place() as place:
            path = self.theirs(place, text="{models: {providers: {mine: {apiKey: '${MY_KEY}', baseUrl: 'http://127.0.0.1:1'}}}}")
            _, told = place.json("import", path)
            self.assertEqual(told["variables"], ["MY_KEY"])
            self.assertIn("${MY_KEY}", place.text())

    def test_places_in_the_old_folder_are_told(self):
        with Place() as place:
            path = self.theirs(place, text="{agents: {defaults: {workspace: '~/.clawdbot/work'}}}")
            self.assertEqual(place.json("import", path)[1]["oldPlaces"], ["agents.defaults.workspace"])

    def test_sources_that_are_none(self):
        with Place() as place:
            os.mkdir(place.path("empty"))
            self.refused(place, "import", place.path("empty"), says="clawdbot.json")
            self.refused(place, "import", place.path("nowhere"), says="no file or folder")
            for name, text in (("broken", "{gateway: "), ("list", "[]"), ("nul", b"{a: '\0'}"), ("bytes", b"{a: '\xff'}")):
                place.write(place.path(name, "clawdbot.json"), text)
                self.refused(place, "import", place.path(name, "clawdbot.json"), says="clawdbot.json")
            os.mkfifo(place.path("pipe"))
            self.refused(place, "import", place.path("pipe"))
            place.write(place.path("loop", "clawdbot.json"), "{$include: './clawdbot.json'}")
            self.refused(place, "import", place.path("loop"), says="clawdbot.json")
            self.assertFalse(os.path.exists(place.file))


class Hostile(Case):
    READERS = (("get", "gateway.port"), ("show",), ("validate",), ("explain", "gateway.port"), ("plan",))
    WRITERS = (("set", "gateway.port", "18790"), ("unset", "gateway.port"), ("edit",))

    def all_fail(self, place, words=READERS + WRITERS):
        for one in words:
            for more in ((), ("--json",)):
                code, out, err = place.run(*one, *more, environment={"EDITOR": "true"}, limit=10)
                if one[0] == "explain":
                    self.assertIn(code, (0, 1), one)
                else:
                    self.assertEqual(code, 1, (one, out, err))
                self.assertTrue("carapace: " in err or json.loads(out)["valid"] is False, one)
                self.assertNotIn("terminate", err)

    def test_files_that_are_none(self):
        with Place() as place:
            os.mkfifo(place.file)
            self.all_fail(place)
            os.unlink(place.file)
            os.mkdir(place.file)
            self.all_fail(place)
            os.rmdir(place.file)
            os.symlink(place.file, place.file)
            self.all_fail(place)
            os.unlink(place.file)
            with socket.socket(socket.AF_UNIX) as sock:
                sock.bind(place.file)
                self.all_fail(place)
            os.unlink(place.file)
            os.symlink("/dev/zero", place.file)
            self.all_fail(place)

    def test_a_file_of_five_gigabytes(self):
        with Place() as place:
            with open(place.file, "wb") as file:
                file.truncate(5 << 30)
            self.all_fail(place)

    @unittest.skipUnless(somebody_may_run_it(), "nobody but root may run this binary")
    def test_a_file_that_may_not_be_read(self):
        with Place("{}") as place:
            os.chmod(place.file, 0)
            place.give_away()
            self.all_fail(place)

    @unittest.skipUnless(somebody_may_run_it(), "nobody but root may run this binary")
    def test_a_folder_that_may_not_be_written(self):
        with Place("{gateway: {port: 18790}}") as place:
            os.chmod(place.root, 0o500)
            place.give_away()
            self.refused(place, "set", "gateway.port", "18791")
            self.assertEqual(self.ok(place, "get", "gateway.port").strip(), "18790")

    def test_bytes_that_are_no_json5(self):
        for text in (b"{a: '\xff\xfe'}", b"{a: 'b\0c'}", b"\xef\xbb\xbf{", b"{" * 100_000, b"[" * 100_000, b"nonsense", b"[]", b"7",
                     b"{gateway: {port: 1}", b"{'a': 1,, }"):
            with Place(text) as place:
                self.all_fail(place, (("get", "gateway.port"), ("show",), ("validate",), ("plan",), ("set", "gateway.port", "18790"),
                                      ("unset", "gateway.port")))
                with open(place.file, "rb") as file:
                    self.assertEqual(file.read(), text)

    def test_an_empty_file_means_defaults(self):
        for text in (b"", b"  \n", b"// only a comment\n{}"):
            with Place(text) as place:
                self.assertEqual(self.ok(place, "get", "gateway.port").strip(), "18789")
                self.ok(place, "validate")
                self.ok(place, "set", "gateway.port", "18791")
                self.assertEqual(self.ok(place, "get", "gateway.port").strip(), "18791")

    def test_keys_that_are_none(self):
        with Place("{}") as place:
            for key in ("", ".", "a..b", "a[", "a[]", "[0]", "a" * 5000, ".".join("a" * 50), "a\x01b", "gateway.port.deeper"):
                for words in (("get", key), ("set", key, "1"), ("unset", key)):
                    code, out, err = place.run(*words)
                    self.assertIn(code, (1, 2), (words, out))
                    self.assertIn("carapace: ", err)
            self.assertEqual(place.text(), "{}")

    def test_a_damaged_history_is_told_and_passed_over(self):
        with Place("{}") as place:
            self.ok(place, "set", "gateway.port", "18790")
            self.ok(place, "set", "gateway.port", "18791")
            folder = os.path.join(place.state, "config-history")
            for name in os.listdir(folder):
                path = os.path.join(folder, name)
                if os.path.isfile(path) and "key" not in name:
                    with open(path, "r+b") as file:
                        file.truncate(10)
            code, out, err = place.run("history")
            self.assertEqual(code, 0)
            self.assertIn("warning", err)
            self.ok(place, "set", "gateway.port", "18792")

    def test_a_lock_that_somebody_holds(self):
        import fcntl
        with Place("{}") as place:
            with open(place.file + ".lock", "w", encoding="utf-8") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                begun = time.monotonic()
                code, _, err = place.run("set", "gateway.port", "18790", limit=30)
                self.assertEqual(code, 1, err)
                self.assertGreater(time.monotonic() - begun, 5)
                self.assertEqual(self.ok(place, "get", "gateway.port").strip(), "18789")


class Running(Case):
    """Beside a gateway that runs with the file."""

    def setUp(self):
        self.gateway = Gateway({"logging": {"level": "info"}, "gateway": {"reload": {"debounceMs": 50}}}).start()
        self.addCleanup(self.gateway.remove)

    def run_config(self, *words, **more):
        code, out, err = self.gateway.run("config", *words, **more)
        self.assertEqual(code, 0, err + out)
        return out

    def json_config(self, *words):
        return json.loads(self.run_config(*words, "--json"))

    def test_a_hot_key_is_applied_and_said_so(self):
        self.assertIn("has applied it", self.run_config("set", "logging.level", "debug"))
        told = self.json_config("set", "logging.level", '"warn"')
        self.assertEqual((told["effect"]["running"], told["effect"]["outcome"]), (True, "hot"))
        self.assertTrue(self.gateway.alive())

    def test_a_key_that_needs_a_restart(self):
        self.run_config("set", "gateway.reload.mode", "hot")
        out = self.run_config("set", "gateway.controlUi.basePath", "/x")
        self.assertRegex(out, "start it again|applied")
        self.assertTrue(self.gateway.alive())

    def test_mode_off(self):
        self.run_config("set", "gateway.reload.mode", "off")
        self.assertIn("off", self.run_config("set", "logging.level", "debug"))

    def test_plan_is_made_against_what_is_in_force(self):
        self.run_config("set", "gateway.reload.mode", "off")
        self.run_config("set", "logging.level", "debug")
        end = time.monotonic() + 10
        while True:
            told = self.json_config("plan")
            if "in force" in told["against"]:
                break
            self.assertLess(time.monotonic(), end, told)
            time.sleep(0.1)
        self.assertIn("logging.level", json.dumps(told["plan"]))

    def test_an_invalid_file_beside_a_running_gateway(self):
        end = time.monotonic() + 10  # until it has kept what it runs with
        while not self.json_config("history")["entries"]:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)
        self.gateway.write_config("{gateway: {port: }")
        code, _, err = self.gateway.run("config", "validate")
        self.assertEqual(code, 1)
        self.assertTrue(self.gateway.alive())
        self.assertEqual(self.gateway.run("config", "set", "logging.level", "debug")[0], 1)
        self.run_config("rollback")
        self.assertEqual(self.gateway.run("config", "validate")[0], 0)

    def test_another_file_than_the_gateways(self):
        other = os.path.join(self.gateway.root, "other.json5")
        code, out, err = self.gateway.run("config", "set", "logging.level", "debug", "--state-dir", self.gateway.state_dir, "--config", other,
                                          place=False)
        self.assertEqual(code, 0, err)
        self.assertIn(self.gateway.config_path, out)

    def test_a_gateway_that_was_killed_does_not_count(self):
        time.sleep(0.3)
        self.gateway.signal(signal.SIGKILL)
        self.gateway.process.wait()
        self.assertIn("next start", self.run_config("set", "logging.level", "debug"))


class Words(Case):
    ACTIONS = ("show", "get", "set", "unset", "edit", "path", "validate", "schema", "plan", "history", "diff", "rollback", "import", "explain")

    def test_each_action_has_help(self):
        with Place() as place:
            for action in self.ACTIONS:
                done = subprocess.run([binary(), "config", action, "--help"], capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, 0)
                for word in ("--json", "--config", "--state-dir"):
                    self.assertIn(word, done.stdout, action)
            done = subprocess.run([binary(), "config", "--help"], capture_output=True, text=True, check=False)
            for action in self.ACTIONS:
                self.assertRegex(done.stdout, rf"(?m)^\s+{action}\s")
            self.assertEqual(place.run("nonsense")[0], 2)

    def completed(self, shell, script, *words):
        if shell == "bash":
            tail = 'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _carapace; printf "%s\\n" "${COMPREPLY[@]}"'
            return subprocess.run(["bash", "-c", script + tail, "bash", *words], capture_output=True, text=True, check=True).stdout.split()
        line = " ".join(words)
        return subprocess.run(["fish", "-c", f"source; complete -C '{line}'"], input=script, capture_output=True, text=True,
                              check=True).stdout.split()

    def test_completion_knows_actions_keys_and_files(self):
        with Place("{}") as place:
            script = subprocess.run([binary(), "completion", "bash"], capture_output=True, text=True, check=True).stdout
            complete = lambda *words: self.completed("bash", script, "carapace", *words)  # noqa: E731
            self.assertEqual(set(complete("config", "")) & set(self.ACTIONS), set(self.ACTIONS))
            for action in ("get", "set", "unset", "explain"):
                self.assertIn("gateway.port", complete("config", action, "gateway.po"))
            self.assertNotIn("gateway.port", complete("config", "show", "gateway.po"))
            self.assertIn(place.file, complete("config", "validate", place.file[:-3]))
            self.assertIn("--append", complete("config", "set", "--a"))
            self.assertIn("--dry-run", complete("config", "import", "--d"))
            for shell in ("zsh", "fish"):
                script = subprocess.run([binary(), "completion", shell], capture_output=True, text=True, check=True).stdout
                self.assertIn("gateway.port", script)
                self.assertIn("rollback", script)
                found = subprocess.run(["which", shell], capture_output=True, check=False).returncode == 0
                if found:
                    done = subprocess.run([shell, "-n"], input=script, text=True, capture_output=True, check=False)
                    self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    main()
