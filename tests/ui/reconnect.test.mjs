import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { answered, launch, newPage, say, sends, signIn } from "./support/browser.mjs";
import { startFrameProxy } from "./support/frame_proxy.mjs";
import { isReal, startGateway } from "./support/gateway.mjs";

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
  await signIn(page, proxy.origin, gateway.token);
  await page.getByRole("button", { name: "New chat", exact: true }).click();
});
afterEach(async () => {
  await page.context().close();
  await proxy.stop();
});

test("after the gateway is killed and started again the conversation is there and goes on", async () => {
  await say(page, "before the crash");
  await answered(page);
  await gateway.kill();
  await page.locator(".phase:not(.online)").waitFor();
  await page.locator(".banner.wait").waitFor();
  await page.locator("#message").fill("typed while away");
  await page.locator("#message").press("Enter");
  assert.equal(await page.locator("#message").inputValue(), "typed while away", "text typed offline stays in the composer");
  await gateway.start();
  await page.locator(".phase.online").waitFor({ timeout: 30_000 });
  await page.locator(".user", { hasText: "before the crash" }).waitFor();
  await page.locator("#message").press("Enter");
  await page.locator(".answer", { hasText: "You said: typed while away" }).waitFor();
  await answered(page, 2);
  assert.equal(await page.locator(".user").count(), 2);
  assert.deepEqual(page.troubles, []);
});

test("a message whose acknowledgement was lost is sent again under the same key and runs once", async () => {
  let dropped = 0;
  proxy.fromGateway = (frame) => {
    if (dropped || frame.type !== "res" || frame.payload?.status !== "started") return frame;
    dropped += 1;
    proxy.fromGateway = (one) => one;
    setImmediate(() => proxy.cut());
    return null;
  };
  await say(page, "only once please");
  await page.waitForFunction(() => document.querySelector(".phase.online"), null, { timeout: 20_000 });
  await answered(page);
  await page.waitForTimeout(1500);
  assert.equal(dropped, 1);
  const keys = sends(proxy).map((frame) => frame.params.idempotencyKey);
  assert.equal(keys.length, 2);
  assert.equal(keys[0], keys[1]);
  assert.equal(await page.locator(".user").count(), 1);
  assert.equal(await page.locator(".answer").count(), 1);
});

test("a message that never reached the gateway is delivered after the reconnect", async () => {
  proxy.fromBrowser = (frame) => {
    if (frame.method !== "chat.send") return frame;
    proxy.fromBrowser = (one) => one;
    setImmediate(() => proxy.cut());
    return null;
  };
  await say(page, "lost on the way");
  await page.locator(".answer", { hasText: "You said: lost on the way" }).waitFor({ timeout: 20_000 });
  const keys = sends(proxy).map((frame) => frame.params.idempotencyKey);
  assert.equal(new Set(keys).size, 1);
  assert.equal(await page.locator(".user").count(), 1);
});

test("a refused message is marked and can be sent again", async () => {
  proxy.fromBrowser = (frame) => {
    if (frame.method !== "chat.send") return frame;
    proxy.fromBrowser = (one) => one;
    proxy.push({ type: "res", id: frame.id, ok: false, error: { code: "INVALID_REQUEST", message: "send blocked by session policy" } });
    return null;
  };
  await say(page, "blocked at first");
  await page.locator(".delivery.problem", { hasText: "Not delivered. send blocked by session policy" }).waitFor();
  await page.getByRole("button", { name: "Send again" }).click();
  await answered(page);
  const keys = sends(proxy).map((frame) => frame.params.idempotencyKey);
  // The gateway may remember the failure under the old key.
  assert.notEqual(keys[0], keys[1]);
  assert.equal(await page.locator(".user").count(), 1);
});

for (const first of ["the stored messages", "the next words"]) {
  test(`an answer that goes on during a short break is taken up again, when ${first} come first`, async () => {
    await say(page, "SLOW");
    await page.locator(".answer.streaming").waitFor();
    if (first === "the next words") {
      // The stored messages are asked for after the list has come.
      proxy.fromGateway = (frame) => {
        if (frame.type !== "res" || !Array.isArray(frame.payload?.sessions)) return frame;
        setTimeout(() => proxy.push(frame), 600);
        return null;
      };
    }
    proxy.cut();
    await page.locator(".phase:not(.online)").waitFor();
    assert.match(await page.locator(".answer").innerText(), /w0000/, "what was said stays on the screen");
    await page.locator(".phase.online").waitFor();
    await page.locator(".answer.streaming").waitFor();
    assert.equal(await page.locator(".user").count(), 1);
    await page.getByRole("button", { name: "Stop the answer" }).click();
    await page.locator(".notice", { hasText: "Stopped" }).waitFor();
    assert.equal(await page.locator(".answer").count(), 1);
  });
}

