export type Align = "left" | "center" | "right" | null;

export type Block =
  | { type: "paragraph"; text: string }
  | { type: "heading"; level: number; text: string }
  | { type: "code"; language: string; text: string }
  | { type: "quote"; blocks: Block[] }
  | { type: "list"; ordered: boolean; start: number; items: ListItem[] }
  | { type: "table"; header: string[]; align: Align[]; rows: string[][] }
  | { type: "rule" }
  /** Shown as it was written. */
  | { type: "plain"; text: string };

export interface ListItem {
  blocks: Block[];
  /** Null when the item is not a task. */
  done: boolean | null;
}

export interface Parsed {
  block: Block;
  /** Index of the first line after the block. */
  next: number;
}

const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([^`\s]*)/;
const HEADING = /^ {0,3}(#{1,6})(?:\s([^]*))?$/;
const RULE = /^ {0,3}(?:(?:-\s*){3,}|(?:\*\s*){3,}|(?:_\s*){3,})$/;
const QUOTE = /^ {0,3}> ?/;
const MARKER = /^(\s*)([-*+]|\d{1,9}[.)])(?:\s+|$)/;
const TASK = /^\[([ xX])\]\s+/;
const MAX_DEPTH = 8;

export function parseBlocks(text: string, depth = 0): Block[] {
  const lines = text.split("\n");
  const blocks: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    if (isBlank(lines[at]!)) {
      at += 1;
      continue;
    }
    const parsed = parseBlock(lines, at, depth);
    blocks.push(parsed.block);
    at = parsed.next;
  }
  return blocks;
}

/** Reads the block that begins at a line that is not blank. */
export function parseBlock(lines: string[], at: number, depth = 0): Parsed {
  const line = lines[at]!;
  const fence = FENCE.exec(line);
  if (fence) return parseFence(lines, at, fence);
  const heading = HEADING.exec(line);
  if (heading) {
    const text = withoutClosingMarks((heading[2] ?? "").trim());
    return { block: { type: "heading", level: heading[1]!.length, text }, next: at + 1 };
  }
  if (RULE.test(line)) return { block: { type: "rule" }, next: at + 1 };
  if (depth < MAX_DEPTH) {
    if (QUOTE.test(line)) return parseQuote(lines, at, depth);
    const marker = MARKER.exec(line);
    if (marker && marker[1]!.length < 4) return parseList(lines, at, depth, marker);
  }
  const align = tableAlign(lines, at);
  if (align) return parseTable(lines, at, align);
  return parseParagraph(lines, at, depth);
}

/** `## Title ##` is an old way to write a heading. */
function withoutClosingMarks(text: string): string {
  let end = text.length;
  while (text[end - 1] === "#") end -= 1;
  return end < text.length && (end === 0 || text[end - 1] === " ") ? text.slice(0, end).trimEnd() : text;
}

function isBlank(line: string): boolean {
  return line.trim() === "";
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

function startsBlock(lines: string[], at: number, depth: number): boolean {
  const line = lines[at]!;
  if (FENCE.test(line) || HEADING.test(line) || RULE.test(line)) return true;
  if (depth < MAX_DEPTH && (QUOTE.test(line) || (MARKER.test(line) && indentOf(line) < 4))) return true;
  return tableAlign(lines, at) !== null;
}

function parseFence(lines: string[], at: number, fence: RegExpExecArray): Parsed {
  const mark = fence[1]!;
  const indent = indentOf(lines[at]!);
  const body: string[] = [];
  let next = at + 1;
  while (next < lines.length) {
    const line = lines[next]!;
    const text = line.trim();
    if (text.length >= mark.length && text[0] === mark[0] && text === mark[0]!.repeat(text.length)) {
      return { block: { type: "code", language: fence[2]!, text: body.join("\n") }, next: next + 1 };
    }
    body.push(indentOf(line) >= indent ? line.slice(indent) : line.trimStart());
    next += 1;
  }
  // The end of a streamed block has not come yet.
  return { block: { type: "code", language: fence[2]!, text: body.join("\n") }, next };
}

function parseQuote(lines: string[], at: number, depth: number): Parsed {
  const body: string[] = [];
  let next = at;
  while (next < lines.length && QUOTE.test(lines[next]!)) {
    body.push(lines[next]!.replace(QUOTE, ""));
    next += 1;
  }
  return { block: { type: "quote", blocks: parseBlocks(body.join("\n"), depth + 1) }, next };
}

function parseList(lines: string[], at: number, depth: number, first: RegExpExecArray): Parsed {
  const ordered = /\d/.test(first[2]!);
  const base = first[1]!.length;
  const items: ListItem[] = [];
  let body: string[] = [];
  let offset = 0;
  let next = at;
  let blank = false;

  const finish = (): void => {
    if (!body.length) return;
    const task = TASK.exec(body[0]!);
    if (task) body[0] = body[0]!.slice(task[0].length);
    items.push({ blocks: parseBlocks(body.join("\n"), depth + 1), done: task ? task[1] !== " " : null });
    body = [];
  };

  while (next < lines.length) {
    const line = lines[next]!;
    if (isBlank(line)) {
      blank = true;
      body.push("");
      next += 1;
      continue;
    }
    const indent = indentOf(line);
    const marker = MARKER.exec(line);
    if (marker && indent < base + 2 && /\d/.test(marker[2]!) === ordered && !RULE.test(line)) {
      finish();
      // Two spaces are enough for what belongs to an item, whatever the width of its marker.
      offset = Math.min(marker[0].length || base + 2, base + 4);
      body.push(line.slice(marker[0].length));
    } else if (indent >= base + 2) {
      body.push(line.slice(Math.min(indent, offset)));
    } else if (!blank && !startsBlock(lines, next, depth)) {
      body.push(line.trimStart());
    } else break;
    blank = false;
    next += 1;
  }
  finish();
  const start = ordered ? Number.parseInt(first[2]!, 10) : 1;
  return { block: { type: "list", ordered, start, items }, next };
}

function cells(line: string): string[] {
  const row: string[] = [];
  let cell = "";
  const text = line.trim().replace(/^\|/, "");
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at]!;
    if (char === "\\" && text[at + 1] === "|") {
      cell += "|";
      at += 1;
    } else if (char === "|") {
      row.push(cell.trim());
      cell = "";
    } else cell += char;
  }
  if (cell.trim()) row.push(cell.trim());
  return row;
}

function tableAlign(lines: string[], at: number): Align[] | null {
  const line = lines[at]!;
  const below = lines[at + 1];
  if (below === undefined || !line.includes("|") || !below.includes("-") || !below.includes("|")) return null;
  const marks = cells(below);
  if (!marks.length || marks.length !== cells(line).length || !marks.every((mark) => /^:?-+:?$/.test(mark))) return null;
  return marks.map((mark) => {
    const left = mark.startsWith(":");
    const right = mark.endsWith(":");
    return left && right ? "center" : right ? "right" : left ? "left" : null;
  });
}

function parseTable(lines: string[], at: number, align: Align[]): Parsed {
  const rows: string[][] = [];
  let next = at + 2;
  while (next < lines.length && !isBlank(lines[next]!) && lines[next]!.includes("|")) {
    const row = cells(lines[next]!);
    rows.push(align.map((_, index) => row[index] ?? ""));
    next += 1;
  }
  return { block: { type: "table", header: cells(lines[at]!), align, rows }, next };
}

function parseParagraph(lines: string[], at: number, depth: number): Parsed {
  const body = [lines[at]!.trimStart()];
  let next = at + 1;
  while (next < lines.length && !isBlank(lines[next]!) && !startsBlock(lines, next, depth)) {
    body.push(lines[next]!.trim());
    next += 1;
  }
  return { block: { type: "paragraph", text: body.join("\n") }, next };
}
