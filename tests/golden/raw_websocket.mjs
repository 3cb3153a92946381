// A WebSocket client that hides nothing: every message and the close frame, in order, with text or binary frames
// of any content. For tests only.
import crypto from "node:crypto";
import net from "node:net";

export class RawWebSocket {
  /** @param {{port: number, headers?: Record<string, string>}} options */
  static async open({ port, headers = {} }) {
    const socket = net.connect(port, "127.0.0.1");
    await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    const lines = ["GET / HTTP/1.1", `Host: 127.0.0.1:${port}`, "Upgrade: websocket", "Connection: Upgrade",
      "Sec-WebSocket-Version: 13", `Sec-WebSocket-Key: ${crypto.randomBytes(16).toString("base64")}`];
    for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
    socket.write(lines.join("\r\n") + "\r\n\r\n");
    const client = new RawWebSocket(socket);
    await client.#upgraded();
    return client;
  }

  constructor(socket) {
    this.socket = socket;
    this.items = []; // {frame} or {close: {code, reason}}
    this.waiting = [];
    this.buffer = Buffer.alloc(0);
    socket.on("data", (bytes) => this.#feed(bytes));
    socket.on("close", () => this.#push({ close: { code: 1006, reason: "" } }));
    socket.on("error", () => {});
  }

  async #upgraded() {
    while (!this.head) await new Promise((resolve) => this.waiting.push(resolve));
    if (!this.head.startsWith("HTTP/1.1 101")) throw new Error(`no upgrade: ${this.head.split("\r\n")[0]}`);
  }

  #feed(bytes) {
    this.buffer = Buffer.concat([this.buffer, bytes]);
    if (!this.head) {
      const end = this.buffer.indexOf("\r\n\r\n");
      if (end < 0) return;
      this.head = this.buffer.subarray(0, end).toString();
      this.buffer = this.buffer.subarray(end + 4);
      this.#wake();
    }
    while (this.#takeFrame());
  }

  #takeFrame() {
    const b = this.buffer;
    if (b.length < 2) return false;
    let length = b[1] & 127;
    let at = 2;
    if (length === 126) [length, at] = b.length < 4 ? [Infinity, 4] : [b.readUInt16BE(2), 4];
    else if (length === 127) [length, at] = b.length < 10 ? [Infinity, 10] : [Number(b.readBigUInt64BE(2)), 10];
    if (b.length < at + length) return false;
    const payload = b.subarray(at, at + length);
    const opcode = b[0] & 15;
    this.buffer = b.subarray(at + length);
    if (opcode === 1) this.#push({ frame: JSON.parse(payload.toString()) });
    else if (opcode === 9) this.#write(10, payload);
    else if (opcode === 10) this.#push({ pong: payload.toString() });
    else if (opcode === 8) {
      const code = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
      this.#push({ close: { code, reason: payload.subarray(2).toString() } });
      this.#write(8, payload.subarray(0, 2));
      this.socket.end();
    }
    return true;
  }

  #push(item) {
    if (this.closed) return;
    if (item.close) this.closed = item.close;
    this.items.push(item);
    this.#wake();
  }
  #wake() {
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  #write(opcode, payload) {
    const size = payload.length;
    const head = size < 126 ? Buffer.from([128 | opcode, 128 | size])
      : size < 65536 ? Buffer.from([128 | opcode, 254, size >> 8, size & 255])
      : Buffer.concat([Buffer.from([128 | opcode, 255]), (() => { const l = Buffer.alloc(8); l.writeBigUInt64BE(BigInt(size)); return l; })()]);
    const mask = crypto.randomBytes(4);
    const masked = Buffer.from(payload);
    for (let i = 0; i < size; i++) masked[i] ^= mask[i & 3];
    if (!this.socket.destroyed) this.socket.write(Buffer.concat([head, mask, masked]));
  }
  text(text) { this.#write(1, Buffer.from(text)); }
  binary(bytes) { this.#write(2, bytes); }
  ping(text) { this.#write(9, Buffer.from(text)); }
  close() { this.#write(8, Buffer.from([3, 232])); this.socket.end(); }

  /** The first item, from `from` on, that `wanted` says yes to; null when the time is over. */
  async find(wanted, ms, from = 0) {
    const until = Date.now() + ms;
    for (let i = from; ; i++) {
      while (i >= this.items.length) {
        const left = until - Date.now();
        if (left <= 0) return null;
        let timer;
        await Promise.race([new Promise((resolve) => this.waiting.push(resolve)),
          new Promise((resolve) => { timer = setTimeout(resolve, left); })]);
        clearTimeout(timer);
      }
      if (wanted(this.items[i])) return this.items[i];
    }
  }
}
