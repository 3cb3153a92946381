#!/usr/bin/env python3
"""A configuration that changes under a running gateway: what applies at once does, what cannot restarts in the same
process, and a broken file stops nothing."""

import json
import os
import signal
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support.gateway import Gateway, free_port, provider_config  # noqa: E402
from support.provider import OpenAi, Provider, says  # noqa: E402
from support.reload_case import Reload, slow, until  # noqa: E402
from support.run import main  # noqa: E402
from support.socket_client import text_of  # noqa: E402

class Hot(Reload):
    def test_a_key_applies_at_once_and_nobody_is_disconnected(self):
        gateway = self.serve()
        clients = [gateway.client() for _ in range(5)]
        self.assertEqual(gateway.http("GET", "/v1/models", headers={"Authorization": "Bearer " + gateway.token})[0], 200)
        begun = self.replace(gateway__http={"endpoints": {"chatCompletions": {"enabled": False}}})
        self.assertTrue(until(lambda: gateway.http("GET", "/v1/models", headers={"Authorization": "Bearer " + gateway.token})[0] == 404))
        print(f"applied {1000 * (time.monotonic() - begun):.0f} ms after the rename", file=sys.stderr)
        news = self.wait_news(clients[0], "hot")
        self.assertEqual(news["changed"], ["gateway.http.endpoints.chatCompletions.enabled"])
        self.assertTrue(news["valid"])
        self.assertRegex(news["hash"], "^[0-9a-f]{64}$")
        for client in clients:
            self.assertTrue(client.call("status"))
            client.close()

    def test_a_turn_that_runs_keeps_its_model_and_the_next_one_has_the_new(self):
        other = Provider(lambda request: says(OpenAi, "from the other"))
        self.addCleanup(other.close)
        gateway = self.serve(lambda request: slow(12, 0.1))
        client = gateway.client()
        client.chat("main", "take your time", "slow-1")
        client.wait(lambda: client.events_of("slow-1", "agent"), 10, "a first event")
        self.replace(models__providers__mock=provider_config(other.url + "/v1"), tools__web__fetch={"enabled": False},
                     agents__defaults__maxTurns=3)
        news = self.wait_news(client, "hot")
        self.assertIn("models.providers.mock.baseUrl", news["changed"])
        self.assertEqual(text_of(client.ask("second", "who is there?", "quick-1")["message"]), "from the other")
        client.wait(lambda: client.terminal("slow-1"), 15, "the end of the slow one")
        self.assertEqual(client.terminal("slow-1")["state"], "final")
        self.assertTrue(text_of(client.terminal("slow-1")["message"]).strip().endswith("piece11"))
        client.close()

    def test_the_primary_model_and_the_tools_change(self):
        seen = []

        def answer(request):
            seen.append(request)
            return says(OpenAi, "ok")

        gateway = self.serve(answer, models__providers__mock={**provider_config("x"), "models": [{"id": "x"}, {"id": "y"}]})
        self.config["models"]["providers"]["mock"]["baseUrl"] = self.provider.url + "/v1"
        client = gateway.client()
        self.replace(agents__defaults__model={"primary": "mock/y"}, tools__web__fetch={"enabled": False})
        self.wait_news(client, "hot")
        client.ask("main", "hello", "run-1")
        body = json.loads(seen[-1].body) if isinstance(seen[-1].body, (str, bytes)) else seen[-1].body
        self.assertEqual(body["model"], "y")
        names = [tool["function"]["name"] for tool in body.get("tools", [])]
        self.assertNotIn("web_fetch", names)
        self.assertIn("sessions_list", names)
        self.assertEqual(client.call("status")["model"]["ref"], "mock/y")
        client.close()

    def test_the_log_the_budget_and_the_origins_change(self):
        gateway = self.serve()
        client = gateway.client()
        log = os.path.join(gateway.root, "other.log")
        self.replace(logging={"level": "info", "file": log}, models__budget={"dailyUsd": 0},
                     gateway={"controlUi": {"allowedOrigins": ["https://elsewhere.example"]}})
        self.wait_news(client, "hot")
        self.assertTrue(until(lambda: os.path.exists(log) and os.path.getsize(log) > 0))
        for origin, wanted in (("https://elsewhere.example", 400), ("https://another.example", 403)):
            status, _, _ = gateway.http("POST", "/v1/chat/completions", body="{}", headers={
                "Authorization": "Bearer " + gateway.token, "Content-Type": "application/json", "Origin": origin})
            self.assertEqual(status, wanted, origin)
        # A cap, and a model whose price nobody knows.
        client.chat("main", "hello", "capped-1")
        client.wait(lambda: client.terminal("capped-1"), 10, "an end")
        self.assertEqual(client.terminal("capped-1")["state"], "error")
        self.assertTrue(client.call("logs.tail", {"limit": 5})["file"].endswith("other.log"))
        client.close()

    def test_five_writes_are_one_reload(self):
        gateway = self.serve()
        client = gateway.client()
        for turn in range(5):
            self.config["agents"]["defaults"]["maxTurns"] = 10 + turn
            gateway.write_config(self.config)
            time.sleep(0.03)
        self.wait_news(client, "hot")
        time.sleep(0.7)
        self.assertEqual([n["mode"] for n in self.news(client)], ["hot"])
        client.close()

    def test_half_a_file_that_becomes_whole_is_applied_and_never_told(self):
        gateway = self.serve()
        client = gateway.client()
        self.config["agents"]["defaults"]["maxTurns"] = 7
        text = json.dumps(self.config)
        gateway.write_config(text[:40])
        time.sleep(0.05)
        gateway.write_config(text)
        self.wait_news(client, "hot")
        time.sleep(0.4)
        self.assertEqual([n["mode"] for n in self.news(client)], ["hot"])
        client.close()

    def test_a_comment_is_no_change(self):
        gateway = self.serve()
        client = gateway.client()
        self.replace("// only words\n" + json.dumps(self.config))
        self.assertEqual(self.wait_news(client, "none")["changed"], [])
        client.close()

    def test_includes_are_watched_too(self):
        gateway = self.serve()
        client = gateway.client()
        part = os.path.join(gateway.root, "agents.json5")
        agents = self.config.pop("agents")
        with open(part, "w", encoding="utf-8") as file:
            json.dump(agents, file)
        self.config["agents"] = {"$include": "./agents.json5"}
        self.replace()
        self.wait_news(client, "none")
        agents["defaults"]["maxTurns"] = 9
        with open(part + ".tmp", "w", encoding="utf-8") as file:
            json.dump(agents, file)
        os.rename(part + ".tmp", part)
        self.assertEqual(self.wait_news(client, "hot")["changed"], ["agents.defaults.maxTurns"])
        client.close()

    def test_a_linked_file_and_its_target_are_watched(self):
        gateway = self.serve()
        client = gateway.client()
        real = os.path.join(gateway.root, "real")
        os.mkdir(real)
        target = os.path.join(real, "config.json5")
        with open(target, "w", encoding="utf-8") as file:
            json.dump(self.config, file)
        os.symlink(target, gateway.config_path + ".link")
        os.rename(gateway.config_path + ".link", gateway.config_path)
        time.sleep(0.5)
        self.config["agents"]["defaults"]["maxTurns"] = 8
        with open(target, "w", encoding="utf-8") as file:
            json.dump(self.config, file)
        self.assertEqual(self.wait_news(client, "hot")["changed"], ["agents.defaults.maxTurns"])
        client.close()

    def test_hang_up_looks_at_the_file_too(self):
        gateway = self.serve(gateway__reload={"debounceMs": 60000})
        client = gateway.client()
        self.config["agents"]["defaults"]["maxTurns"] = 6
        gateway.write_config(self.config)
        time.sleep(0.3)
        self.assertEqual(self.news(client), [])
        gateway.signal(signal.SIGHUP)
        self.wait_news(client, "hot")
        client.close()


