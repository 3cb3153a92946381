import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { answered, launch, newChat, newPage, say, sends, signIn } from "./support/browser.mjs";
import { startFrameProxy } from "./support/frame_proxy.mjs";
import { isReal, startGateway } from "./support/gateway.mjs";

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

test("a message is answered by a stream that ends in the stored text", async () => {
  await newChat(page);
  await page.evaluate(() => {
    window.__lengths = [];
    new MutationObserver(() => {
      const text = document.querySelector(".answer .prose")?.textContent.trim() ?? "";
      if (text.length !== window.__lengths.at(-1)) window.__lengths.push(text.length);
    }).observe(document.querySelector(".log"), { subtree: true, childList: true, characterData: true });
  });
  await say(page, "hello there, this is a message long enough to be streamed");
  await answered(page);
  assert.match(await page.locator(".answer .prose").innerText(), /You said: hello there/);
  assert.equal(await page.locator(".user").count(), 1);
  const lengths = await page.evaluate(() => window.__lengths);
  assert.ok(lengths.length > 3, `grew in ${lengths.length} steps`);
  // No flicker: between the first piece and the stored text the answer never shrinks or vanishes.
  assert.ok(lengths.every((length, at) => at === 0 || length >= lengths[at - 1]), lengths.join(" "));
  assert.match(await page.locator("[role=status]").innerText(), /Answer: You said/);
});

test("a reload comes back to the open session and to the answer under way", async () => {
  await newChat(page);
  await say(page, "SLOW");
  await page.locator(".answer.streaming").waitFor();
  await page.reload();
  await page.locator(".answer.streaming", { hasText: "w0010" }).waitFor();
  assert.equal(await page.locator(".user").count(), 1);
  await page.getByRole("button", { name: "Stop the answer" }).click();
  await page.locator(".notice", { hasText: "Stopped" }).waitFor();
  await page.waitForTimeout(400);
  assert.equal(await page.locator(".answer").count(), 1);
  assert.equal(await page.locator(".notice").count(), 1);
});

test("the answer keeps its element when the history replaces the stream", async () => {
  await newChat(page);
  await say(page, "SLOW");
  await page.locator(".answer.streaming").waitFor();
  await page.evaluate(() => (document.querySelector(".answer").dataset.mark = "same"));
  await page.getByRole("button", { name: "Stop the answer" }).click();
  await page.locator(".notice", { hasText: "Stopped" }).waitFor();
  await answered(page);
  await page.waitForTimeout(400);
  assert.equal(await page.locator(".answer[data-mark=same]").count(), 1);
  assert.equal(await page.locator(".user").count(), 1);
});

test("stop ends the answer and keeps what was said", async () => {
  await newChat(page);
  await say(page, "SLOW");
  await page.locator(".answer.streaming").waitFor();
  await page.keyboard.press("Escape");
  await page.locator(".notice", { hasText: "Stopped" }).waitFor();
  await page.waitForTimeout(400);
  const text = await page.locator(".answer .prose").innerText();
  assert.match(text, /w0000/);
  assert.doesNotMatch(text, /w0299/);
  assert.equal(await page.locator(".stop").count(), 0);
});

test("ask again sends the same words as a new message", async () => {
  await newChat(page);
  await say(page, "again please");
  await answered(page);
  const before = sends(proxy).length;
  await page.getByRole("button", { name: "Ask again" }).click();
  await answered(page, 2);
  const [first, second] = sends(proxy).slice(before - 1);
  assert.equal(second.params.message, "again please");
  assert.notEqual(second.params.idempotencyKey, first.params.idempotencyKey);
});

test("copy puts the answer's markdown on the clipboard", async () => {
  await newChat(page);
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"], { origin: proxy.origin });
  await say(page, "copy me");
  await answered(page);
  await page.getByRole("button", { name: "Copy answer" }).click();
  await page.getByRole("button", { name: "Copied" }).waitFor();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /You said: copy me/);
});

test("tool calls are quiet rows that open", async () => {
  await newChat(page);
  await say(page, "TOOL");
  await page.locator(".answer", { hasText: "The tool said it." }).waitFor();
  await answered(page, 2);
  const row = page.locator("tool-row details");
  assert.equal(await row.count(), 1);
  assert.equal(await row.getAttribute("open"), null);
  await row.locator("summary").click();
  await row.locator("pre").last().waitFor();
  if (!isReal) assert.match(await row.innerText(), /three notes found/);
  assert.ok(proxy.sent.some((frame) => frame.method === "sessions.patch" && frame.params.verboseLevel === "on"));
});

