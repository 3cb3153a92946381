#!/usr/bin/env python3
"""`carapace doctor`: a clean state gives no finding; a planted fault of the machine, the port, the database or a model is found."""

import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support.gateway import Gateway, binary, free_port  # noqa: E402
from support.patient import DoctorTest, Patient, mode  # noqa: E402
from support.run import main  # noqa: E402


class Doctor(DoctorTest):
    def test_a_clean_state_gives_no_finding_with_and_without_a_gateway(self):
        patient = Patient(self)
        self.assert_clean(patient.found())
        patient.gateway.start()
        found, report, _ = patient.report()
        self.assert_clean(found)
        self.assertEqual(report["versions"]["gateway"], report["versions"]["carapace"])
        self.assertGreaterEqual(len(report["checks"]), 10)
        self.assertTrue(patient.gateway.alive())

    def test_a_machine_on_which_nothing_was_started_yet(self):
        patient = Patient(self, run_first=False)
        found = patient.found()
        self.assert_found(found, "state_dir.missing", "info", patient.state())
        self.assertFalse(os.path.exists(patient.state()))
        _, report, _ = patient.report("--fix")
        self.assertEqual(mode(patient.state()), 0o700)
        self.assertIn(patient.state(), report["mended"][0])

    # the machine

    def test_a_port_that_somebody_else_has(self):
        patient = Patient(self)
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind(("127.0.0.1", patient.gateway.port))
            other.listen()
            found = patient.found("--offline")
            self.assert_found(found, "gateway.port_taken", "critical", f"pid {os.getpid()}")
            self.assertIn("carapace config set gateway.port", found["gateway.port_taken"]["remediation"])
        self.assert_clean(patient.found("--offline"))

    def test_a_gateway_on_another_port_and_one_that_does_not_answer(self):
        patient = Patient(self)
        patient.gateway.start()
        run_at, patient.gateway.port = patient.gateway.port, free_port()
        found = patient.found("--offline")
        self.assert_found(found, "gateway.other_port", "warn", str(run_at))
        patient.gateway.port = run_at
        patient.gateway.signal(19)  # SIGSTOP
        try:
            self.assert_found(patient.found("--offline"), "gateway.probe_failed", "critical", str(patient.gateway.process.pid))
        finally:
            patient.gateway.signal(18)  # SIGCONT
        self.assert_clean(patient.found("--offline"))

    def test_an_address_that_this_machine_has_not(self):
        patient = Patient(self)
        patient.rewrite({**patient.config, "gateway": {"bind": "203.0.113.7"}})
        self.assert_found(patient.found("--offline"), "gateway.bind_address", "critical", "203.0.113.7")

    def test_a_database_that_is_damaged_newer_or_none(self):
        patient = Patient(self)
        path = patient.state("carapace.db")
        with open(path, "rb") as file:
            whole = file.read()
        with sqlite3.connect(path) as db:
            db.execute("PRAGMA user_version=9999")
        db.close()
        self.assert_found(patient.found("--offline"), "store.newer_schema", "critical", "9999")
        with open(path, "wb") as file:
            file.write(whole[:4096] + b"\xff" * 4096 + whole[8192:])
        found = patient.found("--offline")
        self.assertTrue({"store.damaged", "store.unreadable"} & set(found), found)
        with open(path, "wb") as file:
            file.write(b"this is no database, " * 1000)
        self.assert_found(patient.found("--offline"), "store.unreadable", "critical", path)
        os.unlink(path)
        os.mkfifo(path, 0o600)
        self.assert_found(patient.found("--offline"), "store.unreadable", "critical", path)
        os.unlink(path)

    def test_a_state_folder_that_cannot_be_written(self):
        patient = Patient(self)
        os.chmod(patient.gateway.root, 0o755)
        os.chmod(patient.state(), 0o500)
        if os.geteuid() == 0:
            for root, folders, names in os.walk(patient.gateway.root):
                for name in folders + names:
                    os.lchown(os.path.join(root, name), 65534, 65534)
        user = {"user": 65534, "group": 65534} if os.geteuid() == 0 else {}
        try:
            done = subprocess.run([binary(), "doctor", "--json", "--offline", *patient.gateway.arguments()],
                                  capture_output=True, text=True, env=patient.gateway.environment, check=False,
                                  stdin=subprocess.DEVNULL, **user)
        finally:
            os.chmod(patient.state(), 0o700)
        found = {f["checkId"]: f for f in json.loads(done.stdout)["findings"]}
        self.assert_found(found, "state_dir.not_writable", "critical", patient.state())

    def test_clock_and_zone(self):
        patient = Patient(self)
        self.assert_found(patient.found("--offline", environment={"TZ": "Atlantis/Poseidonis"}), "clock.time_zone_unknown",
                          "warn", "Atlantis/Poseidonis")
        self.assertNotIn("clock.time_zone_unknown", patient.found("--offline", environment={"TZ": "Europe/Berlin"}))
        self.assertNotIn("clock.time_zone_unknown", patient.found("--offline", environment={"TZ": "EST5EDT,M3.2.0,M11.1.0"}))
        later = time.time() + 10 * 86400
        os.utime(patient.state("carapace.db"), (later, later))
        self.assert_found(patient.found("--offline"), "clock.behind", "warn", "carapace.db")

    def test_few_open_files(self):
        patient = Patient(self)
        done = subprocess.run(["sh", "-c", 'ulimit -n 256 && exec "$0" "$@"', binary(), "doctor", "--json", "--offline",
                               *patient.gateway.arguments()],
                              capture_output=True, text=True, env=patient.gateway.environment, stdin=subprocess.DEVNULL, check=False)
        found = {f["checkId"]: f for f in json.loads(done.stdout)["findings"]}
        self.assert_found(found, "kernel.open_files", "warn", "256")

    # models

    def test_a_provider_that_cannot_be_reached(self):
        patient = Patient(self)
        before = len(patient.provider.requests)
        self.assert_clean(patient.found())
        asked = patient.provider.requests[before:]
        self.assertEqual([(r.method, r.path) for r in asked], [("GET", "/v1")])
        self.assertNotIn("authorization", asked[0].headers)
        patient.provider.close()
        found = patient.found()
        self.assert_found(found, "providers.unreachable", "warn", patient.provider.url)
        self.assertNotIn("providers.unreachable", patient.found("--offline"))

    def test_one_that_says_nothing_does_not_hold_the_others_up(self):
        patient = Patient(self)
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            port = silent.getsockname()[1]
            for name in ("a", "b", "c"):
                patient.config["models"]["providers"][name] = {**patient.config["models"]["providers"]["mock"],
                                                               "baseUrl": f"http://127.0.0.1:{port}/{name}"}
            patient.rewrite(patient.config)
            begun = time.monotonic()
            _, report, _ = patient.report()
            self.assertLess(time.monotonic() - begun, 9)
            self.assertEqual(sum(f["checkId"] == "providers.unreachable" for f in report["findings"]), 3)

    def test_a_model_that_cannot_be_called(self):
        patient = Patient(self)
        config = json.loads(json.dumps(patient.config))
        config["agents"]["defaults"]["model"]["primary"] = "anthropic/claude-opus-4-5"
        patient.rewrite(config)
        self.assert_found(patient.found("--offline"), "models.primary_unusable", "critical", "anthropic")
        patient.rewrite({})
        self.assert_found(patient.found("--offline"), "models.none", "info", "carapace providers")

    # how it is shown

    def test_for_people(self):
        patient = Patient(self)
        os.chmod(patient.gateway.config_path, 0o644)
        code, out, _ = patient.gateway.run("doctor", "--offline")
        self.assertEqual(code, 1)
        self.assertNotIn("\x1b", out)
        self.assertIn("config.perms_world_readable", out)
        self.assertIn("mend: chmod 600", out)
        self.assertRegex(out, r"1 critical, \d+ warnings?, \d+ notes?")
        words = [binary(), "doctor", "--offline", *patient.gateway.arguments()]
        self.assertIn("\x1b[31m", self.on_terminal(words, patient.gateway))
        self.assertNotIn("\x1b", self.on_terminal(words, patient.gateway, NO_COLOR="1"))
        self.assertEqual(patient.gateway.run("doctor", "--fix", "--offline")[0], 0)

    def test_help_and_completion_know_it(self):
        gateway = Gateway()
        self.addCleanup(gateway.remove)
        self.assertIn("--fix", gateway.run("doctor", "--help", place=False)[1])
        for shell in ("bash", "zsh", "fish"):
            _, out, _ = gateway.run("completion", shell)
            self.assertTrue(re.search(r"doctor.*offline", out), shell)


if __name__ == "__main__":
    main()
