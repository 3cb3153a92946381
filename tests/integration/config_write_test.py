#!/usr/bin/env python3
"""Changing the configuration of a running gateway over the network: conflicts, protected keys, and that no secret ever
leaves or lies around."""

import hashlib
import json
import os
import sys
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support.gateway import Gateway, basic_config  # noqa: E402
from support.run import main  # noqa: E402
from support.socket_client import Refused  # noqa: E402

MARK = "__CARAPACE_REDACTED__"
PLANTED = "planted-secret-5f3a91"
TEXT = """// Mine.
{
  gateway: { auth: { mode: 'token' } }, // PLANTED in a comment
  hooks: { enabled: false, token: 'PLANTED', path: "/hooks" },
  $include: './more.json5',
  logging: { level: 'debug' },
  models: { providers: { mock: { baseUrl: 'http://127.0.0.1:9/v1', apiKey: '${MOCK_KEY}',
    api: 'openai-completions', models: [{ id: 'x' }] } } },
  agents: { defaults: { model: { primary: 'mock/x' } } },
}
""".replace("PLANTED", PLANTED)
INCLUDED = "{ talk: { apiKey: 'PLANTED-too' }, ui: { seamColor: '#000000' } }".replace("PLANTED", PLANTED)


class Writing(unittest.TestCase):
    def serve(self, text=TEXT, **environment):
        gateway = Gateway(text, environment={"MOCK_KEY": PLANTED + "-env", **environment})
        self.addCleanup(gateway.remove)
        with open(os.path.join(gateway.root, "more.json5"), "w", encoding="utf-8") as file:
            file.write(INCLUDED)
        self.gateway = gateway.start()
        self.client = gateway.client()
        self.addCleanup(self.client.raw.close)
        return gateway

    def text(self):
        with open(self.gateway.config_path, encoding="utf-8") as file:
            return file.read()

    def hash(self):
        return hashlib.sha256(self.text().encode()).hexdigest()

    def patch(self, patch, **more):
        return self.client.call("config.patch", {"raw": json.dumps(patch), "baseHash": self.hash(), **more})

    def refused(self, method, **params):
        with self.assertRaises(Refused) as caught:
            self.client.call(method, params)
        self.assertNotIn(PLANTED, str(caught.exception))
        self.error = caught.exception.error
        return caught.exception.message

    def http(self, method, body=None, **headers):
        body = body if body is None or isinstance(body, (str, bytes)) else json.dumps(body)
        status, _, answer = self.gateway.http(method, "/control/config", body,
                                              {"Authorization": f"Bearer {self.gateway.token}", **headers})
        self.assertNotIn(PLANTED.encode(), answer)
        return status, json.loads(answer) if answer.startswith(b"{") else answer

    def test_a_snapshot_without_secrets(self):
        self.serve()
        shown = self.client.call("config.get", {})
        self.assertNotIn(PLANTED, json.dumps(shown))
        self.assertEqual(list(shown), ["path", "exists", "raw", "parsed", "valid", "config", "hash", "issues", "warnings",
                                       "legacyIssues"])
        self.assertEqual(shown["hash"], self.hash())
        self.assertTrue(shown["valid"], shown["issues"])
        self.assertEqual(shown["parsed"]["hooks"]["token"], MARK)
        self.assertEqual(shown["parsed"]["talk"]["apiKey"], MARK)
        self.assertEqual(shown["config"]["models"]["providers"]["mock"]["apiKey"], "${MOCK_KEY}")
        expected = self.text().replace(f"// {PLANTED} in a comment", f"// {MARK}").replace(PLANTED, MARK)
        self.assertEqual(shown["raw"], expected)
        self.assertEqual(self.client.call("config.get", {"key": "hooks.token"}), {"key": "hooks.token", "value": MARK})
        self.assertIn("no key", self.refused("config.get", key="hoks.token"))

    def test_what_was_shown_comes_back_as_it_was(self):
        self.serve()
        before = self.text()
        shown = self.client.call("config.get", {})
        self.client.call("config.set", {"raw": shown["raw"], "baseHash": shown["hash"]})
        self.assertEqual(self.text(), before)
        changed = shown["raw"].replace("'debug'", "'info'")
        self.client.call("config.set", {"raw": changed, "baseHash": shown["hash"]})
        self.assertEqual(self.text(), before.replace("'debug'", "'info'"))
        # A form sends the whole tree back, includes and defaults in it.
        self.client.call("config.set", {"raw": json.dumps(self.client.call("config.get", {})["config"]), "baseHash": self.hash()})
        written = json.loads(self.text())
        self.assertEqual(written["hooks"]["token"], PLANTED)
        self.assertEqual(written["talk"]["apiKey"], f"{PLANTED}-too")
        self.assertEqual(written["models"]["providers"]["mock"]["apiKey"], "${MOCK_KEY}")

    def test_a_patch_keeps_every_other_byte(self):
        self.serve()
        before = self.text()
        answer = self.patch({"hooks": {"path": "/h", "token": MARK}, "ui": {"seamColor": "#123456"}}, note="n", restartDelayMs=5)
        self.assertNotIn(PLANTED, json.dumps(answer))
        self.assertEqual(list(answer), ["ok", "path", "config", "restart", "sentinel"])
        self.assertEqual(self.text(), before.replace('"/hooks"', '"/h"').replace(
            "'mock/x' } } },\n", "'mock/x' } } },\n  ui: {\n    seamColor: \"#123456\"\n  },\n"))
        with open(os.path.join(self.gateway.root, "more.json5"), encoding="utf-8") as file:
            self.assertEqual(file.read(), INCLUDED)
        self.assertEqual(os.stat(self.gateway.config_path).st_mode & 0o777, 0o600)
        self.assertIn("more.json5", self.refused("config.patch", raw='{"talk": null}', baseHash=self.hash()))

    def test_hashes(self):
        self.serve()
        for method in ("config.set", "config.patch", "config.apply"):
            self.assertIn("config base hash required; re-run config.get and retry", self.refused(method, raw="{}"))
            self.assertIn("config changed since last load; re-run config.get and retry",
                          self.refused(method, raw="{}", baseHash="deadbeef"))

    def test_protected_keys(self):
        self.serve()
        before = self.text()
        for patch in ({"gateway": {"auth": {"mode": "none"}}}, {"gateway": None}, {"hooks": {"token": "x"}}, {"hooks": None},
                      {"models": {"providers": {"mock": {"baseUrl": "http://evil.example"}}}},
                      {"models": {"providers": {"mock": None}}}, {"models": {"providers": {"mock": {"apiKey": "exec:sh -c x"}}}},
                      {"env": {"vars": {"LD_PRELOAD": "/x"}}}):
            self.assertIn("protected", self.refused("config.patch", raw=json.dumps(patch), baseHash=self.hash()), patch)
        self.refused("config.patch", raw='{"env": {"vars": {"CARAPACE_CONFIG_PATH": "/x"}}}', baseHash=self.hash())
        self.assertIn("protected", self.refused("config.set", raw="{}", baseHash=self.hash()))
        status, answer = self.http("PATCH", {"path": "gateway.auth.token", "value": "x", "baseHash": self.hash()})
        self.assertEqual((status, answer["ok"]), (403, False))
        self.assertEqual(self.text(), before)
        code, _, error = self.gateway.run("config", "set", "hooks.path", "/by-owner")
        self.assertEqual(code, 0, error)
        self.assertIn("/by-owner", self.text())

    def test_over_http(self):
        self.serve()
        status, shown = self.http("GET")
        self.assertEqual((status, shown["ok"], shown["hash"]), (200, True, self.hash()))
        status, answer = self.http("PATCH", {"path": "ui.seamColor", "value": "#00ff00", "baseHash": shown["hash"]})
        self.assertEqual((status, answer), (200, {"ok": True, "hash": self.hash(),
                                                  "applied": {"path": "ui.seamColor", "value": "#00ff00"}}))
        for body, expected in (({"path": "ui.seamColor", "value": "#0", "baseHash": shown["hash"]}, 409),
                               ({"path": "ui.seamColor", "value": "#0"}, 409),
                               ({"path": "gateway.port", "value": "x", "baseHash": self.hash()}, 422),
                               ({"path": "bogus.key", "value": 1, "baseHash": self.hash()}, 422),
                               ({"path": "", "value": 1, "baseHash": self.hash()}, 400),
                               ({"path": ".".join("a" * 40), "value": 1, "baseHash": self.hash()}, 400),
                               ({"path": "a[", "value": 1, "baseHash": self.hash()}, 400),
                               ("{", 400), (json.dumps({"path": "a", "value": "x" * (256 << 10)}), 413)):
            status, answer = self.http("PATCH", body)
            self.assertEqual(status, expected, (str(body)[:80], answer))
            if expected == 422:
                self.assertTrue(answer["issues"])
        self.assertEqual(self.gateway.http("GET", "/control/config")[0], 401)
        self.assertEqual(self.http("PATCH", {"path": "ui.seamColor", "value": "#1"}, Origin="http://evil.example")[0], 403)
        status, answer = self.http("PATCH", {"path": "ui.seamColor", "value": None, "baseHash": self.hash()})
        self.assertEqual(status, 400, answer)
        self.assertIn("more.json5", answer["error"]["message"])

    def test_what_is_wrong_is_told_with_issues(self):
        self.serve()
        before = self.text()
        for method in ("config.set", "config.patch", "config.apply"):
            self.assertEqual(self.refused(method, raw='{"bogusKey":1}', baseHash=self.hash()), "invalid config")
            self.assertEqual(self.error["code"], "INVALID_REQUEST")
            self.assertEqual(self.error["details"], {"issues": [{"path": "", "message": 'Unrecognized key: "bogusKey"'}]})
        self.assertIn("SyntaxError: JSON5: invalid character '{' at 1:2", self.refused("config.set", raw="{{", baseHash=self.hash()))
        self.assertIn("must be an object", self.refused("config.patch", raw="[1]", baseHash=self.hash()))
        self.assertEqual(self.text(), before)

    def test_a_broken_file_is_not_overwritten(self):
        self.serve()
        broken = "{ hooks: { token: '" + PLANTED + "', "
        self.gateway.write_config(broken)
        shown = self.client.call("config.get", {})
        self.assertFalse(shown["valid"])
        self.assertIsNone(shown["raw"])
        self.assertNotIn(PLANTED, json.dumps(shown))
        for method in ("config.set", "config.patch", "config.apply"):
            self.refused(method, raw="{}", baseHash=self.hash())
        self.assertEqual(self.text(), broken)
        self.assertEqual(self.http("PATCH", {"path": "ui.seamColor", "value": "#1", "baseHash": self.hash()})[0], 409)

    def test_validate_and_plan_change_nothing(self):
        self.serve()
        before = self.text()
        shown = self.client.call("config.get", {})["raw"]
        self.assertTrue(self.client.call("config.validate", {"raw": shown.replace("'debug'", "'info'")})["ok"])
        self.assertIn("invalid config", self.refused("config.validate", raw=shown.replace("'debug'", "5")))
        self.client.call("config.plan", {})
        self.assertEqual(self.text(), before)
        self.assertTrue(self.client.call("config.reload", {})["ok"])

    # Half over WebSocket, half over HTTP, all with the hash that they have just read.
    def test_sixty_four_writers_at_once(self):
        self.serve()
        applied, stale, wrong = [], [], []
        guard = threading.Lock()
        gate = threading.Barrier(64)

        def by_socket(name, client):
            while True:
                try:
                    shown = client.call("config.get", {})
                    patch = {"skills": {"entries": {name: {"enabled": True}}}}
                    client.call("config.patch", {"raw": json.dumps(patch), "baseHash": shown["hash"]}, limit=60)
                    return applied
                except Refused as error:
                    if "config changed since last load" not in str(error):
                        raise
                    return stale

        def by_http(name, _client):
            headers = {"Authorization": f"Bearer {self.gateway.token}"}
            shown = json.loads(self.gateway.http("GET", "/control/config", headers=headers, limit=60)[2])
            body = {"path": f"skills.entries.{name}.enabled", "value": True, "baseHash": shown["hash"]}
            status, _, answer = self.gateway.http("PATCH", "/control/config", json.dumps(body), headers, limit=60)
            if status not in (200, 409):
                raise AssertionError((status, answer))
            return applied if status == 200 else stale

        def write(number, work, client):
            try:
                gate.wait(30)
                outcome = work(f"w{number}", client)
            except Exception as error:  # told below, whatever it is
                outcome = wrong
                number = repr(error)
            with guard:
                outcome.append(f"w{number}")

        clients = [self.gateway.client() for _ in range(32)]
        for client in clients:
            self.addCleanup(client.raw.close)
        threads = [threading.Thread(target=write, args=(n, by_http if n % 2 else by_socket, clients[n // 2])) for n in range(64)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])
        self.assertEqual(len(applied) + len(stale), 64)
        self.assertGreaterEqual(len(applied), 1)
        entries = self.client.call("config.get", {})["parsed"]["skills"]["entries"]
        self.assertEqual(sorted(entries), sorted(applied))

    def test_no_secret_lies_around(self):
        gateway = self.serve()
        self.patch({"ui": {"seamColor": "#123456"}})
        self.patch({"hooks": {"path": "/other"}})
        self.refused("config.patch", raw=json.dumps({"hooks": {"token": [PLANTED]}}), baseHash=self.hash())
        self.refused("config.patch", raw="{hooks: {token: " + PLANTED, baseHash=self.hash())
        self.client.call("status", {})
        self.assertNotIn(PLANTED, str(self.client.events) + str(self.client.responses))
        gateway.stop()
        self.assertNotIn(PLANTED, gateway.output(1 << 20))
        found = [os.path.join(folder, name) for folder, _, names in os.walk(gateway.root) for name in names
                 if PLANTED.encode() in open(os.path.join(folder, name), "rb").read()]
        self.assertEqual(sorted(found), sorted([gateway.config_path, os.path.join(gateway.root, "more.json5")]))
        history = os.path.join(gateway.state_dir, "config-history")
        self.assertGreaterEqual(len([name for name in os.listdir(history) if name.endswith(".sealed")]), 2)
        self.assertEqual(os.stat(os.path.join(history, "key")).st_mode & 0o777, 0o600)


if __name__ == "__main__":
    main()
