import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { answered, launch, newChat, newPage, say, signIn } from "./support/browser.mjs";
import { startFrameProxy } from "./support/frame_proxy.mjs";
import { startGateway } from "./support/gateway.mjs";

const axeSource = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
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

async function findings(page) {
  await page.evaluate(axeSource);
  const result = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return result.violations
    .filter((one) => one.impact === "serious" || one.impact === "critical")
    .map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(" ")).join(", ")}`);
}

const background = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);

async function fill(page) {
  await newChat(page);
  await say(page, "MARKDOWN");
  await answered(page);
  await say(page, "TOOL");
  await answered(page, 2);
  await say(page, "FAIL");
  await page.locator(".notice.bad").waitFor({ timeout: 30_000 });
  const payload = { id: "look", request: { command: "ls -l", cwd: "/tmp" }, createdAtMs: Date.now(), expiresAtMs: Date.now() + 60_000 };
  proxy.push({ type: "event", event: "exec.approval.requested", payload });
  await page.locator(".approval").waitFor();
}

for (const colorScheme of ["light", "dark"]) {
  test(`no serious accessibility findings, ${colorScheme}`, async () => {
    const page = await newPage(browser, { colorScheme });
    await page.goto(`${proxy.origin}/#token=wrong`);
    await page.getByRole("alert").waitFor();
    assert.deepEqual(await findings(page), []);
    await signIn(page, proxy.origin, gateway.token);
    await fill(page);
    await page.locator("tool-row summary").first().click();
    assert.deepEqual(await findings(page), []);
    await page.setViewportSize({ width: 360, height: 740 });
    assert.deepEqual(await findings(page), []);
    await page.getByRole("button", { name: "Open the session list" }).click();
    await page.waitForTimeout(300);
    assert.deepEqual(await findings(page), []);
    assert.deepEqual(page.troubles, []);
    await page.context().close();
  });
}

test("the theme follows the system until it is chosen, and the choice stays", async () => {
  const page = await newPage(browser, { colorScheme: "dark" });
  await signIn(page, proxy.origin, gateway.token);
  const dark = await background(page);
  await page.emulateMedia({ colorScheme: "light" });
  await page.getByRole("button", { name: "Use the dark theme" }).waitFor();
  assert.notEqual(await background(page), dark);
  await page.getByRole("button", { name: "Use the dark theme" }).click();
  assert.equal(await background(page), dark);
  await page.reload();
  await page.locator(".phase.online").waitFor();
  assert.equal(await background(page), dark);
  await page.context().close();
});

test("nothing scrolls sideways at 360 pixels", async () => {
  const page = await newPage(browser, { viewport: { width: 360, height: 640 } });
  await page.goto(proxy.origin);
  await page.getByLabel("Gateway token").waitFor();
  const wide = () => page.evaluate(() => [...document.querySelectorAll("html, body, .log-scroll, .stage, .topbar, .sidebar, .sign-in")].filter((box) => box.scrollWidth > box.clientWidth + 1).map((box) => box.className || box.tagName));
  assert.deepEqual(await wide(), []);
  await signIn(page, proxy.origin, gateway.token);
  await fill(page);
  await say(page, `${"unbreakable".repeat(40)} https://example.org/${"a".repeat(300)}`);
  await page.waitForTimeout(1000);
  assert.deepEqual(await wide(), []);
  // Everything in the bar can be reached.
  for (const box of await page.locator(".topbar > *").all()) {
    const place = await box.boundingBox();
    assert.ok(!place || (place.x >= 0 && place.x + place.width <= 361), await box.evaluate((one) => one.className));
  }
  await page.getByRole("button", { name: "Open the session list" }).click();
  await page.locator(".sidebar.shown").waitFor();
  await page.keyboard.press("Escape");
  await page.locator(".sidebar:not(.shown)").waitFor({ state: "attached" });
  await page.context().close();
});
