import type { ContentBlock } from "./wire_types.js";

export interface UserEntry {
  kind: "user";
  id: string;
  text: string;
  images: number;
  at: number | null;
  /** Set while the message is only known to this page. */
  delivery?: "sending" | "failed";
  problem?: string;
}

export interface AnswerEntry {
  kind: "answer";
  id: string;
  text: string;
  at: number | null;
  model: string | null;
  streaming: boolean;
}

export interface ThinkingEntry {
  kind: "thinking";
  id: string;
  text: string;
  streaming: boolean;
}

export interface ToolEntry {
  kind: "tool";
  id: string;
  callId: string;
  name: string;
  args: unknown;
  output: string | null;
  failed: boolean;
  running: boolean;
}

export interface NoticeEntry {
  kind: "notice";
  id: string;
  text: string;
  /** warn: nobody's fault and no harm done, but the answer is not complete. */
  tone: "quiet" | "warn" | "bad";
}

export type ChatEntry = UserEntry | AnswerEntry | ThinkingEntry | ToolEntry | NoticeEntry;

let counter = 0;

/** A page-wide unique id, so that lists keep their elements when entries move. */
export function freshId(): string {
  counter += 1;
  return `e${counter}`;
}

export function textOf(content: string | ContentBlock[] | undefined): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .filter((block) => block?.type === "text" && typeof block.text === "string")
    .map((block) => block.text)
    .join("\n\n");
}

/** The readable part of a tool's result, whatever shape the tool chose. */
export function outputOf(result: unknown): string {
  if (result === null || result === undefined) return "";
  if (typeof result === "string") return result;
  const content = (result as { content?: unknown }).content;
  if (typeof content === "string") return content;
  if (Array.isArray(content)) {
    return content
      .map((block: ContentBlock) => (block?.type === "text" ? String(block.text ?? "") : `[${String(block?.type ?? "data")}]`))
      .join("\n");
  }
  return pretty(result);
}

export function pretty(value: unknown): string {
  if (typeof value === "string") return value;
  try {
    return JSON.stringify(value, null, 2) ?? "";
  } catch {
    return String(value);
  }
}

/** Lays text out that is a JSON object or list; any other text stays as it is. */
export function prettyJson(text: string): string {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return pretty(JSON.parse(text));
  } catch {
    return text;
  }
}
