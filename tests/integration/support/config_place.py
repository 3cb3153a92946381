"""A state folder with a configuration, and the verbs that run against it."""

import json
import os
import subprocess
import tempfile
import unittest
from .gateway import binary, clean_environment

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
