import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { launch, newPage, signIn } from "./support/browser.mjs";
import { startFrameProxy } from "./support/frame_proxy.mjs";
import { startGateway } from "./support/gateway.mjs";
import { xssPayloads } from "./support/xss_payloads.mjs";

const payloads = xssPayloads();
let browser, gateway, proxy;
before(async () => {
  gateway = await startGateway();
  proxy = await startFrameProxy(gateway.port);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await proxy?.stop();
  await gateway?.stop();
});
beforeEach(() => {
  proxy.fromGateway = (frame) => frame;
});

/** The payloads are put into the gateway's answers on the wire, so the gateway itself plays no part. */
function rewrite(change) {
  proxy.fromGateway = (frame) => {
    if (frame.payload) change(frame.payload, frame);
    return frame;
  };
}

async function assertUnharmed(page) {
  // Hover and focus what can be, then give handlers and loads time to show.
  await page.evaluate(() => {
    for (const one of document.querySelectorAll(".log *, .session *")) {
      one.dispatchEvent(new MouseEvent("mouseover", { bubbles: true }));
      one.dispatchEvent(new PointerEvent("pointerenter"));
    }
    for (const one of document.querySelectorAll("details")) one.open = true;
  });
  await page.waitForTimeout(700);
  const state = await page.evaluate(() => {
    const all = [...document.querySelectorAll("*")];
    return {
      ran: window.__xss,
      polluted: {}.polluted,
      violations: window.__violations,
      handlers: all.filter((one) => one.getAttributeNames().some((name) => name.startsWith("on"))).length,
      elements: [...new Set(all.map((one) => one.localName))].filter((name) => ["img", "script", "iframe", "object", "embed", "video", "audio", "style", "base", "math", "template", "marquee", "meta", "link"].includes(name)),
      scripts: [...document.scripts].length,
      addresses: [...new Set([...document.querySelectorAll("[href]")].map((one) => one.href?.baseVal ?? one.href).map((href) => href.split(":")[0]))],
      targets: [...document.querySelectorAll("a[target]")].every((one) => one.rel === "noopener noreferrer" && one.target === "_blank"),
    };
  });
  assert.equal(state.ran, undefined);
  assert.equal(state.polluted, undefined);
  assert.deepEqual(state.violations, [], "nothing may even get as far as the content security policy");
  assert.equal(state.handlers, 0);
  assert.deepEqual(state.elements.sort(), ["link", "meta", "script"]);
  assert.equal(state.scripts, 1);
  assert.ok(state.addresses.every((scheme) => ["http", "https", "mailto"].includes(scheme)), state.addresses.join());
  assert.ok(state.targets);
  const elsewhere = page.requests.filter((address) => new URL(address).host !== new URL(proxy.origin).host);
  assert.deepEqual(elsewhere, []);
  assert.deepEqual(page.troubles, []);
}

async function open() {
  const page = await newPage(browser);
  await signIn(page, proxy.origin, gateway.token);
  return page;
}

test(`there are at least 500 payloads (${payloads.length})`, () => assert.ok(payloads.length >= 500));

test("messages, thoughts, tool calls and tool results", { timeout: 120_000 }, async () => {
  rewrite((payload) => {
    if (!payload.messages) return;
    payload.messages = payloads.flatMap((text, at) => [
      { role: "user", content: text, timestamp: at * 10 },
      {
        role: "assistant",
        timestamp: at * 10 + 1,
        model: text,
        stopReason: at % 9 ? "toolUse" : "error",
        errorMessage: text,
        content: [
          { type: "thinking", thinking: text },
          { type: "text", text },
          { type: "toolCall", id: `call${at}`, name: text, arguments: { command: text, [text]: text } },
        ],
      },
      { role: "toolResult", toolCallId: `call${at}`, toolName: text, content: [{ type: "text", text }], isError: at % 2 === 0, timestamp: at * 10 + 2 },
    ]);
  });
  const page = await open();
  await page.waitForFunction((count) => document.querySelectorAll("tool-row").length >= count, payloads.length, { timeout: 60_000 });
  await assertUnharmed(page);
  // What was sent is what is read.
  const shown = await page.locator(".bubble").allTextContents();
  assert.equal(shown.filter((text, at) => text === payloads[at]).length, payloads.length);
  await page.context().close();
});

