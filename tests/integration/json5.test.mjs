// Our JSON5 reader against npm json5, over texts made at random from the grammar and then damaged. The two must agree on
// what is JSON5 and on its value, and `json5_wire_text` must give npm's own words for each refusal. Every difference that
// is allowed stands in `explained` below, with its reason. JSON5_SEED and JSON5_TEXTS choose other texts.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import JSON5 from 'json5';
import { Dice } from './support/dice.mjs';

const probe = process.env.JSON5_PROBE;
const seed = Number(process.env.JSON5_SEED ?? 20250611);
const count = Number(process.env.JSON5_TEXTS ?? 30000);

class Maker extends Dice {
  some(most, make) { return Array.from({ length: this.below(most + 1) }, make).join(''); }

  blank() {
    return this.some(2, () => this.one([' ', '\n', '\t', '\r\n', '\r', '\u00a0', '\ufeff', '\u2028', '\u3000', '\v', '\f',
      '/* c */', '/***/', '/**/', '// l\n', '// l\r', '//\u2029', '/* \n * / */']));
  }
  number() {
    return this.one(['', '', '+', '-']) + this.one([
      () => String(this.below(1000)),
      () => '0',
      () => `${this.below(99)}.${this.some(4, () => this.below(10))}`,
      () => `.${this.below(10)}${this.below(1000)}`,
      () => `${this.below(99)}${this.one(['e', 'E'])}${this.one(['', '+', '-'])}${this.below(320)}`,
      () => `${this.below(9)}.${this.below(99)}e${this.below(30)}`,
      () => `0${this.one(['x', 'X'])}${this.below(2 ** 31).toString(16)}${this.some(3, () => this.one(['F', 'a', '0']))}`,
      () => `1${this.some(40, () => this.below(10))}`,
      () => '9007199254740993', () => '18446744073709551615', () => '18446744073709551616', () => '9223372036854775808',
      () => `0x${this.some(40, () => this.one(['f', '8', '1', '0', 'C']))}7`,
      () => 'Infinity', () => 'NaN',
    ])();
  }
  letter(quote) {
    return this.one([
      () => this.one(['a', 'Z', '0', ' ', '{', '}', '[', ']', ':', ',', '/', '$', '.', '-', 'ä', '€', '😀', '\u0001', '\t', '\u2028',
        '\u2029', '\ufeff', quote === '"' ? "'" : '"']),
      () => `\\${this.one(['b', 'f', 'n', 'r', 't', 'v', '0', "'", '"', '\\', '/', 'a', 'q', '$', 'ä', '😀', '\n', '\r\n', '\r', '\u2028',
        '\u2029', ' '])}`,
      () => `\\x${this.one(['41', '00', 'fF', '7f'])}`,
      () => `\\u${this.one(['0041', '00e4', '20AC', 'd83d\\ude00', 'ffff', '0000'])}`,
    ])();
  }
  text() {
    const quote = this.one(['"', "'"]);
    return quote + this.some(6, () => this.letter(quote)) + quote;
  }
  key() {
    return this.one([
      () => this.text(),
      () => this.one(['a', 'b', '$', '_', 'x1', 'null', 'true', 'Infinity', 'NaN', '__proto__', 'constructor', '0x', 'ä', 'ключ', '名', 'a\u200d',
        '\\u0061b', 'a\\u0030', '\\u0024', 'a\\u00e4']),
      () => `k${this.below(9)}`,
    ])();
  }
  items(open, close, make) {
    const all = Array.from({ length: this.below(4) }, make);
    const tail = all.length > 0 && this.below(3) === 0 ? `,${this.blank()}` : '';
    return `${open}${this.blank()}${all.join(`${this.blank()},${this.blank()}`)}${tail}${this.blank()}${close}`;
  }
  value(depth) {
    const kind = this.below(depth > 4 ? 4 : 7);
    if (kind === 0) return this.one(['null', 'true', 'false']);
    if (kind === 1) return this.number();
    if (kind < 4) return this.text();
    if (kind === 4) return this.items('[', ']', () => this.value(depth + 1));
    return this.items('{', '}', () => `${this.key()}${this.blank()}:${this.blank()}${this.value(depth + 1)}`);
  }
  document() { return this.blank() + this.value(0) + this.blank(); }

