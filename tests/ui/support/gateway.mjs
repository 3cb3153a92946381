// Starts the gateway under test: the binary named by CARAPACE_BIN, or the fake one when it is unset.
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newState, startFakeGateway } from "./fake_gateway.mjs";
import { startMockModel } from "./mock_model.mjs";

export const isReal = Boolean(process.env.CARAPACE_BIN);
const START_LIMIT_MS = 20_000;

async function freePort() {
  const probe = createServer();
  await new Promise((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

async function untilHealthy(port, child) {
  const end = Date.now() + START_LIMIT_MS;
  while (Date.now() < end) {
    if (child.exitCode !== null) throw new Error(`the gateway ended with code ${child.exitCode}`);
    try {
      const response = await fetch(`http://127.0.0.1:${port}/health`);
      if (response.status === 200) return;
    } catch {
      // Not listening yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("the gateway did not become healthy");
}

async function startReal(token) {
  const folder = await mkdtemp(join(tmpdir(), "carapace-ui-"));
  const model = await startMockModel();
  const port = await freePort();
  const entry = (id, name) => ({ id, name, reasoning: false, input: ["text"], contextWindow: 200000, maxTokens: 4096 });
  const config = {
    models: {
      providers: {
        mock: { baseUrl: model.url, apiKey: "mock-key", api: "openai-completions", models: [entry("mock-gpt", "Mock GPT"), entry("mock-large", "Mock Large")] },
      },
    },
    tools: { web: { fetch: { allowPrivateHosts: ["127.0.0.1", "localhost"] } } },
    agents: { defaults: { model: { primary: "mock/mock-gpt" } } },
  };
  await writeFile(join(folder, "carapace.json"), JSON.stringify(config));
  let child = null;

  async function start() {
    child = spawn(process.env.CARAPACE_BIN, ["start", "--port", String(port)], {
      env: { ...process.env, CARAPACE_STATE_DIR: folder, CARAPACE_GATEWAY_TOKEN: token },
      stdio: process.env.CARAPACE_TEST_LOG ? "inherit" : "ignore",
    });
    await untilHealthy(port, child);
  }

  async function end(signal) {
    const running = child;
    child = null;
    if (!running || running.exitCode !== null) return;
    const gone = new Promise((resolve) => running.once("exit", resolve));
    running.kill(signal);
    await gone;
  }

  await start();
  return {
    port,
    token,
    /** An address that web_fetch can read. */
    page: model.url,
    /** Ends it at once, as a crash would. */
    kill: () => end("SIGKILL"),
    start,
    async stop() {
      await end("SIGTERM");
      await model.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function startFake(token) {
  const state = newState();
  let fake = await startFakeGateway({ token, state });
  const { port } = fake;
  return {
    port,
    token,
    page: "http://127.0.0.1/page",
    kill: async () => {
      await fake?.stop();
      fake = null;
    },
    start: async () => {
      fake = await startFakeGateway({ token, state, port });
    },
    stop: async () => {
      await fake?.stop();
      fake = null;
    },
  };
}

export function startGateway(token = "test-token-0123456789abcdef") {
  return isReal ? startReal(token) : startFake(token);
}