class Modes(Reload):
    def test_off_waits_and_hot_leaves_the_rest(self):
        gateway = self.serve(gateway__reload={"mode": "off"})
        client = gateway.client()
        self.replace(agents__defaults__maxTurns=4)
        self.assertEqual(self.wait_news(client, "waiting")["changed"], ["agents.defaults.maxTurns"])
        self.assertEqual(client.call("status")["config"]["waiting"], ["agents.defaults.maxTurns"])
        self.replace(gateway={"reload": {"mode": "hot"}, "port": free_port()})
        news = self.wait_news(client, "hot")
        self.assertIn("agents.defaults.maxTurns", news["changed"])
        self.assertEqual(client.call("status")["config"]["waiting"], ["gateway.port"])
        self.assertTrue(gateway.alive())
        # Taken back, nothing waits any more.
        del self.config["gateway"]["port"]
        self.replace()
        until(lambda: client.call("status")["config"]["waiting"] == [])
        self.assertEqual(client.call("status")["config"]["waiting"], [])
        client.close()

    def test_restart_is_for_every_change(self):
        gateway = self.serve(gateway__reload={"mode": "restart"})
        client = gateway.client()
        pid = gateway.process.pid
        self.replace(agents__defaults__maxTurns=4)
        client.thread.join(15)
        self.assertEqual(client.closed.code, 1012)
        self.assertTrue(until(gateway.answers, 15), gateway.output())
        self.assertEqual(gateway.process.pid, pid)


