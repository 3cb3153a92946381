// The form made from the gateway's schema. What only the stand-in can show (its own keys) is skipped with the real one.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, beforeEach, test } from "node:test";
import { launch, newPage, signIn } from "./support/browser.mjs";
import { startFrameProxy } from "./support/frame_proxy.mjs";
import { isReal, startGateway } from "./support/gateway.mjs";

const axeSource = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
let browser, gateway, proxy, page;
before(async () => {
  gateway = await startGateway();
  proxy = await startFrameProxy(gateway.port);
  browser = await launch();
});
beforeEach(async () => {
  proxy.fromBrowser = proxy.fromGateway = (frame) => frame;
  proxy.sent.length = 0;
});
after(async () => {
  await browser?.close();
  await proxy?.stop();
  await gateway?.stop();
});

async function open(options = {}) {
  page = await newPage(browser, options);
  await signIn(page, proxy.origin, gateway.token);
  await toSettings();
  return page;
}

async function toSettings() {
  const drawer = page.getByRole("button", { name: "Open the session list" });
  if (await drawer.isVisible()) await drawer.click();
  await page.getByRole("button", { name: "Settings" }).click();
  await page.locator(".settings").waitFor();
  await show("set");
}

async function close() {
  assert.deepEqual(page.troubles, []);
  assert.deepEqual(await page.evaluate(() => window.__violations), []);
  await page.context().close();
}

const field = (name) => page.locator("setting-field", { has: page.getByText(name, { exact: true }) });
const control = (name) => field(name).locator("input, select, textarea");
const show = (what) => page.getByLabel("Show", { exact: true }).selectOption(what);
const find = (words) => page.getByLabel("Search settings").fill(words);
const patches = () => proxy.sent.filter((frame) => frame.method === "config.patch").map((frame) => JSON.parse(frame.params.raw));
const save = async () => {
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator(".settings-notice, .form-problem, .setting-problem").first().waitFor();
};

/** Sends a request past the page, as another program would. */
async function elsewhere(method, params) {
  return page.evaluate(
    ([origin, token, name, values]) =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(origin.replace("http", "ws"));
        const ask = (id, what, with_) => socket.send(JSON.stringify({ type: "req", id, method: what, params: with_ }));
        socket.onmessage = ({ data }) => {
          const frame = JSON.parse(data);
          if (frame.event === "connect.challenge") {
            ask("1", "connect", { minProtocol: 3, maxProtocol: 3, client: { id: "cli", version: "1", platform: "test", mode: "cli" }, role: "operator", scopes: ["operator.admin"], auth: { token } });
          } else if (frame.id === "1" && frame.ok) ask("2", name, values);
          else if (frame.id) {
            socket.close();
            frame.ok ? resolve(frame.payload) : reject(new Error(frame.error.message));
          }
        };
      }),
    [proxy.origin, gateway.token, method, params],
  );
}

async function patchElsewhere(patch) {
  const { hash } = await elsewhere("config.get", {});
  await elsewhere("config.patch", { raw: JSON.stringify(patch), baseHash: hash });
}

