#!/usr/bin/env python3
"""`carapace config import`: the files of other versions, taken over and told about."""

import json
import os
import stat
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support.config_place import Case, Place, SECRET  # noqa: E402
from support.gateway import binary  # noqa: E402
from support.run import main  # noqa: E402


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


if __name__ == "__main__":
    main()
