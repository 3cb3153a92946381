// The official SDK as a client of this gateway's own chat completions: unchanged, only with another base URL.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import OpenAI from "openai";
import { Gateway, mockConfig, TOKEN } from "./support/gateway.mjs";

// A model that repeats: "say X" → X in pieces; "slow" → a piece every 50 ms, until the other side leaves.
function model() {
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const piece of request) text += piece;
    const body = JSON.parse(text);
    server.bodies.push(body);
    const last = body.messages.filter((m) => m.role === "user").at(-1).content;
    const words = typeof last === "string" ? last : last.map((part) => part.text ?? "").join("");
    const chunk = (delta, finish = null) =>
      response.write(`data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", model: "x", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`);
    if (words.includes("break")) {
      response.writeHead(400, { "content-type": "application/json" });
      return response.end(JSON.stringify({ error: { message: "cannot do that", type: "invalid_request_error" } }));
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    const slow = words.includes("slow");
    const pieces = slow ? Array.from({ length: 200 }, (_, n) => `tick${n} `) : ["You said: ", words.slice(-40)];
    for (const piece of pieces) {
      if (response.destroyed) return;
      chunk({ content: piece });
      if (slow) await sleep(50);
    }
    chunk({}, "stop");
    response.write(`data: ${JSON.stringify({ id: "c", model: "x", choices: [], usage: { prompt_tokens: 11, completion_tokens: 4, total_tokens: 15 } })}\n\n`);
    response.end("data: [DONE]\n\n");
  });
  server.bodies = [];
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

describe("the openai SDK", { timeout: 60_000 }, () => {
  let peer, gateway, client;

  before(async () => {
    peer = await model();
    gateway = await Gateway.start(mockConfig(`http://127.0.0.1:${peer.address().port}`));
    client = new OpenAI({ apiKey: TOKEN, baseURL: `${gateway.origin}/v1`, maxRetries: 0 });
  });

  after(async () => {
    await gateway?.remove();
    peer?.closeAllConnections();
    peer?.close();
  });

  const messages = (content) => [{ role: "user", content }];

  test("models", async () => {
    const list = [];
    for await (const model of client.models.list()) list.push(model);
    assert.ok(list.length > 0);
    for (const model of list) assert.deepEqual([typeof model.id, model.object], ["string", "model"]);
    assert.ok(list.some((model) => model.id.includes("mock/x")), JSON.stringify(list.map((m) => m.id)));
  });

  test("a whole answer", async () => {
    const answer = await client.chat.completions.create({ model: "mock/x", messages: messages("hello") });
    assert.equal(answer.object, "chat.completion");
    assert.match(answer.id, /^chatcmpl_/);
    assert.equal(answer.choices.length, 1);
    assert.deepEqual(answer.choices[0].message, { role: "assistant", content: answer.choices[0].message.content });
    assert.match(answer.choices[0].message.content, /^You said: /);
    assert.equal(answer.choices[0].finish_reason, "stop");
    assert.equal(answer.model, "mock/x");
    assert.equal(typeof answer.usage.total_tokens, "number");
  });

  test("a streamed answer", async () => {
    const stream = await client.chat.completions.create({ model: "mock/x", messages: messages("hello"), stream: true });
    let text = "";
    let role, finish;
    for await (const chunk of stream) {
      assert.equal(chunk.object, "chat.completion.chunk");
      role ??= chunk.choices[0]?.delta.role;
      text += chunk.choices[0]?.delta.content ?? "";
      finish = chunk.choices[0]?.finish_reason ?? finish;
    }
    assert.equal(role, "assistant");
    assert.match(text, /^You said: /);
    assert.ok([undefined, "stop"].includes(finish));
  });

  test("the SDK's own stream helper", async () => {
    const final = await client.chat.completions.stream({ model: "mock/x", messages: messages("hello") }).finalContent();
    assert.match(final, /^You said: /);
  });

  test("system text, history and parts arrive at the model", async () => {
    await client.chat.completions.create({
      model: "mock/x",
      messages: [
        { role: "system", content: "Speak like a pirate." },
        { role: "user", content: "My name is Ada." },
        { role: "assistant", content: "Hello Ada." },
        { role: "user", content: [{ type: "text", text: "part one" }, { type: "text", text: "part two" }] },
      ],
    });
    const sent = JSON.stringify(peer.bodies.at(-1));
    for (const words of ["Speak like a pirate.", "My name is Ada.", "Hello Ada.", "part one", "part two"]) assert.ok(sent.includes(words), words);
  });

  test("the same user is the same session", async () => {
    await client.chat.completions.create({ model: "mock/x", user: "ada", messages: messages("first thing") });
    await client.chat.completions.create({ model: "mock/x", user: "ada", messages: messages("second thing") });
    assert.ok(JSON.stringify(peer.bodies.at(-1)).includes("first thing"));
    const socket = await gateway.connect();
    assert.equal((await socket.history("agent:main:openai-user:ada")).length, 4);
    socket.close();
  });

  test("a wrong key is the SDK's AuthenticationError", async () => {
    const stranger = new OpenAI({ apiKey: "wrong", baseURL: `${gateway.origin}/v1`, maxRetries: 0 });
    for (const call of [() => stranger.models.list(), () => stranger.chat.completions.create({ model: "x", messages: messages("hi") })])
      await assert.rejects(async () => call(), (error) => error instanceof OpenAI.AuthenticationError && error.status === 401);
  });

  test("a question that is none is the SDK's BadRequestError", async () => {
    await assert.rejects(client.chat.completions.create({ model: "mock/x", messages: [] }),
                         (error) => error instanceof OpenAI.BadRequestError && /user message/i.test(error.message));
  });

  test("a failure of the model is an error, streamed or not", async () => {
    await assert.rejects(client.chat.completions.create({ model: "mock/x", messages: messages("break it") }),
                         (error) => error instanceof OpenAI.APIError && error.status >= 400);
    let text = "";
    try {
      for await (const chunk of await client.chat.completions.create({ model: "mock/x", messages: messages("break it"), stream: true }))
        text += chunk.choices[0]?.delta.content ?? "";
      assert.match(text, /Error/);
    } catch (error) {
      assert.ok(error instanceof OpenAI.APIError, String(error));
    }
  });

  test("leaving in the middle disturbs nobody", async () => {
    const stop = new AbortController();
    let seen = 0;
    await assert.rejects(async () => {
      const stream = await client.chat.completions.create({ model: "mock/x", messages: messages("slow"), stream: true }, { signal: stop.signal });
      for await (const chunk of stream) {
        seen += chunk.choices.length;
        if (seen === 4) stop.abort();
      }
      if (stop.signal.aborted) throw new OpenAI.APIUserAbortError();
    }, OpenAI.APIUserAbortError);
    await assert.rejects(client.chat.completions.create({ model: "mock/x", messages: messages("slow") }, { timeout: 300 }),
                         OpenAI.APIConnectionTimeoutError);
    const answer = await client.chat.completions.create({ model: "mock/x", messages: messages("still there?") });
    assert.match(answer.choices[0].message.content, /still there/);
  });

  test("twenty at once", async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) =>
      client.chat.completions.create({ model: "mock/x", messages: messages(`number ${n}!`) })));
    answers.forEach((answer, n) => assert.match(answer.choices[0].message.content, new RegExp(`number ${n}!`)));
  });
});