test("session titles and previews", async () => {
  rewrite((payload) => {
    if (!payload.sessions) return;
    payload.sessions = payloads.map((text, at) => ({ key: `agent:main:${at}:${text}`, kind: "direct", updatedAt: 1, [["label", "derivedTitle", "displayName", "subject"][at % 4]]: text, lastMessagePreview: text, model: text, modelProvider: text }));
  });
  const page = await open();
  await page.waitForFunction((count) => document.querySelectorAll(".session").length >= count, payloads.length);
  await page.locator(".session-open").nth(5).click();
  await page.locator(".session").nth(5).locator("button[title=Rename]").click();
  await assertUnharmed(page);
  await page.keyboard.press("Escape");
  await page.locator(".session").nth(8).hover();
  await page.locator(".session").nth(8).locator("button[title=Delete]").click();
  await page.getByRole("dialog").waitFor();
  await assertUnharmed(page);
  await page.context().close();
});

test("model names, providers and ids", async () => {
  rewrite((payload) => {
    if (payload.models) payload.models = payloads.map((text, at) => ({ id: `${at}${text}`, name: at % 2 ? text : undefined, provider: at % 3 ? text : "mock" }));
    if (payload.defaults) payload.defaults = { modelProvider: payloads[1], model: payloads[0] };
  });
  const page = await open();
  await page.waitForFunction((count) => document.querySelectorAll("option").length >= count, payloads.length);
  await page.getByLabel("Model", { exact: true }).selectOption({ index: 20 });
  await assertUnharmed(page);
  await page.context().close();
});

test("streamed pieces, errors, approvals, gateway version and refusals", { timeout: 120_000 }, async () => {
  rewrite((payload) => {
    if (payload.server) payload.server.version = payloads[0];
  });
  const page = await open();
  const sessionKey = "agent:main:main";
  const chunk = 40;
  for (let from = 0; from < payloads.length; from += chunk) {
    const part = payloads.slice(from, from + chunk);
    const runId = `run${from}`;
    const text = part.join("\n\n");
    for (const cut of [0.3, 0.6, 1]) {
      proxy.push({ type: "event", event: "agent", payload: { runId, sessionKey, stream: "assistant", data: { text: text.slice(0, Math.ceil(text.length * cut)) } } });
    }
    proxy.push({ type: "event", event: "agent", payload: { runId, sessionKey, stream: "thinking", data: { text } } });
    part.forEach((one, at) => {
      const toolCallId = `${runId}${at}`;
      proxy.push({ type: "event", event: "agent", payload: { runId, sessionKey, stream: "tool", data: { phase: "start", name: one, toolCallId, args: { url: one } } } });
      proxy.push({ type: "event", event: "agent", payload: { runId, sessionKey, stream: "tool", data: { phase: "result", name: one, toolCallId, isError: false, result: { content: [{ type: "text", text: one }], details: one } } } });
    });
    proxy.push({ type: "event", event: "chat", payload: { runId, sessionKey, seq: 1, state: "error", errorMessage: part[0] } });
  }
  payloads.slice(0, 60).forEach((one, at) => {
    proxy.push({ type: "event", event: "exec.approval.requested", payload: { id: `a${at}`, request: { command: one, cwd: one, sessionKey: one }, createdAtMs: Date.now(), expiresAtMs: Date.now() + 60_000 } });
  });
  await page.waitForFunction(() => document.querySelectorAll(".approval").length === 60);
  await assertUnharmed(page);
  await page.context().close();

  for (const text of payloads.slice(0, 12)) {
    proxy.fromGateway = (frame) => (frame.type === "res" ? { ...frame, ok: false, error: { code: "INVALID_REQUEST", message: text } } : frame);
    const refused = await newPage(browser);
    await refused.goto(`${proxy.origin}/#token=${encodeURIComponent(text)}`);
    await refused.getByRole("alert").waitFor();
    await assertUnharmed(refused);
    await refused.context().close();
  }
});
