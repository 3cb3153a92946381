// The browser and the app's pages, as the tests use them.
import { chromium } from "playwright-core";

export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
}

/** Opens a page in a fresh profile and notes everything that must not happen. */
export async function newPage(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, serviceWorkers: "block", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  page.troubles = [];
  page.requests = [];
  page.on("pageerror", (error) => page.troubles.push(`page error: ${error.message}`));
  page.on("dialog", (dialog) => {
    page.troubles.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => page.requests.push(request.url()));
  page.on("websocket", (socket) => page.requests.push(socket.url()));
  await page.addInitScript(() => {
    window.__violations = [];
    document.addEventListener("securitypolicyviolation", (event) => window.__violations.push(`${event.violatedDirective} ${event.blockedURI}`));
  });
  return page;
}

export async function signIn(page, origin, token) {
  await page.goto(`${origin}/#token=${encodeURIComponent(token)}`);
  await page.locator(".phase.online").waitFor();
  await page.locator(".log-wait").waitFor({ state: "detached" });
}

/** Opens a session of its own, on narrow pages by way of the drawer. */
export async function newChat(page) {
  const drawer = page.getByRole("button", { name: "Open the session list" });
  if (await drawer.isVisible()) await drawer.click();
  await page.getByRole("button", { name: "New chat", exact: true }).click();
  await page.locator(".welcome").waitFor();
}

export async function say(page, text) {
  await page.locator("#message").fill(text);
  await page.locator("#message").press("Enter");
}

/** Waits until no answer is being made and at least `count` complete ones are shown. */
export async function answered(page, count = 1) {
  await page.waitForFunction(
    (wanted) => !document.querySelector(".stop, .typing, .answer.streaming") && document.querySelectorAll(".answer").length >= wanted,
    count,
    { timeout: 20_000 },
  );
}

export function sends(proxy) {
  return proxy.sent.filter((frame) => frame.method === "chat.send");
}
