// A model provider that speaks the OpenAI chat completions wire, for tests against the real binary.
// It answers as fake_replies.mjs plans, so the same tests hold for the fake and the real gateway.
import { createServer } from "node:http";
import { planReply } from "./fake_replies.mjs";

export async function startMockModel() {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (data) => (body += data));
    request.on("end", () => void answer(request, response, body).catch(() => response.destroy()));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/v1`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(request, response, body) {
  if (request.method === "GET") {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ object: "list", data: [{ id: "mock-gpt", object: "model" }, { id: "mock-large", object: "model" }] }));
    return;
  }
  const { messages = [], stream } = JSON.parse(body);
  const plan = planReply(textOf(messages.filter((one) => one.role === "user").pop()));
  if (plan.error) {
    response.writeHead(400, { "content-type": "application/json" }).end(JSON.stringify({ error: { message: plan.error, type: "invalid_request_error" } }));
    return;
  }
  const done = messages.slice(messages.findLastIndex((one) => one.role === "user")).filter((one) => one.role === "tool").length;
  const calls = plan.tools?.[done];
  const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
  const base = { id: "chatcmpl-1", created: Math.floor(Date.now() / 1000), model: "mock-gpt" };
  const call = { index: 0, id: `call_${Date.now()}`, type: "function", function: { name: calls?.name, arguments: JSON.stringify(calls?.args ?? {}) } };
  if (!stream) {
    const message = calls ? { role: "assistant", content: done ? null : plan.before, tool_calls: [call] } : { role: "assistant", content: plan.pieces.join("") };
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ ...base, object: "chat.completion", choices: [{ index: 0, message, finish_reason: calls ? "tool_calls" : "stop" }], usage }));
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  const send = (delta, finish_reason = null, extra = {}) =>
    response.write(`data: ${JSON.stringify({ ...base, object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason }], ...extra })}\n\n`);
  send({ role: "assistant", content: "" });
  if (plan.thinking) send({ reasoning_content: plan.thinking });
  if (calls) {
    if (!done) send({ content: plan.before });
    send({ tool_calls: [call] });
  } else {
    for (const piece of plan.pieces) {
      if (response.destroyed) return;
      send({ content: piece });
      await new Promise((resolve) => setTimeout(resolve, plan.pauseMs));
    }
  }
  send({}, calls ? "tool_calls" : "stop", { usage });
  response.end("data: [DONE]\n\n");
}

function textOf(message) {
  const content = message?.content;
  if (typeof content === "string") return content;
  return Array.isArray(content) ? content.map((part) => part.text ?? "").join(" ") : "";
}
