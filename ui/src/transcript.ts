import { freshId, outputOf, textOf, type ChatEntry, type NoticeEntry, type ToolEntry } from "./chat_entry.js";
import type { HistoryMessage } from "./wire_types.js";

/** Turns the raw messages of chat.history into the rows of the conversation. */
export function entriesFromHistory(messages: HistoryMessage[]): ChatEntry[] {
  const entries: ChatEntry[] = [];
  const tools = new Map<string, ToolEntry>();
  for (const message of messages) {
    if (!message || typeof message !== "object") continue;
    if (message.role === "user") addUser(entries, message);
    else if (message.role === "assistant") addAssistant(entries, tools, message);
    else if (message.role === "toolResult") addToolResult(entries, tools, message);
  }
  // What is in the transcript is over: a call without a result was cut off.
  for (const tool of tools.values()) tool.running = false;
  return entries;
}

function addUser(entries: ChatEntry[], message: HistoryMessage): void {
  const images = Array.isArray(message.content) ? message.content.filter((block) => block?.type === "image").length : 0;
  const text = textOf(message.content);
  if (!text && !images) return;
  entries.push({ kind: "user", id: freshId(), text, images, at: message.timestamp ?? null });
}

function addAssistant(entries: ChatEntry[], tools: Map<string, ToolEntry>, message: HistoryMessage): void {
  const model = message.model ? String(message.model) : null;
  const blocks = Array.isArray(message.content) ? message.content : [{ type: "text", text: textOf(message.content) }];
  const ending = endingOf(message);
  for (const block of blocks) {
    if (block?.type === "thinking" && block.thinking) {
      entries.push({ kind: "thinking", id: freshId(), text: String(block.thinking), streaming: false });
    } else if (block?.type === "text" && block.text?.trim()) {
      if (ending && standsFor(block.text, message)) continue;
      const last = entries[entries.length - 1];
      // Neighbouring text blocks of one message are one answer.
      if (last?.kind === "answer" && last.at === (message.timestamp ?? null) && last.at !== null) {
        last.text += `\n\n${block.text}`;
        continue;
      }
      entries.push({
        kind: "answer",
        id: freshId(),
        text: String(block.text),
        at: message.timestamp ?? null,
        model,
        streaming: false,
      });
    } else if (block?.type === "toolCall") {
      const tool: ToolEntry = {
        kind: "tool",
        id: freshId(),
        callId: String(block.id ?? ""),
        name: String(block.name ?? "tool"),
        args: block.arguments,
        output: null,
        failed: false,
        running: true,
      };
      tools.set(tool.callId, tool);
      entries.push(tool);
    }
  }
  if (ending) entries.push(ending);
}

/** How an answer that did not come to its own end is closed. */
function endingOf(message: HistoryMessage): NoticeEntry | null {
  const problem = message.errorMessage ? String(message.errorMessage) : "";
  switch (message.stopReason) {
    case "error":
      return problem ? { kind: "notice", id: freshId(), text: problem, tone: "bad" } : null;
    case "interrupted":
      return { kind: "notice", id: freshId(), text: problem || "Interrupted", tone: "warn" };
    case "aborted":
      // With a reason nobody pressed stop: the model broke off, or took too long.
      return { kind: "notice", id: freshId(), text: problem || "Stopped", tone: problem ? "bad" : "quiet" };
    default:
      return null;
  }
}

/** Text that a gateway stores where the model said nothing: it repeats the ending. */
function standsFor(text: string, message: HistoryMessage): boolean {
  return text.trim() === (message.errorMessage ? String(message.errorMessage).trim() : "(stopped)");
}

function addToolResult(entries: ChatEntry[], tools: Map<string, ToolEntry>, message: HistoryMessage): void {
  const callId = String(message.toolCallId ?? "");
  let tool = tools.get(callId);
  if (!tool) {
    tool = {
      kind: "tool",
      id: freshId(),
      callId,
      name: String(message.toolName ?? "tool"),
      args: undefined,
      output: null,
      failed: false,
      running: false,
    };
    entries.push(tool);
  }
  tool.output = outputOf({ content: message.content });
  tool.failed = message.isError === true;
  tool.running = false;
}

function signature(entry: ChatEntry): string {
  if (entry.kind === "tool") return `tool\0${entry.callId}`;
  return `${entry.kind}\0${entry.text.trim()}`;
}

/**
 * Gives rows that were already on the screen their old ids, newest first, so that replacing streamed rows
 * by the stored ones keeps their elements: no flicker, and open details stay open.
 */
export function keepIds(fresh: ChatEntry[], shown: ChatEntry[]): void {
  const known = new Map<string, string[]>();
  for (const entry of shown) {
    const key = signature(entry);
    const ids = known.get(key);
    if (ids) ids.push(entry.id);
    else known.set(key, [entry.id]);
  }
  for (let index = fresh.length - 1; index >= 0; index -= 1) {
    const id = known.get(signature(fresh[index]!))?.pop();
    if (id) fresh[index]!.id = id;
  }
}

/** How often the user has said exactly this since a moment of the gateway's clock. */
export function countUserText(entries: ChatEntry[], text: string, after: number): number {
  const wanted = text.trim();
  return entries.reduce((sum, entry) => sum + (entry.kind === "user" && (entry.at ?? 0) > after && entry.text.trim() === wanted ? 1 : 0), 0);
}

/** The newest moment that a row of the transcript names, by the gateway's clock. */
export function latestTime(entries: ChatEntry[]): number {
  return entries.reduce((latest, entry) => ("at" in entry ? Math.max(latest, entry.at ?? 0) : latest), 0);
}
