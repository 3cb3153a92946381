import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { answered, launch, newPage } from "./support/browser.mjs";
import { startGateway } from "./support/gateway.mjs";

let browser, gateway, page;
before(async () => {
  gateway = await startGateway();
  browser = await launch();
  page = await newPage(browser);
});
after(async () => {
  await browser?.close();
  await gateway?.stop();
});

const focusName = () =>
  page.evaluate(() => {
    const one = document.activeElement;
    return !one || one === document.body ? "" : (one.getAttribute("aria-label") ?? one.textContent.trim());
  });

async function tabTo(name, limit = 60) {
  for (let step = 0; step < limit; step += 1) {
    await page.keyboard.press("Tab");
    if ((await focusName()).includes(name)) {
      const outlined = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle !== "none" || document.activeElement.closest(".composer") !== null);
      assert.ok(outlined, `focus on ${name} is visible`);
      return;
    }
  }
  assert.fail(`${name} cannot be reached with Tab`);
}

test("a whole chat without a mouse", async () => {
  await page.goto(`http://127.0.0.1:${gateway.port}/`);
  await page.getByLabel("Gateway token").waitFor();
  await page.keyboard.type(gateway.token);
  await page.keyboard.press("Enter");
  await page.locator(".phase.online").waitFor();
  await page.locator(".log-wait").waitFor({ state: "detached" });
  assert.equal(await page.evaluate(() => document.activeElement.id), "message");

  await page.keyboard.type("line one");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("line two");
  assert.equal(await page.locator("#message").inputValue(), "line one\nline two");
  await page.keyboard.press("Enter");
  await answered(page);
  assert.equal(await page.locator(".bubble").innerText(), "line one\nline two");

  await page.keyboard.type("SLOW");
  await page.keyboard.press("Enter");
  await page.locator(".answer.streaming").waitFor();
  await page.keyboard.press("Escape");
  await page.locator(".notice", { hasText: "Stopped" }).waitFor();

  // The first stop of the page is the link past the list.
  assert.equal(await page.locator("a, button, input, select, textarea, summary, [tabindex]").first().innerText(), "Skip to the message box");
  await tabTo("Skip to the message box");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "message");
  assert.equal(new URL(page.url()).hash, "");

  await tabTo("New chat");
  await page.keyboard.press("Enter");
  await page.locator(".session-name", { hasText: "Untitled" }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), "message");
  await page.keyboard.type("keyboard session");
  await page.keyboard.press("Enter");
  await answered(page);

  await tabTo("Rename keyboard session");
  await page.keyboard.press("Enter");
  await page.locator(".rename-input").waitFor();
  await page.keyboard.press("Control+A");
  await page.keyboard.type("Typed name");
  await page.keyboard.press("Enter");
  await page.locator(".session", { hasText: "Typed name" }).waitFor();

  await tabTo("Delete Typed name");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  assert.equal(await focusName(), "Cancel");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.locator(".session", { hasText: "Typed name" }).waitFor({ state: "detached" });
  // Focus is not lost with what was deleted, stopped or asked again.
  assert.equal(await page.evaluate(() => document.activeElement.className), "session-open");
  // The first one belongs to the first answer, the second to the one that was stopped.
  await tabTo("Ask again");
  await tabTo("Ask again");
  await page.keyboard.press("Enter");
  await page.locator(".answer.streaming, .stop").first().waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.closest("chat-log") !== null), true);
  await tabTo("Stop the answer");
  await page.keyboard.press("Enter");
  await page.locator(".stop").waitFor({ state: "detached" });
  assert.equal(await page.evaluate(() => document.activeElement.id), "message");
  assert.deepEqual(page.troubles, []);
});
