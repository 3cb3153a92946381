#!/usr/bin/env python3
"""`carapace config` beside a gateway that runs with the file."""

import json
import os
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support.config_place import Case  # noqa: E402
from support.gateway import Gateway  # noqa: E402
from support.run import main  # noqa: E402


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


if __name__ == "__main__":
    main()
