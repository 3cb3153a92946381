// What a page keeps over reloads, and what the tabs of a browser know of each other.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { answered, launch, newChat, newPage, say, sends, signIn } from "./support/browser.mjs";
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
  await signIn(page, proxy.origin, gateway.token);
});
afterEach(async () => {
  await page.context().close();
  await proxy.stop();
});

const session = (where, title) => where.locator(".session", { hasText: title });

async function secondTab() {
  const tab = await page.context().newPage();
  tab.setDefaultTimeout(10_000);
  await tab.goto(proxy.origin);
  await tab.locator(".phase.online").waitFor();
  return tab;
}

async function reloaded() {
  await page.reload();
  await page.locator(".phase.online").waitFor();
}

test("a draft outlasts a reload, belongs to its session and goes with the sign-out", async () => {
  await page.locator("#message").fill("half a thought");
  await newChat(page);
  assert.equal(await page.locator("#message").inputValue(), "");
  await page.locator("#message").fill("another one");
  await session(page, "Main session").locator(".session-open").click();
  await reloaded();
  assert.equal(await page.locator("#message").inputValue(), "half a thought");
  await page.locator("#message").press("Enter");
  await answered(page);
  await reloaded();
  assert.equal(await page.locator("#message").inputValue(), "", "what was sent is no draft any more");
  await page.locator("#message").fill("a secret");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Gateway token").waitFor();
  const left = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
  assert.doesNotMatch(left, /secret|another one|token-/);
});

test("a draft in a chat that has not begun outlasts a reload as well", async () => {
  await newChat(page);
  await page.locator("#message").fill("not yet");
  await reloaded();
  await page.locator(".welcome").waitFor();
  assert.equal(await page.locator("#message").inputValue(), "not yet");
  await page.locator("#message").fill("");
  await reloaded();
  await page.locator(".session-name", { hasText: "Main session" }).waitFor();
});

test("a message the gateway never got is sent after a reload, once", async () => {
  await newChat(page);
  const swallowed = new Promise((done) => {
    proxy.fromBrowser = (frame) => {
      if (frame.method !== "chat.send") return frame;
      done();
      return null;
    };
  });
  await say(page, "swallowed on the way");
  await swallowed;
  await page.locator(".delivery", { hasText: "Sending" }).waitFor();
  proxy.fromBrowser = (frame) => frame;
  await reloaded();
  await session(page, "swallowed on the way").locator(".session-open").click();
  await page.locator(".answer", { hasText: "You said: swallowed on the way" }).waitFor();
  await answered(page);
  assert.equal(await page.locator(".user").count(), 1);
  const keys = sends(proxy).map((frame) => frame.params.idempotencyKey);
  assert.equal(keys.length, 2);
  assert.equal(keys[0], keys[1], "under its old key");
  await reloaded();
  await page.waitForTimeout(500);
  assert.equal(await page.locator(".user").count(), 1);
  assert.equal(sends(proxy).length, 2);
});

test("a message whose acknowledgement was lost is not sent twice by a reload", async () => {
  await newChat(page);
  proxy.fromGateway = (frame) => (frame.type === "res" && frame.payload?.status === "started" ? null : frame);
  await say(page, "acknowledged into the void");
  await page.locator(".answer", { hasText: "You said" }).waitFor();
  await page.waitForTimeout(600);
  proxy.fromGateway = (frame) => frame;
  await reloaded();
  await page.locator(".answer", { hasText: "You said" }).waitFor();
  await page.waitForTimeout(800);
  assert.equal(await page.locator(".user").count(), 1);
  assert.equal(await page.locator(".answer").count(), 1);
  assert.equal(sends(proxy).length, 1);
});

test("a message that was refused is still there after a reload", async () => {
  await newChat(page);
  await say(page, "first words");
  await answered(page);
  proxy.fromBrowser = (frame) => {
    if (frame.method !== "chat.send") return frame;
    proxy.push({ type: "res", id: frame.id, ok: false, error: { code: "INVALID_REQUEST", message: "not today" } });
    return null;
  };
  await say(page, "an opinion");
  await page.locator(".delivery.problem", { hasText: "not today" }).waitFor();
  await reloaded();
  await page.locator(".user", { hasText: "an opinion" }).waitFor();
  await page.getByRole("button", { name: "Discard" }).click();
  await page.locator(".user", { hasText: "an opinion" }).waitFor({ state: "detached" });
  await reloaded();
  await page.locator(".user", { hasText: "first words" }).waitFor();
  assert.equal(await page.locator(".user").count(), 1);
});

test("new, renamed and deleted sessions show in another tab at once", async () => {
  const tab = await secondTab();
  await newChat(page);
  await say(page, "seen from both");
  await answered(page);
  await session(tab, "seen from both").waitFor({ timeout: 3000 });
  await session(tab, "seen from both").locator(".session-open").click();
  await tab.locator(".answer", { hasText: "You said" }).waitFor();

  await session(page, "seen from both").hover();
  await page.getByRole("button", { name: "Rename seen from both" }).click();
  await page.locator(".rename-input").fill("Both of us");
  await page.keyboard.press("Enter");
  await tab.locator(".session-name", { hasText: "Both of us" }).waitFor({ timeout: 3000 });

  await session(page, "Both of us").hover();
  await page.getByRole("button", { name: "Delete Both of us" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await session(tab, "Both of us").waitFor({ state: "detached", timeout: 3000 });
  await tab.locator(".session-name", { hasText: "Main session" }).waitFor();
  await tab.locator(".toast", { hasText: "deleted" }).waitFor();
});

test("a change made by another program shows without a reload", async () => {
  const other = await newPage(browser);
  await signIn(other, proxy.origin, gateway.token);
  await newChat(page);
  await say(page, "from far away");
  await answered(page);
  await session(other, "from far away").waitFor({ timeout: 3000 });
  await session(page, "from far away").hover();
  await page.getByRole("button", { name: "Rename from far away" }).click();
  await page.locator(".rename-input").fill("From afar");
  await page.keyboard.press("Enter");
  await session(other, "From afar").waitFor({ timeout: 25_000 });
  await other.context().close();
});

test("both tabs show a conversation as it goes, question and answer", async () => {
  await newChat(page);
  await say(page, "hello");
  await answered(page);
  const tab = await secondTab();
  await session(tab, "hello").locator(".session-open").click();
  await tab.locator(".answer", { hasText: "You said: hello" }).waitFor();
  await say(page, "SLOW and seen");
  await tab.locator(".answer.streaming", { hasText: "w0003" }).waitFor();
  await tab.locator(".user", { hasText: "SLOW and seen" }).waitFor({ timeout: 2000 });
  await tab.getByRole("button", { name: "Stop the answer" }).click();
  for (const one of [page, tab]) {
    await one.locator(".notice", { hasText: "Stopped" }).waitFor();
    await one.waitForTimeout(400);
    assert.equal(await one.locator(".user").count(), 2);
    assert.equal(await one.locator(".answer").count(), 2);
    assert.equal(await one.locator(".notice").count(), 1);
  }
});

test("signing out and the choice of a theme reach the other tabs", async () => {
  const tab = await secondTab();
  const theme = () => tab.evaluate(() => document.documentElement.dataset.theme);
  const before = await theme();
  await page.locator(".theme-toggle").click();
  await tab.waitForFunction((old) => document.documentElement.dataset.theme !== old, before);
  await page.getByRole("button", { name: "Sign out" }).click();
  await tab.getByLabel("Gateway token").waitFor();
});