class Restart(Reload):
    def test_clients_are_told_and_find_the_gateway_again(self):
        gateway = self.serve()
        client = gateway.client()
        self.replace(gateway={"controlUi": {"basePath": "/panel"}})
        client.thread.join(15)
        self.assertIsNotNone(client.closed, gateway.output())
        self.assertEqual((client.closed.code, client.closed.reason), (1012, "service restart"))
        told = [f["payload"] for _, f in client.events if f["event"] == "shutdown"]
        self.assertEqual(told, [{"reason": "gateway restarting", "restartExpectedMs": 1500}])
        self.assertEqual(self.news(client)[-1]["mode"], "restart")
        again = until(gateway.client, 15)
        self.assertTrue(again, gateway.output())
        self.assertTrue(again.call("status")["config"]["valid"])
        # And once more, so that the second house can change, too.
        self.replace(agents__defaults__maxTurns=5)
        self.wait_news(again, "hot")
        self.replace(gateway={"controlUi": {"basePath": "/other"}})
        again.thread.join(15)
        self.assertEqual(again.closed.code, 1012)
        self.assertTrue(until(gateway.client, 15), gateway.output())
        self.assertEqual(gateway.stop(), 0, gateway.output())

    def test_a_running_answer_is_finished_first(self):
        gateway = self.serve(lambda request: slow(10, 0.1))
        client = gateway.client()
        client.chat("main", "take your time", "drain-1")
        client.wait(lambda: client.events_of("drain-1", "agent"), 10, "a first event")
        self.replace(gateway={"controlUi": {"basePath": "/panel"}})
        client.thread.join(20)
        self.assertEqual(client.terminal("drain-1")["state"], "final")
        again = until(gateway.client, 15)
        self.assertTrue(text_of(again.history("main")[1]).endswith("piece9 "))
        again.close()

    def test_a_house_that_cannot_start_is_followed_by_the_one_before(self):
        taken = socket.socket()
        self.addCleanup(taken.close)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        first = free_port()
        gateway = self.serve(gateway={"port": first})
        gateway.kill()
        gateway.port = first
        arguments = gateway.arguments
        gateway.arguments = lambda: [w for w in arguments() if w not in ("--port", str(first))]
        gateway.start()
        time.sleep(0.2)
        client = gateway.client()
        self.replace(gateway={"port": taken.getsockname()[1]})
        client.thread.join(15)
        again = until(gateway.client, 15)
        self.assertTrue(again, gateway.output())
        state = again.call("status")["config"]
        self.assertFalse(state["valid"])
        self.assertIn("could not start", state["issues"][-1]["message"])
        self.assertIn("cannot start with the changed configuration", gateway.output(20000))
        # It does not try again by itself, and it can be mended.
        time.sleep(0.8)
        self.assertTrue(again.call("status"))
        self.replace(gateway={"port": first})
        self.assertTrue(until(lambda: again.call("status")["config"]["valid"]), gateway.output())
        again.close()

    def test_stop_while_it_restarts_ends_it(self):
        gateway = self.serve(lambda request: slow(10, 0.1))
        client = gateway.client()
        client.chat("main", "take your time", "drain-1")
        client.wait(lambda: client.events_of("drain-1", "agent"), 10, "a first event")
        self.replace(gateway={"controlUi": {"basePath": "/panel"}})
        time.sleep(0.3)
        gateway.signal(signal.SIGTERM)
        self.assertEqual(gateway.process.wait(15), 0, gateway.output())


