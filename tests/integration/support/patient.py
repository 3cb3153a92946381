"""A state folder in which a gateway has run, and what `carapace doctor` says about it."""

import json
import os
import pty
import select
import stat
import subprocess
import time
import unittest

from .gateway import TOKEN, Gateway, basic_config
from .provider import OpenAi, Provider, says


def mode(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


class Patient:
    """A state folder in which a gateway has run, and what the doctor says about it."""

    def __init__(self, test, config=None, run_first=True, token=TOKEN):
        self.provider = Provider(lambda request: says(OpenAi, "fine"))
        test.addCleanup(self.provider.close)
        self.config = basic_config(self.provider.url + "/v1")
        self.config["models"]["providers"]["mock"]["apiKey"] = "${MOCK_KEY}"
        self.config.update(config or {})
        self.gateway = Gateway(self.config, token=token, environment={"MOCK_KEY": "sk-mock"})
        test.addCleanup(self.gateway.remove)
        os.chmod(self.gateway.config_path, 0o600)
        if run_first:
            self.gateway.start()
            self.until_kept()
            self.gateway.stop()

    def until_kept(self, limit=20.0):
        """The gateway keeps what it runs with a moment after its start."""
        end = time.monotonic() + limit
        while "config.no_last_good" in self.found("--offline"):
            assert time.monotonic() < end, self.gateway.output()
            time.sleep(0.05)

    def state(self, name=""):
        return os.path.join(self.gateway.state_dir, name) if name else self.gateway.state_dir

    def rewrite(self, config):
        self.gateway.write_config(config)

    def report(self, *words, environment=None):
        code, out, err = self.gateway.run("doctor", "--json", *words, environment=environment)
        report = json.loads(out)
        found = {}
        for finding in report["findings"]:
            found.setdefault(finding["checkId"], finding)
        counted = {name: sum(f["severity"] == name for f in report["findings"]) for name in ("critical", "warn", "info")}
        assert report["summary"] == counted, report
        assert code == (1 if counted["critical"] else 0), (code, report)
        return found, report, out + err

    def found(self, *words, environment=None):
        return self.report(*words, environment=environment)[0]


def of_the_machine(check_id):
    return check_id.startswith("kernel.")


class DoctorTest(unittest.TestCase):
    def assert_found(self, found, check_id, severity, said=None):
        self.assertIn(check_id, found, found)
        finding = found[check_id]
        self.assertEqual(finding["severity"], severity, finding)
        for part in ("title", "detail", "remediation"):
            self.assertTrue(finding[part], finding)
        if said:
            self.assertIn(said, " ".join((finding["title"], finding["detail"], finding["remediation"])))

    def assert_clean(self, found):
        self.assertEqual([name for name in found if not of_the_machine(name)], [], found)

    def on_terminal(self, words, gateway, answer=b"", **environment):
        """Runs it in a pseudo terminal; answers what was shown."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs, env={**gateway.environment, **environment})
        os.close(theirs)
        shown = b""
        while select.select([ours], [], [], 20)[0]:
            try:
                piece = os.read(ours, 4096)
            except OSError:
                break
            if not piece:
                break
            shown += piece
            if answer and b"[y/N]" in shown:
                os.write(ours, answer)
                answer = b""
        process.wait(20)
        os.close(ours)
        return shown.decode("utf-8", "replace")
