// The model that the recorded conversations talked to, as far as the recording shows it: an OpenAI-compatible
// server that answers by the words of the last message. For tests only.
import http from "node:http";

const HELLO = "Hello from the mock model. This is a golden reply with enough text to stream over several chunks.";
const WORDS = Array.from({ length: 667 }, (_, i) => `w${String(i).padStart(4, "0")}`).join(" ").slice(0, 4000);
const CATCH_ALL = "OK (catch-all mock reply).";

function textOf(message) {
  const content = message?.content;
  return typeof content === "string" ? content : (content ?? []).map((part) => part.text ?? "").join("\n");
}

function answer(messages, markdown) {
  const last = messages.at(-1);
  if (last?.role === "tool") return { text: "The tool said it. Done with the tool turn." };
  const text = textOf(last).trim();
  if (/^hello( again)?$/.test(text) || text.endsWith("\nhello")) return { text: HELLO };
  if (text.includes("BENCH200")) return { text: WORDS };
  if (text.includes("SLOWSTREAM")) return { text: WORDS, pause: 100 };
  if (text.includes("MARKDOWN")) return { text: markdown };
  if (text.includes("THINKING")) return { text: "Answer after thinking." };
  if (text.includes("TOOLCALL")) return { text: "Let me check.", tool: "session_status" };
  if (text.includes("ERR400")) return { status: 400, error: "bad request from mock" };
  if (text.includes("ERR429")) return { status: 429, error: "slow down" };
  return { text: CATCH_ALL };
}

/** @param {string} markdown the recorded text of the MARKDOWN turn */
export async function startMockModel(markdown) {
  const server = http.createServer((request, response) => {
    let body = "";
    request.on("data", (bytes) => (body += bytes));
    request.on("end", async () => {
      if (request.method !== "POST") return response.writeHead(404).end();
      const wanted = answer(JSON.parse(body).messages, markdown);
      if (wanted.error) {
        response.writeHead(wanted.status, { "content-type": "application/json", "retry-after": "0" });
        return response.end(JSON.stringify({ error: { message: wanted.error, type: "mock" } }));
      }
      response.writeHead(200, { "content-type": "text/event-stream" });
      const chunk = (delta, more = {}) => response.write(`data: ${JSON.stringify({ id: "mock", object: "chat.completion.chunk",
        created: 1, model: "mock-gpt", choices: [{ index: 0, delta, finish_reason: null, ...more }] })}\n\n`);
      chunk({ role: "assistant", content: "" });
      for (let at = 0; at < wanted.text.length && !response.destroyed; at += 20) {
        chunk({ content: wanted.text.slice(at, at + 20) });
        if (wanted.pause) await new Promise((resolve) => setTimeout(resolve, wanted.pause));
      }
      if (wanted.tool)
        chunk({ tool_calls: [{ index: 0, id: "call_golden_1", type: "function", function: { name: wanted.tool, arguments: "{}" } }] });
      chunk({}, { finish_reason: wanted.tool ? "tool_calls" : "stop" });
      response.write(`data: ${JSON.stringify({ id: "mock", object: "chat.completion.chunk", created: 1, model: "mock-gpt",
        choices: [], usage: { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 } })}\n\n`);
      response.end("data: [DONE]\n\n");
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: server.address().port, stop: () => { server.closeAllConnections(); server.close(); } };
}
