/**
 * Reads JSON5 as the gateway does, so that a slip in a value shows beside its field before anything is sent. Used for
 * values only, never for the whole file. Throws an Error that says what is wrong and where in the text.
 */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const MAX_DEPTH = 200;
const SPACE = /[\s\u00a0\ufeff\u2028\u2029]/;
const NAME = /^[\p{L}\p{Nl}$_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}$\u200c\u200d]*/u;
const NUMBER = /^[+-]?(?:0[xX][0-9a-fA-F]+|Infinity|NaN|(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)/;
const ESCAPES: Record<string, string> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v", "0": "\0" };

export function parseJson5(text: string): Json {
  const reader = new Reader(text);
  const value = reader.value(0);
  reader.end();
  return value;
}

class Reader {
  private at = 0;

  constructor(private readonly text: string) {}

  end(): void {
    this.skip();
    if (this.at < this.text.length) this.fail(`unexpected “${this.here}”`);
  }

  value(depth: number): Json {
    if (depth > MAX_DEPTH) this.fail("nested too deep");
    this.skip();
    const start = this.here;
    if (start === "") return this.fail("a value is missing");
    if (start === "{") return this.object(depth);
    if (start === "[") return this.list(depth);
    if (start === '"' || start === "'") return this.string();
    const number = NUMBER.exec(this.rest)?.[0];
    if (number) return this.number(number);
    const word = NAME.exec(this.rest)?.[0] ?? "";
    const known: Record<string, Json> = { null: null, true: true, false: false };
    if (!Object.hasOwn(known, word)) this.fail(word ? `“${word}” is no value; texts need quotes` : `unexpected “${start}”`);
    this.at += word.length;
    return known[word] ?? null;
  }

  private number(word: string): number {
    this.at += word.length;
    if (NAME.test(this.rest) || /^\d/.test(this.rest)) this.fail("that is no number");
    const sign = word.startsWith("-") ? -1 : 1;
    const bare = word.replace(/^[+-]/, "");
    const value = sign * Number(bare);
    // JSON, which is what travels, has no such numbers.
    if (!Number.isFinite(value)) this.fail(`${word} cannot be sent`);
    return value;
  }

  private object(depth: number): Json {
    const out: [string, Json][] = [];
    this.at += 1;
    for (;;) {
      this.skip();
      if (this.take("}")) return Object.fromEntries(out);
      const quoted = this.here === '"' || this.here === "'";
      const key = quoted ? this.string() : this.name();
      this.skip();
      if (!this.take(":")) this.fail(`“:” is missing after “${key}”`);
      out.push([key, this.value(depth + 1)]);
      this.skip();
      if (!this.take(",") && this.here !== "}") this.fail("“,” or “}” is missing");
    }
  }

  private list(depth: number): Json {
    const out: Json[] = [];
    this.at += 1;
    for (;;) {
      this.skip();
      if (this.take("]")) return out;
      out.push(this.value(depth + 1));
      this.skip();
      if (!this.take(",") && this.here !== "]") this.fail("“,” or “]” is missing");
    }
  }

  private name(): string {
    const word = NAME.exec(this.rest)?.[0];
    if (!word) return this.fail(this.here ? `unexpected “${this.here}”` : "“}” is missing");
    this.at += word.length;
    return word;
  }

  private string(): string {
    const quote = this.here;
    let out = "";
    for (this.at += 1; this.here !== quote; this.at += 1) {
      if (this.here === "" || this.here === "\n" || this.here === "\r") this.fail("the text has no closing quote");
      out += this.here === "\\" ? this.escape() : this.here;
    }
    this.at += 1;
    return out;
  }

  private escape(): string {
    this.at += 1;
    const kind = this.here;
    if (kind === "\r" && this.text[this.at + 1] === "\n") this.at += 1;
    if (kind === "\r" || kind === "\n" || kind === "\u2028" || kind === "\u2029") return "";
    if (kind === "x") return this.code(2);
    if (kind === "u") return this.code(4);
    if (/[1-9]/.test(kind) || (kind === "0" && /\d/.test(this.text[this.at + 1] ?? ""))) this.fail("that escape is not allowed");
    return ESCAPES[kind] ?? kind;
  }

  private code(digits: number): string {
    const hex = this.text.slice(this.at + 1, this.at + 1 + digits);
    if (hex.length !== digits || /[^0-9a-fA-F]/.test(hex)) this.fail("that escape is not complete");
    this.at += digits;
    return String.fromCharCode(Number.parseInt(hex, 16));
  }

  private skip(): void {
    for (;;) {
      const here = this.here;
      if (here && SPACE.test(here)) this.at += 1;
      else if (this.rest2 === "//") this.at = this.after(/[\n\r\u2028\u2029]/g, this.text.length);
      else if (this.rest2 === "/*") {
        const end = this.text.indexOf("*/", this.at + 2);
        if (end < 0) this.fail("a comment has no end");
        this.at = end + 2;
      } else return;
    }
  }

  private after(pattern: RegExp, otherwise: number): number {
    pattern.lastIndex = this.at;
    return pattern.exec(this.text)?.index ?? otherwise;
  }

  private take(character: string): boolean {
    if (this.here !== character) return false;
    this.at += 1;
    return true;
  }

  private get here(): string {
    return this.text[this.at] ?? "";
  }

  private get rest(): string {
    return this.text.slice(this.at, this.at + 400);
  }

  private get rest2(): string {
    return this.text.slice(this.at, this.at + 2);
  }

  private fail(what: string): never {
    const before = this.text.slice(0, this.at).split("\n");
    const where = this.text.includes("\n") ? `line ${before.length}, column ${before.at(-1)!.length + 1}` : `column ${this.at + 1}`;
    throw new Error(`${what} (${where})`);
  }
}
