"""A scripted provider: answers with exactly the bytes it is told, in the pieces and at the pace it is told.

`Provider(answer)` listens on a free port. `answer(request)` returns a list of steps:
bytes (sent as they are), Pause(seconds), Pieces(bytes, size), Reset() and Hold(seconds).
After the last step the connection is closed in order.
"""

import contextlib
import json
import socket
import struct
import threading
import time
from dataclasses import dataclass, field


@dataclass
class Pause:
    seconds: float


@dataclass
class Pieces:
    """The same bytes in writes of `size`, each on its way before the next one is made."""
    data: bytes
    size: int = 1
    pause: float = 0.0


@dataclass
class Hold:
    """Keeps the connection open and says nothing until the peer leaves or the time is up."""
    seconds: float = 30.0


class Reset:
    """Ends the connection with RST."""


@dataclass
class Request:
    method: str
    path: str
    headers: dict
    raw: bytes
    body: dict = field(default_factory=dict)

    def messages(self):
        return self.body.get("messages") or []

    def last_user(self):
        """The text of the newest message of a person."""
        for message in reversed(self.messages()):
            if message.get("role") != "user":
                continue
            text = flat(message.get("content"))
            if text:
                return text
        return ""

    def answered_tools(self):
        """Results that stand behind the newest message of a person, as text."""
        results = []
        for message in reversed(self.messages()):
            content = message.get("content")
            if message.get("role") == "tool":
                results.append(flat(content))
            elif message.get("role") == "user":
                blocks = [b for b in content if b.get("type") == "tool_result"] if isinstance(content, list) else []
                if not blocks:
                    break
                results += [flat(block.get("content")) for block in blocks]
        return results[::-1]


def flat(content):
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content or [] if part.get("type") == "text")


class Provider:
    def __init__(self, answer, port=0):
        self.answer = answer
        self.requests = []
        self.lock = threading.Lock()
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", port))
        self.listener.listen(256)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(60)
            request = read_request(sock)
            if request is None:
                return
            with self.lock:
                self.requests.append(request)
            perform(sock, self.answer(request))
        except OSError:
            pass  # the peer left: its right
        finally:
            sock.close()

    def count(self, text):
        with self.lock:
            return sum(text in request.last_user() for request in self.requests)

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self.thread.join(5)
        self.listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def read_request(sock):
    data = b""
    while b"\r\n\r\n" not in data:
        more = sock.recv(1 << 16)
        if not more:
            return None
        data += more
    head, body = data.split(b"\r\n\r\n", 1)
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    if headers.get("expect", "").lower() == "100-continue":
        sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    size = int(headers.get("content-length", 0))
    while len(body) < size:
        more = sock.recv(1 << 16)
        if not more:
            return None
        body += more
    method, path, _ = first.split(" ", 2)
    request = Request(method, path, headers, body)
    try:
        request.body = json.loads(body) if body else {}
    except ValueError:
        pass
    return request


