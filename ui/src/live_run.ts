import { freshId, outputOf, textOf, type AnswerEntry, type ChatEntry, type ThinkingEntry, type ToolEntry } from "./chat_entry.js";
import type { AgentEvent, ChatEvent } from "./wire_types.js";

/** One answer while it is being made. Rows are replaced, never changed in place, so views notice by identity. */
export class LiveRun {
  entries: ChatEntry[] = [];
  over = false;
  /** Ended by a lost link only; the gateway may still be at it. */
  cut = false;
  private sawAgentText = false;
  /** The rows as they were when the link was lost, still streaming. */
  private beforeCut: ChatEntry[] = [];

  constructor(readonly runId: string) {}

  applyAgent(event: AgentEvent): void {
    const data = event.data ?? {};
    if (event.stream === "assistant" && typeof data.text === "string") {
      this.sawAgentText = true;
      this.setAnswer(data.text);
    } else if (event.stream === "thinking") {
      const text = typeof data.text === "string" ? data.text : typeof data.delta === "string" ? this.thinkingSoFar() + data.delta : "";
      if (text) this.setThinking(text);
    } else if (event.stream === "tool") this.applyTool(data);
  }

  applyChat(event: ChatEvent): void {
    if (event.state === "delta") {
      // The agent stream is finer; both together would only repeat each other.
      if (!this.sawAgentText) this.setAnswer(textOf(event.message?.content));
      return;
    }
    const text = textOf(event.message?.content);
    if (event.state === "final" && text) this.setAnswer(text);
    this.settle();
    if (event.state === "error") {
      this.entries = [...this.entries, { kind: "notice", id: freshId(), text: event.errorMessage || "The answer failed.", tone: "bad" }];
    } else if (event.state === "aborted") {
      const text = event.stopReason === "timeout" ? "Stopped: took too long" : "Stopped";
      this.entries = [...this.entries, { kind: "notice", id: freshId(), text, tone: "quiet" }];
    }
  }

  /** Nothing more will come. */
  settle(): void {
    this.over = true;
    this.entries = this.entries.map((entry) => {
      if ((entry.kind === "answer" || entry.kind === "thinking") && entry.streaming) return { ...entry, streaming: false };
      if (entry.kind === "tool" && entry.running) return { ...entry, running: false };
      return entry;
    });
  }

  /** The link is lost: what came so far stays on the screen, but nothing is pending. */
  interrupt(): void {
    if (this.over) return;
    this.beforeCut = this.entries;
    this.settle();
    this.cut = true;
  }

  /** It goes on after all, and so do its last words or its tool. */
  resume(): void {
    this.over = false;
    this.cut = false;
    this.entries = this.beforeCut;
  }

  private thinkingSoFar(): string {
    const last = this.entries[this.entries.length - 1];
    return last?.kind === "thinking" ? last.text : "";
  }

  private setAnswer(text: string): void {
    if (!text.trim()) return;
    const last = this.entries[this.entries.length - 1];
    if (last?.kind === "answer" && continues(last.text, text)) {
      if (last.text !== text) this.replaceLast({ ...last, text });
      return;
    }
    this.endStreaming();
    const row: AnswerEntry = { kind: "answer", id: freshId(), text, at: null, model: null, streaming: true };
    this.entries = [...this.entries, row];
  }

  private setThinking(text: string): void {
    const last = this.entries[this.entries.length - 1];
    if (last?.kind === "thinking") {
      if (last.text !== text) this.replaceLast({ ...last, text });
      return;
    }
    this.endStreaming();
    const row: ThinkingEntry = { kind: "thinking", id: freshId(), text, streaming: true };
    this.entries = [...this.entries, row];
  }

  private applyTool(data: NonNullable<AgentEvent["data"]>): void {
    const callId = String(data.toolCallId ?? "");
    const index = this.entries.findIndex((entry) => entry.kind === "tool" && entry.callId === callId);
    const old = index >= 0 ? (this.entries[index] as ToolEntry) : null;
    const row: ToolEntry = old
      ? { ...old }
      : {
          kind: "tool",
          id: freshId(),
          callId,
          name: String(data.name ?? "tool"),
          args: data.args,
          output: null,
          failed: false,
          running: true,
        };
    if (data.phase === "update") row.output = outputOf(data.partialResult);
    if (data.phase === "result") {
      row.output = outputOf(data.result);
      row.failed = data.isError === true;
      row.running = false;
    }
    if (old) this.entries = this.entries.map((entry, at) => (at === index ? row : entry));
    else {
      this.endStreaming();
      this.entries = [...this.entries, row];
    }
  }

  private endStreaming(): void {
    const last = this.entries[this.entries.length - 1];
    if ((last?.kind === "answer" || last?.kind === "thinking") && last.streaming) {
      this.replaceLast({ ...last, streaming: false });
    }
  }

  private replaceLast(entry: ChatEntry): void {
    this.entries = [...this.entries.slice(0, -1), entry];
  }
}

/**
 * Text is cumulative within one message of the model and starts anew with the next one. When tool rows are
 * suppressed only the text itself tells: a new message does not begin like the old one.
 */
function continues(before: string, after: string): boolean {
  const length = Math.min(before.length, after.length, 16);
  return before.slice(0, length) === after.slice(0, length);
}