async function findings() {
  await page.evaluate(axeSource);
  const result = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return result.violations.filter((one) => one.impact === "serious" || one.impact === "critical").map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(" ")).join(", ")}`);
}

test("what is set, what this gateway uses, everything, and a search over it all", async () => {
  await open();
  assert.equal(await control("tools.web.fetch.allowPrivateHosts").inputValue(), "127.0.0.1\nlocalhost");
  assert.equal(await field("logging.level").count(), 0);
  await find("logging.level");
  await control("logging.level").waitFor();
  await page.getByLabel("Search settings").press("Escape");
  await field("logging.level").waitFor({ state: "detached" });
  await show("used");
  const group = page.locator("summary", { hasText: "Logging" });
  await group.click();
  await control("logging.level").waitFor();
  assert.equal(await page.locator("summary", { hasText: "Messages" }).count(), 0);
  await group.click();
  await field("logging.level").waitFor({ state: "detached" });
  await show("all");
  await page.locator("summary", { hasText: "Messages" }).click();
  await field("messages.responsePrefix").getByText("Changes nothing yet").waitFor();
  await find("no such key anywhere");
  await page.getByText("No setting matches.").waitFor();
  await close();
});

test("each type is edited, saved as a patch and applied; what is not touched is not sent", async () => {
  await open();
  await find("gateway.port");
  assert.match(await field("gateway.port").first().innerText(), /restarts the gateway/);
  await find("logging.level");
  assert.match(await field("logging.level").innerText(), /Applies at once/);
  await control("logging.level").first().selectOption("debug");
  await find("allowPrivateHosts");
  await control("tools.web.fetch.allowPrivateHosts").fill("127.0.0.1\nlocalhost\n  nas.local \n");
  await page.getByText("2 changes").waitFor();
  await save();
  await page.locator(".settings-notice", { hasText: "Saved" }).waitFor();
  assert.deepEqual(patches(), [{ logging: { level: "debug" }, tools: { web: { fetch: { allowPrivateHosts: ["127.0.0.1", "localhost", "nas.local"] } } } }]);
  assert.equal(await page.getByRole("button", { name: "Save" }).isDisabled(), true);
  await page.reload();
  await page.locator(".phase.online").waitFor();
  await toSettings();
  assert.equal(await control("logging.level").first().inputValue(), "debug");
  await close();
});

test("what saving does is told before, and a save is taken back", async () => {
  await open();
  const name = "tools.web.fetch.allowPrivateHosts";
  const before = await control(name).inputValue();
  await control(name).fill(`${before}\nnas.local`);
  await find("gateway.port");
  await control("gateway.port").first().fill("18999");
  await page.locator(".settings-said", { hasText: "2 changes – one applies at once; one restarts the gateway" }).waitFor();
  await field("gateway.port").getByRole("button", { name: "Undo" }).click();
  await page.locator(".settings-said", { hasText: "1 change – one applies at once" }).waitFor();
  await find("");
  await save();
  await page.getByRole("button", { name: "Undo it" }).click();
  await page.locator(".settings-notice", { hasText: "Taken back." }).waitFor();
  assert.equal(await control(name).inputValue(), before);
  assert.deepEqual((await elsewhere("config.get", {})).parsed.tools.web.fetch.allowPrivateHosts, before.split("\n"));
  assert.equal(await page.getByRole("button", { name: "Undo it" }).count(), 0);
  // What was not set is not set again.
  const level = (await elsewhere("config.get", {})).parsed.logging?.level ?? null;
  if (level) await patchElsewhere({ logging: { level: null } });
  await find("logging.level");
  await page.waitForFunction(() => document.querySelector("#setting-logging_2e_level")?.value === "");
  await control("logging.level").first().selectOption("warn");
  await save();
  await page.getByRole("button", { name: "Undo it" }).click();
  await page.locator(".settings-notice", { hasText: "Taken back." }).waitFor();
  assert.equal((await elsewhere("config.get", {})).parsed.logging?.level, undefined);
  // Somebody else's change is never taken back.
  await control("logging.level").first().selectOption("warn");
  await save();
  await page.getByRole("button", { name: "Undo it" }).waitFor();
  await patchElsewhere({ logging: { level: "error" } });
  await page.getByRole("button", { name: "Undo it" }).waitFor({ state: "detached" });
  await patchElsewhere({ logging: { level } });
  await close();
});

test("notes about the file, a file that cannot be used, and a long list", { skip: !isReal && "the stand-in has few keys" }, async () => {
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`vendor-${at}`, { api: "مرحبا", models: [] }]));
  let broken = false;
  proxy.fromGateway = (frame) => {
    if (frame.type !== "res" || !frame.payload?.issues || !("parsed" in frame.payload)) return frame;
    Object.assign(frame.payload.parsed.models.providers, many);
    frame.payload.warnings = [{ path: "gateway.prt", message: "this version does not know the key" }];
    if (broken) Object.assign(frame.payload, { valid: false, parsed: {}, issues: [{ path: "gateway.port", message: "must be a number" }] });
    return frame;
  };
  await open();
  await page.locator(".settings-notes summary", { hasText: "One note" }).click();
  await page.locator(".settings-notes", { hasText: "gateway.prt: this version does not know the key" }).waitFor();
  await page.locator(".settings-more", { hasText: "more. Search for a name" }).waitFor();
  assert.ok((await page.locator("setting-field").count()) < 400);
  await find("vendor-99.api");
  assert.equal(await control("models.providers.vendor-99.api").first().inputValue(), "مرحبا");
  await find("gateway.channelHealthCheckMinutes");
  assert.doesNotMatch(await page.locator(".settings").innerText(), /9007199254740991/);
  await find("");
  broken = true;
  proxy.push({ type: "event", event: "config.changed", payload: { mode: "invalid", valid: false, hash: "0", issues: [] } });
  await page.locator(".settings-notes", { hasText: "gateway.port: must be a number" }).waitFor();
  await close();
});

test("back to the default, undone, and discarded", async () => {
  await open();
  await page.getByRole("button", { name: /Reset Level to its default/ }).first().click();
  await field("logging.level").first().getByText("will be reset").waitFor();
  await page.getByRole("button", { name: /Undo the change of Level/ }).first().click();
  assert.equal(await control("logging.level").first().inputValue(), "debug");
  await page.getByRole("button", { name: /Reset Level to its default/ }).first().click();
  await page.getByRole("button", { name: "Discard" }).click();
  await field("logging.level").getByText("will be reset").waitFor({ state: "detached" });
  assert.equal(await control("logging.level").first().inputValue(), "debug");
  await control("logging.level").first().selectOption({ index: 0 });
  await save();
  assert.deepEqual(patches(), [{ logging: { level: null } }]);
  await field("logging.level").waitFor({ state: "detached" });
  await close();
});

test("a value that cannot be is told beside its field, and nothing is sent", async () => {
  await open();
  await find("gateway.port");
  for (const [typed, said] of [["99999", "between 1 and 65535"], ["many", "enter a number"], ["1.5", "whole number"]]) {
    await control("gateway.port").first().fill(typed);
    await page.getByRole("button", { name: "Save" }).click();
    await page.locator(".setting-problem", { hasText: said }).waitFor();
    assert.equal(await control("gateway.port").first().getAttribute("aria-invalid"), "true");
    assert.equal(await page.evaluate(() => document.activeElement.id), "setting-gateway_2e_port");
  }
  await find("models.providers.mock.models");
  const models = control("models.providers.mock.models").first();
  await models.fill("[{id: 'a'},\n {id: b}]");
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator(".setting-problem", { hasText: "line 2" }).waitFor();
  assert.equal(patches().length, 0);
  await close();
});

test("JSON5 is read as the gateway reads it", async () => {
  await open();
  // Never arrives, so that each text is judged against the same file.
  proxy.fromBrowser = (frame) => {
    if (frame.method !== "config.patch") return frame;
    proxy.push({ type: "res", id: frame.id, ok: false, error: { code: "INVALID_REQUEST", message: "not now" } });
    return null;
  };
  const area = control("models.providers.mock.models").first();
  const good = [
    ["[1, +2, -3, 0x1F, .5, 5., 1e3, -0x10,]", [1, 2, -3, 31, 0.5, 5, 1000, -16]],
    ["// c\n[/* d */ 'it\\'s', \"a\\\nb\", '\\u0041\\x42\\q\\0']", ["it's", "ab", "AB" + "q" + "\0"]],
    ["[{unquoted: true, $a_1: null, 'q q': {}, \"__proto__\": 1, ümlaut: []}]", JSON.parse('[{"unquoted":true,"$a_1":null,"q q":{},"__proto__":1,"ümlaut":[]}]')],
    ["[]", []],
    ["\ufeff[\u00a0]", []],
  ];
  for (const [text, value] of good) {
    proxy.sent.length = 0;
    await area.fill(text);
    await page.getByRole("button", { name: "Save" }).click();
    await page.locator(".form-problem", { hasText: "not now" }).waitFor();
    assert.equal(JSON.stringify(patches()[0].models.providers.mock.models), JSON.stringify(value), text);
    await page.getByRole("button", { name: "Discard" }).click();
    await page.locator(".form-problem").waitFor({ state: "detached" });
  }
  proxy.sent.length = 0;
  for (const text of ["[1 2]", "[1,,2]", "{a: 1", "[01]", "['a\nb']", "[b]", "[Infinity]", "[0x]", "['\\1']", "[1] 2", "/* no end", "{: 1}", "{a 1}", "[".repeat(500)]) {
    await area.fill(text);
    await page.getByRole("button", { name: "Save" }).click();
    await page.locator(".setting-problem", { hasText: "not JSON5" }).waitFor();
    await page.getByRole("button", { name: "Discard" }).click();
    await page.locator(".setting-problem").waitFor({ state: "detached" });
  }
  assert.deepEqual(patches(), []);
  await close();
});

test("what the gateway finds wrong stands beside its field", async () => {
  await open();
  const name = "tools.web.fetch.allowPrivateHosts";
  proxy.fromBrowser = (frame) => {
    if (frame.method !== "config.patch" || !isReal) return frame;
    const issues = [{ path: `${name}.1`, message: "A host has no blanks" }];
    proxy.push({ type: "res", id: frame.id, ok: false, error: { code: "INVALID_REQUEST", message: "invalid config", details: { issues } } });
    return null;
  };
  await control(name).fill("localhost\ntwo words");
  await save();
  await field(name).locator(".setting-problem", { hasText: "A host has no blanks" }).waitFor();
  assert.equal(await control(name).inputValue(), "localhost\ntwo words");
  proxy.fromBrowser = (frame) => {
    if (frame.method !== "config.patch") return frame;
    proxy.push({ type: "res", id: frame.id, ok: false, error: { code: "INVALID_REQUEST", message: "invalid config", details: { issues: [{ path: "", message: 'Unrecognized key: "x"' }] } } });
    return null;
  };
  await control(name).fill("localhost");
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator(".form-problem", { hasText: 'Unrecognized key: "x"' }).waitFor();
  await close();
});

test("a change made elsewhere is told, and what was typed stays", async () => {
  await open();
  const name = "tools.web.fetch.allowPrivateHosts";
  const typed = "127.0.0.1\nlocalhost\nmine";
  await control(name).fill(typed);
  // The page does not hear of it, so its hash is old.
  proxy.fromGateway = (frame) => (frame.event === "config.changed" ? null : frame);
  await patchElsewhere({ tools: { web: { fetch: { allowPrivateHosts: ["127.0.0.1", "localhost", "theirs"] } } } });
  await save();
  await page.locator(".settings-notice", { hasText: "changed elsewhere" }).waitFor();
  assert.equal(await control(name).inputValue(), typed);
  await field(name).locator(".setting-contested", { hasText: "theirs" }).waitFor();
  proxy.fromGateway = (frame) => frame;
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator(".settings-notice", { hasText: "Saved" }).waitFor();
  assert.equal((await elsewhere("config.get", {})).parsed.tools.web.fetch.allowPrivateHosts.at(-1), "mine");
  // One that it does hear of is shown at once.
  await patchElsewhere({ tools: { web: { fetch: { allowPrivateHosts: ["127.0.0.1", "localhost"] } } } });
  await page.waitForFunction((id) => document.getElementById(id)?.value === "127.0.0.1\nlocalhost", await control(name).getAttribute("id"));
  await close();
});

test("secrets are never shown; guarded keys say where they are changed", async () => {
  await open();
  const text = await page.evaluate(() => document.body.innerHTML + [...document.querySelectorAll("input, textarea")].map((one) => one.value).join(" "));
  assert.ok(!text.includes("the-real-") && !text.includes("mock-key") && !text.includes("__CARAPACE_REDACTED__"));
  const key = field("models.providers.mock.apiKey");
  assert.equal(await key.locator("input").inputValue(), "set");
  assert.equal(await key.locator("input").getAttribute("readonly"), "");
  await key.getByText("carapace config set models.providers.mock.apiKey -").waitFor();
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"], { origin: proxy.origin });
  await key.getByRole("button", { name: /^Copy the command/ }).click();
  await key.getByRole("button", { name: "Copied" }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "carapace config set models.providers.mock.apiKey -");
  await close();
});

test("a secret that may be typed is replaced by what is typed", { skip: isReal && "the real gateway guards all of them" }, async () => {
  await open();
  const voice = control("talk.apiKey");
  assert.equal(await voice.inputValue(), "");
  assert.equal(await voice.getAttribute("type"), "password");
  assert.match(await voice.getAttribute("placeholder"), /^set/);
  await voice.fill("a new one");
  await save();
  assert.deepEqual(patches(), [{ talk: { apiKey: "a new one" } }]);
  assert.equal(await voice.inputValue(), "");
  await close();
});

test("entries of a map come and go", { skip: isReal && "keys of providers are guarded there" }, async () => {
  await open();
  await page.getByLabel("Name of a new entry of Providers").fill("my.vendor");
  await page.getByRole("button", { name: "Add" }).click();
  const models = control('models.providers["my.vendor"].models');
  await models.waitFor();
  await models.fill("[{id: 'm1'}]");
  await save();
  assert.deepEqual(patches(), [{ models: { providers: { "my.vendor": { models: [{ id: "m1" }] } } } }]);
  await page.getByRole("button", { name: "Remove my.vendor from Providers" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await models.waitFor({ state: "detached" });
  await save();
  assert.deepEqual(patches().at(-1), { models: { providers: { "my.vendor": null } } });
  await close();
});

test("an object that loses a key says so in the patch", { skip: isReal && "a key of the stand-in" }, async () => {
  await open();
  await find("logging.levels");
  await control("logging.levels").fill("{gateway: 'debug', net: 'warn'}");
  await save();
  await control("logging.levels").fill("{net: 'error'}");
  await save();
  assert.deepEqual(patches().at(-1), { logging: { levels: { gateway: null, net: "error" } } });
  assert.deepEqual((await elsewhere("config.get", {})).parsed.logging.levels, { net: "error" });
  await patchElsewhere({ logging: null });
  await close();
});

test("what was typed outlives a look at a chat and a lost connection", async () => {
  await open();
  const name = "tools.web.fetch.allowPrivateHosts";
  await control(name).fill("kept");
  await page.locator(".session-open").first().click();
  await page.locator("#message").waitFor();
  await toSettings();
  assert.equal(await control(name).inputValue(), "kept");
  proxy.cut();
  await page.locator(".phase.offline").waitFor();
  await page.locator(".phase.online").waitFor();
  assert.equal(await control(name).inputValue(), "kept");
  await page.getByRole("button", { name: "Discard" }).click();
  await close();
});

test("a change that restarts the gateway brings the page back with it", { skip: !isReal && "the stand-in does not restart" }, async () => {
  await open();
  await find("gateway.customBindHost");
  await control("gateway.customBindHost").first().fill("127.0.0.1");
  await page.locator(".settings-said", { hasText: "one restarts the gateway" }).waitFor();
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator(".settings-notice", { hasText: "The gateway starts anew" }).waitFor();
  await page.locator(".phase:not(.online)").waitFor();
  await page.locator(".phase.online").waitFor({ timeout: 20_000 });
  await page.waitForFunction(() => document.querySelector("#setting-gateway_2e_customBindHost")?.value === "127.0.0.1");
  assert.equal(await page.locator(".setting.edited").count(), 0);
  await close();
});

test("a file that cannot be used is told everywhere, until it is mended", async () => {
  await open();
  const issues = [{ severity: "error", path: "gateway.port", message: "must be a number", at: "/c.json5:3:9" }];
  proxy.push({ type: "event", event: "config.changed", payload: { mode: "invalid", valid: false, ts: Date.now(), hash: "0", changed: [], issues } });
  const banner = page.locator(".config-banner");
  await banner.getByText("/c.json5:3:9 gateway.port: must be a number").waitFor();
  assert.equal(await banner.getAttribute("role"), "alert");
  await page.locator(".session-open").first().click();
  await page.locator("#message").waitFor();
  assert.ok(await banner.isVisible());
  proxy.push({ type: "event", event: "config.changed", payload: { mode: "none", valid: true, ts: Date.now(), hash: "1", changed: [] } });
  await banner.waitFor({ state: "detached" });
  // A page that comes later learns it from the greeting or from the status.
  for (const place of ["hello", "status"]) {
    proxy.fromGateway = (frame) => {
      const config = { valid: false, file: "/c.json5", issues };
      if (frame.payload?.type === "hello-ok") frame.payload.snapshot.health = place === "hello" ? { config } : {};
      else if (place === "status" && frame.type === "res" && frame.payload?.config?.file !== undefined) frame.payload.config = config;
      return frame;
    };
    await page.reload();
    await banner.waitFor();
  }
  await close();
});

test("the whole form without a mouse", async () => {
  await open();
  await page.waitForFunction(() => document.activeElement?.getAttribute("aria-label") === "Search settings");
  await page.keyboard.type("logging.level");
  const reached = async (id, limit = 40) => {
    for (let step = 0; step < limit; step += 1) {
      await page.keyboard.press("Tab");
      if (await page.evaluate((wanted) => document.activeElement.id === wanted, id)) return true;
    }
    return false;
  };
  assert.ok(await reached("setting-logging_2e_level"));
  const outlined = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle !== "none");
  assert.ok(outlined);
  await page.keyboard.press("ArrowDown");
  await page.locator(".settings-said", { hasText: "1 change" }).waitFor();
  const described = await page.evaluate(() => document.activeElement.getAttribute("aria-describedby").split(" ").map((id) => document.getElementById(id)?.textContent ?? "").join(" "));
  assert.match(described, /Applies at once/);
  await page.keyboard.press("Control+s");
  await page.locator(".settings-notice", { hasText: "Saved" }).waitFor();
  await patchElsewhere({ logging: { level: null } });
  await close();
});

for (const colorScheme of ["light", "dark"]) {
  for (const width of [360, 1280]) {
    test(`accessible and fitting, ${colorScheme}, ${width} px`, async () => {
      await open({ colorScheme, viewport: { width, height: 740 }, reducedMotion: "reduce" });
      const look = async (name) => {
        await page.waitForTimeout(60);
        assert.deepEqual(await findings(), [], name);
        const wide = await page.evaluate(() => [...document.querySelectorAll("html, .stage, .settings, .settings-scroll, .settings-foot, .topbar")].filter((box) => box.scrollWidth > box.clientWidth + 1).map((box) => box.className || box.tagName));
        assert.deepEqual(wide, [], name);
        if (process.env.CARAPACE_SHOTS) await page.screenshot({ path: `${process.env.CARAPACE_SHOTS}/${name.replaceAll(" ", "-")}-${colorScheme}-${width}.png` });
      };
      await look("in use");
      await control("tools.web.fetch.allowPrivateHosts").fill("a\nb".repeat(100));
      await find("gateway.port");
      await control("gateway.port").first().fill("x");
      await page.getByRole("button", { name: "Save" }).click();
      await page.locator(".setting-problem").waitFor();
      await look("wrong");
      await find("");
      await show("used");
      await look("used");
      await show("all");
      await look("all");
      for (const summary of await page.locator(".settings-group > summary").all()) await summary.click();
      await look("all open");
      proxy.push({ type: "event", event: "config.changed", payload: { mode: "invalid", valid: false, hash: "0", issues: [{ severity: "error", path: "a".repeat(300), message: "wrong" }] } });
      await page.locator(".config-banner").waitFor();
      await look("invalid file");
      await page.getByRole("button", { name: "Discard" }).click();
      await close();
    });
  }
}
