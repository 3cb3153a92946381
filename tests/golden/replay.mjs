#!/usr/bin/env node
// Replays the shared golden traces against the real binary: the same requests, and what comes back compared with
// what was recorded. Volatile parts are masked by path (masks.json); known differences stand with their reason in
// known_differences.json, and one that is not seen any more fails the run, so that the list only shrinks.
//
//   CARAPACE_BIN=build/release/carapace node tests/golden/replay.mjs [part of a file or label]
import { spawn } from "node:child_process";
import crypto from "node:crypto";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { byName, differences, matchesAny, storyOf } from "./compare.mjs";
import { startMockModel } from "./mock_model.mjs";
import { RawWebSocket } from "./raw_websocket.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, "../..");
const traces = process.env.CARAPACE_GOLDEN ?? path.resolve(root, "../shared/golden");
const binary = path.resolve(process.env.CARAPACE_BIN ?? path.join(root, "build/release/carapace"));
const TOKEN = "golden-token";
const SCOPES = ["operator.admin", "operator.read", "operator.write", "operator.approvals", "operator.pairing"];
const UNADVERTISED = ["connect", "chat.inject", "sessions.resolve", "no.such.method", "providers.status"];

const read = (name) => JSON.parse(fs.readFileSync(path.join(here, name), "utf8"));
const lines = (name) => fs.readFileSync(path.join(traces, name), "utf8").trim().split("\n").map((line) => JSON.parse(line));
const masks = read("masks.json");
const known = read("known_differences.json").map((row) => ({ ...row, seen: 0 }));
const wanted = process.argv[2] ?? "";
const found = [];
const tally = { compared: 0, skipped: 0 };

function judge(where, expected, actual, volatile = masks) {
  tally.compared++;
  for (const { path: at, what } of differences(byName(expected), byName(actual), volatile)) {
    const row = known.find((one) => matchesAny(where, [one.where.replaceAll("*", "**")]) && matchesAny(at, [one.path]));
    if (row) row.seen++;
    else found.push(`${where}: ${at}: ${what}`);
  }
}

async function freePort() {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function usualConfig(port, model) {
  return JSON.stringify({
    gateway: { port, auth: { mode: "token", token: TOKEN } },
    agents: { defaults: { model: { primary: "mockoai/mock-gpt" } } },
    models: { providers: { mockoai: { baseUrl: `http://127.0.0.1:${model.port}/v1`, apiKey: "mock-key",
      api: "openai-completions", models: [{ id: "mock-gpt", name: "mock-gpt", contextWindow: 200000 }] } } },
  });
}

async function startGateway(configText) {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), "carapace-golden-"));
  const port = await freePort();
  const config = path.join(home, "carapace.json5");
  fs.writeFileSync(config, configText(port, home));
  const child = spawn(binary, ["start", "--config", config, "--state-dir", path.join(home, "state")],
    { stdio: ["ignore", "ignore", "pipe"], env: { PATH: process.env.PATH, HOME: home } });
  let log = "";
  child.stderr.on("data", (bytes) => (log = (log + bytes).slice(-20_000)));
  for (let i = 0; i < 200 && child.exitCode === null; i++) {
    const up = await fetch(`http://127.0.0.1:${port}/health`).then((r) => r.ok, () => false);
    if (up) return { port, home, stop: async () => {
      child.kill("SIGTERM");
      await new Promise((resolve) => child.once("exit", resolve));
      fs.rmSync(home, { recursive: true, force: true });
    } };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  child.kill("SIGKILL");
  throw new Error(`the gateway did not start:\n${log}`);
}

// --- handshakes ---------------------------------------------------------------------------------

const base64url = (bytes) => bytes.toString("base64url");

