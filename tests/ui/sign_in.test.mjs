import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { launch, newPage, signIn } from "./support/browser.mjs";
import { startFrameProxy } from "./support/frame_proxy.mjs";
import { isReal, startGateway } from "./support/gateway.mjs";

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

test("a token in the fragment signs in, leaves the address bar and survives a reload", async () => {
  const page = await newPage(browser);
  proxy.sent.length = 0;
  await signIn(page, proxy.origin, gateway.token);
  assert.equal(page.url(), `${proxy.origin}/`);
  const connect = proxy.sent.find((frame) => frame.method === "connect").params;
  assert.equal(connect.minProtocol, 3);
  assert.equal(connect.maxProtocol, 3);
  assert.equal(connect.client.id, "webchat-ui");
  assert.equal(connect.client.mode, "webchat");
  assert.equal(connect.role, "operator");
  assert.deepEqual(connect.scopes, ["operator.admin", "operator.approvals", "operator.pairing"]);
  assert.equal(connect.device, undefined);
  await page.reload();
  await page.locator(".phase.online").waitFor();
  // The secret must never have been part of an address that is sent to a server.
  assert.ok(page.requests.every((address) => !address.split("#")[0].includes(gateway.token)));
  assert.deepEqual(page.troubles, []);
  await page.context().close();
});

