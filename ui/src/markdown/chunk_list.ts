import { parseBlock, type Block } from "./block_parser.js";

/** A list or quotation with more parts than this would stop the page for seconds. */
const MOST_PARTS = 4000;

export interface Chunk {
  start: number;
  block: Block;
}

/**
 * The top-level blocks of a growing text. Only the last block can change when text is appended, so the others are
 * kept as they are and their rendered rows with them: the cost of a new piece does not depend on what came before.
 */
export class ChunkList {
  chunks: Chunk[] = [];
  private text = "";

  update(source: string): void {
    // Positions are counted in the normalised text.
    const text = source.includes("\r") ? source.replace(/\r\n?/g, "\n") : source;
    if (text === this.text) return;
    const grows = text.length > this.text.length && text.startsWith(this.text);
    const last = this.chunks[this.chunks.length - 1];
    const from = grows && last ? last.start : 0;
    const kept = grows ? this.chunks.slice(0, -1) : [];
    this.text = text;
    this.chunks = [...kept, ...parseFrom(text, from)];
  }
}

/** How many blocks a block holds; tables bound their rows by themselves. */
function partsOf(block: Block): number {
  const sum = (blocks: Block[]): number => blocks.reduce((parts, one) => parts + partsOf(one), 1);
  if (block.type === "quote") return sum(block.blocks);
  if (block.type === "list") return block.items.reduce((parts, item) => parts + sum(item.blocks), 1);
  return 1;
}

function parseFrom(text: string, from: number): Chunk[] {
  const lines = text.slice(from).split("\n");
  const chunks: Chunk[] = [];
  let start = from;
  let at = 0;
  while (at < lines.length) {
    if (lines[at]!.trim() === "") {
      start += lines[at]!.length + 1;
      at += 1;
      continue;
    }
    const { block, next } = parseBlock(lines, at);
    const plain = partsOf(block) > MOST_PARTS;
    chunks.push({ start, block: plain ? { type: "plain", text: lines.slice(at, next).join("\n") } : block });
    for (; at < next; at += 1) start += lines[at]!.length + 1;
  }
  return chunks;
}
