#!/usr/bin/env python3
"""The ways back: no change of the configuration stops a gateway that ran, and nothing that it did is kept as good before
it was."""

import json
import os
import re
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support.gateway import Gateway, put  # noqa: E402
from support.reload_case import Reload, until  # noqa: E402
from support.run import main  # noqa: E402

ELSEWHERE = "203.0.113.9"  # an address for documentation: no machine has it
LONG = "abcdefghijklmnopqrstuvwxyz012345"


class Back(Reload):
    def by_file(self, gateway):
        """The file says the port, as for most people."""
        arguments = gateway.arguments
        gateway.arguments = lambda: [w for w in arguments() if w not in ("--port", str(gateway.port))]
        return gateway

    def serve_by_file(self, **config):
        gateway = self.serve(**config)
        put(self.config, "gateway.port", gateway.port)
        self.assertEqual(gateway.stop(), 0)
        self.by_file(gateway).write_config(self.config)
        gateway.start()
        self.until_good(2)
        return gateway

    def until_good(self, number):
        self.assertTrue(until(lambda: re.match(rf" *{number} .*a gateway ran with it", self.newest_entry())), self.newest_entry())

    def newest_entry(self):
        return self.gateway.run("config", "history")[1].splitlines()[0]

    def taken_port(self):
        taken = socket.socket()
        self.addCleanup(taken.close)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        return taken.getsockname()[1]

    def state(self, client):
        return client.call("status")["config"]


class OfHot(Back):
    def test_what_waits_in_mode_hot_is_neither_good_nor_the_way_back(self):
        gateway = self.serve_by_file(gateway__reload={"mode": "hot"})
        client = gateway.client()
        first = gateway.port
        self.replace(gateway__port=self.taken_port(), agents__defaults__maxTurns=7)
        self.wait_news(client, "hot")
        self.assertTrue(until(lambda: self.newest_entry() and "ran with it" not in self.newest_entry()), self.newest_entry())
        self.assertEqual(client.call("config.reload")["restartRequired"], ["gateway.port"])
        code, shown, _ = gateway.run("config", "plan")
        self.assertEqual(code, 0)
        self.assertIn("gateway.port", shown)
        # A patch of another key is no reason to restart in this mode, and one that is meets the port.
        mode = [client.call("config.patch", {"raw": json.dumps(patch), "baseHash": client.call("config.get")["hash"],
                                             "restartDelayMs": 0})["restart"]["mode"]
                for patch in ({"agents": {"defaults": {"maxTurns": 8}}}, {"gateway": {"controlUi": {"basePath": "/p"}}})]
        self.assertEqual(mode, ["hot", "emit"])
        client.thread.join(15)
        again = until(gateway.client, 15)
        self.assertTrue(again, gateway.output())
        self.assertIn("could not start", self.state(again)["issues"][-1]["message"])
        self.replace(gateway__port=first)
        self.assertTrue(until(lambda: self.state(again)["valid"]), gateway.output())
        again.close()

    def test_the_mode_itself_waits_for_nothing(self):
        gateway = self.serve()
        client = gateway.client()
        self.replace(gateway__reload={"mode": "off"})
        self.assertEqual(self.wait_news(client, "none")["changed"], ["gateway.reload.mode"])
        self.assertEqual(self.state(client)["waiting"], [])
        client.close()

    def test_a_restart_is_told_once(self):
        gateway = self.serve()
        client = gateway.client()
        self.replace(gateway={"controlUi": {"basePath": "/panel"}})
        client.thread.join(15)
        self.assertEqual([n["mode"] for n in self.news(client)], ["restart"])
        self.assertEqual(gateway.output(50000).count("restarts for a changed configuration"), 1)

    def test_a_file_that_breaks_before_its_restart_stops_that(self):
        gateway = self.serve()
        client = gateway.client()
        self.replace(gateway={"controlUi": {"basePath": "/panel"}})
        self.wait_news(client, "restart")
        self.replace("{ broken")
        self.wait_news(client, "invalid")
        time.sleep(0.6)
        if client.closed is None:  # else the restart was quicker than the second rename
            self.replace()
            client.thread.join(15)
        again = until(gateway.client, 15)
        self.replace()
        self.assertTrue(until(lambda: self.state(again)["valid"]), gateway.output())
        again.close()

    def test_an_emptied_file_changes_nothing(self):
        gateway = self.serve()
        client = gateway.client()
        for text, said in (("", "is empty"), (" \n\t\n", "is empty"), ("\ufeff", "no value"), ("// {}", "no value")):
            self.replace(text)
            self.assertIn(said, self.wait_news(client, "invalid")["issues"][-1]["message"])
            self.assertEqual(client.call("status")["model"]["ref"], "mock/x")
            self.replace()
            self.assertTrue(until(lambda: self.state(client)["valid"]))
            client.events.clear()
        self.replace("{}")
        self.wait_news(client, "hot")
        client.close()

    def test_a_model_that_is_none_is_invalid_and_stops_no_start(self):
        gateway = self.serve()
        client = gateway.client()
        self.replace(agents__defaults__model={"primary": "nonsense"})
        self.assertIn("names no model", self.wait_news(client, "invalid")["issues"][-1]["message"])
        client.close()
        self.assertEqual(gateway.stop(), 0)
        client = gateway.start().client()
        self.assertEqual(client.call("status")["model"]["ref"], "mock/x")
        client.close()

    def test_a_variable_that_says_the_port_needs_a_restart(self):
        gateway = self.serve(gateway__reload={"mode": "hot"})
        client = gateway.client()
        self.replace(env={"CARAPACE_GATEWAY_PORT": "19999", "OTHER": "x"})
        self.wait_news(client, "hot")
        self.assertEqual(self.state(client)["waiting"], ["env.CARAPACE_GATEWAY_PORT"])
        client.close()

    def test_permissions_that_go_and_come_back_are_seen(self):
        if os.geteuid() == 0:
            self.skipTest("root reads every file")
        gateway = self.serve()
        client = gateway.client()
        os.chmod(gateway.config_path, 0)
        self.wait_news(client, "invalid")
        os.chmod(gateway.config_path, 0o600)
        self.assertTrue(until(lambda: self.state(client)["valid"]), gateway.output())
        client.close()

    def test_a_log_that_cannot_be_written_stops_nothing(self):
        gateway = self.serve()
        client = gateway.client()
        deep = os.path.join(gateway.root, "some", "where", "gateway.log")
        self.replace(logging={"file": deep})
        self.wait_news(client, "hot")
        self.assertTrue(until(lambda: os.path.exists(deep)), gateway.output())
        self.replace(logging={"file": gateway.config_path + "/gateway.log"})
        self.wait_news(client, "hot", 2)
        client.close()
        self.assertEqual(gateway.stop(), 0)
        gateway.start()
        self.assertIn("cannot open the log file", gateway.output(20000))


