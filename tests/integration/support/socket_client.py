"""WebSocket and protocol-3 client of the tests, on plain sockets.

`RawSocket` sends any bytes, also ones that no proper client would send. `Client` speaks the protocol: it signs
in, calls methods, and keeps every frame that arrives, with the moment of its arrival, until the very end of
the connection – also what the kernel still held when the gateway was killed.
"""

import base64
import contextlib
import json
import os
import socket
import struct
import threading
import time

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Closed(Exception):
    """The peer is gone. `code` is the close code, or None when there was none."""

    def __init__(self, code=None, reason=""):
        super().__init__(f"closed {code} {reason}")
        self.code, self.reason = code, reason


class RawSocket:
    """A WebSocket without manners."""

    def __init__(self, port, headers=None, path="/", timeout=10.0, host_header=None):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.polite = True  # answers a close
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {path} HTTP/1.1", f"Host: {host_header or f'127.0.0.1:{port}'}", "Upgrade: websocket",
                 "Connection: Upgrade", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.head = self._until(b"\r\n\r\n").decode("latin-1")
        self.status = int(self.head.split(" ")[1])

    def _more(self):
        try:
            data = self.sock.recv(1 << 16)
        except (ConnectionResetError, BrokenPipeError) as error:
            raise Closed(None, str(error)) from None
        if not data:
            raise Closed(None, "end of stream")
        self.buffer += data

    def _until(self, mark):
        while mark not in self.buffer:
            self._more()
        head, self.buffer = self.buffer.split(mark, 1)
        return head

    def _exactly(self, count):
        while len(self.buffer) < count:
            self._more()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    @staticmethod
    def frame(payload, opcode=TEXT, fin=True, masked=True, reserved=0):
        size = len(payload)
        head = bytes([(0x80 if fin else 0) | reserved | opcode])
        bit = 0x80 if masked else 0
        if size < 126:
            head += bytes([bit | size])
        elif size < 1 << 16:
            head += bytes([bit | 126]) + struct.pack(">H", size)
        else:
            head += bytes([bit | 127]) + struct.pack(">Q", size)
        if not masked:
            return head + payload
        mask = os.urandom(4)
        wide = (mask * (size // 4 + 1))[:size]
        mixed = (int.from_bytes(payload, "big") ^ int.from_bytes(wide, "big")).to_bytes(size, "big")
        return head + mask + mixed

    def send(self, payload, opcode=TEXT, **how):
        data = payload.encode() if isinstance(payload, str) else payload
        self.send_bytes(self.frame(data, opcode, **how))

    def send_bytes(self, data):
        try:
            self.sock.sendall(data)
        except (ConnectionResetError, BrokenPipeError) as error:
            raise Closed(None, str(error)) from None

    def receive(self):
        """The next whole message as bytes. Pings are answered. Raises Closed, or TimeoutError."""
        message = b""
        while True:
            first, second = self._exactly(2)
            size = second & 0x7F
            if size == 126:
                size = struct.unpack(">H", self._exactly(2))[0]
            elif size == 127:
                size = struct.unpack(">Q", self._exactly(8))[0]
            payload = self._exactly(size)
            opcode = first & 0x0F
            if opcode == CLOSE:
                code = struct.unpack(">H", payload[:2])[0] if size >= 2 else None
                if self.polite:
                    with contextlib.suppress(Closed):
                        self.send(payload[:2], CLOSE)
                raise Closed(code, payload[2:].decode("utf-8", "replace"))
            if opcode == PING:
                self.send(payload, PONG)
                continue
            if opcode == PONG:
                continue
            message += payload
            if first & 0x80:
                return message

    def json(self):
        return json.loads(self.receive())

    def close_code(self, limit=10.0):
        """Reads until the peer closes, and answers (code, reason)."""
        self.sock.settimeout(limit)
        try:
            while True:
                self.receive()
        except Closed as closed:
            return closed.code, closed.reason

    def close(self):
        with contextlib.suppress(OSError):
            self.sock.close()


CLIENT = {"id": "cli", "version": "test", "platform": "linux", "mode": "cli"}


def connect_params(token, **changes):
    params = {"minProtocol": 3, "maxProtocol": 3, "client": dict(CLIENT), "role": "operator",
              "scopes": ["operator.admin", "operator.approvals", "operator.pairing"], "auth": {"token": token}}
    params.update(changes)
    return params


class Refused(Exception):
    """The gateway answered ok:false."""

    def __init__(self, frame):
        self.error = frame.get("error") or {}
        self.payload = frame.get("payload")
        super().__init__(json.dumps(self.error))
        self.code, self.message = self.error.get("code"), self.error.get("message", "")


class Client:
    """A signed-in client. Its reader runs in a thread of its own until the connection ends."""

    def __init__(self, port, token, timeout=10.0, reading=True):
        self.raw = RawSocket(port, timeout=timeout)
        if self.raw.status != 101:
            raise AssertionError(f"no upgrade: {self.raw.head}")
        self.changed = threading.Condition()
        self.responses = {}  # id -> list of frames
        self.events = []     # (arrival, frame)
        self.closed = None
        self.watchers = []   # called with every event frame, on the reader's thread
        self._next = 0
        challenge = self.raw.json()
        assert challenge["event"] == "connect.challenge", challenge
        self.raw.send(json.dumps({"type": "req", "id": "connect", "method": "connect",
                                  "params": connect_params(token)}))
        while True:
            frame = self.raw.json()
            if frame.get("id") == "connect":
                break
        if not frame["ok"]:
            self.raw.close()
            raise Refused(frame)
        self.hello = frame["payload"]
        self.thread = None
        if reading:
            self.start_reading()

    def start_reading(self):
        self.raw.sock.settimeout(None)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        try:
            while True:
                frame = json.loads(self.raw.receive())
                now = time.monotonic()
                with self.changed:
                    if frame["type"] == "res":
                        self.responses.setdefault(frame["id"], []).append(frame)
                    else:
                        self.events.append((now, frame))
                    self.changed.notify_all()
                if frame["type"] == "event":
                    for watcher in self.watchers:
                        watcher(frame)
        except (Closed, OSError, ValueError) as end:
            self.raw.close()
            with self.changed:
                self.closed = end if isinstance(end, Closed) else Closed(None, repr(end))
                self.changed.notify_all()

    def send(self, method, params=None):
        self._next += 1
        frame_id = f"r{self._next}"
        self.raw.send(json.dumps({"type": "req", "id": frame_id, "method": method, "params": params or {}}))
        return frame_id

    def wait(self, predicate, limit=10.0, what="something"):
        end = time.monotonic() + limit
        with self.changed:
            while True:
                value = predicate()
                if value:
                    return value
                if self.closed:
                    raise self.closed
                left = end - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"waited {limit} s for {what}; last events: {self.tail()}")
                self.changed.wait(left)

    def tail(self, count=6):
        return [json.dumps(frame)[:300] for _, frame in self.events[-count:]]

    def response(self, frame_id, limit=10.0, index=0):
        frames = self.wait(lambda: len(self.responses.get(frame_id, [])) > index and self.responses[frame_id],
                           limit, f"response {frame_id}")
        return frames[index]

    def call(self, method, params=None, limit=10.0):
        frame = self.response(self.send(method, params), limit)
        if not frame["ok"]:
            raise Refused(frame)
        return frame["payload"]

    def chat(self, session, message, run, **more):
        return self.call("chat.send", {"sessionKey": session, "message": message, "idempotencyKey": run, **more})

    def events_of(self, run, name=None):
        return [frame for _, frame in self.events
                if frame.get("payload", {}).get("runId") == run and name in (None, frame["event"])]

    def terminal(self, run):
        for frame in self.events_of(run, "chat"):
            if frame["payload"]["state"] in ("final", "error", "aborted"):
                return frame["payload"]
        return None

    def ask(self, session, message, run, limit=20.0, **more):
        """Sends and answers with the payload of the terminal chat event."""
        self.chat(session, message, run, **more)
        return self.wait(lambda: self.terminal(run), limit, f"the end of {run}")

    def history(self, session, limit=1000):
        return self.call("chat.history", {"sessionKey": session, "limit": limit})["messages"]

    def close(self):
        with contextlib.suppress(OSError):
            self.raw.sock.shutdown(socket.SHUT_RDWR)  # wakes the reader
        if self.thread:
            self.thread.join(5)
        self.raw.close()


def text_of(message):
    """The text of a transcript message or of a chat event's message."""
    content = (message or {}).get("content", "")
    if isinstance(content, str):
        return content
    return "".join(block.get("text", "") for block in content if block.get("type") == "text")
