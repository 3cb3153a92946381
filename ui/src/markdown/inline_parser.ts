import { safeLink } from "./safe_link.js";

export type InlineNode =
  | string
  | { type: "code"; text: string }
  | { type: "break" }
  | { type: "em" | "strong" | "del"; children: InlineNode[]; depth: number }
  | { type: "link"; href: string; children: InlineNode[]; depth: number };

interface Delimiter {
  type: "delimiter";
  char: string;
  count: number;
  opens: boolean;
  closes: boolean;
}

interface Bracket {
  type: "bracket";
  image: boolean;
}

type Item = InlineNode | Delimiter | Bracket;

const SPECIAL = /[\\`*_~[\]!<\n]|https?:\/\//g;
const BARE_LINK = /https?:\/\/[^\s<>"`]+/y;
const ANGLE_LINK = /<((?:https?:\/\/|mailto:)[^\s<>]*)>/iy;
const LINE_BREAK = /<br ?\/?>/iy;
const ESCAPABLE = /[!-/:-@[-`{-~]/;
const SPACE = /\s/;
const PUNCTUATION = /[\p{P}\p{S}]/u;
/** Deeper nesting is shown as it was written; each level costs stack space when rendered. */
const MAX_DEPTH = 8;
const MAX_ADDRESS = 2000;

/** One pass over the text; every step is bounded, so that hostile input costs no more than its length. */
export function parseInline(text: string): InlineNode[] {
  const items: Item[] = [];
  const brackets: number[] = [];
  const noCodeCloser = new Set<number>();
  let at = 0;

  const push = (item: Item): void => {
    items.push(item);
  };

  while (at < text.length) {
    SPECIAL.lastIndex = at;
    const match = SPECIAL.exec(text);
    if (!match) {
      push(text.slice(at));
      break;
    }
    if (match.index > at) push(text.slice(at, match.index));
    at = match.index;
    const char = text[at]!;
    if (char === "\\") {
      const next = text[at + 1];
      if (next === "\n") push({ type: "break" });
      else push(next && ESCAPABLE.test(next) ? next : "\\");
      at += next && (next === "\n" || ESCAPABLE.test(next)) ? 2 : 1;
    } else if (char === "`") {
      at = readCode(text, at, push, noCodeCloser);
    } else if (char === "*" || char === "_" || char === "~") {
      const count = runLength(text, at);
      push(delimiter(text, at, count));
      at += count;
    } else if (char === "[" || (char === "!" && text[at + 1] === "[")) {
      brackets.push(items.length);
      push({ type: "bracket", image: char === "!" });
      at += char === "!" ? 2 : 1;
    } else if (char === "]") {
      at = closeBracket(text, at, items, brackets);
    } else if (char === "\n") {
      // Chat answers mean their line breaks.
      push({ type: "break" });
      at += 1;
    } else if (char === "<") {
      at = readAngle(text, at, push);
    } else if (char === "h") {
      at = readBareLink(text, at, push);
    } else {
      push(char);
      at += 1;
    }
  }
  return resolveEmphasis(items);
}

function runLength(text: string, at: number): number {
  let end = at + 1;
  while (text[end] === text[at]) end += 1;
  return end - at;
}

function readCode(text: string, at: number, push: (item: Item) => void, noCloser: Set<number>): number {
  const count = runLength(text, at);
  if (!noCloser.has(count)) {
    const fence = "`".repeat(count);
    let end = text.indexOf(fence, at + count);
    while (end !== -1) {
      const length = runLength(text, end);
      if (length === count) {
        const body = text.slice(at + count, end).replace(/\n/g, " ");
        const padded = body.length > 2 && body.startsWith(" ") && body.endsWith(" ") && body.trim() !== "";
        push({ type: "code", text: padded ? body.slice(1, -1) : body });
        return end + count;
      }
      end = text.indexOf(fence, end + length);
    }
    noCloser.add(count);
  }
  push("`".repeat(count));
  return at + count;
}

function delimiter(text: string, at: number, count: number): Delimiter | string {
  const char = text[at]!;
  if (count > 3 || (char === "~" && count !== 2)) return char.repeat(count);
  const before = text[at - 1] ?? " ";
  const after = text[at + count] ?? " ";
  const left = !SPACE.test(after) && (!PUNCTUATION.test(after) || SPACE.test(before) || PUNCTUATION.test(before));
  const right = !SPACE.test(before) && (!PUNCTUATION.test(before) || SPACE.test(after) || PUNCTUATION.test(after));
  // An underscore within a word, as in file_name, is a letter.
  const opens = char === "_" ? left && (!right || PUNCTUATION.test(before)) : left;
  const closes = char === "_" ? right && (!left || PUNCTUATION.test(after)) : right;
  return opens || closes ? { type: "delimiter", char, count, opens, closes } : char.repeat(count);
}

