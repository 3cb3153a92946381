#!/usr/bin/env python3
"""`carapace doctor` on what lies on the disk: configuration, permissions, secrets, what older versions left."""

import json
import os
import shlex
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support.gateway import Gateway, binary  # noqa: E402
from support.patient import DoctorTest, Patient, mode  # noqa: E402
from support.run import main  # noqa: E402

PLANTED = "sk-planted-0123456789abcdefghij"


class Files(DoctorTest):
    # configuration

    def test_a_broken_file_with_and_without_a_good_one_to_go_back_to(self):
        fresh = Patient(self, run_first=False)
        fresh.rewrite("{ gateway: { port: }")
        found = fresh.found()
        self.assert_found(found, "config.invalid", "critical", "config.json5:1:")
        self.assertFalse(found["config.invalid"]["fixable"])

        patient = Patient(self)
        with open(patient.gateway.config_path, encoding="utf-8") as file:
            good = file.read()
        patient.rewrite("{ gateway: { port: }")
        self.assert_found(patient.found(), "config.invalid", "critical", "rollback")
        _, report, _ = patient.report("--fix")
        self.assertEqual(report["mended"], [])
        self.assertIn("--yes", report["notMended"][0])
        found, report, _ = patient.report("--fix", "--yes")
        with open(patient.gateway.config_path, encoding="utf-8") as file:
            self.assertEqual(file.read(), good)
        self.assertEqual(len(report["mended"]), 1)
        self.assert_clean(found)

    def test_on_a_terminal_the_owner_is_asked(self):
        patient = Patient(self)
        for answer, restored in ((b"n\n", False), (b"y\n", True)):
            patient.rewrite("{ broken")
            out = self.on_terminal([binary(), "doctor", "--fix", *patient.gateway.arguments()], patient.gateway, answer)
            self.assertIn("[y/N]", out)
            with open(patient.gateway.config_path, encoding="utf-8") as file:
                self.assertEqual(file.read() != "{ broken", restored, out)

    def test_wrong_values_and_unknown_keys(self):
        patient = Patient(self)
        patient.rewrite({**patient.config, "gateway": {"port": "many", "prot": 1}, "logging": {"level": "loud"}})
        found = patient.found()
        self.assertIn("gateway.port", json.dumps(found))
        self.assert_found(found, "config.unknown_key", "warn", "carapace config unset gateway.prot")
        self.assertTrue(any(f["severity"] == "critical" for f in found.values()))

    def test_a_file_of_a_newer_version_and_one_that_is_missing(self):
        patient = Patient(self)
        patient.rewrite({**patient.config, "meta": {"lastTouchedVersion": "99.1.0"}})
        self.assert_found(patient.found(), "config.newer_version", "warn", "99.1.0")
        patient.rewrite({**patient.config, "meta": {"lastTouchedVersion": "2026.1.27"}})
        self.assertNotIn("config.newer_version", patient.found())
        os.unlink(patient.gateway.config_path)
        self.assert_found(patient.found(), "config.missing", "warn", patient.gateway.config_path)

    def test_a_gateway_never_ran_with_it(self):
        self.assert_found(Patient(self, run_first=False).found(), "config.no_last_good", "info")

    # permissions

    def test_rights_of_others_are_found_and_taken(self):
        patient = Patient(self)
        include = os.path.join(patient.gateway.root, "more.json5")
        with open(include, "w", encoding="utf-8") as file:
            file.write("{logging: {level: 'info'}}")
        patient.rewrite({"$include": "./more.json5", **patient.config})
        os.makedirs(patient.state("credentials"), exist_ok=True)
        with open(patient.state("credentials/store.json"), "w", encoding="utf-8") as file:
            file.write("{}")
        with open(patient.state("gateway.token"), "w", encoding="utf-8") as file:
            file.write("t" * 40)
        log = patient.state("logs/carapace.log")
        planted = {
            patient.state(): [(0o777, "state_dir.perms_world_writable", "critical"),
                              (0o770, "state_dir.perms_group_writable", "warn"), (0o755, "state_dir.perms_readable", "warn")],
            patient.gateway.config_path: [(0o622, "config.perms_writable", "critical"),
                                          (0o644, "config.perms_world_readable", "critical"),
                                          (0o640, "config.perms_group_readable", "warn")],
            include: [(0o666, "config_include.perms_writable", "critical"),
                      (0o604, "config_include.perms_world_readable", "critical"),
                      (0o640, "config_include.perms_group_readable", "warn")],
            patient.state("credentials"): [(0o733, "credentials_dir.perms_writable", "critical"),
                                           (0o750, "credentials_dir.perms_readable", "warn")],
            patient.state("credentials/store.json"): [(0o644, "credentials_file.perms_readable", "critical"),
                                                      (0o620, "credentials_file.perms_writable", "critical")],
            patient.state("gateway.token"): [(0o604, "gateway_token.perms_readable", "critical")],
            patient.state("carapace.db"): [(0o644, "sessions_store.perms_readable", "critical")],
            patient.state("config-history"): [(0o755, "config_history.perms_readable", "warn")],
            log: [(0o644, "log_file.perms_readable", "warn")],
        }
        folders = {patient.state(), patient.state("credentials"), patient.state("config-history")}
        for path in planted:
            os.chmod(path, 0o700 if path in folders else 0o600)
        self.assert_clean(patient.found("--offline"))
        for path, cases in planted.items():
            right = 0o700 if path in folders else 0o600
            for bits, check_id, severity in cases:
                with self.subTest(path=os.path.basename(path), bits=oct(bits)):
                    os.chmod(path, bits)
                    found = patient.found("--offline")
                    self.assert_found(found, check_id, severity, "chmod")
                    self.assertIn(path, shlex.split(found[check_id]["remediation"]))
                    self.assertEqual(mode(path), bits)
                    found, report, _ = patient.report("--fix", "--offline")
                    self.assert_clean(found)
                    self.assertEqual(mode(path), right)
                    self.assertEqual(len(report["mended"]), 1, report)

    def test_nothing_is_changed_through_a_link(self):
        patient = Patient(self)
        elsewhere = os.path.join(patient.gateway.root, "elsewhere.json5")
        os.rename(patient.gateway.config_path, elsewhere)
        os.symlink(elsewhere, patient.gateway.config_path)
        os.chmod(elsewhere, 0o644)
        found, _, _ = patient.report("--fix")
        self.assert_found(found, "config.symlink", "warn", elsewhere)
        self.assert_found(found, "config.perms_world_readable", "critical")
        self.assertEqual(mode(elsewhere), 0o644)
        linked = Gateway(patient.config, state_dir=os.path.join(patient.gateway.root, "link"))
        self.addCleanup(linked.remove)
        os.symlink(patient.state(), linked.state_dir)
        code, out, _ = linked.run("doctor", "--json", "--offline")
        self.assertIn("state_dir.symlink", [f["checkId"] for f in json.loads(out)["findings"]])

    def test_a_file_of_two_names_is_left_alone(self):
        patient = Patient(self)
        other = os.path.join(patient.gateway.root, "other")
        os.link(patient.gateway.config_path, other)
        os.chmod(other, 0o644)
        _, report, _ = patient.report("--fix")
        self.assertIn("2 names", report["notMended"][0])
        self.assertEqual(mode(other), 0o644)

    def test_names_that_would_drive_a_shell_or_a_terminal(self):
        patient = Patient(self)
        os.makedirs(patient.state("credentials"), exist_ok=True)
        os.chmod(patient.state("credentials"), 0o700)
        evil = patient.state("credentials/a'; touch pwned; \x1b[31m$(id).json")
        with open(evil, "w", encoding="utf-8"):
            pass
        os.chmod(evil, 0o644)
        found = patient.found("--offline")
        self.assertEqual(shlex.split(found["credentials_file.perms_readable"]["remediation"]), ["chmod", "600", evil])
        _, out, _ = patient.gateway.run("doctor", "--offline")
        self.assertNotIn("\x1b", out)

    @unittest.skipUnless(hasattr(os, "geteuid") and os.geteuid() == 0, "needs root to give a file away")
    def test_a_state_folder_of_somebody_else(self):
        patient = Patient(self)
        os.chmod(patient.gateway.root, 0o755)
        for root, folders, names in os.walk(patient.gateway.root):
            for name in folders + names:
                os.lchown(os.path.join(root, name), 65534, 65534)
        os.chown(patient.state("carapace.db"), 0, 0)
        patient.gateway.wrap = None
        done = subprocess.run([binary(), "doctor", "--json", "--offline", *patient.gateway.arguments()],
                              capture_output=True, text=True, env=patient.gateway.environment, user=65534, group=65534,
                              stdin=subprocess.DEVNULL, check=False)
        found = {f["checkId"]: f for f in json.loads(done.stdout)["findings"]}
        self.assert_found(found, "sessions_store.foreign_owner", "critical", "chown")

    def test_a_folder_that_a_service_copies(self):
        patient = Patient(self)
        place = os.path.join(patient.gateway.root, "Dropbox", "state")
        os.makedirs(place, 0o700)
        code, out, _ = patient.gateway.run("doctor", "--json", "--offline", "--state-dir", place, place=False)
        self.assertIn("state_dir.synced_dir", [f["checkId"] for f in json.loads(out)["findings"]])

    # secrets, exposure, what was left

    def test_secrets_in_the_clear_are_found_and_not_shown(self):
        patient = Patient(self)
        config = json.loads(json.dumps(patient.config))
        config["models"]["providers"]["mock"]["apiKey"] = PLANTED
        config["gateway"] = {"auth": {"mode": "password", "password": PLANTED + "-p"}}
        config["hooks"] = {"token": PLANTED + "-h"}
        config["env"] = {"vars": {"OPENAI_API_KEY": PLANTED + "-e"}}
        patient.rewrite(config)
        found, report, said = patient.report("--offline")
        for check_id in ("config.secrets.plaintext", "config.secrets.gateway_password_in_config",
                         "config.secrets.hooks_token_in_config"):
            self.assert_found(found, check_id, "warn", "carapace credentials migrate")
        keys = " ".join(f["title"] for f in report["findings"])
        self.assertIn("models.providers.mock.apiKey", keys)
        self.assertIn("env.vars.OPENAI_API_KEY", keys)
        _, out, err = patient.gateway.run("doctor", "--offline")
        self.assertNotIn(PLANTED, said + out + err)

    def test_references_are_no_secrets_in_the_clear(self):
        patient = Patient(self)
        for reference in ("${MOCK_KEY}", "file:/run/secrets/key", "exec:pass show key", "keychain:other/key", "MOCK_KEY"):
            patient.config["models"]["providers"]["mock"]["apiKey"] = reference
            patient.rewrite(patient.config)
            self.assertNotIn("config.secrets.plaintext", patient.found("--offline"), reference)

    def test_what_is_referred_to_and_cannot_be_opened(self):
        patient = Patient(self)
        provider = patient.config["models"]["providers"]["mock"]
        key = os.path.join(patient.gateway.root, "key")

        def found(reference, **environment):
            provider["apiKey"] = reference
            patient.rewrite(patient.config)
            return patient.found("--offline", environment=environment)

        self.assert_found(found("file:" + key), "credentials.file_missing", "critical", key)
        with open(key, "w", encoding="utf-8") as file:
            file.write("secret\n")
        os.chmod(key, 0o644)
        self.assert_found(found("file:~/key"), "credentials.file_readable", "critical", "chmod 600")
        os.chmod(key, 0o600)
        self.assert_clean(found("file:" + key))
        self.assert_found(found("enc:v2:AAAA:AAAA:AAAA"), "credentials.locked", "critical", "CARAPACE_CONFIG_PASSWORD")
        self.assertNotIn("credentials.locked", found("enc:v2:AAAA:AAAA:AAAA", CARAPACE_CONFIG_PASSWORD="p"))
        in_file = {"CARAPACE_CREDENTIAL_STORE": "file", "CARAPACE_CONFIG_PASSWORD": "p"}
        self.assert_found(found("keychain:mock:main:key", **in_file), "credentials.missing", "critical",
                          "carapace credentials set mock:main:key")
        self.assert_found(found("keychain:mock:main:key", CARAPACE_CREDENTIAL_STORE="none"), "credentials.no_store", "critical")
        code, out, err = patient.gateway.run("credentials", "set", "mock:main:key", "--state-dir", patient.state(), stdin="s3cret",
                                             environment=in_file)
        self.assertEqual(code, 0, out + err)
        self.assert_clean(found("keychain:mock:main:key", **in_file))

    def test_looking_leaves_nothing_behind(self):
        patient = Patient(self)

        def everything():
            return sorted((root, name, os.lstat(os.path.join(root, name)).st_mtime_ns)
                          for root, folders, names in os.walk(patient.gateway.root) for name in folders + names)

        before = everything()
        patient.report()
        # The folder itself is tried: a file is made in it and taken away again.
        state = os.path.basename(patient.state())
        self.assertEqual([row for row in everything() if row[1] != state], [row for row in before if row[1] != state])

    def test_open_to_others_without_a_credential(self):
        patient = Patient(self, run_first=False, token="")
        patient.rewrite({**patient.config, "gateway": {"bind": "lan", "auth": {"mode": "none"}}})
        self.assert_found(patient.found("--offline"), "gateway.bind_no_auth", "critical", "gateway.auth.token")
        patient.rewrite({**patient.config, "gateway": {"bind": "lan"}})
        self.assert_found(patient.found("--offline"), "gateway.bind_no_auth", "critical", "gateway.auth.token")
        patient.rewrite({**patient.config, "gateway": {"auth": {"mode": "none"}}})
        self.assert_found(patient.found("--offline"), "gateway.loopback_no_auth", "warn")
        patient.rewrite({**patient.config, "gateway": {"auth": {"mode": "password"}}})
        self.assert_found(patient.found("--offline"), "gateway.start_refused", "critical", "password")

    def shell(self, patient, command):
        """Runs a command as it was shown, `carapace` being this build."""
        folder = os.path.join(patient.gateway.root, "bin")
        os.makedirs(folder, exist_ok=True)
        if not os.path.exists(os.path.join(folder, "carapace")):
            os.symlink(os.path.abspath(binary()), os.path.join(folder, "carapace"))
        environment = {**patient.gateway.environment, "PATH": folder + ":" + os.environ["PATH"]}
        return subprocess.run(["sh", "-c", command], env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              timeout=60, check=False)

    def test_the_commands_that_are_shown_mend(self):
        patient = Patient(self, run_first=False, token="")
        # Another file and folder than those of the environment: the commands have to name them.
        place = os.path.join(patient.gateway.root, "it's elsewhere")
        file, state = os.path.join(place, "my file.json5"), os.path.join(place, "state")
        os.makedirs(state, 0o700)
        placed = ("--config", file, "--state-dir", state)
        base = {**patient.config, "gateway": {"port": patient.gateway.port, "auth": {"token": "t" * 40}}}
        before = open(patient.gateway.config_path, encoding="utf-8").read()
        model = base["agents"]["defaults"]["model"]["primary"]

        def look():
            done = subprocess.run([binary(), "doctor", "--json", "--offline", *placed], env=patient.gateway.environment,
                                  capture_output=True, text=True, check=False)
            return {finding["checkId"]: finding for finding in json.loads(done.stdout)["findings"]}

        cases = {
            "config.unknown_key": {"bogus": {"a.b": 1}},
            "config.error": {"logging": {"level": 5}},
            "gateway.token_too_short": {"gateway": {"auth": {"token": "short"}}},
            "hooks.token_too_short": {"hooks": {"token": "short"}},
            "hooks.token_reuse_gateway_token": {"hooks": {"token": "t" * 40}},
            "hooks.path_root": {"hooks": {"path": "/"}},
            "logging.redact_off": {"logging": {"redactSensitive": "off"}},
            "gateway.bind_no_auth": {"gateway": {"bind": "lan", "auth": {"mode": "none"}}},
            "gateway.loopback_no_auth": {"gateway": {"auth": {"mode": "none"}}},
            "gateway.port_forbidden": {"gateway": {"port": 80}} if os.geteuid() else None,
            "clock.time_zone_unknown": {"agents": {"defaults": {"model": {"primary": model}, "userTimezone": "Mars/Olympus"}}},
            "providers.unusable": {"models": {"providers": {**base["models"]["providers"], "e": {"baseUrl": "nonsense"}}}},
            "config.perms_world_readable": {},
        }
        for check_id, change in cases.items():
            if change is None:
                continue
            with self.subTest(check_id):
                with open(file, "w", encoding="utf-8") as out:
                    json.dump({**base, **change}, out)
                os.chmod(file, 0o644 if "perms" in check_id else 0o600)
                found = look()
                self.assertIn(check_id, found)
                done = self.shell(patient, found[check_id]["remediation"])
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertNotIn(check_id, look(), found[check_id])
        self.assertEqual(open(patient.gateway.config_path, encoding="utf-8").read(), before)

    def test_the_command_for_a_broken_file_brings_the_last_good_one_back(self):
        patient = Patient(self)
        good = open(patient.gateway.config_path, encoding="utf-8").read()
        with open(patient.gateway.config_path, "w", encoding="utf-8") as file:
            file.write("{ gateway: ")
        command = patient.found("--offline")["config.invalid"]["remediation"]
        done = self.shell(patient, command)
        self.assertEqual(done.returncode, 0, (command, done.stderr))
        self.assert_clean(patient.found("--offline"))
        self.assertEqual(json.loads(open(patient.gateway.config_path, encoding="utf-8").read())["models"], json.loads(good)["models"])

    def test_only_findings_are_said(self):
        patient = Patient(self, run_first=False)
        patient.config["models"]["providers"]["mock"]["apiKey"] = "keychain:mock:main:key"
        patient.rewrite(patient.config)
        code, _, err = patient.gateway.run("doctor", "--offline", "--fix", environment={"CARAPACE_CREDENTIAL_STORE": "file"})
        self.assertEqual((code, err), (1, ""))

    def test_short_tokens_and_hooks(self):
        patient = Patient(self, run_first=False, token="")
        patient.rewrite({**patient.config, "gateway": {"auth": {"token": "short"}},
                         "hooks": {"token": "short", "path": "/"}, "logging": {"redactSensitive": "off"}})
        found, _, said = patient.report("--offline")
        self.assert_found(found, "gateway.token_too_short", "warn", "5 characters")
        self.assert_found(found, "hooks.token_too_short", "warn")
        self.assert_found(found, "hooks.token_reuse_gateway_token", "warn")
        self.assert_found(found, "hooks.path_root", "critical")
        self.assert_found(found, "logging.redact_off", "warn")
        with open(patient.gateway.config_path, "w", encoding="utf-8") as file:
            file.write("{ // kept\n  logging: { redactSensitive: 'off' },\n}\n")
        _, report, _ = patient.report("--offline", "--fix")
        self.assertEqual([one for one in report["mended"] if "redactSensitive" in one], ["logging.redactSensitive is tools now"])
        with open(patient.gateway.config_path, encoding="utf-8") as file:
            text = file.read()
        self.assertIn("// kept", text)
        self.assertNotIn("off", text)
        os.makedirs(patient.state(), 0o700, exist_ok=True)
        with open(patient.state("gateway.token"), "w", encoding="utf-8") as file:
            file.write("tiny\n")
        os.chmod(patient.state("gateway.token"), 0o600)
        patient.rewrite(patient.config)
        self.assert_found(patient.found("--offline"), "gateway.token_too_short", "warn", "4 characters")

    def test_files_of_older_versions(self):
        patient = Patient(self)
        for name in ("credentials/oauth.json", "credentials/github-copilot.token.json", "credentials/creds.json",
                     "credentials/telegram-pairing.json", "credentials/discord-allowFrom.json",
                     "agents/main/agent/auth.json", "agents/main/agent/auth-profiles.json", "credentials/whatsapp/creds.json"):
            with self.subTest(name=name):
                path = patient.state(name)
                os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
                os.chmod(patient.state(name.split("/", maxsplit=1)[0]), 0o700)
                with open(path, "w", encoding="utf-8"):
                    pass
                os.chmod(path, 0o600)
                self.assert_found(patient.found("--offline"), "credentials.plaintext_file", "warn", path)
                os.unlink(path)
                if "whatsapp" in name:
                    os.rmdir(os.path.dirname(path))
        self.assert_clean(patient.found("--offline"))
        for name in (".carapace/carapace.json5", ".clawdbot/clawdbot.json"):
            path = os.path.join(patient.gateway.root, name)
            os.mkdir(os.path.dirname(path), 0o700)
            with open(path, "w", encoding="utf-8") as file:
                file.write("{}")
        _, out, _ = patient.gateway.run("doctor", "--json", "--offline", place=False)
        found = {f["checkId"]: f for f in json.loads(out)["findings"]}
        self.assert_found(found, "state_dir.ancestor", "info", "carapace config import")


if __name__ == "__main__":
    main()
