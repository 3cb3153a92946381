// A stand-in for the gateway, with just the methods the browser app calls. For developing the app only: it checks
// no more than the app needs, and its memory lives in the `state` object that outlasts a restart.
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { WebSocketServer } from "ws";
import { configMethods, newConfig } from "./fake_config.mjs";
import { planReply } from "./fake_replies.mjs";

const DIST = fileURLToPath(new URL("../../../ui/dist/", import.meta.url));
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const POLICY =
  "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; object-src 'none'; frame-ancestors 'none'; " +
  "base-uri 'self'; form-action 'self'; require-trusted-types-for 'script'; trusted-types lit-html";
const MAIN = "agent:main:main";

export function newState() {
  return {
    sessions: new Map(),
    config: newConfig(),
    models: [
      { id: "mock-gpt", name: "Mock GPT", provider: "mock" },
      { id: "mock-large", name: "Mock Large", provider: "mock" },
      { id: "guide", name: "Offline guide", provider: "guide" },
    ],
    defaults: { modelProvider: "mock", model: "mock-gpt", contextTokens: 200000 },
  };
}

export async function startFakeGateway({ port = 0, token = "secret", state = newState() } = {}) {
  const startedAt = Date.now();
  const clients = new Set();
  const runs = new Map();
  const done = new Map();
  const questions = new Map();
  let seq = 0;

  const http = createServer(serveFile);
  const sockets = new WebSocketServer({ server: http, maxPayload: 524288 });
  sockets.on("connection", greet);

  function broadcast(event, payload) {
    seq += 1;
    const frame = JSON.stringify({ type: "event", event, payload, seq });
    for (const client of clients) client.send(frame);
  }

  function session(key) {
    if (!state.sessions.has(key)) state.sessions.set(key, { key, updatedAt: Date.now(), messages: [] });
    return state.sessions.get(key);
  }

  function greet(socket) {
    let connected = false;
    socket.on("error", () => undefined);
    socket.on("close", () => clients.delete(socket));
    socket.send(JSON.stringify({ type: "event", event: "connect.challenge", payload: { nonce: randomUUID(), ts: Date.now() } }));
    socket.on("message", (data) => {
      const frame = JSON.parse(data.toString());
      const answer = (body) => socket.send(JSON.stringify({ type: "res", id: frame.id, ...body }));
      if (!connected) {
        if (frame.method === "connect" && frame.params?.auth?.token === token) {
          connected = true;
          clients.add(socket);
          answer({ ok: true, payload: hello() });
          for (const { question } of questions.values()) socket.send(JSON.stringify({ type: "event", event: "exec.approval.requested", payload: question, seq }));
          return;
        }
        const message = "unauthorized: gateway token mismatch";
        answer({ ok: false, error: { code: "INVALID_REQUEST", message } });
        socket.close(1008, message);
        return;
      }
      const method = methods[frame.method];
      try {
        if (!method) throw new Error(`unknown method: ${frame.method}`);
        answer({ ok: true, payload: method(frame.params ?? {}) });
      } catch (error) {
        answer({ ok: false, error: { code: "INVALID_REQUEST", message: error.message, details: error.details } });
      }
    });
  }

  function hello() {
    return {
      type: "hello-ok",
      protocol: 3,
      server: { version: "0.1.0", host: "box", connId: randomUUID() },
      features: { methods: Object.keys(methods), events: [] },
      snapshot: {
        presence: [],
        health: {},
        stateVersion: { presence: 1, health: 1 },
        uptimeMs: Date.now() - startedAt,
        sessionDefaults: { defaultAgentId: "main", mainKey: "main", mainSessionKey: MAIN, scope: "per-sender" },
      },
      policy: { maxPayload: 524288, maxBufferedBytes: 1572864, tickIntervalMs: 30000 },
    };
  }

  const methods = {
    ...configMethods(state, broadcast),
    "sessions.list": () => ({
      ts: Date.now(),
      path: "sessions.json",
      count: state.sessions.size,
      defaults: state.defaults,
      sessions: [...state.sessions.values()]
        .sort((a, b) => b.updatedAt - a.updatedAt)
        .map(({ messages, ...row }) => ({
          kind: "direct",
          displayName: "Carapace web chat",
          modelProvider: state.defaults.modelProvider,
          model: state.defaults.model,
          lastMessagePreview: lastText(messages),
          ...row,
        })),
    }),
    "sessions.patch": ({ key, label, model, verboseLevel }) => {
      if (label && [...state.sessions.values()].some((one) => one.key !== key && one.label === label)) {
        throw new Error(`label already in use: ${label}`);
      }
      const entry = session(key);
      entry.updatedAt = Date.now();
      if (label !== undefined) label === null ? delete entry.label : (entry.label = label);
      if (verboseLevel !== undefined) entry.verboseLevel = verboseLevel;
      if (model === null) {
        delete entry.model;
        delete entry.modelProvider;
      } else if (model) {
        const known = state.models.find((one) => `${one.provider}/${one.id}` === model);
        if (!known) throw new Error(`model not allowed: ${model}`);
        entry.modelProvider = known.provider;
        entry.model = known.id;
      }
      return { ok: true, key, entry: {} };
    },
    "sessions.delete": ({ key }) => {
      if (key === MAIN) throw new Error(`Cannot delete the main session (${key}).`);
      return { ok: true, key, deleted: state.sessions.delete(key), archived: [] };
    },
    "models.list": () => ({ models: state.models }),
    "chat.history": ({ sessionKey, limit = 200 }) => ({
      sessionKey,
      messages: (state.sessions.get(sessionKey)?.messages ?? []).slice(-limit),
      thinkingLevel: "off",
    }),
    "chat.send": ({ sessionKey, message, idempotencyKey }) => {
      if (!message?.trim()) throw new Error("message or attachment required");
      if (done.has(idempotencyKey)) return { runId: idempotencyKey, status: "ok" };
      if (runs.has(idempotencyKey)) return { runId: idempotencyKey, status: "in_flight" };
      runs.set(idempotencyKey, { sessionKey, stopped: false });
      setTimeout(() => void run(sessionKey, message, idempotencyKey), 5);
      return { runId: idempotencyKey, status: "started" };
    },
    "chat.abort": ({ sessionKey, runId }) => {
      const found = runs.get(runId);
      if (!found) return { ok: true, aborted: false, runIds: [] };
      if (found.sessionKey !== sessionKey) throw new Error("runId does not match sessionKey");
      found.stopped = true;
      return { ok: true, aborted: true, runIds: [runId] };
    },
    "agent.wait": ({ runId }) => ({ runId, status: done.has(runId) ? "ok" : "timeout" }),
    "exec.approval.resolve": ({ id, decision }) => {
      if (!questions.has(id)) throw new Error("unknown approval id");
      questions.get(id).answer(decision);
      questions.delete(id);
      broadcast("exec.approval.resolved", { id, decision, ts: Date.now() });
      return { ok: true };
    },
  };

  function decision(sessionKey, request) {
    const question = { id: randomUUID(), request: { command: `${request.tool} ${request.arguments}`, cwd: null, sessionKey, ...request }, createdAtMs: Date.now(), expiresAtMs: Date.now() + 60_000 };
    broadcast("exec.approval.requested", question);
    return new Promise((answer) => questions.set(question.id, { question, answer }));
  }

  async function run(sessionKey, message, runId) {
    const entry = session(sessionKey);
    const plan = planReply(message);
    let runSeq = 0;
    const agent = (stream, data) => broadcast("agent", { runId, stream, data, sessionKey, seq: (runSeq += 1), ts: Date.now() });
    const chat = (fields) => broadcast("chat", { runId, sessionKey, seq: runSeq, ...fields });
    const store = (content, extra = {}) => {
      entry.messages.push({ role: "assistant", content, provider: "mock", model: "mock-gpt", stopReason: "stop", timestamp: Date.now(), ...extra });
      entry.updatedAt = Date.now();
    };
    const say = (text) => {
      agent("assistant", { text, delta: text });
      chat({ state: "delta", message: { role: "assistant", content: [{ type: "text", text }], timestamp: Date.now() } });
    };

    entry.messages.push({ role: "user", content: [{ type: "text", text: message }], timestamp: Date.now() });
    entry.updatedAt = Date.now();
    agent("lifecycle", { phase: "start", startedAt: Date.now() });
    const content = [];
    if (plan.thinking) {
      agent("thinking", { text: plan.thinking, delta: plan.thinking });
      content.push({ type: "thinking", thinking: plan.thinking });
    }
    if (plan.error) {
      agent("lifecycle", { phase: "error", error: plan.error });
      finish("error", { errorMessage: plan.error });
      return;
    }
    for (const [at, { name, args, ...call }] of (plan.tools ?? []).entries()) {
      const toolCallId = `call_${randomUUID().slice(0, 8)}`;
      const words = at ? [] : [{ type: "text", text: plan.before }];
      if (!at) say(plan.before);
      store([...words, { type: "toolCall", id: toolCallId, name, arguments: args }], { stopReason: "toolUse" });
      agent("tool", { phase: "start", name, toolCallId, args });
      await pause(150);
      const isError = Boolean(call.asks) && (await decision(sessionKey, { tool: name, arguments: JSON.stringify(args), reason: call.asks })) === "deny";
      const result = { content: [{ type: "text", text: isError ? "A person was asked and said no." : call.result }] };
      agent("tool", { phase: "result", name, toolCallId, isError, result });
      entry.messages.push({ role: "toolResult", toolCallId, toolName: name, isError, timestamp: Date.now(), ...result });
    }
    let text = "";
    for (const piece of plan.pieces) {
      if (http.listening === false) return;
      if (runs.get(runId)?.stopped) {
        finish("aborted", { stopReason: "rpc" });
        return;
      }
      text += piece;
      say(text);
      await pause(plan.pauseMs);
    }
    content.push({ type: "text", text });
    store(content);
    agent("lifecycle", { phase: "end", endedAt: Date.now() });
    finish("final", { message: { role: "assistant", content: [{ type: "text", text }], timestamp: Date.now() } });

    function finish(state_, fields) {
      runs.delete(runId);
      done.set(runId, true);
      chat({ state: state_, ...fields });
    }
  }

  async function serveFile(request, response) {
    const path = decodeURIComponent(request.url.split("?")[0]);
    if (path === "/health") {
      response.writeHead(200, { "content-type": "application/json" }).end('{"ok":true}');
      return;
    }
    const cut = path.lastIndexOf("/assets/");
    const name = normalize(cut >= 0 ? path.slice(cut) : "/index.html");
    try {
      const body = await readFile(join(DIST, name));
      response.writeHead(200, { "content-type": TYPES[extname(name)] ?? "application/octet-stream", "content-security-policy": POLICY }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  }

  await new Promise((resolve) => http.listen(port, "127.0.0.1", resolve));
  const ticks = setInterval(() => broadcast("tick", { ts: Date.now() }), 30000);
  return {
    port: http.address().port,
    state,
    broadcast,
    async stop() {
      clearInterval(ticks);
      broadcast("shutdown", { reason: "gateway stopping", restartExpectedMs: null });
      for (const socket of sockets.clients) socket.close(1012, "service restart");
      sockets.close();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

function lastText(messages) {
  const last = messages[messages.length - 1]?.content;
  return Array.isArray(last) ? (last.find((block) => block.type === "text")?.text ?? "").slice(0, 120) : undefined;
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const gateway = await startFakeGateway({ port: Number(process.env.PORT ?? 18789) });
  console.log(`http://127.0.0.1:${gateway.port}/#token=secret`);
}
