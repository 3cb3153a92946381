// A provider double that others wrote, on all three wires: text, reasoning, tools, limits, cuts, chaos.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { LLMock } from "@copilotkit/aimock";
import { Gateway, mockConfig } from "./support/gateway.mjs";

const WIRES = { openai: "mock", anthropic: "mocka", ollama: "mocko" };

describe("aimock", { timeout: 100_000 }, () => {
  let mock, gateway, client;

  before(async () => {
    mock = new LLMock({ port: 0, host: "127.0.0.1", logLevel: "silent", chunkSize: 5 });
    fixtures(mock);
    await mock.start();
    gateway = await Gateway.start(mockConfig(mock.url));
    client = await gateway.connect();
  });

  after(async () => {
    client?.close();
    await gateway?.remove();
    await mock?.stop();
  });

  let number = 0;
  const ask = (wire, message, model = "x") => {
    const session = `${wire}-${++number}`;
    return client.ask(session, message, { model: `${WIRES[wire]}/${model}` }).then((end) => ({ ...end, session }));
  };

  for (const wire of Object.keys(WIRES)) {
    test(`${wire}: text in many chunks, also with emoji cut in two`, async () => {
      const end = await ask(wire, "plain text please");
      assert.equal(end.state, "final", JSON.stringify(end));
      assert.equal(end.text, TEXT);
      const shown = client.eventsOf(end.run, "agent").filter((e) => e.stream === "assistant").map((e) => e.data.text);
      assert.equal(shown.at(-1), TEXT);
      for (const text of shown) assert.ok(TEXT.startsWith(text.replace(/[\ud800-\udbff]$/, "")), text);
    });

    test(`${wire}: reasoning is not part of the answer`, async () => {
      const end = await ask(wire, "reason about it", "thinker");
      assert.equal(end.state, "final", JSON.stringify(end));
      assert.equal(end.text, "The answer is 4.");
    });

    test(`${wire}: a tool call and back`, async () => {
      const end = await ask(wire, "use the status tool");
      assert.equal(end.state, "final", JSON.stringify(end));
      assert.equal(end.text, "The tool has spoken.");
      const history = await client.history(end.session);
      assert.deepEqual(history.map((m) => m.role), ["user", "assistant", "toolResult", "assistant"]);
      const phases = client.eventsOf(end.run, "agent").filter((e) => e.stream === "tool").map((e) => e.data.phase);
      assert.deepEqual(phases, ["start", "result"]);
    });

    test(`${wire}: two tool calls at once`, async () => {
      const end = await ask(wire, "use both tools");
      assert.equal(end.text, "Both have spoken.", JSON.stringify(end));
      const roles = (await client.history(end.session)).map((m) => m.role);
      assert.deepEqual(roles, ["user", "assistant", "toolResult", "toolResult", "assistant"]);
    });

    test(`${wire}: 429 with Retry-After is waited for, then it succeeds`, async () => {
      const begun = performance.now();
      const end = await ask(wire, `limited on ${wire}`);
      assert.equal(end.text, "through at last", JSON.stringify(end));
      assert.ok(performance.now() - begun > 900, "it did not wait as it was asked to");
    });

    test(`${wire}: a stream cut in the middle keeps its part and ends visibly`, async () => {
      const end = await ask(wire, "cut this stream");
      assert.equal(end.state, "error", JSON.stringify(end));
      assert.ok(end.errorMessage);
      const last = (await client.history(end.session)).at(-1);
      assert.equal(last.role, "assistant");
    });

    test(`${wire}: an error of the model's server is told in its own words`, async () => {
      const end = await ask(wire, "refuse this");
      assert.equal(end.state, "error");
      assert.match(end.errorMessage, /not in this house/);
    });

    for (const kind of ["drop", "malformed", "disconnect"]) {
      test(`${wire}: chaos "${kind}" ends in one visible outcome`, async () => {
        const end = await ask(wire, `chaos ${kind}`);
        assert.equal(end.state, "error", JSON.stringify(end));
        const ends = client.eventsOf(end.run, "chat").filter((e) => ["final", "error", "aborted"].includes(e.state));
        assert.equal(ends.length, 1);
      });
    }
  }

  test("a conversation goes on with another provider's model, tools and thoughts included", async () => {
    const session = "wanderer";
    for (const wire of ["openai", "anthropic", "ollama", "anthropic", "openai"]) {
      const end = await client.ask(session, "use the status tool", { model: `${WIRES[wire]}/x` });
      assert.equal(end.text, "The tool has spoken.", `${wire}: ${JSON.stringify(end)}`);
    }
    assert.equal((await client.history(session)).length, 20);
  });

  test("the gateway is still well", async () => {
    assert.equal((await client.call("health")).ok, true);
    assert.equal(gateway.child.exitCode, null);
  });
});

const TEXT = "Streaming works: 👨‍👩‍👧‍👦 and 漢字, in little pieces.";

function fixtures(mock) {
  const tool = (name, id) => ({ name, id, arguments: "{}" });
  mock.on({ userMessage: "plain text" }, { content: TEXT });
  mock.on({ userMessage: "reason about" }, { content: "The answer is 4.", reasoning: "Two and two." });
  mock.on({ userMessage: "status tool", hasToolResult: false }, { toolCalls: [tool("session_status", "call_status")] });
  mock.on({ userMessage: "status tool", hasToolResult: true }, { content: "The tool has spoken." });
  mock.on({ userMessage: "both tools", hasToolResult: false }, { toolCalls: [tool("session_status", "call_a"), tool("sessions_list", "call_b")] });
  mock.on({ userMessage: "both tools", hasToolResult: true }, { content: "Both have spoken." });
  for (const wire of Object.keys(WIRES)) {
    const userMessage = `limited on ${wire}`;
    mock.on({ userMessage, sequenceIndex: 0 }, { error: { message: "slow down", type: "rate_limit_error" }, status: 429, retryAfter: 1 });
    mock.on({ userMessage }, { content: "through at last" });
  }
  mock.on({ userMessage: "cut this" }, { content: "This will not be said to its end, whatever happens." },
          { truncateAfterChunks: 4, latency: 20, chunkSize: 5 });
  mock.on({ userMessage: "refuse this" }, { error: { message: "not in this house", type: "invalid_request_error" }, status: 400 });
  mock.on({ userMessage: "chaos drop" }, { content: "never" }, { chaos: { dropRate: 1 } });
  mock.on({ userMessage: "chaos malformed" }, { content: "never" }, { chaos: { malformedRate: 1 } });
  mock.on({ userMessage: "chaos disconnect" }, { content: "never" }, { chaos: { disconnectRate: 1 } });
}