test("thinking is collapsed", { skip: isReal && "depends on the reasoning level of the session" }, async () => {
  await newChat(page);
  await say(page, "THINK");
  await answered(page);
  assert.equal(await page.locator(".thinking").getAttribute("open"), null);
  await page.locator(".thinking summary").click();
  await page.getByText("First weigh the options.").waitFor();
});

test("a failed answer says so, once, and also after a reload", async () => {
  await newChat(page);
  await say(page, "FAIL");
  const notice = page.locator(".notice.bad", { hasText: "the model provider answered 400" });
  await notice.waitFor({ timeout: 30_000 });
  await page.getByRole("button", { name: "Ask again" }).waitFor();
  await page.waitForTimeout(400);
  const judge = async () => {
    assert.equal(await page.locator(".notice").count(), 1);
    assert.equal(await page.locator(".user").count(), 1);
    assert.equal(await page.locator(".answer").count(), 0, "the reason is not shown as if the assistant had said it");
    assert.equal(await page.getByRole("button", { name: "Ask again" }).count(), 1);
  };
  await judge();
  if (!isReal) return;
  await page.reload();
  await notice.waitFor();
  await judge();
});

for (const [choice, outcome] of [["Allow once", "done"], ["Deny", "failed"]]) {
  test(`a tool call that needs a person's word waits for it, over a reload too: ${choice}`, async () => {
    await newChat(page);
    await say(page, `FETCH ${gateway.page}`);
    const card = page.locator(".approval");
    await card.getByText("The assistant wants to use web_fetch").waitFor();
    await card.getByText("web_fetch can send data out (to localhost)").waitFor();
    assert.match(await card.locator("pre").innerText(), /"url": "http:\/\/localhost/);
    assert.doesNotMatch(await card.innerText(), /for “/, "the open session is not named");
    if (choice === "Deny") await page.reload();
    await page.locator("tool-row").nth(1).waitFor();
    await card.getByRole("button", { name: choice }).click();
    await card.waitFor({ state: "detached" });
    await page.locator(".answer", { hasText: "Both read." }).waitFor();
    await answered(page, 2);
    assert.deepEqual(await page.locator("tool-row details").evaluateAll((rows) => rows.map((row) => row.className.split(" ").at(-1))), ["done", outcome]);
  });
}

test("markdown is laid out and images are not loaded", async () => {
  await newChat(page);
  await say(page, "MARKDOWN");
  await answered(page);
  const prose = page.locator(".answer .prose");
  assert.equal(await prose.locator("h3").innerText(), "Plan");
  assert.equal(await prose.locator("ol > li").count(), 2);
  assert.equal(await prose.locator("ol ul li").innerText(), "nested");
  assert.equal(await prose.locator("td").count(), 2);
  assert.equal(await prose.locator("pre code").innerText(), "const answer = 42;");
  const link = prose.locator("a");
  assert.equal(await link.getAttribute("rel"), "noopener noreferrer");
  assert.equal(await link.getAttribute("target"), "_blank");
});

test("an approval is asked for, decided and goes away", async () => {
  await newChat(page);
  const card = page.locator(".approval");
  const from = proxy.sent.length;
  const event = (id) => ({
    type: "event",
    event: "exec.approval.requested",
    payload: { id, request: { command: "rm -r build", cwd: "/srv", sessionKey: null }, createdAtMs: Date.now(), expiresAtMs: Date.now() + 60_000 },
  });
  proxy.fromBrowser = (frame) => {
    if (frame.method !== "exec.approval.resolve") return frame;
    proxy.push({ type: "res", id: frame.id, ok: true, payload: { ok: true } });
    return null;
  };
  proxy.push(event("one"));
  await card.getByText("rm -r build").waitFor();
  await card.getByRole("button", { name: "Allow once" }).click();
  await card.waitFor({ state: "detached" });
  proxy.push(event("two"));
  await card.getByRole("button", { name: "Deny" }).click();
  await card.waitFor({ state: "detached" });
  const decisions = proxy.sent.slice(from).filter((frame) => frame.method === "exec.approval.resolve").map((frame) => frame.params);
  assert.deepEqual(decisions, [{ id: "one", decision: "allow-once" }, { id: "two", decision: "deny" }]);
  proxy.push(event("three"));
  await card.waitFor();
  proxy.push({ type: "event", event: "exec.approval.resolved", payload: { id: "three", decision: "deny", ts: Date.now() } });
  await card.waitFor({ state: "detached" });
  proxy.fromBrowser = (frame) => frame;
});

test("the model can be chosen, and the offline guide is announced", async () => {
  await page.locator(".session-open", { hasText: "Main session" }).click();
  await page.getByLabel("Model", { exact: true }).selectOption({ label: "Mock Large" });
  await page.waitForTimeout(300);
  const patch = proxy.sent.findLast((frame) => frame.method === "sessions.patch" && "model" in frame.params);
  assert.equal(patch.params.model, "mock/mock-large");
  await page.waitForFunction(() => document.querySelector(".model-picker").value === "mock/mock-large");
  assert.equal(await page.locator(".banner.guide").count(), 0);
  // The choice is the gateway's to keep: a page that knows nothing shows it too.
  await page.reload();
  await page.locator(".phase.online").waitFor();
  await page.waitForFunction(() => document.querySelector(".model-picker")?.value === "mock/mock-large");
  await page.getByLabel("Model", { exact: true }).selectOption({ label: "Default (mock/mock-gpt)" });
  await page.waitForFunction(() => document.querySelector(".model-picker").value === "mock/mock-gpt");

  // A provider may answer under a fuller name than it was asked by.
  const rename = (names) => (frame) => {
    // Other frames have a field of that name, too.
    if (frame.type !== "res" || !Array.isArray(frame.payload?.sessions)) return frame;
    for (const row of frame.payload.sessions) Object.assign(row, names);
    Object.assign(frame.payload.defaults, names);
    return frame;
  };
  proxy.fromGateway = rename({ modelProvider: "mock", model: "mock-large-2026-05-01" });
  await page.reload();
  await page.locator(".phase.online").waitFor();
  await page.waitForFunction(() => document.querySelector(".model-picker")?.selectedOptions[0]?.text === "Mock Large");

  proxy.fromGateway = rename({ modelProvider: "guide", model: "guide" });
  await page.reload();
  const banner = page.locator(".banner.guide");
  await banner.getByText("Offline guide – no model configured").waitFor();
  assert.match(await banner.innerText(), /give the gateway a provider's API key or run a local model server/);
  proxy.fromGateway = (frame) => frame;
});

test("a long answer streams smoothly and hostile text is parsed in time", async () => {
  await page.reload();
  await page.locator(".phase.online").waitFor();
  await newChat(page);
  await page.evaluate(() => {
    window.__longest = 0;
    let last = performance.now();
    const frame = (now) => {
      window.__longest = Math.max(window.__longest, now - last);
      last = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  await say(page, "LONG");
  await answered(page);
  assert.ok((await page.locator(".answer .prose").innerText()).length > 90_000);
  const longest = await page.evaluate(() => window.__longest);
  assert.ok(longest < 1500, `longest frame ${Math.round(longest)} ms`);

  const nasty = ["*a ".repeat(30_000), "[".repeat(60_000), "[a](".repeat(20_000), "`".repeat(3) + "``` `".repeat(12_000), "**a".repeat(20_000) + "a**".repeat(20_000), "> ".repeat(20_000), "- ".repeat(20_000), `# ${" ".repeat(60_000)}\u2028x`, "|a".repeat(20_000) + "\n" + "|-".repeat(20_000), "_*~~".repeat(15_000), "<".repeat(60_000)];
  proxy.fromGateway = (frame) => {
    if (frame.payload?.messages) {
      frame.payload.messages = nasty.map((text, at) => ({ role: "assistant", content: [{ type: "text", text }], timestamp: at }));
    }
    return frame;
  };
  const start = Date.now();
  await page.reload();
  await page.waitForFunction((count) => document.querySelectorAll(".answer").length === count, nasty.length, { timeout: 30_000 });
  assert.ok(Date.now() - start < 20_000, `took ${Date.now() - start} ms`);
  proxy.fromGateway = (frame) => frame;
  assert.deepEqual(page.troubles, []);
});
