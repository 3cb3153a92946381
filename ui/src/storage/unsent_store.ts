import type { OutgoingMessage } from "../outbox.js";

/** Messages that the gateway has not acknowledged, kept for this tab so that a reload does not lose them. */
const KEY = "carapace.unsent";

export function loadUnsent(): OutgoingMessage[] {
  // Storage access throws when the browser blocks it; unsent messages then live as long as the page.
  try {
    const stored: unknown = JSON.parse(window.sessionStorage.getItem(KEY) ?? "[]");
    return Array.isArray(stored) ? stored.filter(isMessage) : [];
  } catch {
    return [];
  }
}

export function saveUnsent(items: OutgoingMessage[]): void {
  try {
    if (items.length) window.sessionStorage.setItem(KEY, JSON.stringify(items));
    else window.sessionStorage.removeItem(KEY);
  } catch {
    // Nothing to do: see above. A message too large for the storage is kept by the page alone.
  }
}

/** An older version of this page may have left something else. */
function isMessage(value: unknown): value is OutgoingMessage {
  const item = value as Partial<OutgoingMessage> | null;
  return (
    typeof item?.sessionKey === "string" &&
    typeof item.text === "string" &&
    typeof item.idempotencyKey === "string" &&
    typeof item.problem === "string" &&
    typeof item.createdAt === "number" &&
    typeof item.after === "number" &&
    typeof item.alike === "number" &&
    (item.state === "sending" || item.state === "failed")
  );
}