// Signs as the recorded client did: what was broken there on purpose is broken here too.
function signedAgain(params, label, challenge, recordedChallenge) {
  const device = params.device;
  if (!device) return params;
  const { publicKey, privateKey } = crypto.generateKeyPairSync("ed25519");
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  const id = /^0+$/.test(device.id) ? device.id : crypto.createHash("sha256").update(raw).digest("hex");
  const nonce = device.nonce === undefined ? undefined
    : device.nonce === recordedChallenge.nonce ? challenge.nonce : device.nonce;
  const signedAt = Math.abs(device.signedAt - recordedChallenge.ts) > 60_000
    ? Date.now() + (device.signedAt - recordedChallenge.ts) : Date.now();
  const text = [nonce === undefined ? "v1" : "v2", id, params.client.id, params.client.mode, params.role ?? "operator",
    (params.scopes ?? []).join(","), signedAt, params.auth?.token ?? "", ...(nonce === undefined ? [] : [nonce])].join("|");
  const signature = base64url(crypto.sign(null, Buffer.from(/signature invalid/.test(label) ? "x" : text), privateKey));
  return { ...params, device: { id, publicKey: base64url(raw), signature, signedAt, ...(nonce === undefined ? {} : { nonce }) } };
}

function plainConnect(id, params) {
  return { type: "req", id, method: "connect", params: { minProtocol: 3, maxProtocol: 3,
    client: { id: "cli", displayName: "golden", version: "dev", platform: "linux", mode: "cli", instanceId: "golden-instance" },
    caps: [], auth: { token: TOKEN }, role: "operator", scopes: SCOPES, ...params } };
}

function sendRecorded(socket, out, label, challenge, recordedChallenge) {
  if (out.frame?.method === "connect" && out.frame.params)
    return socket.text(JSON.stringify({ ...out.frame, params: signedAgain(out.frame.params, label, challenge, recordedChallenge) }));
  if (out.frame) return socket.text(JSON.stringify(out.frame));
  if (typeof out.raw === "object") return socket.binary(Buffer.from(JSON.stringify(plainConnect("bin"))));
  const long = out.raw.match(/^(.*?)x+…\((\d+) chars\)$/s);
  socket.text(long ? `${long[1]}${"x".repeat(Number(long[2]) - long[1].length - 3)}"}}` : out.raw);
}

async function replayHandshake(gateway, trace, where) {
  const headers = /x-forwarded-for/.test(trace.label) ? { "X-Forwarded-For": "192.0.2.9" } : {};
  const socket = await RawWebSocket.open({ port: gateway.port, headers });
  const recorded = trace.frames.find((one) => one.frame?.event === "connect.challenge").frame;
  const first = await socket.find((item) => item.frame, 2000);
  judge(`${where}/challenge`, recorded, first.frame);
  let cursor = 1;
  for (const step of trace.frames) {
    if (step.dir === "out") { sendRecorded(socket, step, trace.label, first.frame.payload, recorded.payload); continue; }
    if (step.pong) socket.ping(step.pong); // the recording names only the answer
    if (step.frame?.event) continue; // health and presence come when they come
    const item = await socket.find((one) => (step.close ? one.close : step.frame ? one.frame?.type === "res" : one.pong !== undefined), 12_000, cursor);
    if (!item) { found.push(`${where}: nothing came for ${JSON.stringify(step).slice(0, 120)}`); continue; }
    cursor = socket.items.indexOf(item) + 1;
    if (step.frame) judge(`${where}/${step.frame.id}`, step.frame, item.frame);
    else if (step.close) judge(`${where}/close`, step.close, item.close);
  }
  if (!trace.closed) socket.close();
}

// --- methods, chats, sessions -------------------------------------------------------------------