test("a run that died with the gateway leaves no spinner behind", async () => {
  await say(page, "SLOW");
  await page.locator(".answer.streaming").waitFor();
  await gateway.kill();
  await page.locator(".phase:not(.online)").waitFor();
  await gateway.start();
  await page.locator(".phase.online").waitFor({ timeout: 30_000 });
  await page.waitForFunction(() => !document.querySelector(".stop, .typing, .answer.streaming"), null, { timeout: 30_000 });
  assert.equal(await page.locator(".user").count(), 1);
  if (!isReal) return;
  // The gateway tells of the death it found in its books; what had been said stays above.
  const notice = page.locator(".notice.warn", { hasText: "Interrupted" });
  await notice.waitFor();
  assert.match(await page.locator(".answer").innerText(), /w0000/);
  assert.equal(await page.locator(".answer").count(), 1);
  assert.ok(await page.evaluate(() => document.querySelector(".answer").compareDocumentPosition(document.querySelector(".notice")) & Node.DOCUMENT_POSITION_FOLLOWING));
  await page.reload();
  await notice.waitFor();
  assert.equal(await page.locator(".answer").count(), 0);
  await notice.getByRole("button", { name: "Ask again" }).click();
  await page.locator(".answer.streaming").waitFor();
  await page.keyboard.press("Escape");
  await page.locator(".notice.quiet", { hasText: "Stopped" }).waitFor();
  assert.equal(await page.locator(".notice").count(), 2);
});

test("messages waiting behind an answer survive the death of the gateway, in order, and so do the words on the screen", async () => {
  await say(page, "SLOW");
  await page.locator(".answer.streaming").waitFor();
  await say(page, "second");
  await say(page, "third");
  await page.waitForFunction(() => document.querySelectorAll(".user").length === 3 && !document.querySelector(".delivery"));
  await gateway.kill();
  await page.locator(".phase:not(.online)").waitFor();
  await gateway.start();
  await page.locator(".phase.online").waitFor({ timeout: 30_000 });
  // The model may be given the first question once more with the second, and answer both.
  await page.locator(".user", { hasText: "second" }).locator("~ .answer").first().waitFor({ timeout: 20_000 });
  await page.waitForTimeout(500);
  // A message that waits is known to this page alone or to the gateway already; either way it is there once.
  assert.deepEqual(await page.locator(".bubble").allInnerTexts(), ["SLOW", "second", "third"]);
  await page.locator(".answer", { hasText: "You said: third" }).waitFor({ timeout: 40_000 });
  await answered(page);
  await page.waitForTimeout(500);
  assert.deepEqual(await page.locator(".bubble").allInnerTexts(), ["SLOW", "second", "third"]);
  if (!isReal) return;
  const kinds = await page.locator(".entry").evaluateAll((rows) => rows.map((row) => ["user", "answer", "notice"].find((name) => row.classList.contains(name))));
  assert.deepEqual(kinds, ["user", "answer", "notice", "user", "answer", "user", "answer"]);
  assert.match(await page.locator(".answer").first().innerText(), /w0000/);
});

test("a gap in the numbering fetches the conversation anew", async () => {
  await say(page, "first");
  await answered(page);
  const before = proxy.sent.filter((frame) => frame.method === "chat.history").length;
  proxy.push({ type: "event", event: "tick", payload: { ts: Date.now() }, seq: 1_000_000 });
  proxy.push({ type: "event", event: "tick", payload: { ts: Date.now() }, seq: 1_000_005 });
  await page.waitForTimeout(1200);
  assert.ok(proxy.sent.filter((frame) => frame.method === "chat.history").length > before);
});

test("pauses between attempts grow", async () => {
  proxy.refuse = true;
  proxy.upgrades.length = 0;
  proxy.cut();
  await page.waitForTimeout(4200);
  const tries = proxy.upgrades.length;
  // 0.8, 2.2 and 4.5 seconds after the cut, give or take the machine.
  assert.ok(tries >= 1 && tries <= 4, `${tries} attempts`);
  proxy.refuse = false;
  await page.getByRole("button", { name: "Try now" }).click();
  await page.locator(".phase.online").waitFor();
});

test("a shutdown is announced", async () => {
  proxy.push({ type: "event", event: "shutdown", payload: { reason: "update", restartExpectedMs: null } });
  await page.getByText("Gateway is restarting").first().waitFor();
  proxy.cut();
  await page.locator(".phase.online").waitFor();
});
