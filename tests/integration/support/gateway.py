"""The real binary as a user would start it: own state folder, free port, its output kept.

A clean environment is made for each start, so that keys of the machine at hand change nothing.
"""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from .socket_client import Client

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
TOKEN = "test-token-0123456789abcdef"


def binary():
    path = os.environ.get("CARAPACE_BIN") or os.path.join(ROOT, "build", "debug", "carapace")
    if not os.access(path, os.X_OK):
        print(f"no binary at {path}; build it, or set CARAPACE_BIN", file=sys.stderr)
        sys.exit(2)
    return path


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def clean_environment(home, **more):
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "ASAN_OPTIONS", "TSAN_OPTIONS", "LLVM_PROFILE_FILE")
            if name in os.environ}
    # Whatever a developer's machine runs on the default port of a local model must not answer in a test.
    kept.update({"HOME": home, "TERM": "dumb", "OLLAMA_BASE_URL": "http://127.0.0.1:9"})
    kept.update({name: str(value) for name, value in more.items() if value is not None})
    return {name: value for name, value in kept.items() if value != ""}


def provider_config(url, api="openai-completions", **model):
    return {"baseUrl": url, "apiKey": "sk-test-key", "api": api, "models": [{"id": "x", **model}]}


def basic_config(url, api="openai-completions", **more):
    """A configuration whose one model is answered at `url`."""
    config = {"models": {"providers": {"mock": provider_config(url, api)}},
              "agents": {"defaults": {"model": {"primary": "mock/x"}, "verboseDefault": "on"}},
              "logging": {"level": "debug"}}
    for path, value in more.items():
        put(config, path.replace("__", "."), value)
    return config


def put(config, path, value):
    *folders, last = path.split(".")
    for name in folders:
        config = config.setdefault(name, {})
    config[last] = value


class Gateway:
    def __init__(self, config=None, state_dir=None, token=TOKEN, environment=None, port=None, wrap=None):
        self.root = tempfile.mkdtemp(prefix="carapace-it-")
        self.state_dir = state_dir or os.path.join(self.root, "state")
        self.config_path = os.path.join(self.root, "config.json5")
        self.output_path = os.path.join(self.root, "output")
        self.token = token
        self.environment = clean_environment(self.root, **(environment or {}))
        self.port = port or free_port()
        self.wrap = wrap  # called in the child before exec
        self.process = None
        self.ready_ms = None
        self.write_config({} if config is None else config)

    def write_config(self, config):
        text = config if isinstance(config, (str, bytes)) else json.dumps(config)
        with open(self.config_path, "wb") as file:
            file.write(text.encode() if isinstance(text, str) else text)

    def arguments(self):
        words = ["--port", str(self.port), "--state-dir", self.state_dir, "--config", self.config_path]
        return words + (["--token", self.token] if self.token else [])

    def launch(self):
        """Starts it and does not wait."""
        output = open(self.output_path, "ab")
        self.process = subprocess.Popen([binary(), "start", *self.arguments()], stdin=subprocess.DEVNULL, stdout=output,
                                        stderr=output, env=self.environment, preexec_fn=self.wrap, cwd=self.root)
        output.close()
        return self

    def start(self, limit=20.0, pause=0.001):
        """Starts it and waits until /health answers; `ready_ms` is how long that took."""
        begun = time.monotonic()
        self.launch()
        while True:
            if self.process.poll() is not None:
                raise AssertionError(f"the gateway ended with {self.process.returncode}:\n{self.output()}")
            if self.answers():
                self.ready_ms = (time.monotonic() - begun) * 1000
                return self
            if time.monotonic() - begun > limit:
                self.kill()
                raise AssertionError(f"not ready within {limit} s:\n{self.output()}")
            time.sleep(pause)

    def answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as sock:
                sock.sendall(f"GET /health HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nConnection: close\r\n\r\n".encode())
                return b" 200 " in sock.recv(4096)
        except OSError:
            return False

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def client(self, **more):
        return Client(self.port, self.token or self.stored_token(), **more)

    def stored_token(self):
        with open(os.path.join(self.state_dir, "gateway.token"), encoding="utf-8") as file:
            return file.read().strip()

    def http(self, method, path, body=None, headers=None, limit=20.0):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=limit)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            response = connection.getresponse()
            return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
        finally:
            connection.close()

    def run(self, *words, stdin=None, limit=30.0, environment=None, place=True):
        """Runs a verb of the binary against this gateway; answers (exit code, stdout, stderr)."""
        command = [binary(), *words]
        if place and words and words[0] in ("chat", "agent", "open", "status", "logs", "doctor"):
            command += self.arguments()
        elif place and words and words[0] == "config":
            command += ["--state-dir", self.state_dir, "--config", self.config_path]
        done = subprocess.run(command, input=stdin, capture_output=True, timeout=limit, text=True, cwd=self.root,
                              env={**self.environment, **(environment or {})},
                              **({} if stdin is not None else {"stdin": subprocess.DEVNULL}))
        return done.returncode, done.stdout, done.stderr

    def output(self, last=4000):
        try:
            with open(self.output_path, "rb") as file:
                return file.read().decode("utf-8", "replace")[-last:]
        except OSError:
            return ""

    def signal(self, number):
        os.kill(self.process.pid, number)

    def kill(self):
        if self.alive():
            self.signal(signal.SIGKILL)
            self.process.wait()

    def stop(self, limit=20.0):
        """SIGTERM; answers the exit code."""
        if self.alive():
            self.signal(signal.SIGTERM)
        try:
            return self.process.wait(limit)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"did not end within {limit} s of SIGTERM:\n{self.output()}") from None

    def memory_mb(self):
        """What is resident; 0 where a sanitizer's shadow makes the figure meaningless."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            rows = dict(line.split(":", 1) for line in file if ":" in line)
        size, resident = (int(rows[name].split()[0]) for name in ("VmSize", "VmRSS"))
        return 0.0 if size > 1 << 32 else resident / 1024

    def remove(self):
        self.kill()
        shutil.rmtree(self.root, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()
