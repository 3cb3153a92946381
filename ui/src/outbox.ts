import { freshId, type UserEntry } from "./chat_entry.js";
import { randomId } from "./gateway_link.js";

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
  /** Equal user messages in the transcript when this one was written. */
  seenBefore: number;
}

/** Messages the transcript does not show yet. */
export class Outbox {
  private items: OutgoingMessage[] = [];

  add(sessionKey: string, text: string, seenBefore: number): OutgoingMessage {
    const alike = this.items.filter((item) => item.sessionKey === sessionKey && item.text === text && item.state !== "failed");
    const item: OutgoingMessage = {
      id: freshId(),
      sessionKey,
      text,
      idempotencyKey: randomId(),
      state: "sending",
      problem: "",
      unanswered: false,
      createdAt: Date.now(),
      seenBefore: seenBefore + alike.length,
    };
    this.items = [...this.items, item];
    return item;
  }

  accept(item: OutgoingMessage): void {
    if (item.state === "sending") item.state = "accepted";
  }

  fail(item: OutgoingMessage, problem: string, unanswered: boolean): void {
    item.state = "failed";
    item.problem = problem;
    item.unanswered = unanswered;
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
    return item;
  }

  clear(): void {
    this.items = [];
  }

  remove(id: string): OutgoingMessage | null {
    const item = this.items.find((one) => one.id === id) ?? null;
    this.items = this.items.filter((one) => one !== item);
    return item;
  }

  forSession(sessionKey: string): OutgoingMessage[] {
    return this.items.filter((item) => item.sessionKey === sessionKey);
  }

  dropSession(sessionKey: string): void {
    this.items = this.items.filter((item) => item.sessionKey !== sessionKey);
  }

  /** The transcript of a session arrived; messages it holds are no longer ours to show. */
  reconcile(sessionKey: string, stored: (text: string) => number, unacknowledgedToo: boolean): void {
    this.items = this.items.filter((item) => {
      const judged = item.state === "accepted" || (unacknowledgedToo && item.state === "sending");
      return item.sessionKey !== sessionKey || !judged || stored(item.text) <= item.seenBefore;
    });
  }

  /** After the run of a message is over it is in the transcript, or never will be. */
  finish(runId: string): void {
    this.items = this.items.filter((item) => item.idempotencyKey !== runId || item.state !== "accepted");
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