test("the form signs in and sign-out forgets the token", async () => {
  const page = await newPage(browser);
  await page.goto(proxy.origin);
  await page.getByText("carapace open").waitFor();
  await page.getByLabel("Gateway token").fill(gateway.token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator(".phase.online").waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Gateway token").waitFor();
  await page.reload();
  await page.getByLabel("Gateway token").waitFor();
  assert.equal(await page.evaluate(() => JSON.stringify([localStorage, sessionStorage])).then((text) => text.includes("carapace.token")), false);
  await page.context().close();
});

test("without 'stay signed in' the token ends with the tab", async () => {
  const page = await newPage(browser);
  await page.goto(proxy.origin);
  await page.getByLabel("Gateway token").fill(gateway.token);
  await page.getByLabel("Stay signed in on this device").uncheck();
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator(".phase.online").waitFor();
  assert.equal(await page.evaluate(() => localStorage.getItem("carapace.token")), null);
  await page.context().close();
});

test("a wrong token is told clearly, with the form, and is not kept", async () => {
  const page = await newPage(browser);
  await page.goto(`${proxy.origin}/#token=wrong`);
  await page.getByRole("alert").waitFor();
  assert.match(await page.getByRole("alert").innerText(), /token is not right/i);
  await page.getByLabel("Gateway token").waitFor();
  assert.equal(await page.evaluate(() => localStorage.getItem("carapace.token")), null);
  await page.getByLabel("Gateway token").fill("also wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").waitFor();
  await page.getByLabel("Gateway token").fill(gateway.token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator(".phase.online").waitFor();
  await page.context().close();
});

test("a stale link does not lock out a page that is signed in", async () => {
  const page = await newPage(browser);
  await signIn(page, proxy.origin, gateway.token);
  await page.goto("about:blank");
  await page.goto(`${proxy.origin}/#token=stale`);
  await page.locator(".phase.online").waitFor();
  assert.equal(await page.evaluate(() => localStorage.getItem("carapace.token")), gateway.token);
  await page.context().close();
});

test("the page is served under a strict policy, and its files may be kept", async () => {
  const page = await fetch(`${proxy.origin}/`);
  const policy = page.headers.get("content-security-policy");
  for (const part of ["default-src 'self'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "object-src 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"]) {
    assert.ok(policy.split("; ").includes(part), `${part} in ${policy}`);
  }
  assert.doesNotMatch(policy, /unsafe|\*|data:|blob:/);
  if (!isReal) return;
  assert.equal(page.headers.get("x-content-type-options"), "nosniff");
  assert.equal(page.headers.get("referrer-policy"), "no-referrer");
  assert.equal(page.headers.get("cross-origin-opener-policy"), "same-origin");
  assert.equal(page.headers.get("cache-control"), "no-cache");
  const text = await page.text();
  assert.doesNotMatch(text, /<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=/, "nothing inline");
  const assets = [...text.matchAll(/(?:src|href)="\.\/(assets\/[^"]+)"/g)].map((match) => match[1]);
  assert.equal(assets.length, 3);
  if (process.env.CARAPACE_UI_DIST) return;
  for (const asset of assets) {
    const file = await fetch(`${proxy.origin}/${asset}`);
    assert.match(file.headers.get("cache-control"), /immutable/);
    const again = await fetch(`${proxy.origin}/${asset}`, { headers: { "if-none-match": file.headers.get("etag") } });
    assert.equal(again.status, 304);
  }
});

test("no text becomes markup or script, even if code tried", async () => {
  const page = await newPage(browser);
  await signIn(page, proxy.origin, gateway.token);
  const outcomes = await page.evaluate(async () => {
    // What the debugger runs by itself may evaluate text; what a timer runs is the page's.
    await new Promise((done) => setTimeout(done, 20));
    const tries = {
      markup: () => (document.body.innerHTML += "<img src=x onerror='window.__ran=1'>"),
      evaluation: () => (0, eval)("window.__ran = 1"),
      constructed: () => new Function("window.__ran = 1")(),
      policy: () => window.trustedTypes.createPolicy("mine", { createHTML: (text) => text }),
      script: () => {
        const script = document.createElement("script");
        script.textContent = "window.__ran = 1";
        document.body.append(script);
      },
    };
    return Object.fromEntries(
      Object.entries(tries).map(([name, attempt]) => {
        try {
          attempt();
          return [name, "went through"];
        } catch {
          return [name, "refused"];
        }
      }),
    );
  });
  await page.waitForTimeout(200);
  assert.deepEqual(outcomes, { markup: "refused", evaluation: "refused", constructed: "refused", policy: "refused", script: "refused" });
  assert.equal(await page.evaluate(() => window.__ran), undefined);
  await page.context().close();
});

test("a link in an answer tells the other side nothing", async () => {
  const seen = [];
  const other = createServer((request, response) => {
    seen.push(request.headers);
    response.writeHead(200, { "content-type": "text/html" }).end("<title>other</title>");
  });
  await new Promise((resolve) => other.listen(0, "127.0.0.1", resolve));
  const page = await newPage(browser);
  await signIn(page, proxy.origin, gateway.token);
  const data = { text: `[elsewhere](http://127.0.0.1:${other.address().port}/x) ![pic](http://127.0.0.1:${other.address().port}/pic.png)` };
  proxy.push({ type: "event", event: "agent", payload: { runId: "link", sessionKey: "agent:main:main", stream: "assistant", data } });
  const link = page.getByRole("link", { name: "elsewhere", exact: true });
  await link.waitFor();
  await page.waitForTimeout(300);
  assert.equal(seen.length, 0, "a picture is not fetched");
  const [popup] = await Promise.all([page.context().waitForEvent("page"), link.click()]);
  await popup.waitForLoadState();
  assert.equal(await popup.evaluate(() => window.opener), null);
  assert.equal(await popup.evaluate(() => document.referrer), "");
  assert.equal(seen[0].referer, undefined);
  await page.context().close();
  other.closeAllConnections();
  await new Promise((resolve) => other.close(resolve));
});

test("the token is in no request, neither address nor header, but the first frame", async () => {
  const page = await newPage(browser);
  const heads = [];
  page.on("request", (request) => heads.push(JSON.stringify(request.headers()) + request.url().split("#")[0]));
  proxy.sent.length = proxy.upgrades.length = 0;
  await signIn(page, proxy.origin, gateway.token);
  await page.reload();
  await page.locator(".phase.online").waitFor();
  assert.ok(heads.length >= 6);
  assert.ok([...heads, ...proxy.upgrades].every((text) => !text.includes(gateway.token)));
  const carriers = proxy.sent.filter((frame) => JSON.stringify(frame).includes(gateway.token)).map((frame) => frame.method);
  assert.deepEqual([...new Set(carriers)], ["connect"]);
  assert.deepEqual(await page.evaluate(() => [location.hash, history.length > 0, document.cookie]), ["", true, ""]);
  await page.context().close();
});
