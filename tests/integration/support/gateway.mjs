// The real binary for the tests in JavaScript: own state folder, free port, a clean environment.
import { spawn } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import WebSocket from "ws";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
export const BINARY = process.env.CARAPACE_BIN ?? join(ROOT, "build", "debug", "carapace");
export const TOKEN = "test-token-0123456789abcdef";

export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

export function cleanEnvironment(home, more = {}) {
  return { PATH: process.env.PATH, HOME: home, LANG: "C.UTF-8", OLLAMA_BASE_URL: "http://127.0.0.1:9", ...more };
}

/** A configuration with one provider per wire, all at `origin`. */
export function mockConfig(origin, primary = "mock/x") {
  const models = [{ id: "x", reasoning: false }, { id: "thinker", reasoning: true }];
  const provider = (baseUrl, api) => ({ baseUrl, apiKey: "sk-test-key", api, models });
  return {
    models: {
      providers: {
        mock: provider(`${origin}/v1`, "openai-completions"),
        mocka: provider(origin, "anthropic-messages"),
        mocko: provider(origin, "ollama"),
      },
    },
    agents: { defaults: { model: { primary }, verboseDefault: "on" } },
    logging: { level: "debug" },
  };
}

export class Gateway {
  static async start(config, { token = TOKEN } = {}) {
    const gateway = new Gateway();
    gateway.token = token;
    gateway.root = mkdtempSync(join(tmpdir(), "carapace-it-"));
    gateway.stateDir = join(gateway.root, "state");
    gateway.output = join(gateway.root, "output");
    gateway.config = join(gateway.root, "config.json5");
    writeFileSync(gateway.config, JSON.stringify(config));
    gateway.port = await freePort();
    gateway.origin = `http://127.0.0.1:${gateway.port}`;
    const output = openSync(gateway.output, "a");
    const words = ["start", "--port", gateway.port, "--state-dir", gateway.stateDir, "--config", gateway.config, "--token", token];
    gateway.child = spawn(BINARY, words.map(String), { stdio: ["ignore", output, output], env: cleanEnvironment(gateway.root) });
    gateway.ended = new Promise((resolve) => gateway.child.once("exit", resolve));
    for (let tries = 0; tries < 500; ++tries) {
      if (gateway.child.exitCode !== null) break;
      try {
        if ((await fetch(`${gateway.origin}/health`)).ok) return gateway;
      } catch {
        // not yet
      }
      await sleep(10);
    }
    const text = gateway.log();
    await gateway.remove();
    throw new Error(`the gateway did not start:\n${text}`);
  }

  log() {
    return readFileSync(this.output, "utf8").slice(-4000);
  }

  async remove() {
    this.child.kill("SIGKILL");
    await this.ended;
    rmSync(this.root, { recursive: true, force: true });
  }

  async connect() {
    return Client.connect(`ws://127.0.0.1:${this.port}`, this.token);
  }
}

/** A protocol-3 client. */
export class Client {
  static async connect(url, token) {
    const client = new Client();
    client.waiting = new Map();
    client.events = [];
    client.watchers = new Set();
    client.next = 0;
    client.socket = new WebSocket(url);
    client.socket.addEventListener("message", ({ data }) => client.take(JSON.parse(data)));
    await new Promise((resolve, reject) => {
      client.socket.addEventListener("open", resolve, { once: true });
      client.socket.addEventListener("error", () => reject(new Error(`no connection to ${url}`)), { once: true });
    });
    client.hello = await client.call("connect", {
      minProtocol: 3,
      maxProtocol: 3,
      client: { id: "cli", version: "test", platform: "linux", mode: "cli" },
      role: "operator",
      scopes: ["operator.admin", "operator.approvals", "operator.pairing"],
      auth: { token },
    });
    return client;
  }

  take(frame) {
    if (frame.type === "res") {
      const waiting = this.waiting.get(frame.id);
      if (!waiting) return;
      this.waiting.delete(frame.id);
      if (frame.ok) waiting.resolve(frame.payload);
      else waiting.reject(Object.assign(new Error(frame.error?.message), { code: frame.error?.code }));
      return;
    }
    this.events.push(frame);
    for (const watcher of this.watchers) watcher();
  }

  call(method, params = {}) {
    const id = `r${++this.next}`;
    this.socket.send(JSON.stringify({ type: "req", id, method, params }));
    return new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
  }

  until(test, what, limit = 20_000) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.watchers.delete(look);
        reject(new Error(`waited ${limit} ms for ${what}`));
      }, limit);
      const look = () => {
        const found = test();
        if (!found) return;
        clearTimeout(timer);
        this.watchers.delete(look);
        resolve(found);
      };
      this.watchers.add(look);
      look();
    });
  }

  eventsOf(run, name) {
    return this.events.filter((frame) => frame.payload?.runId === run && (!name || frame.event === name)).map((frame) => frame.payload);
  }

  /** Sends a message and answers with the terminal chat event. */
  async ask(session, message, { model, run = `run-${++this.next}-${process.pid}` } = {}) {
    if (model) await this.call("sessions.patch", { key: session, model });
    await this.call("chat.send", { sessionKey: session, message, idempotencyKey: run });
    const end = await this.until(() => this.eventsOf(run, "chat").find((p) => ["final", "error", "aborted"].includes(p.state)), `the end of ${run}`);
    return { ...end, run, text: textOf(end.message) };
  }

  async history(session) {
    return (await this.call("chat.history", { sessionKey: session, limit: 1000 })).messages;
  }

  close() {
    this.socket.close();
  }
}

export function textOf(message) {
  return (message?.content ?? []).filter((block) => block.type === "text").map((block) => block.text).join("");
}

/** A promise that is settled in a bounded time. */
export function within(promise, limit, what) {
  return Promise.race([promise, sleep(limit, undefined, { ref: false }).then(() => Promise.reject(new Error(`${what}: more than ${limit} ms`)))]);
}
