// The configuration of the stand-in gateway: a few keys of every type, kept in memory.
import { createHash } from "node:crypto";

export const KEPT = "__CARAPACE_REDACTED__";

const SCHEMA = {
  type: "object",
  properties: {
    gateway: {
      type: "object",
      properties: {
        port: { type: "integer", minimum: 1, maximum: 65535, default: 18789 },
        auth: { type: "object", properties: { token: { type: "string" } } },
        controlUi: { type: "object", properties: { enabled: { type: "boolean", default: true } } },
      },
    },
    logging: {
      type: "object",
      properties: {
        level: { enum: ["trace", "debug", "info", "warn", "error"], default: "info" },
        levels: { type: "object", additionalProperties: { type: "string" } },
      },
    },
    models: {
      type: "object",
      properties: {
        providers: {
          type: "object",
          additionalProperties: {
            type: "object",
            properties: {
              baseUrl: { type: "string" },
              apiKey: { type: "string" },
              models: { type: "array", items: { type: "object", properties: { id: { type: "string" } } } },
            },
          },
        },
      },
    },
    tools: {
      type: "object",
      properties: {
        web: { type: "object", properties: { fetch: { type: "object", properties: { allowPrivateHosts: { type: "array", items: { type: "string" } }, enabled: { type: "boolean", default: true } } } } },
      },
    },
    messages: { type: "object", properties: { responsePrefix: { type: "string" } } },
    talk: { type: "object", properties: { apiKey: { type: "string" } } },
  },
};

const HINTS = {
  gateway: { label: "Gateway" },
  "gateway.port": { help: "Port that the gateway listens on." },
  "gateway.auth.token": { help: "What clients show to be let in.", sensitive: true },
  "gateway.controlUi.enabled": { help: "Serves the browser app." },
  logging: { label: "Logging" },
  "logging.level": { help: "The least important lines that are kept." },
  "logging.levels": { help: "The same for single parts." },
  models: { label: "Models" },
  "models.providers.*.baseUrl": { help: "Where the provider is." },
  "models.providers.*.apiKey": { help: "Key of the provider.", sensitive: true },
  "models.providers.*.models": { help: "Models beside those that are known." },
  tools: { label: "Tools" },
  "tools.web.fetch.allowPrivateHosts": { help: "Private hosts that may be fetched." },
  "tools.web.fetch.enabled": { help: "Lets the assistant read web pages." },
  messages: { label: "Messages" },
  "messages.responsePrefix": { help: "Stands in front of each answer. (Changes nothing yet.)", advanced: true },
  talk: { label: "Talk" },
  "talk.apiKey": { help: "Key of the voice.", sensitive: true },
};

/** What stands beside the standard words of the schema. */
const MARKS = {
  "gateway.port": { "x-reload": "restart" },
  "gateway.auth.token": { "x-reload": "restart" },
  "gateway.controlUi.enabled": { "x-reload": "restart" },
  "logging.level": { "x-reload": "hot" },
  "logging.levels": { "x-reload": "hot" },
  "models.providers.*.baseUrl": { "x-reload": "hot", "x-guarded": true },
  "models.providers.*.apiKey": { "x-reload": "hot" },
  "models.providers.*.models": { "x-reload": "hot" },
  "tools.web.fetch.allowPrivateHosts": { "x-reload": "hot" },
  "tools.web.fetch.enabled": { "x-reload": "subsystem", "x-part": "tools" },
  "messages.responsePrefix": { "x-reload": "planned" },
  "talk.apiKey": { "x-reload": "hot", "x-guarded": false },
};
for (const [path, marks] of Object.entries(MARKS)) {
  const parts = path.split(".");
  const node = parts.reduce((at, part) => (part === "*" ? at.additionalProperties : at.properties[part]), SCHEMA);
  Object.assign(node, marks);
}

export function newConfig() {
  return {
    tree: {
      gateway: { auth: { token: "the-real-token" } },
      models: { providers: { mock: { baseUrl: "http://127.0.0.1:9", apiKey: "the-real-key", models: [{ id: "mock-gpt" }, { id: "mock-large" }] } } },
      tools: { web: { fetch: { allowPrivateHosts: ["127.0.0.1", "localhost"] } } },
      talk: { apiKey: "the-real-voice" },
    },
  };
}

export class RefusedError extends Error {
  constructor(message, issues) {
    super(message);
    if (issues) this.details = { issues };
  }
}

const hashOf = (config) => createHash("sha256").update(JSON.stringify(config.tree)).digest("hex");

function masked(value, key = "") {
  if (typeof value === "string") return /token|apiKey/i.test(key) ? KEPT : value;
  if (Array.isArray(value)) return value.map((one) => masked(one));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, masked(child, name)]));
}

function merged(old, patch) {
  if (patch === null || typeof patch !== "object" || Array.isArray(patch)) return patch;
  const out = { ...(old && typeof old === "object" && !Array.isArray(old) ? old : {}) };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete out[key];
    else if (value !== KEPT) out[key] = merged(out[key], value);
  }
  return out;
}

function issuesOf(tree) {
  const issues = [];
  const port = tree.gateway?.port;
  if (port !== undefined && (!Number.isInteger(port) || port < 1 || port > 65535)) issues.push({ path: "gateway.port", message: "Invalid input: expected number" });
  const hosts = tree.tools?.web?.fetch?.allowPrivateHosts ?? [];
  hosts.forEach((host, at) => {
    if (/\s/.test(host)) issues.push({ path: `tools.web.fetch.allowPrivateHosts.${at}`, message: "A host has no blanks" });
  });
  if ("bogus" in tree) issues.push({ path: "", message: 'Unrecognized key: "bogus"' });
  return issues;
}

export function configMethods(state, broadcast) {
  return {
    "config.schema": () => ({ schema: SCHEMA, uiHints: HINTS, version: "0.1.0", generatedAt: new Date().toISOString() }),
    "config.get": () => ({ path: "/home/me/.carapace/carapace.json5", exists: true, raw: null, parsed: masked(state.config.tree), valid: true, config: masked(state.config.tree), hash: hashOf(state.config), issues: [], warnings: [], legacyIssues: [] }),
    "config.patch": ({ raw, baseHash }) => {
      if (!baseHash) throw new RefusedError("config base hash required; re-run config.get and retry");
      if (baseHash !== hashOf(state.config)) throw new RefusedError("config changed since last load; re-run config.get and retry");
      const tree = merged(state.config.tree, JSON.parse(raw));
      const issues = issuesOf(tree);
      if (issues.length) throw new RefusedError("invalid config", issues);
      state.config.tree = tree;
      broadcast("config.changed", { mode: "hot", ts: Date.now(), hash: hashOf(state.config), valid: true, changed: [] });
      return { ok: true, path: "/home/me/.carapace/carapace.json5", config: masked(tree) };
    },
    status: () => ({ config: { valid: true, file: "/home/me/.carapace/carapace.json5", hash: hashOf(state.config), issues: [] } }),
  };
}
