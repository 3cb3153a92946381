import type { GatewayLink } from "./gateway_link.js";
import { prettyJson } from "./chat_entry.js";
import type { ApprovalRequested } from "./wire_types.js";

export interface Approval {
  id: string;
  /** The tool that asks; empty for a plain command. */
  tool: string;
  /** What exactly would be done: a command, or the tool's arguments. */
  command: string;
  reason: string;
  cwd: string;
  sessionKey: string;
  expiresAtMs: number;
  busy: boolean;
}

/** Commands that wait for the owner's word. */
export class ApprovalDesk {
  waiting: Approval[] = [];
  private timers = new Map<string, number>();

  constructor(
    private readonly link: GatewayLink,
    private readonly changed: () => void,
  ) {}

  asked(event: ApprovalRequested): void {
    if (!event?.id) return;
    this.remove(event.id);
    const expiresAtMs = event.expiresAtMs ?? Date.now() + 120_000;
    const left = Math.max(expiresAtMs - Date.now(), 0);
    this.waiting = [
      ...this.waiting,
      {
        id: event.id,
        tool: String(event.request?.tool ?? ""),
        command: wordsOf(event.request ?? {}),
        reason: String(event.request?.reason ?? ""),
        cwd: String(event.request?.cwd ?? ""),
        sessionKey: String(event.request?.sessionKey ?? ""),
        expiresAtMs,
        busy: false,
      },
    ];
    // Expiry is not announced by the gateway.
    this.timers.set(event.id, window.setTimeout(() => this.remove(event.id), left));
    this.changed();
  }

  /** Also used when another client decided. */
  remove(id: string): void {
    window.clearTimeout(this.timers.get(id));
    this.timers.delete(id);
    if (!this.waiting.some((one) => one.id === id)) return;
    this.waiting = this.waiting.filter((one) => one.id !== id);
    this.changed();
  }

  clear(): void {
    for (const one of this.waiting) this.remove(one.id);
  }

  /** Returns what went wrong, or nothing. */
  async decide(id: string, decision: "allow-once" | "deny"): Promise<string> {
    this.waiting = this.waiting.map((one) => (one.id === id ? { ...one, busy: true } : one));
    this.changed();
    try {
      await this.link.request("exec.approval.resolve", { id, decision });
      this.remove(id);
      return "";
    } catch (error) {
      const message = (error as Error).message;
      if (message.includes("unknown approval")) {
        this.remove(id);
        return "That request is no longer open.";
      }
      this.waiting = this.waiting.map((one) => (one.id === id ? { ...one, busy: false } : one));
      this.changed();
      return `The decision was not taken: ${message}`;
    }
  }
}

function wordsOf(request: ApprovalRequested["request"]): string {
  return request.tool && request.arguments ? prettyJson(String(request.arguments)) : String(request.command ?? "");
}