  // A few characters more, fewer, others, in another order, or the end cut off.
  damaged(text) {
    let letters = Array.from(text);
    for (let i = this.below(3); i >= 0; --i) {
      const at = this.below(letters.length + 1);
      const junk = this.one([...'{}[],:\'"\\/*+-.0129eExXaINnu_$# \n\r\t`~', '//', '/*', '*/', '0x', '\\u', '\\x', 'Infinity', 'NaN', 'null',
        '\u2028', '\u0000', '\u0007', 'é', '☃', '😀', '\u00ad', '\\u12', '\\u0020', '\\ud800']);
      this.one([
        () => letters.splice(at, 0, junk),
        () => letters.splice(at, 1),
        () => letters.splice(at, 1, junk),
        () => { letters = letters.slice(0, at); },
        () => letters.push(...letters.splice(0, at)),
        () => letters.splice(at, 0, ...letters.slice(at, at + 1 + this.below(5))),
      ])();
    }
    return letters.join('');
  }
  soup() { return this.some(12, () => this.one([...'{}[],:\'"\\/*+-.019eExaINnutf \n', 'null', 'true', 'a:', '1,', "'x'", '\u2028'])); }
}

function bits(number) {
  if (Number.isNaN(number)) return 'NaN';
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, number === 0 ? 0 : number);
  return view.getBigUint64(0).toString(16).padStart(16, '0');
}

const mend = (text) => text.toWellFormed();
const byKey = (a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0);

// The same form in which the probe answers.
function plain(value) {
  if (typeof value === 'number') return { '#': bits(value) };
  if (typeof value === 'string') return mend(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value !== null && typeof value === 'object')
    return { '{}': Object.entries(value).map(([key, inner]) => [mend(key), plain(inner)]).sort(byKey) };
  return value;
}
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value !== null && typeof value === 'object' && '{}' in value)
    return { '{}': value['{}'].map(([key, inner]) => [key, sorted(inner)]).sort(byKey) };
  return value;
}

function theirs(text) {
  try {
    return { ok: true, value: plain(JSON5.parse(text)) };
  } catch (error) {
    return { ok: false, wire: String(error) };
  }
}

// What may differ, and why.
function explained(text, their, our) {
  // A NUL byte never belongs into a file of ours: names of files and variables end at it.
  if (text.includes('\0') && !our.ok && /a NUL byte/.test(our.what)) return 'NUL';
  // Deeper than any configuration is: theirs has no bound but the stack.
  if (!our.ok && /deeper than 64 levels/.test(our.what)) return 'depth';
  // Keys without quotes: beyond ASCII they know the letters of the standard from tables; we take every character that is no
  // blank.
  if (!their.ok && /invalid identifier character/.test(their.wire)) return 'letters';
  const character = /^SyntaxError: JSON5: invalid character '(.+)' at/u.exec(their.wire ?? '');
  if (character && /^[^\x00-\x7f]$/u.test(character[1])) return 'letters';
  return undefined;
}

function ask(texts) {
  const input = texts.map((text) => Buffer.from(text, 'utf8').toString('base64')).join('\n') + '\n';
  const run = spawnSync(probe, { input, maxBuffer: 1 << 30, encoding: 'utf8' });
  assert.equal(run.status, 0, `the probe ended with ${run.status ?? run.signal}: ${run.stderr}`);
  return run.stdout.trimEnd().split('\n').map((line) => JSON.parse(line));
}