function closeBracket(text: string, at: number, items: Item[], brackets: number[]): number {
  const open = brackets.pop();
  if (open === undefined) {
    items.push("]");
    return at + 1;
  }
  const image = (items[open] as Bracket).image;
  const target = text[at + 1] === "(" ? readTarget(text, at + 2) : null;
  const href = target ? safeLink(target.address) : null;
  if (!target || !href) {
    items[open] = image ? "![" : "[";
    items.push("]");
    return at + 1;
  }
  const inner = items.splice(open);
  inner.shift();
  const children = flatten(resolveEmphasis(inner));
  if (image && !children.length) children.push(href);
  if (image) children.unshift("Image: ");
  items.push({ type: "link", href, children: children.length ? children : [href], depth: deepest(children) + 1 });
  return target.end;
}

/** Reads `address "title")`; the title is dropped. */
function readTarget(text: string, from: number): { address: string; end: number } | null {
  let depth = 0;
  const limit = Math.min(text.length, from + MAX_ADDRESS);
  for (let at = from; at < limit; at += 1) {
    const char = text[at];
    if (char === "\n") return null;
    if (char === "(") depth += 1;
    else if (char === ")") {
      if (depth === 0) {
        const body = text.slice(from, at).trim();
        const address = body.split(/\s/, 1)[0] ?? "";
        return { address: address.replace(/^<|>$/g, ""), end: at + 1 };
      }
      depth -= 1;
    }
  }
  return null;
}

function readAngle(text: string, at: number, push: (item: Item) => void): number {
  ANGLE_LINK.lastIndex = at;
  const link = ANGLE_LINK.exec(text);
  const href = link ? safeLink(link[1]!) : null;
  if (link && href) {
    push({ type: "link", href, children: [link[1]!.replace(/^mailto:/i, "")], depth: 1 });
    return at + link[0].length;
  }
  LINE_BREAK.lastIndex = at;
  const tag = LINE_BREAK.exec(text);
  push(tag ? { type: "break" } : "<");
  return at + (tag ? tag[0].length : 1);
}

function readBareLink(text: string, at: number, push: (item: Item) => void): number {
  BARE_LINK.lastIndex = at;
  let address = BARE_LINK.exec(text)?.[0] ?? "";
  const spare = /[.,;:!?'*_~\]]+$/.exec(address.slice(-40));
  if (spare) address = address.slice(0, -spare[0].length);
  // A closing parenthesis belongs to the sentence unless the address opened one.
  if (address.endsWith(")") && !address.includes("(")) address = address.slice(0, -1);
  const href = safeLink(address);
  if (!href) {
    push("h");
    return at + 1;
  }
  push({ type: "link", href, children: [address], depth: 1 });
  return at + address.length;
}

function resolveEmphasis(items: Item[]): InlineNode[] {
  const out: Item[] = [];
  const openers: Record<string, number[]> = { "*": [], "_": [], "~": [] };
  for (const item of items) {
    if (typeof item === "string" || item.type !== "delimiter") {
      out.push(item);
      continue;
    }
    let rest = item.count;
    while (item.closes && rest > 0) {
      const stack = openers[item.char]!;
      const open = stack[stack.length - 1];
      if (open === undefined) break;
      const opener = out[open] as Delimiter;
      const used = opener.count >= 2 && rest >= 2 ? 2 : 1;
      const children = plain(out.slice(open + 1));
      const depth = deepest(children) + 1;
      if (depth > MAX_DEPTH || !children.length) {
        // Giving up on every opener keeps the number of these attempts small.
        for (const one of Object.values(openers)) one.length = 0;
        break;
      }
      out.length = open + 1;
      for (const one of Object.values(openers)) while (one.length && one[one.length - 1]! > open) one.pop();
      opener.count -= used;
      rest -= used;
      if (opener.count === 0) {
        stack.pop();
        out.pop();
      }
      out.push({ type: item.char === "~" ? "del" : used === 2 ? "strong" : "em", children, depth });
    }
    if (rest === 0) continue;
    if (item.opens) openers[item.char]!.push(out.length);
    out.push({ ...item, count: rest });
  }
  return plain(out);
}

/** Turns delimiters and brackets that found no partner back into the text they were. */
function plain(items: Item[]): InlineNode[] {
  const nodes: InlineNode[] = [];
  for (const item of items) {
    const node =
      typeof item === "string" ? item
      : item.type === "delimiter" ? item.char.repeat(item.count)
      : item.type === "bracket" ? (item.image ? "![" : "[")
      : item;
    const last = nodes.length - 1;
    if (typeof node === "string" && typeof nodes[last] === "string") nodes[last] += node;
    else nodes.push(node);
  }
  return nodes;
}

/** A link inside a link is not possible. */
function flatten(nodes: InlineNode[]): InlineNode[] {
  return nodes.flatMap((node): InlineNode[] => {
    if (typeof node === "string" || node.type === "code" || node.type === "break") return [node];
    if (node.type === "link") return flatten(node.children);
    return [{ ...node, children: flatten(node.children) }];
  });
}

function deepest(nodes: InlineNode[]): number {
  return nodes.reduce((most, node) => (typeof node === "object" && "depth" in node ? Math.max(most, node.depth) : most), 0);
}