class Asked(Reload):
    """`config.patch` and `config.apply` restart when they said they would, and tell the session."""

    def test_a_patch_restarts_and_tells_the_session_what_happened(self):
        gateway = self.serve()
        client = gateway.client()
        client.ask("agent:main:main", "hello", "run-1")
        snapshot = client.call("config.get")
        answer = client.call("config.patch", {"raw": '{"gateway":{"controlUi":{"basePath":"/panel"}}}', "baseHash": snapshot["hash"],
                                              "note": "a note", "sessionKey": "agent:main:main", "restartDelayMs": 300})
        self.assertTrue(answer["ok"])
        self.assertEqual(answer["restart"]["delayMs"], 300)
        begun = time.monotonic()
        client.thread.join(15)
        self.assertIsNotNone(client.closed, gateway.output())
        self.assertGreater(time.monotonic() - begun, 0.25)
        self.assertEqual((client.closed.code, client.closed.reason), (1012, "service restart"))
        told = [f["payload"] for _, f in client.events if f["event"] == "shutdown"]
        self.assertEqual(told, [{"reason": "gateway restarting", "restartExpectedMs": 1500}])
        again = until(gateway.client, 15)
        self.assertTrue(again, gateway.output())
        note = until(lambda: [text_of(m) for m in again.history("agent:main:main") if "GatewayRestart" in text_of(m)])
        self.assertTrue(note, gateway.output())
        self.assertIn("a note", note[0])
        self.assertFalse(os.path.exists(os.path.join(gateway.state_dir, "restart-sentinel.json")))
        self.assertEqual(again.call("config.get", {"key": "gateway.controlUi.basePath"})["value"], "/panel")
        again.close()

    def test_of_many_requests_one_restart_follows(self):
        gateway = self.serve()
        client = gateway.client()
        for number in range(3):
            snapshot = client.call("config.get")
            client.call("config.patch", {"raw": json.dumps({"gateway": {"controlUi": {"basePath": f"/panel{number}"}}}),
                                         "baseHash": snapshot["hash"], "restartDelayMs": 400})
        client.thread.join(15)
        again = until(gateway.client, 15)
        time.sleep(1.2)
        self.assertTrue(again.call("status"), "it restarted twice")
        self.assertIsNone(again.closed)
        again.close()