class OfStart(Back):
    def started_with(self, gateway, **changes):
        """The file changes while nothing runs; answers a client of the next start."""
        self.assertEqual(gateway.stop(), 0)
        for path, value in changes.items():
            put(self.config, path.replace("__", "."), value)
        gateway.write_config(self.config)
        gateway.start()
        return gateway.client()

    def test_an_address_of_another_machine_is_passed_over_for_the_last_good_one(self):
        gateway = self.serve_by_file()
        client = self.started_with(gateway, gateway__bind=ELSEWHERE, gateway__auth={"token": LONG})
        state = self.state(client)
        self.assertFalse(state["valid"])
        self.assertIn("not an address of this machine", state["issues"][-1]["message"])
        self.assertIn("last configuration that worked", gateway.output(20000))
        # It does not try again by itself; mended, the file is used.
        time.sleep(0.6)
        self.assertIsNone(client.closed)
        put(self.config, "gateway.bind", "loopback")
        del self.config["gateway"]["auth"]
        self.replace(agents__defaults__maxTurns=5)
        self.wait_news(client, "hot")
        self.assertTrue(self.state(client)["valid"])
        client.close()

    def test_a_token_that_cannot_be_opened_brings_no_older_one_back(self):
        """Who rotated a token that others know does not want it back."""
        gateway = self.serve_by_file()
        gateway.token = None
        self.assertEqual(gateway.stop(), 0)
        put(self.config, "gateway.auth", {"token": "file:" + gateway.root + "/nowhere"})
        gateway.write_config(self.config)
        self.assertEqual(gateway.launch().process.wait(20), 1, gateway.output())
        self.assertIn("gateway.auth.token cannot be opened", gateway.output())

    def test_an_empty_file_is_passed_over_for_the_last_good_one(self):
        gateway = self.serve()
        self.assertEqual(gateway.stop(), 0)
        gateway.write_config("")
        client = gateway.start().client()
        self.assertEqual(client.call("status")["model"]["ref"], "mock/x")
        self.assertFalse(self.state(client)["valid"])
        self.assertIn("is empty", gateway.output(20000))
        client.close()

    def test_an_empty_file_means_defaults_where_nothing_ever_ran(self):
        with Gateway("") as gateway:
            client = gateway.start().client()
            self.assertTrue(self.state(client)["valid"])
            client.close()


if __name__ == "__main__":
    main()
