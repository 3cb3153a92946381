import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, newPage, signIn } from "./support/browser.mjs";
import { startFrameProxy } from "./support/frame_proxy.mjs";
import { startGateway } from "./support/gateway.mjs";

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
