"""What the figures are taken from: the gateway, the mock provider and the load as processes, and the
kernel's numbers about them. Used by figures.py; only Linux's /proc is read."""

import json
import os
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time

TOKEN = "bench-token-0123456789abcdef"
CORES = sorted(os.sched_getaffinity(0))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def on_core(index, command):
    """The command held on one core, where there are two to choose from."""
    if len(CORES) < 2:
        return command
    return ["taskset", "-c", str(CORES[index]), *command]


def raise_file_limit():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def wait_for_port(port, child, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if child.poll() is not None:
            raise RuntimeError(f"{child.args} ended with status {child.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.005)
    raise RuntimeError(f"{child.args} does not listen")


class Child:
    """A process that is stopped when its block ends."""

    def __init__(self, command, port, environment=None):
        self.port = port
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, env=environment)
        wait_for_port(port, self.process)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def status(self, name):
        """A field of /proc/PID/status: kilobytes or a count."""
        with open(f"/proc/{self.process.pid}/status") as file:
            for line in file:
                if line.startswith(name + ":"):
                    return int(line.split()[1])
        raise KeyError(name)

    def _threads(self, file):
        folder = f"/proc/{self.process.pid}/task"
        for thread in os.listdir(folder):
            with open(f"{folder}/{thread}/{file}") as text:
                yield text.read()

    def cpu_s(self):
        return sum(int(text.split()[0]) for text in self._threads("schedstat")) / 1e9

    def switches(self):
        return sum(int(line.split()[1]) for text in self._threads("status")
                   for line in text.splitlines() if "ctxt_switches" in line)


class Bench:
    """Where the programs are, and a folder on the disk to work in."""

    def __init__(self, binary, build):
        self.binary = os.path.abspath(binary)
        self.build = os.path.abspath(build)
        self.folder = tempfile.mkdtemp(prefix="state-", dir=self.build)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    def program(self, name):
        path = os.path.join(self.build, "tests", "bench", name)
        return path if os.path.exists(path) else os.path.join(self.build, name)

    def state(self, name, sessions=0, transcripts=()):
        """A state folder with a filled store; made once."""
        folder = os.path.join(self.folder, name)
        if not os.path.exists(folder):
            os.makedirs(folder, 0o700)
            if sessions or transcripts:
                subprocess.run([self.program("store_fill"), os.path.join(folder, "carapace.db"), str(sessions),
                                *(f"t{count}={count}" for count in transcripts)], check=True)
                os.sync()  # what was filled must not be written while something is measured
        return folder

    def start_command(self, state, port, mock_port=None, window=2_000_000):
        config = os.path.join(state, "carapace.json5")
        settings = {}
        if mock_port:
            settings = {
                "agents": {"defaults": {"model": {"primary": "bench/bench"}}},
                "models": {"providers": {"bench": {
                    "baseUrl": f"http://127.0.0.1:{mock_port}/v1", "apiKey": "none", "api": "openai-completions",
                    "models": [{"id": "bench", "contextWindow": window, "maxTokens": 4096}]}}},
            }
        with open(config, "w") as file:
            json.dump(settings, file)
        return [self.binary, "start", "--port", str(port), "--token", TOKEN, "--state-dir", state, "--config", config]

    def environment(self):
        return {"PATH": os.environ.get("PATH", ""), "HOME": self.folder}

    def gateway(self, state, mock=None, window=2_000_000, core=None):
        port = free_port()
        command = self.start_command(state, port, mock and mock.port, window)
        return Child(command if core is None else on_core(core, command), port, self.environment())

    def mock(self, chunks=200, delay_us=0, size=20):
        port = free_port()
        return Child([self.program("stream_mock"), str(port), str(chunks), str(delay_us), str(size)], port)

    def echo(self, core):
        port = free_port()
        return Child(on_core(core, [self.program("beast_echo"), str(port)]), port)

    def _load(self, mode, options, command, core):
        words = [self.program("gateway_load"), mode]
        for name, value in options.items():
            words += ["--" + name.replace("_", "-"), str(value)]
        if command:
            words += ["--", *command]
        return words if core is None else on_core(core, words)

    def load(self, mode, command=(), core=None, **options):
        done = subprocess.run(self._load(mode, options, command, core), env=self.environment(),
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"gateway_load {mode}: {done.stderr.strip()} {done.stdout.strip()[:600]}")
        return json.loads(done.stdout)

    def hold(self, port, clients):
        """Opens clients and keeps them; the answer's `close` lets them go."""
        return Held(self._load("hold", {"port": port, "token": TOKEN, "clients": clients}, (), None))


class Held:
    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("gateway_load hold: the clients did not get in")
        self.open_ms = json.loads(line)["open_ms"]

    def close(self):
        self.process.stdin.close()
        answer = json.loads(self.process.stdout.readline())
        self.process.wait()
        if answer["lost"]:
            raise RuntimeError(f"{answer['lost']} idle clients were lost")


def fsync_ms(folder, times=30):
    """Median of appending 4 kB and syncing, on the disk of the folder."""
    path = os.path.join(folder, "fsync")
    file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    took = []
    for _ in range(times):
        start = time.perf_counter()
        os.write(file, b"x" * 4096)
        os.fsync(file)
        took.append((time.perf_counter() - start) * 1e3)
    os.close(file)
    os.unlink(path)
    return statistics.median(took)
