import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { answered, launch, newPage, say, signIn } from "./support/browser.mjs";
import { startFrameProxy } from "./support/frame_proxy.mjs";
import { startGateway } from "./support/gateway.mjs";

let browser, gateway, proxy, page;
before(async () => {
  gateway = await startGateway();
  proxy = await startFrameProxy(gateway.port);
  browser = await launch();
  page = await newPage(browser);
  await signIn(page, proxy.origin, gateway.token);
});
after(async () => {
  await browser?.close();
  await proxy?.stop();
  await gateway?.stop();
});

const rows = () => page.locator(".session");

test("new sessions get a key of their own and a name from the first words", async () => {
  for (const text of ["apples and pears", "bricks and mortar"]) {
    await page.getByRole("button", { name: "New chat", exact: true }).click();
    await say(page, text);
    await answered(page);
  }
  await rows().filter({ hasText: "apples and pears" }).waitFor();
  await rows().filter({ hasText: "bricks and mortar" }).waitFor();
  const keys = new Set(proxy.sent.filter((frame) => frame.method === "chat.send").map((frame) => frame.params.sessionKey));
  assert.equal(keys.size, 2);
  for (const key of keys) assert.match(key, /^agent:main:web-[0-9a-f]{8}$/);
});

test("search narrows the list", async () => {
  await page.getByLabel("Search sessions").fill("APPLES");
  await page.waitForFunction(() => document.querySelectorAll(".session").length === 1);
  assert.match(await rows().innerText(), /apples and pears/);
  await page.getByLabel("Search sessions").fill("no such thing");
  await page.getByText("No session matches.").waitFor();
  await page.getByLabel("Search sessions").fill("");
});

test("rename is stored", async () => {
  await rows().filter({ hasText: "apples and pears" }).hover();
  await page.getByRole("button", { name: "Rename apples and pears" }).click();
  const input = page.getByLabel("New name for apples and pears");
  await input.fill("Orchard");
  await input.press("Enter");
  await rows().filter({ hasText: "Orchard" }).waitFor();
  await page.reload();
  await rows().filter({ hasText: "Orchard" }).waitFor();
});

test("a name in use is refused with the gateway's words", async () => {
  await rows().filter({ hasText: "Orchard" }).hover();
  await page.getByRole("button", { name: "Rename Orchard" }).click();
  const input = page.getByLabel("New name for Orchard");
  await input.fill("bricks and mortar");
  await input.press("Enter");
  await page.locator(".toast", { hasText: "already in use" }).waitFor();
  await page.getByRole("button", { name: "Dismiss" }).click();
});

test("delete asks first", async () => {
  await rows().filter({ hasText: "Orchard" }).locator(".session-open").click();
  await page.locator(".user", { hasText: "apples and pears" }).waitFor();
  await page.getByRole("button", { name: "Delete Orchard" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  await rows().filter({ hasText: "Orchard" }).waitFor();
  await page.getByRole("button", { name: "Delete Orchard" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await rows().filter({ hasText: "Orchard" }).waitFor({ state: "detached" });
  assert.equal(await page.locator(".session-name").innerText(), "Main session");
});

test("the main session cannot be deleted here, and drafts stay with their session", async () => {
  assert.equal(await page.getByRole("button", { name: "Delete Main session" }).count(), 0);
  await page.locator("#message").fill("half a thought");
  await rows().filter({ hasText: "bricks" }).locator(".session-open").click();
  assert.equal(await page.locator("#message").inputValue(), "");
  await rows().filter({ hasText: "Main session" }).locator(".session-open").click();
  assert.equal(await page.locator("#message").inputValue(), "half a thought");
  assert.deepEqual(page.troubles, []);
});

test("the preview of a session is plain words", async () => {
  await page.getByRole("button", { name: "New chat", exact: true }).click();
  await say(page, "MARKDOWN in the list");
  await answered(page);
  const preview = rows().filter({ hasText: "MARKDOWN in the list" }).locator(".session-preview");
  await preview.filter({ hasText: "Plan A short list with code" }).waitFor();
  assert.doesNotMatch(await preview.innerText(), /[*`#]/);
});

test("two hundred sessions are listed and searched in no time", async () => {
  proxy.fromGateway = (frame) => {
    if (frame.type !== "res" || !Array.isArray(frame.payload?.sessions)) return frame;
    frame.payload.sessions = Array.from({ length: 200 }, (_, at) => ({ key: `agent:main:web-${at}`, kind: "direct", label: `Chat number ${at}`, lastMessagePreview: `words of ${at}`, updatedAt: Date.now() - at * 3_600_000 }));
    return frame;
  };
  const start = Date.now();
  await page.reload();
  await rows().filter({ hasText: "Chat number 199" }).waitFor({ state: "attached" });
  assert.ok(Date.now() - start < 5000, `${Date.now() - start} ms`);
  await page.getByLabel("Search sessions").fill("number 17");
  await page.waitForFunction(() => document.querySelectorAll(".session").length === 11);
  await page.getByLabel("Search sessions").press("Escape");
  assert.equal(await rows().filter({ hasText: "Chat number 30" }).locator(".session-age").innerText(), "1d");
  proxy.fromGateway = (frame) => frame;
});
