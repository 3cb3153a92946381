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

/** Every state that a person can come to, as a way to get there. */
const states = {
  "sign-in": async (page) => {
    await page.goto(proxy.origin);
    await page.getByLabel("Gateway token").waitFor();
  },
  "an empty conversation": async (page) => {
    await signIn(page, proxy.origin, gateway.token);
    await newChat(page);
    await page.locator(".starter").first().waitFor();
  },
  "a streaming answer": async (page) => {
    await say(page, "SLOW");
    await page.locator(".answer.streaming").waitFor();
  },
  thinking: async (page) => {
    await page.keyboard.press("Escape");
    await page.locator(".notice.quiet").waitFor();
    const { sessionKey } = proxy.sent.findLast((frame) => frame.method === "chat.send").params;
    proxy.push({ type: "event", event: "agent", payload: { runId: "thinker", sessionKey, stream: "thinking", data: { text: "To be or not to be." } } });
    await page.locator(".thinking summary").click();
  },
  "a message that was refused": async (page) => {
    proxy.fromBrowser = (frame) => {
      if (frame.method !== "chat.send") return frame;
      proxy.push({ type: "res", id: frame.id, ok: false, error: { code: "INVALID_REQUEST", message: "not today" } });
      return null;
    };
    await say(page, "refuse me");
    await page.locator(".delivery.problem").waitFor();
    proxy.fromBrowser = (frame) => frame;
  },
  "an interrupted answer, and a tool call that failed": async (page) => {
    proxy.fromGateway = (frame) => {
      if (Array.isArray(frame.payload?.messages)) {
        frame.payload.messages = [
          { role: "user", content: "q", timestamp: 1 },
          { role: "assistant", content: [{ type: "toolCall", id: "c", name: "web_fetch", arguments: { url: "http://x" } }], timestamp: 2 },
          { role: "toolResult", toolCallId: "c", toolName: "web_fetch", isError: true, content: [{ type: "text", text: "no route" }], timestamp: 3 },
          { role: "assistant", content: [{ type: "text", text: "I was" }], stopReason: "interrupted", errorMessage: "Interrupted by a restart.", timestamp: 4 },
        ];
      }
      return frame;
    };
    await page.reload();
    await page.locator(".notice.warn").waitFor();
    await page.locator("tool-row summary").click();
    proxy.fromGateway = (frame) => frame;
  },
  "a problem told in passing": async (page) => {
    proxy.fromBrowser = (frame) => {
      if (frame.method !== "sessions.patch") return frame;
      proxy.push({ type: "res", id: frame.id, ok: false, error: { code: "INVALID_REQUEST", message: "model not allowed" } });
      return null;
    };
    await page.getByLabel("Model", { exact: true }).selectOption({ label: "Mock Large" });
    await page.locator(".toast").waitFor();
    proxy.fromBrowser = (frame) => frame;
  },
  "a search without a hit": async (page) => {
    await openList(page);
    await page.getByLabel("Search sessions").fill("nothing is called that");
    await page.locator(".empty-list").waitFor();
  },
  renaming: async (page) => {
    await page.getByLabel("Search sessions").fill("");
    await page.locator(".session").first().hover();
    await page.locator(".session").first().getByTitle("Rename").click();
    await page.locator(".rename-input").waitFor();
  },
  "the question before deleting": async (page) => {
    await page.locator(".rename-input").press("Escape");
    await page.locator(".session").nth(1).hover();
    await page.locator(".session button[title=Delete]").first().click();
    await page.getByRole("dialog").waitFor();
  },
  "no connection": async (page) => {
    await page.keyboard.press("Escape");
    proxy.refuse = true;
    proxy.cut();
    await page.getByText("No connection to the gateway").waitFor();
  },
  "the offline guide": async (page) => {
    proxy.refuse = false;
    proxy.fromGateway = (frame) => {
      if (frame.type !== "res" || !Array.isArray(frame.payload?.sessions)) return frame;
      for (const row of [...frame.payload.sessions, frame.payload.defaults]) Object.assign(row, { modelProvider: "guide", model: "docs" });
      return frame;
    };
    await page.reload();
    await page.locator(".banner.guide").waitFor();
    proxy.fromGateway = (frame) => frame;
  },
};

async function openList(page) {
  const drawer = page.getByRole("button", { name: "Open the session list" });
  if (await drawer.isVisible()) await drawer.click();
}

for (const colorScheme of ["light", "dark"]) {
  for (const width of [360, 1280]) {
    test(`every state is accessible and fits, ${colorScheme}, ${width} px`, async () => {
      // Moving colours would be measured half-way.
      const page = await newPage(browser, { colorScheme, viewport: { width, height: 740 }, reducedMotion: "reduce" });
      for (const [name, enter] of Object.entries(states)) {
        await enter(page);
        await page.waitForTimeout(60);
        assert.deepEqual(await findings(page), [], name);
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth), true, `${name} is too wide`);
      }
      assert.deepEqual(page.troubles, []);
      await page.context().close();
    });
  }
}

test("nothing moves when a streamed answer becomes complete", async () => {
  for (const width of [360, 1280]) {
    const page = await newPage(browser, { viewport: { width, height: 740 } });
    await signIn(page, proxy.origin, gateway.token);
    await newChat(page);
    await page.evaluate(() => {
      window.__places = [];
      const look = () => {
        const prose = document.querySelector(".answer .prose");
        if (prose) window.__places.push([prose.textContent.trim(), Math.round(prose.getBoundingClientRect().bottom)]);
        requestAnimationFrame(look);
      };
      look();
    });
    await say(page, `line\n${"line\n".repeat(40)}the very last line`);
    await answered(page);
    await page.waitForTimeout(500);
    const places = await page.evaluate(() => {
      const last = window.__places.at(-1)[0];
      return [...new Set(window.__places.filter(([text]) => text === last).map(([, bottom]) => bottom))];
    });
    assert.ok(Math.max(...places) - Math.min(...places) <= 1, `${width}: ${places.join(" ")}`);
    await page.context().close();
  }
});

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
  const word = "unbreakable".repeat(40);
  const table = `| ${word} | b |\n|---|---|\n| ${"cell ".repeat(30)} | \`${word}\` |`;
  const code = `\`\`\`${word}\n${word}\n\`\`\``;
  await say(page, `${word} https://example.org/${"a".repeat(300)}\n\n${table}\n\n${code}\n\n> - ${word}\n\n# ${word}\n\n**${word}** \`${word}\``);
  await page.waitForTimeout(1500);
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
