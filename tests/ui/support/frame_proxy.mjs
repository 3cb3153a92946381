// Stands between the browser and the gateway: counts frames, drops or rewrites them, cuts the line.
// The browser knows only the proxy's origin, so tests can inject anything without the gateway's help. The gateway hears
// its own name, since it answers to no other.
// With CARAPACE_UI_DIST the app's files come from that folder, under the gateway's headers: a change of the app can be
// tried without building the gateway.
import { readFile } from "node:fs/promises";
import { createServer, request as httpRequest } from "node:http";
import { extname, join as joinPath } from "node:path";
import { WebSocket, WebSocketServer } from "ws";

const DIST = process.env.CARAPACE_UI_DIST;
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

async function localFile(url) {
  if (!DIST) return null;
  const path = new URL(url, "http://x").pathname;
  if (path.includes("..")) return null;
  const name = path === "/" ? "/index.html" : path;
  return readFile(joinPath(DIST, name)).then((body) => ({ body, type: TYPES[extname(name)] ?? "application/octet-stream" }), () => null);
}

export async function startFrameProxy(gatewayPort) {
  const gatewayHost = `127.0.0.1:${gatewayPort}`;
  const pairs = new Set();
  const proxy = {
    /** Frames from the browser, parsed. */
    sent: [],
    /** Returns the frame to pass on, or null to swallow it. */
    fromGateway: (frame) => frame,
    fromBrowser: (frame) => frame,
    /** Addresses of upgrade requests seen. */
    upgrades: [],
    refuse: false,
    cut() {
      for (const pair of pairs) pair.browser.terminate();
    },
    push(frame) {
      for (const pair of pairs) pair.browser.send(JSON.stringify(frame));
    },
  };

  const server = createServer(async (request, response) => {
    const local = await localFile(request.url);
    const upstream = httpRequest(
      { host: "127.0.0.1", port: gatewayPort, path: local ? "/" : request.url, method: request.method, headers: { ...request.headers, host: gatewayHost } },
      (answer) => {
        if (local) {
          answer.resume();
          response.writeHead(200, { ...answer.headers, "content-type": local.type, "content-length": local.body.length }).end(local.body);
          return;
        }
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      },
    );
    upstream.on("error", () => response.writeHead(502).end());
    request.pipe(upstream);
  });
  const sockets = new WebSocketServer({ noServer: true });
  server.on("upgrade", (request, socket, head) => {
    proxy.upgrades.push(request.url);
    if (proxy.refuse) {
      socket.destroy();
      return;
    }
    sockets.handleUpgrade(request, socket, head, (browser) => join(browser, request));
  });

  function join(browser, request) {
    const gateway = new WebSocket(`ws://${gatewayHost}${request.url}`, { headers: { origin: `http://${gatewayHost}` } });
    const pair = { browser };
    pairs.add(pair);
    const early = [];
    gateway.on("open", () => early.splice(0).forEach((text) => gateway.send(text)));
    gateway.on("error", () => browser.terminate());
    browser.on("error", () => gateway.terminate());
    gateway.on("message", (data) => {
      const frame = proxy.fromGateway(JSON.parse(data.toString()));
      if (frame && browser.readyState === WebSocket.OPEN) browser.send(JSON.stringify(frame));
    });
    browser.on("message", (data) => {
      const parsed = JSON.parse(data.toString());
      proxy.sent.push(parsed);
      const frame = proxy.fromBrowser(parsed);
      if (!frame) return;
      if (gateway.readyState === WebSocket.OPEN) gateway.send(JSON.stringify(frame));
      else early.push(JSON.stringify(frame));
    });
    gateway.on("close", (code, reason) => {
      if (browser.readyState === WebSocket.OPEN) browser.close(code >= 1000 && code !== 1005 && code !== 1006 ? code : 1011, reason.toString());
    });
    browser.on("close", () => {
      pairs.delete(pair);
      gateway.terminate();
    });
  }

  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  proxy.port = server.address().port;
  proxy.origin = `http://127.0.0.1:${proxy.port}`;
  proxy.stop = async () => {
    proxy.cut();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return proxy;
}
