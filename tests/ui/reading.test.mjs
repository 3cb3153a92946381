// Reading: long conversations, scrolling while an answer grows, answers of absurd size.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { launch, newChat, newPage, say, signIn } from "./support/browser.mjs";
import { startFrameProxy } from "./support/frame_proxy.mjs";
import { startGateway } from "./support/gateway.mjs";

let browser, gateway, proxy, page;
before(async () => {
  gateway = await startGateway();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await gateway?.stop();
});
beforeEach(async () => {
  proxy = await startFrameProxy(gateway.port);
  page = await newPage(browser);
});
afterEach(async () => {
  assert.deepEqual(page.troubles, []);
  await page.context().close();
  await proxy.stop();
});

/** Answers chat.history with the newest of these messages, as a gateway does. */
function give(messages) {
  proxy.fromGateway = (frame) => {
    if (frame.type === "res" && Array.isArray(frame.payload?.messages)) {
      const limit = proxy.sent.findLast((one) => one.id === frame.id)?.params.limit ?? 200;
      frame.payload.messages = messages.slice(-limit);
    }
    return frame;
  };
}

const turns = (count) =>
  Array.from({ length: count }, (_, at) =>
    at % 2
      ? { role: "assistant", model: "m", stopReason: "stop", timestamp: 1000 + at, content: [{ type: "text", text: `Answer **${at}** with \`code\`\n\n- a\n- b\n\n${"words ".repeat(60)}` }] }
      : { role: "user", content: `question ${at}`, timestamp: 1000 + at },
  );

const fromEnd = () => page.evaluate(() => {
  const box = document.querySelector(".log-scroll");
  return Math.round(box.scrollHeight - box.scrollTop - box.clientHeight);
});

test("two thousand messages open fast, and the earlier ones come without moving the reader", async () => {
  give(turns(2000));
  const start = Date.now();
  await signIn(page, proxy.origin, gateway.token);
  await page.locator(".bubble", { hasText: "question 1998" }).waitFor();
  assert.ok(Date.now() - start < 8000, `${Date.now() - start} ms`);
  assert.ok((await fromEnd()) <= 2);
  await page.evaluate(() => (document.querySelector(".log-scroll").scrollTop = 0));
  const place = () => page.locator(".bubble", { hasText: "question 1800" }).evaluate((one) => Math.round(one.getBoundingClientRect().top));
  const before = await place();
  await page.getByRole("button", { name: "Show earlier messages" }).click();
  await page.locator(".bubble", { hasText: /^question 1000$/ }).waitFor({ state: "attached" });
  await page.waitForTimeout(200);
  // The button gave way to a line of text.
  assert.ok(Math.abs((await place()) - before) < 40, `${before} became ${await place()}`);
  await page.getByText("Earlier messages are kept by the gateway").waitFor({ state: "attached" });
});

test("equal messages stay apart when old ones fall out of sight", async () => {
  // 200 messages are held and every question is the same: their number never changes.
  const all = Array.from({ length: 300 }, (_, at) => (at % 2 ? { role: "assistant", stopReason: "stop", content: [{ type: "text", text: `no ${at}` }], timestamp: 1000 + at } : { role: "user", content: "yes", timestamp: 1000 + at }));
  give(all);
  await signIn(page, proxy.origin, gateway.token);
  await page.locator(".answer", { hasText: "no 299" }).waitFor();
  const before = await page.locator(".user").count();
  proxy.fromBrowser = (frame) => {
    if (frame.method !== "chat.send") return frame;
    all.push({ role: "user", content: "yes", timestamp: Date.now() });
    proxy.push({ type: "res", id: frame.id, ok: true, payload: { runId: frame.params.idempotencyKey, status: "in_flight" } });
    return null;
  };
  await say(page, "yes");
  await page.waitForTimeout(800);
  // One in, the oldest out: neither lost nor doubled.
  assert.equal(await page.locator(".user").count(), before);
  assert.equal(await page.locator(".delivery").count(), 0);
});

test("the view follows the answer until the reader scrolls up, and again from the end", async () => {
  give(turns(60));
  await signIn(page, proxy.origin, gateway.token);
  await page.locator(".answer").last().waitFor();
  const grow = (lines) => proxy.push({ type: "event", event: "agent", payload: { runId: "r", sessionKey: "agent:main:main", stream: "assistant", data: { text: Array.from({ length: lines }, (_, at) => `line ${at}`).join("\n\n") } } });
  for (let lines = 1; lines < 30; lines += 4) {
    grow(lines);
    await page.waitForTimeout(40);
    assert.ok((await fromEnd()) <= 2, "at the end");
  }
  await page.locator(".log-scroll").hover();
  // A small move is enough.
  await page.mouse.wheel(0, -40);
  await page.waitForTimeout(200);
  const top = () => page.evaluate(() => document.querySelector(".log-scroll").scrollTop);
  const held = await top();
  for (let lines = 30; lines < 60; lines += 4) {
    grow(lines);
    await page.waitForTimeout(40);
  }
  assert.equal(await top(), held, "the reader is left alone");
  await page.getByRole("button", { name: "Latest" }).click();
  for (let lines = 60; lines < 90; lines += 2) {
    grow(lines);
    await page.waitForTimeout(40);
  }
  await page.waitForTimeout(300);
  assert.ok((await fromEnd()) <= 2, "follows again, though the text grew under the click");
  assert.equal(await page.getByRole("button", { name: "Latest" }).count(), 0);
});

