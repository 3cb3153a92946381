#!/usr/bin/env python3
"""`carapace config`: every action, without a gateway."""

import json
import os
import stat
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support.config_place import Case, KEY, Place, SECRET  # noqa: E402
from support.gateway import binary  # noqa: E402
from support.run import main  # noqa: E402


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

    def test_items_of_a_list_by_their_id_and_dots_in_names(self):
        with Place("{agents: {list: [{id: 'main'}, {id: 'b c', name: 'B'}]}}") as place:
            self.assertEqual(self.ok(place, "get", 'agents.list["b c"].name').strip(), "B")
            self.ok(place, "set", "agents.list.main.name", "M")
            self.assertEqual(self.ok(place, "get", "agents.list[0].name").strip(), "M")
            self.assertEqual(place.json("explain", "agents.list.main.name")[1]["key"], "agents.list[0].name")
            self.ok(place, "unset", "agents.list.main")
            self.assertEqual(self.ok(place, "get", "agents.list[0].id").strip(), "b c")
            self.refused(place, "get", "agents.list.main.name", says="[0] b c")
            self.ok(place, "set", r"models.providers.my\.vendor.baseUrl", "http://127.0.0.1:1/v1")
            self.assertEqual(self.ok(place, "get", 'models.providers["my.vendor"].baseUrl').strip(), "http://127.0.0.1:1/v1")
            self.assertIn('set models.providers["my.vendor"].baseUrl', self.ok(place, "history"))

    def test_a_dry_run_tells_what_a_gateway_would_do(self):
        with Place("{}") as place:
            self.assertIn("need a restart of the gateway: gateway.port", self.ok(place, "set", "gateway.port", "18791", "--dry-run"))
            self.assertEqual(place.json("set", "gateway.port", "18791", "--dry-run")[1]["plan"]["restart"], ["gateway.port"])
            self.assertEqual(place.text(), "{}")

    def test_standard_input_is_looked_at_as_if_it_were_the_file(self):
        with Place("{}") as place:
            code, told = place.json("validate", "-", stdin="{\n  gateway: {port: 'x'},\n}")
            self.assertEqual((code, told["issues"][0]["line"], told["issues"][0]["column"]), (1, 2, 19))
            self.assertIn("gateway.port", self.ok(place, "plan", "-", stdin="{gateway: {port: 18791}}"))
            self.ok(place, "validate", "-", stdin="{}")
            self.assertEqual(place.text(), "{}")

    def test_a_broken_file_names_its_place_and_the_ways_out(self):
        with Place("{\n  gateway: {port: 18790\n") as place:
            for words in (("get", "gateway.port"), ("set", "gateway.port", "1"), ("unset", "gateway.port"), ("show",)):
                self.assertIn("config rollback", self.refused(place, *words, says=place.file + ":"))
            place.write(place.file, "{gateway: {port: 'x'}}")
            self.assertEqual(self.ok(place, "get", "gateway.reload.mode").strip(), "hybrid")
            self.refused(place, "get", "gateway.prot", says="gateway.port")

    def test_an_older_spelling_is_found_under_both_names(self):
        with Place("{gateway: {hooks: {path: '/x'}}}") as place:
            for key in ("gateway.hooks.path", "hooks.path"):
                self.assertEqual(self.ok(place, "get", key).strip(), "/x")
                self.assertEqual(place.json("explain", key)[1]["value"], "/x")
            self.assertEqual(place.json("explain", "gateway.hooks.path")[1]["today"], "hooks.path")

    def test_an_older_spelling_that_no_file_has_leads_to_that_of_today(self):
        with Place("{hooks: {path: '/x'}}") as place:
            self.assertEqual(self.ok(place, "get", "gateway.hooks.path").strip(), "/x")
            self.assertEqual(place.json("explain", "gateway.hooks.path")[1]["today"], "hooks.path")
            self.refused(place, "set", "sessions.retentionDays", "5", says="is called sessions.retention.days today")
            self.assertNotIn("today", place.json("explain", "hooks.path")[1])

    def test_what_an_item_cannot_be_without(self):
        with Place("{agents: {list: [{name: 'x'}, {id: 'b'}]}}") as place:
            self.assertIn("agents.list[0].id: is missing", place.run("validate")[2])
            self.ok(place, "set", "agents.list[0].name", "y")
            self.refused(place, "unset", "agents.list[1].id", says="agents.list[1].id")

    def test_what_is_unknown_or_not_valid_is_refused_with_advice(self):
        with Place("{}") as place:
            self.refused(place, "set", "gateway.prot", "1", says="gateway.port")
            self.refused(place, "get", "gateway.prot", says="gateway.port")
            self.refused(place, "set", "gateway.port", "70000", says="gateway.port")
            self.refused(place, "set", "gateway.port", "many", says="gateway.port")
            self.refused(place, "set", "gateway.bind", "banana")
            self.refused(place, "set", "logging.level", "lowd")
            self.refused(place, "set", "logging.level", says="needs a value", code=2)
            self.refused(place, "set", "gateway.auth.token", "***", says="only stands where")
            self.refused(place, "set", "ui.assistant.name", "-x", says="stands behind --", code=2)
            self.refused(place, "set", "gateway.port", "--", "5", "--dry-run", says="stand before --", code=2)
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
            self.ok(place, "set", "ui.assistant.name", "plain words")
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
            # An option before it, and its own word, are neither the command nor the key.
            self.assertEqual(complete("config", "--state-dir", "/tmp", "set", "gateway.reload.mode", "h"), ["hot", "hybrid"])
            self.assertEqual(complete("config", "set", "channels.discord.enabled", "t"), ["true"])
            self.assertNotIn("gateway.port", complete("config", "set", "gateway.reload.mode", ""))
            self.assertNotIn("hot", complete("config", "get", "gateway.reload.mode", ""))
            self.assertEqual(complete("help", "config", "roll"), ["rollback"])
            self.assertEqual(complete("start", "--token", ""), [])
            for shell in ("zsh", "fish"):
                script = subprocess.run([binary(), "completion", shell], capture_output=True, text=True, check=True).stdout
                self.assertIn("gateway.port", script)
                self.assertIn("rollback", script)
                found = subprocess.run(["which", shell], capture_output=True, check=False).returncode == 0
                if found:
                    done = subprocess.run([shell, "-n"], input=script, text=True, capture_output=True, check=False)
                    self.assertEqual(done.returncode, 0, done.stderr)
                if found and shell == "fish":
                    self.assertEqual(self.completed("fish", script, "carapace", "config", "--json", "set", "gateway.reload.mode", "h"),
                                     ["hot", "hybrid"])
                    self.assertIn("gateway.port", self.completed("fish", script, "carapace", "config", "get", "gateway.po"))
                if found and shell == "zsh":
                    ask = 'source /dev/stdin; _carapace_words "config set" "gateway.reload.mode"; echo $REPLY'
                    shown = subprocess.run(["zsh", "-fc", "compdef() { : }; " + ask], input=script, text=True, capture_output=True,
                                           check=True).stdout.split()
                    self.assertEqual(shown[:4], ["off", "hot", "hybrid", "restart"])
                    self.assertNotIn("gateway.port", shown)

    def test_an_answer_that_nobody_gets_is_no_success(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full here")
        with Place("{gateway: {port: 18790}}") as place:
            for words in (["config", "get", "gateway.port"], ["config", "schema"], ["completion", "bash"], ["version"],
                          ["config", "--help"], ["doctor", "--offline"], ["--version"]):
                with open("/dev/full", "w", encoding="utf-8") as full:
                    done = subprocess.run([binary(), *words], stdout=full, stderr=subprocess.PIPE, text=True, env=place.environment,
                                          check=False)
                self.assertEqual(done.returncode, 1, words)
                self.assertIn("standard output cannot be written to", done.stderr)
            # A closed stream lends its number to no file: what is printed would go into it.
            done = subprocess.run(["sh", "-c", 'exec "$@" >&- 2>&-', "sh", *place.command("set", "gateway.port", "18791")],
                                  env=place.environment, check=False)
            self.assertEqual(place.text().strip(), "{gateway: {port: 18791}}")


if __name__ == "__main__":
    main()
