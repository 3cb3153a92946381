import type { SessionRow } from "./wire_types.js";

const OWN_NAMES = new Set(["Carapace web chat", "webchat-ui", "webchat"]);

/** The part of a session key a person can tell apart. */
function shortKey(key: string): string {
  const parts = key.split(":");
  return parts[0] === "agent" && parts.length > 2 ? parts.slice(2).join(":") : key;
}

export function sessionTitle(row: SessionRow, mainKey: string): string {
  if (row.label?.trim()) return row.label.trim();
  if (row.key === mainKey) return "Main session";
  // Gateways of this family name a web session after the client, which is the same for all of them.
  for (const name of [row.derivedTitle, row.displayName, row.subject]) {
    if (name?.trim() && !OWN_NAMES.has(name.trim())) return name.trim();
  }
  const rest = shortKey(row.key);
  return rest.startsWith("web-") ? "Untitled" : rest;
}

const LABEL_LENGTH = 60;

/** A name for a session, from its first message. */
export function labelFor(text: string): string {
  const chars = Array.from(text.trim().replace(/\s+/g, " "));
  return chars.length > LABEL_LENGTH ? `${chars.slice(0, LABEL_LENGTH - 1).join("").trimEnd()}…` : chars.join("");
}

/** The preview without the marks of markdown; code and file names keep their underscores. */
export function previewText(text: string): string {
  return text.replace(/^\s*(?:#{1,6}|>|[-*+])\s+/gm, "").replace(/[*`]+/g, "").replace(/\s+/g, " ").trim();
}

export function matchesSearch(row: SessionRow, mainKey: string, search: string): boolean {
  const wanted = search.trim().toLowerCase();
  if (!wanted) return true;
  return [sessionTitle(row, mainKey), row.key, row.lastMessagePreview ?? ""].some((text) => text.toLowerCase().includes(wanted));
}