class Broken(Reload):
    def test_a_broken_file_changes_nothing_and_everybody_hears_of_it(self):
        gateway = self.serve()
        client = gateway.client()
        self.replace('{\n  logging: {level: "debug"},\n  agents: {defaults: {maxTurns: "many"}},\n}')
        news = self.wait_news(client, "invalid")
        self.assertFalse(news["valid"])
        self.assertEqual(news["issues"][0]["path"], "agents.defaults.maxTurns")
        self.assertIn(":3:", news["issues"][0]["at"])
        for method in ("status", "health"):
            state = until(lambda: (lambda s: None if s["valid"] else s)(client.call(method, {"probe": True})["config"]))
            self.assertTrue(state, method)
            self.assertEqual(state["file"], gateway.config_path)
        again = gateway.client()
        self.assertEqual(text_of(again.ask("main", "still there?", "run-1")["message"]), "fine")
        again.close()
        self.assertRegex(gateway.output(20000), r"(?s)cannot be used.*at=\S*config\.json5:3:")
        code, text, _ = gateway.run("status")
        self.assertEqual(code, 0, text)
        self.assertIn("cannot be used", text)
        self.replace()
        until(lambda: client.call("status")["config"]["valid"])
        self.assertTrue(client.call("status")["config"]["valid"])
        client.close()

    def test_a_file_that_goes_changes_nothing(self):
        gateway = self.serve()
        client = gateway.client()
        os.remove(gateway.config_path)
        self.assertIn("gone", self.wait_news(client, "invalid")["issues"][-1]["message"])
        self.assertEqual(client.call("status")["model"]["ref"], "mock/x")
        self.replace()
        self.assertTrue(until(lambda: client.call("status")["config"]["valid"]))
        client.close()

    def test_a_broken_file_at_start_is_passed_over_for_the_last_good_one(self):
        gateway = self.serve()
        self.assertEqual(gateway.stop(), 0)
        gateway.write_config('{ "gateway": { "port": ')
        gateway.start()
        client = gateway.client()
        status = client.call("status")
        self.assertFalse(status["config"]["valid"])
        self.assertEqual(status["model"]["ref"], "mock/x")
        self.assertIn("last configuration that worked", gateway.output(20000))
        self.replace(agents__defaults__maxTurns=5)
        self.wait_news(client, "hot")
        self.assertTrue(client.call("status")["config"]["valid"])
        client.close()

    def test_a_broken_include_at_start_is_passed_over_as_well(self):
        gateway = self.serve()
        part = os.path.join(gateway.root, "agents.json5")
        agents = self.config.pop("agents")
        with open(part, "w", encoding="utf-8") as file:
            json.dump(agents, file)
        self.config["agents"] = {"$include": "./agents.json5"}
        client = gateway.client()
        self.replace()
        self.wait_news(client, "none")
        time.sleep(0.3)
        client.close()
        self.assertEqual(gateway.stop(), 0)
        with open(part, "w", encoding="utf-8") as file:
            file.write("{ defaults: ")
        gateway.start()
        client = gateway.client()
        self.assertEqual(client.call("status")["model"]["ref"], "mock/x")
        self.assertFalse(client.call("status")["config"]["valid"])
        client.close()

    def test_with_nothing_to_fall_back_on_it_says_what_to_mend_and_ends(self):
        gateway = Gateway('{\n  gatway: {},\n  gateway: {port: "x"},\n}')
        self.addCleanup(gateway.remove)
        gateway.launch()
        self.assertNotEqual(gateway.process.wait(10), 0)
        self.assertRegex(gateway.output(), r"config\.json5:3:\d+: gateway\.port")

    def test_no_secret_of_the_file_is_told(self):
        secret = "sk-planted-7e1f0a9b2c3d4e5f"
        gateway = self.serve()
        client = gateway.client()
        self.replace(models__providers__mock__apiKey=secret)
        self.wait_news(client, "hot")
        self.replace('{"models": {"providers": {"mock": {"apiKey": "%s" "x"}}}}' % secret)
        self.wait_news(client, "invalid")
        told = json.dumps([f for _, f in client.events]) + json.dumps(client.call("status")) + gateway.output(100000)
        for folder, _, names in os.walk(gateway.state_dir):
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    self.assertNotIn(secret.encode(), file.read(), name)
        self.assertNotIn(secret, told)
        client.close()


if __name__ == "__main__":
    main()