def perform(sock, steps):
    for step in steps:
        if isinstance(step, bytes):
            sock.sendall(step)
        elif isinstance(step, Pause):
            time.sleep(step.seconds)
        elif isinstance(step, Pieces):
            for at in range(0, len(step.data), step.size):
                sock.sendall(step.data[at:at + step.size])
                time.sleep(step.pause)  # 0 gives the reader its turn
        elif isinstance(step, Hold):
            sock.settimeout(step.seconds)
            try:
                while sock.recv(4096):
                    pass
            except TimeoutError:
                pass
        elif isinstance(step, Reset):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        else:
            raise TypeError(step)
    try:
        sock.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def head(content_type="text/event-stream", status=200, reason="OK", **headers):
    """The head of an answer whose body ends with the connection."""
    lines = [f"HTTP/1.1 {status} {reason}", f"Content-Type: {content_type}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def whole(body, content_type="application/json", status=200, reason="OK", **headers):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return [head(content_type, status, reason, Content_Length=len(data), **headers) + data]


def data_line(value):
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


class OpenAi:
    """Bodies of the chat completions wire."""

    api = "openai-completions"
    prefix = "/v1"
    content_type = "text/event-stream"

    @staticmethod
    def chunk(delta, finish=None, **more):
        return data_line({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "x",
                          "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more})

    @classmethod
    def parts(cls, texts):
        out = [cls.chunk({"role": "assistant", "content": ""})]
        return out + [cls.chunk({"content": text}) for text in texts]

    @classmethod
    def ending(cls, finish="stop"):
        usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
        return cls.chunk({}, finish) + data_line({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "x",
                                                  "choices": [], "usage": usage}) + b"data: [DONE]\n\n"

    @classmethod
    def tool(cls, name, arguments, call="call_1"):
        text = json.dumps(arguments)
        half = len(text) // 2
        first = {"index": 0, "id": call, "type": "function", "function": {"name": name, "arguments": text[:half]}}
        return [cls.chunk({"role": "assistant", "content": None}), cls.chunk({"tool_calls": [first]}),
                cls.chunk({"tool_calls": [{"index": 0, "function": {"arguments": text[half:]}}]}), cls.ending("tool_calls")]

    @staticmethod
    def error(message):
        return data_line({"error": {"message": message, "type": "server_error", "code": "server_error"}})


class Anthropic:
    """Bodies of the Anthropic Messages wire."""

    api = "anthropic-messages"
    prefix = ""
    content_type = "text/event-stream"

    @staticmethod
    def event(name, **fields):
        return f"event: {name}\n".encode() + data_line({"type": name, **fields})

    @classmethod
    def start(cls):
        return cls.event("message_start", message={"id": "m1", "type": "message", "role": "assistant", "model": "x", "content": [],
                                                   "stop_reason": None, "usage": {"input_tokens": 7, "output_tokens": 1}})

    @classmethod
    def parts(cls, texts):
        out = [cls.start() + cls.event("content_block_start", index=0, content_block={"type": "text", "text": ""})]
        return out + [cls.event("content_block_delta", index=0, delta={"type": "text_delta", "text": text}) for text in texts]

    @classmethod
    def ending(cls, stop="end_turn"):
        return cls.event("content_block_stop", index=0) + cls.event(
            "message_delta", delta={"stop_reason": stop, "stop_sequence": None}, usage={"output_tokens": 3}) + cls.event("message_stop")

    @classmethod
    def tool(cls, name, arguments, call="toolu_1"):
        text = json.dumps(arguments)
        half = len(text) // 2
        return [cls.start() + cls.event("content_block_start", index=0,
                                        content_block={"type": "tool_use", "id": call, "name": name, "input": {}}),
                cls.event("content_block_delta", index=0, delta={"type": "input_json_delta", "partial_json": text[:half]}),
                cls.event("content_block_delta", index=0, delta={"type": "input_json_delta", "partial_json": text[half:]}),
                cls.ending("tool_use")]

    @classmethod
    def error(cls, message):
        return cls.event("error", error={"type": "api_error", "message": message})


class Ollama:
    """Bodies of Ollama's /api/chat."""

    api = "ollama"
    prefix = ""
    content_type = "application/x-ndjson"

    @staticmethod
    def line(message, done=False, **more):
        return json.dumps({"model": "x", "created_at": "2026-01-01T00:00:00Z", "message": {"role": "assistant", **message},
                           "done": done, **more}, ensure_ascii=False).encode() + b"\n"

    @classmethod
    def parts(cls, texts):
        return [cls.line({"content": text}) for text in texts]

    @classmethod
    def ending(cls, reason="stop"):
        return cls.line({"content": ""}, True, done_reason=reason, prompt_eval_count=7, eval_count=3)

    @classmethod
    def tool(cls, name, arguments, call="call_1"):
        return [cls.line({"content": "", "tool_calls": [{"id": call, "function": {"name": name, "arguments": arguments}}]}),
                cls.ending("stop")]

    @staticmethod
    def error(message):
        return json.dumps({"error": message}).encode() + b"\n"


WIRES = {"openai": OpenAi, "anthropic": Anthropic, "ollama": Ollama}


def says(wire, *texts):
    """The steps of a plain answer, whole in one write."""
    return [head(wire.content_type) + b"".join(wire.parts(texts)) + wire.ending()]