const absurd = {
  "a megabyte of words": "lorem **ipsum** dolor `sit` ".repeat(36_000),
  "28,000 paragraphs": "lorem **ipsum** `x` dolor sit amet\n\n".repeat(28_000),
  "a table of 10,000 rows": `|a|b|c|\n|---|---|---|\n${"|one|**two**|\`three\`|\n".repeat(10_000)}`,
  "10,000 nested quotes": `${">".repeat(10_000)} deep`,
  "100,000 quoted lines": "> x\n>\n".repeat(100_000),
  "a list of 100,000": "- x\n".repeat(100_000),
  "a staircase list": Array.from({ length: 5000 }, (_, at) => `${" ".repeat(Math.min(at, 300))}- x`).join("\n"),
  "100,000 fences": "```\n".repeat(200_000),
  "60,000 links": "[a](http://x.y) ".repeat(60_000),
  "one word": "x".repeat(1_000_000),
  "half-open marks": "*_~`[".repeat(200_000),
  "open brackets": "[](".repeat(300_000),
  "20,000 tables": "|a|\n|-|\n\n".repeat(20_000),
  "a wide table": `${"|".repeat(100_000)}\n${"|-".repeat(100_000)}`,
  spaces: `${" ".repeat(1_000_000)}x`,
  rules: `-${" -".repeat(500_000)}x`,
};

test("answers of absurd size do not freeze the page", { timeout: 240_000 }, async () => {
  await signIn(page, proxy.origin, gateway.token);
  for (const [name, text] of Object.entries(absurd)) {
    give([{ role: "user", content: "q", timestamp: 1 }, { role: "assistant", stopReason: "stop", content: [{ type: "text", text }], timestamp: 2 }]);
    const start = Date.now();
    await page.reload();
    await page.locator(".answer").waitFor({ timeout: 15_000 });
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
    assert.ok(Date.now() - start < 10_000, `${name}: ${Date.now() - start} ms`);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth + 1), false, name);
  }
});

test("what is beyond a bound can be asked for", async () => {
  const text = `|n|\n|---|\n${Array.from({ length: 700 }, (_, at) => `|row ${at}|\n`).join("")}\n${Array.from({ length: 1200 }, (_, at) => `part ${at}`).join("\n\n")}`;
  give([{ role: "user", content: "q", timestamp: 1 }, { role: "assistant", stopReason: "stop", content: [{ type: "text", text }], timestamp: 2 }]);
  await signIn(page, proxy.origin, gateway.token);
  await page.getByRole("button", { name: "Show all 700 rows" }).click();
  await page.getByText("row 699", { exact: true }).waitFor({ state: "attached" });
  await page.getByRole("button", { name: /Show the rest/ }).click();
  await page.getByText("part 1199", { exact: true }).waitFor({ state: "attached" });
});

test("Enter that picks a word of an input method does not send", async () => {
  await signIn(page, proxy.origin, gateway.token);
  await newChat(page);
  await page.locator("#message").fill("に");
  const press = (init) => page.locator("#message").evaluate((box, fields) => box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true, ...fields })), init);
  await press({ isComposing: true });
  await press({ keyCode: 229 });
  await page.waitForTimeout(150);
  assert.equal(await page.locator("#message").inputValue(), "に");
  assert.equal(proxy.sent.filter((frame) => frame.method === "chat.send").length, 0);
});

test("screen readers hear an answer once, at its end", async () => {
  await signIn(page, proxy.origin, gateway.token);
  await newChat(page);
  await page.evaluate(() => {
    window.__said = [];
    new MutationObserver(() => window.__said.push(document.querySelector("[role=status]").textContent)).observe(document.querySelector("[role=status]"), { childList: true, characterData: true, subtree: true });
  });
  await say(page, "a message that is long enough to be streamed in many pieces to the page");
  await page.locator(".answer-actions").waitFor();
  await page.waitForTimeout(500);
  const said = await page.evaluate(() => window.__said);
  assert.ok(said.length <= 3, said.join(" | "));
  assert.equal(said.filter((text) => text.startsWith("Answer:")).length, 1);
});