class Operator {
  static async connect(gateway) {
    const operator = new Operator();
    operator.socket = await RawWebSocket.open({ port: gateway.port });
    await operator.socket.find((item) => item.frame, 2000);
    const { params } = plainConnect("x");
    const hello = await operator.request("connect", { ...params, client: { ...params.client, displayName: "golden-op" } });
    operator.methods = new Set([...hello.payload.features.methods, ...UNADVERTISED]);
    return operator;
  }
  async request(method, params, id = `g${(this.count = (this.count ?? 0) + 1)}`) {
    const from = this.socket.items.length;
    this.socket.text(JSON.stringify({ type: "req", id, method, params }));
    const item = await this.socket.find((one) => one.frame?.type === "res" && one.frame.id === id, 20_000, from);
    return item?.frame;
  }
  events() { return this.socket.items.filter((item) => item.frame?.type === "event").map((item) => item.frame); }
  // Until the run has ended in a chat event.
  ended(runId) {
    return this.socket.find(({ frame }) => frame?.event === "chat" && frame.payload.runId === runId && frame.payload.state !== "delta", 15_000);
  }
}

async function replayRequest(operator, trace, where) {
  if (!trace.method || !operator.methods.has(trace.method)) return void tally.skipped++;
  const mocked = trace.params?.model ?? "";
  if (/^mock(ant|resp)\//.test(mocked) || /mock(ant|resp)/.test(trace.params?.sessionKey ?? "")) return void tally.skipped++;
  const response = await operator.request(trace.method, trace.params);
  const { id: _recorded, ...expected } = trace.response;
  const { id: _seen, ...actual } = response ?? {};
  // Which file a machine has is its own affair; replayConfig asks about the recorded one.
  judge(`${where}/response`, expected, actual, trace.method === "config.get" ? [...masks, ...OWN_FILE] : masks);
  const runId = trace.response.payload?.runId;
  if (!runId || trace.response.payload.status !== "started") return;
  const slow = trace.params.message === "SLOWSTREAM";
  if (slow) return void (await new Promise((resolve) => setTimeout(resolve, 400)));
  await operator.ended(runId);
  await new Promise((resolve) => setTimeout(resolve, 20));
  const story = storyOf(trace.events ?? [], runId);
  if (story.at(-1)?.kind === "chat") judge(`${where}/story`, { story }, { story: storyOf(operator.events(), runId) });
}

const OWN_FILE = ["raw", "parsed", "config", "hash"].map((name) => `$.payload.${name}`);

// --- configuration ------------------------------------------------------------------------------

// A gateway of its own on the recorded file. Hashes are of what stands there now, and a whole file that the recording
// cut is sent back as `config.get` showed it. The restarts of the recording are not waited for: what changes there is
// applied here while the gateway runs.
const CONFIG_VOLATILE = ["$.payload.path", "**.hash", "**.lastTouchedAt", "**.lastTouchedVersion", "**.pid", "**.ts",
  "**.sentinel.path", "**.root"];

async function replayConfig() {
  const file = "70-config.jsonl";
  const text = fs.readFileSync(path.join(traces, file), "utf8");
  const first = JSON.parse(text.slice(0, text.indexOf("\n"))).response.payload.parsed;
  const filled = (recorded, port, home) => recorded.replaceAll("$LOGS", `${home}/logs`).replaceAll("$WORKSPACE", `${home}/workspace`)
    .replaceAll("18889", String(port));
  const gateway = await startGateway((port, home) => filled(`${JSON.stringify(first, null, 2)}\n`, port, home));
  try {
    const operator = await Operator.connect(gateway);
    let shown = {};
    for (const trace of filled(text, gateway.port, gateway.home).trim().split("\n").map((line) => JSON.parse(line))) {
      if (!trace.method) { tally.skipped++; continue; }
      const params = { ...trace.params };
      if (/^[0-9a-f]{64}$/.test(params.baseHash ?? "")) params.baseHash = shown.hash;
      if (params.raw?.includes("$trimmed")) params.raw = shown.raw;
      const response = await operator.request(trace.method, params);
      const { id: _recorded, ...expected } = trace.response;
      const { id: _seen, ...actual } = response ?? {};
      judge(`config/${trace.step} ${trace.method} ${trace.label}`, expected, actual, CONFIG_VOLATILE);
      if (trace.method !== "config.get") shown = (await operator.request("config.get", {})).payload;
      else shown = response.payload;
    }
    operator.socket.close();
  } finally {
    await gateway.stop();
  }
}

// --- HTTP ---------------------------------------------------------------------------------------

// A stream as the words that it says and how it ends.
function toldBy(body) {
  const data = body.split("\n\n").filter((line) => line.startsWith("data: ")).map((line) => line.slice(6));
  const objects = data.filter((text) => text !== "[DONE]").map((text) => JSON.parse(text));
  return { text: objects.map((object) => object.choices?.[0]?.delta?.content ?? "").join(""),
    done: data.at(-1) === "[DONE]", keys: Object.keys(objects[0] ?? {}) };
}
function bodyOf(response) {
  const type = response.headers["content-type"] ?? "";
  if (type.startsWith("text/event-stream")) return toldBy(response.body);
  return type.startsWith("application/json") ? JSON.parse(response.body) : response.body;
}

async function replayHttp(gateway, trace, where) {
  if (trace.response.error || String(JSON.stringify(trace.http.body)).includes("$trimmed")) return void tally.skipped++;
  const { method, path: target, headers = {}, body } = trace.http;
  const answer = await fetch(`http://127.0.0.1:${gateway.port}${target}`, { method,
    headers: { ...headers, "content-type": "application/json" },
    body: body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body) });
  const seen = { status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.text() };
  const facts = (response) => ({ status: response.status, type: response.headers["content-type"],
    ...(response.headers.allow ? { allow: response.headers.allow } : {}), body: bodyOf(response) });
  judge(where, facts(trace.response), facts(seen));
}

