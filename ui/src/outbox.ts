import { freshId, type UserEntry } from "./chat_entry.js";
import { randomId } from "./gateway_link.js";
import { loadUnsent, saveUnsent } from "./storage/unsent_store.js";

/** How long the gateway is sure to remember an idempotency key; later a repeat could run twice. */
const SAFE_REPEAT_MS = 4 * 60_000;

export interface OutgoingMessage {
  id: string;
  sessionKey: string;
  text: string;
  /** Doubles as run id. */
  idempotencyKey: string;
  state: "sending" | "accepted" | "failed";
  problem: string;
  /** Failed without a word from the gateway. */
  unanswered: boolean;
  createdAt: number;
  /** The newest time in the transcript when this one was written, by the gateway's clock. */
  after: number;
  /** Equal messages that were under way then, and will be stored later than that as well. */
  alike: number;
}

/** How often the transcript holds a text that is younger than a moment. */
export type StoredCount = (text: string, after: number) => number;

/** Whether a transcript shows this message. */
export function isStored(item: OutgoingMessage, count: StoredCount): boolean {
  return count(item.text, item.after) > item.alike;
}

/** Messages the transcript does not show yet. What the gateway has not acknowledged outlasts a reload of the page. */
export class Outbox {
  private items: OutgoingMessage[] = loadUnsent().map((item) => ({ ...item, id: freshId() }));

  add(sessionKey: string, text: string, after: number, count: StoredCount): OutgoingMessage {
    const alike = this.items.filter((item) => item.sessionKey === sessionKey && item.text === text && item.state !== "failed" && !isStored(item, count));
    const item: OutgoingMessage = {
      id: freshId(),
      sessionKey,
      text,
      idempotencyKey: randomId(),
      state: "sending",
      problem: "",
      unanswered: false,
      createdAt: Date.now(),
      after,
      alike: alike.length,
    };
    this.replace([...this.items, item]);
    return item;
  }

  accept(item: OutgoingMessage): void {
    if (item.state === "sending") item.state = "accepted";
    this.replace(this.items);
  }

  fail(item: OutgoingMessage, problem: string, unanswered: boolean): void {
    item.state = "failed";
    item.problem = problem;
    item.unanswered = unanswered;
    this.replace(this.items);
  }

  /**
   * Makes a failed message wait for delivery again, under its old key, when the gateway never answered: it may have
   * it after all. A refused message needs a new key, because the refusal is remembered with the old one.
   */
  revive(id: string): OutgoingMessage | null {
    const item = this.items.find((one) => one.id === id);
    if (!item?.unanswered || Date.now() - item.createdAt > SAFE_REPEAT_MS) return null;
    item.state = "sending";
    item.unanswered = false;
    this.replace(this.items);
    return item;
  }

  clear(): void {
    this.replace([]);
  }

  remove(id: string): OutgoingMessage | null {
    const item = this.items.find((one) => one.id === id) ?? null;
    this.replace(this.items.filter((one) => one !== item));
    return item;
  }

  forSession(sessionKey: string): OutgoingMessage[] {
    return this.items.filter((item) => item.sessionKey === sessionKey);
  }

  dropSession(sessionKey: string): void {
    this.replace(this.items.filter((item) => item.sessionKey !== sessionKey));
  }

  /** The transcript of a session arrived; messages it holds are no longer ours to show. */
  reconcile(sessionKey: string, count: StoredCount, unacknowledgedToo: boolean): void {
    this.replace(
      this.items.filter((item) => {
        const judged = item.state === "accepted" || (unacknowledgedToo && item.state === "sending");
        return item.sessionKey !== sessionKey || !judged || !isStored(item, count);
      }),
    );
  }

  /** After the run of a message is over it is in the transcript, or never will be. */
  finish(runId: string): void {
    this.replace(this.items.filter((item) => item.idempotencyKey !== runId || item.state !== "accepted"));
  }

  /** Sessions with messages that a new connection has to look after. */
  get openSessions(): string[] {
    return [...new Set(this.items.filter((item) => item.state !== "failed").map((item) => item.sessionKey))];
  }

  /** Messages to send again under their old key: it is not known that the gateway has them. */
  undelivered(isRunning: (item: OutgoingMessage) => boolean): OutgoingMessage[] {
    const now = Date.now();
    for (const item of this.items) {
      if (item.state !== "failed" && !isRunning(item) && now - item.createdAt > SAFE_REPEAT_MS) {
        this.fail(item, "The connection was away for too long.", true);
      }
    }
    return this.items.filter((item) => item.state !== "failed" && !isRunning(item));
  }

  private replace(items: OutgoingMessage[]): void {
    this.items = items;
    saveUnsent(items.filter((item) => item.state !== "accepted"));
  }
}

export function outgoingRow(item: OutgoingMessage): UserEntry {
  const row: UserEntry = { kind: "user", id: item.id, text: item.text, images: 0, at: item.createdAt };
  if (item.state === "sending") row.delivery = "sending";
  if (item.state === "failed") {
    row.delivery = "failed";
    row.problem = item.problem;
  }
  return row;
}
