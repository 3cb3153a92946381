import assert from "node:assert/strict";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import { launch, newPage, signIn } from "./support/browser.mjs";
import { startGateway } from "./support/gateway.mjs";

// A crafted address must not make the app connect, with its stored token, to anywhere but its own origin.
const NAMES = ["gatewayUrl", "gatewayurl", "gateway_url", "gateway", "url", "ws", "wsUrl", "host", "server", "endpoint", "base", "basePath", "redirect", "next", "origin", "connect", "address"];

let browser, gateway, listener, origin, foreign;
const seen = [];
before(async () => {
  gateway = await startGateway();
  origin = `http://127.0.0.1:${gateway.port}`;
  listener = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (data) => seen.push(data.toString("latin1").slice(0, 200)));
    seen.push("connection");
  });
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
  foreign = `127.0.0.1:${listener.address().port}`;
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await new Promise((resolve) => listener.close(resolve));
  await gateway?.stop();
});

function variants() {
  const targets = [`ws://${foreign}`, `wss://${foreign}`, `http://${foreign}`, `//${foreign}`, foreign, `ws:\\\\${foreign}`, `ws://127.0.0.1:${gateway.port}@${foreign}`, ` ws://${foreign}`, `WS://${foreign}/`];
  const paths = [];
  for (const name of NAMES) {
    // Every spelling of the address for the name that was abused in the wild, the plain ones for the others.
    for (const target of name === "gatewayUrl" ? targets : targets.slice(0, 3)) {
      const raw = `${name}=${target}`;
      const encoded = `${name}=${encodeURIComponent(target)}`;
      paths.push(`/?${encoded}`, `/#${raw}`);
      if (name !== "gatewayUrl") continue;
      paths.push(`/?${raw}`, `/#${encoded}`, `/?${encodeURIComponent(encodeURIComponent(raw))}`, `/?a=1&${encoded}&b=2`, `/#/?${raw}`, `/#?${raw}`, `/#token=${encodeURIComponent(gateway.token)}&${raw}`, `/?${encoded}#${raw}`, `/?session=main&${encoded}`, `/index.html?${encoded}`, `/chat?${encoded}`);
    }
  }
  paths.push(`//${foreign}/`, `//${foreign}`, `/\\${foreign}/`, `/%2f%2f${foreign}/`, `/.//${foreign}/`, `/@${foreign}/`, `/ws://${foreign}/`, `/;@${foreign}`);
  return paths;
}

test("no address makes the app connect elsewhere", { timeout: 180_000 }, async () => {
  const list = variants();
  assert.ok(list.length > 200, `${list.length} variants`);
  const context = await browser.newContext({ serviceWorkers: "block" });
  const requests = [];
  const visit = async () => {
    const page = await context.newPage();
    page.on("request", (request) => requests.push(request.url()));
    page.on("websocket", (socket) => requests.push(socket.url()));
    await signIn(page, origin, gateway.token);
    for (let path = list.pop(); path !== undefined; path = list.pop()) {
      // A step aside, because a change of the fragment alone would not load the page.
      await page.goto("about:blank");
      await page.goto(`${origin}${path}`, { waitUntil: "load" }).catch(() => undefined);
      await page.locator(".phase.online, sign-in-form").first().waitFor({ timeout: 3000 }).catch(() => undefined);
    }
    await page.waitForTimeout(1000);
  };
  await Promise.all([visit(), visit(), visit()]);
  assert.deepEqual(seen, []);
  const elsewhere = requests.filter((address) => address !== "about:blank" && new URL(address).host !== new URL(origin).host);
  assert.deepEqual(elsewhere, []);
  await context.close();
});

test("neither do userinfo, a fragment that changes later, or values left in storage", async () => {
  const page = await newPage(browser);
  await signIn(page, origin, gateway.token);
  await page.goto("about:blank");
  await page.goto(`http://ws:${foreign.replace(":", "%3A")}@127.0.0.1:${gateway.port}/`).catch(() => undefined);
  await page.waitForTimeout(300);
  await page.goto(`${origin}/`);
  await page.locator(".phase.online").waitFor();
  await page.evaluate((target) => {
    for (const key of ["gatewayUrl", "carapace.gatewayUrl", "moltbot.control.settings.v1", "clawdbot.control.settings.v1", "settings"]) {
      localStorage.setItem(key, key.includes("settings") ? JSON.stringify({ gatewayUrl: target, token: "x" }) : target);
      sessionStorage.setItem(key, target);
    }
    location.hash = `gatewayUrl=${target}`;
  }, `ws://${foreign}`);
  await page.waitForTimeout(500);
  await page.reload();
  await page.locator(".phase.online").waitFor();
  await page.evaluate((target) => window.postMessage({ type: "connect", gatewayUrl: target, url: target }, "*"), `ws://${foreign}`);
  await page.waitForTimeout(1000);
  assert.deepEqual(seen, []);
  assert.deepEqual(page.troubles, []);
  await page.context().close();
});
