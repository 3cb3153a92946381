"""A throw-away source tree in which a test plants one mistake and runs one check."""

import os
import shutil
import subprocess
import sys
import tempfile
import textwrap

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))

LAYERS = """\
# floor module
0 base
1 async
1 domain
2 store
2 net
2 secret
2 process
3 config
6 agent
9 gateway
9 extensions
10 app
"""


class Tree:
    """Use as a context: the folder goes when the block ends."""

    def __init__(self, files=None, layers=LAYERS):
        self.root = tempfile.mkdtemp(prefix="planted-")
        if layers is not None:
            self.write("src/LAYERS", layers)
        for path, text in (files or {}).items():
            self.write(path, text)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root, ignore_errors=True)

    def write(self, path, text):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as handle:
            handle.write(textwrap.dedent(text))

    def git(self, *words):
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
            environment.pop(name, None)
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *words],
                       cwd=self.root, env=environment, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def commit(self):
        if not os.path.isdir(os.path.join(self.root, ".git")):
            self.git("init", "-q")
        self.git("add", "-A")
        self.git("commit", "-q", "--no-verify", "-m", "state")

    def run(self, tool, *words):
        """(exit status, everything printed)"""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        done = subprocess.run([sys.executable, os.path.join(ROOT, "tools", tool), "--root", self.root, *words],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              env=environment, text=True)
        return done.returncode, done.stdout