function compare(texts) {
  const warn = console.warn;
  console.warn = () => {}; // npm's warns of U+2028 in texts
  const tally = { same: 0, refused: 0 };
  const answers = ask(texts);
  assert.equal(answers.length, texts.length);
  texts.forEach((text, i) => {
    const their = theirs(text);
    const our = answers[i];
    const agree = our.ok === their.ok && our.wire === their.wire &&
      (!their.ok || isDeepStrictEqual(sorted(our.value), their.value));
    const reason = agree ? (their.ok ? 'same' : 'refused') : explained(text, their, our);
    if (!reason) {
      const shown = JSON.stringify(text);
      assert.equal(our.ok, their.ok, `${shown}: npm says ${their.wire ?? 'yes'}, we say ${our.what ?? 'yes'}`);
      assert.equal(our.wire, their.wire, `the words for ${shown}`);
      assert.deepEqual(sorted(our.value), their.value, `the value of ${shown}`);
    }
    tally[reason] = (tally[reason] ?? 0) + 1;
  });
  console.warn = warn;
  return tally;
}

test('texts of the grammar, whole and damaged', () => {
  const maker = new Maker(seed);
  const texts = [];
  for (let i = 0; i < count; ++i) {
    const text = maker.document();
    texts.push(i % 3 === 0 ? text : maker.damaged(text));
  }
  const tally = compare(texts);
  console.log(`seed ${seed}:`, tally);
  assert.ok(tally.same > count / 4, 'too few texts are valid');
  assert.ok(tally.refused > count / 4, 'too few texts are refused');
  assert.ok((tally.letters ?? 0) + (tally.NUL ?? 0) < count / 50, 'the exceptions hide too much');
});

test('soup of marks', () => {
  const maker = new Maker(seed + 1);
  const tally = compare(Array.from({ length: count }, () => maker.soup()));
  console.log(tally);
});

test('texts that somebody thought of', () => {
  compare(['', ' ', '\ufeff{}', '{', '{a', '{a:', '{a:1', '{a:1,', '{,}', '[,]', '[1,,]', '{a:1,,}', '{nope', '{{', '[1]]', '{}{}', '01', '1.',
    '.', '+', '-', '+.5', '-.', '0x', '0xg', '1e', '1e+', 'Infinit', '-Infinity', '+NaN', '- 1', "'", '"\n"', "'\\\n'", "'\\01'", "'\\1'",
    "'\\x4'", "'\\u00'", "'\\", '//', '/', '/*', '/* *', 'nul', 'nullx', 'true1', '{"a" 1}', '{a-b:1}', '{1:1}', "{'a':1 'b':2}", '\u2028',
    "'\u2028'", '{a:1}\n\n  x', "{\n\n a: 1\n b: 2}", '{"\\ud83d":1}', "'\\ud83d\\ude00'", "'\\ude00\\ud83d'", "'\\ud83d\\\n\\ude00'", "{__proto__:{x:1},'__proto__':2}",
    '{a:1,a:2,b:{c:1,c:[3]}}', '{0:1}', '{"10":1,"9":2,"a":3}', '-0', '[-0.0,+0]', '"\\u0000"', "'\x07'", '\x07', '\\', '#', '{a\\:1}',
    '{\\u0031:1}', '{\\u00e9:1}', '{a:\r\n}', "'😀\n'", '😀', '{"😀" x', '9'.repeat(400), `0.${'0'.repeat(400)}1`, `1e${'9'.repeat(30)}`, '1e400',
    '-1e400', '5e-324', '2.4703282292062327e-324', '0x' + 'f'.repeat(300), '123456789012345678901234567890']);
});

test('depth: theirs is bound by nothing, ours by 64 levels, and neither falls over', () => {
  const deep = '['.repeat(10000);
  const [our] = ask([deep]);
  assert.equal(our.ok, false);
  assert.match(our.what, /deeper than 64 levels/);
  assert.equal(our.wire, theirs(deep).wire);
  compare(['['.repeat(64) + ']'.repeat(64)]);
});
