"""A gateway whose configuration changes while it runs, and what its clients hear of it."""

import json
import os
import time
import unittest

from .gateway import Gateway, basic_config, put
from .provider import OpenAi, Pause, Provider, head, says
from .socket_client import Refused

QUICK = 5.0


def slow(pieces, pause):
    steps = [head()]
    for text in OpenAi.parts([f"piece{n} " for n in range(pieces)]):
        steps += [text, Pause(pause)]
    return steps + [OpenAi.ending()]


def until(what, limit=QUICK, pause=0.01):
    """The first true answer of `what`."""
    end = time.monotonic() + limit
    while True:
        try:
            answer = what()
        except (OSError, ValueError, Refused):
            answer = None
        if answer:
            return answer
        if time.monotonic() > end:
            return answer
        time.sleep(pause)


class Reload(unittest.TestCase):
    def serve(self, answer=None, **config):
        provider = Provider(answer or (lambda request: says(OpenAi, "fine")))
        self.addCleanup(provider.close)
        self.provider = provider
        self.config = basic_config(provider.url + "/v1", **config)
        gateway = Gateway(self.config)
        self.addCleanup(gateway.remove)
        self.gateway = gateway.start()
        # The first look after the start is behind us, and what was good is kept.
        self.assertTrue(until(lambda: os.path.isdir(os.path.join(gateway.state_dir, "config-history"))), gateway.output())
        time.sleep(0.1)
        return gateway

    def replace(self, text=None, **changes):
        """Another file takes the name, as editors do it."""
        for path, value in changes.items():
            put(self.config, path.replace("__", "."), value)
        text = json.dumps(self.config) if text is None else text
        other = self.gateway.config_path + ".tmp"
        with open(other, "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(other, self.gateway.config_path)
        return time.monotonic()

    def news(self, client):
        return [f["payload"] for _, f in client.events if f["event"] == "config.changed"]

    def wait_news(self, client, mode, count=1, limit=QUICK):
        client.wait(lambda: len([n for n in self.news(client) if n["mode"] == mode]) >= count, limit, f"config.changed {mode}")
        return [n for n in self.news(client) if n["mode"] == mode][-1]