// --- all of it ----------------------------------------------------------------------------------

async function replayAll(gateway) {
  const chosen = (where) => where.includes(wanted);
  for (const trace of lines("00-handshake.jsonl")) {
    const where = `handshake/${trace.step} ${trace.label}`;
    if (chosen(where)) await replayHandshake(gateway, trace, where);
  }
  for (const [name, file] of [["methods", "10-methods.jsonl"], ["chat", "20-chat.jsonl"], ["sessions", "30-sessions.jsonl"]]) {
    const operator = await Operator.connect(gateway);
    for (const trace of lines(file)) {
      const where = `${name}/${trace.step} ${trace.method} ${trace.label}`;
      if (chosen(where)) await replayRequest(operator, trace, where);
    }
    operator.socket.close();
  }
  for (const trace of lines("50-http-chat-completions.jsonl")) {
    const where = `http/${trace.step} ${trace.label}`;
    if (chosen(where)) await replayHttp(gateway, trace, where);
  }
}

function markdownText() {
  const turn = lines("20-chat.jsonl").find((trace) => trace.params?.message === "MARKDOWN");
  return turn.events.findLast((event) => event.payload?.state === "final").payload.message.content[0].text;
}

async function main() {
  if (!fs.existsSync(path.join(traces, "00-handshake.jsonl"))) {
    console.log(`golden: skipped, there are no traces at ${traces}`);
    return 0;
  }
  if (!fs.existsSync(binary)) {
    console.error(`golden: ${binary} is not there; build it or set CARAPACE_BIN`);
    return 2;
  }
  const model = await startMockModel(markdownText());
  const gateway = await startGateway((port) => usualConfig(port, model));
  try {
    await replayAll(gateway);
    if ("config/".includes(wanted) || wanted.startsWith("config/")) await replayConfig();
  } finally {
    await gateway.stop();
    model.stop();
  }
  for (const text of found) console.log(`DIFFERENT ${text}`);
  const stale = wanted ? [] : known.filter((row) => row.seen === 0);
  for (const row of stale) console.log(`STALE known difference: ${row.where} ${row.path} (${row.why})`);
  console.log(`golden: ${tally.compared} compared, ${tally.skipped} skipped, ${found.length} different, ` +
    `${known.length - stale.length} known differences, ${stale.length} stale`);
  return found.length || stale.length ? 1 : 0;
}

process.exitCode = await main();
