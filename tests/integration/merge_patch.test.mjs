// Our merge patch, which edits the text, against npm json-merge-patch, which merges values: over trees and patches made
// at random and spelled in all the ways of JSON5, what npm json5 reads from our text must be what the reference makes of
// the values. MERGE_SEED and MERGE_PAIRS choose others.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import merge from 'json-merge-patch';
import JSON5 from 'json5';
import { Dice } from './support/dice.mjs';

const probe = process.env.MERGE_PROBE;
const seed = Number(process.env.MERGE_SEED ?? 20250712);
const count = Number(process.env.MERGE_PAIRS ?? 20000);

class Maker extends Dice {
  // `__proto__`, `constructor` and `prototype` are left out: the reference stops at them and leaves the rest of the patch
  // undone, to be safe in JavaScript. They are keys like any other here, and in the unit tests.
  key() { return this.one(['a', 'b', 'c', 'd e', 'é', '$x', 'a.b', '0', '']); }
  tree(depth = 0) {
    const kind = depth === 0 ? 0 : depth > 3 ? 2 + this.below(9) : this.below(11);
    if (kind < 2) return Object.fromEntries(Array.from({ length: this.below(5) }, () => [this.key(), this.tree(depth + 1)]));
    if (kind === 2) return Array.from({ length: this.below(3) }, () => this.tree(depth + 1));
    return [null, true, 0, -7, 1.5, "it's", 'a\n"b"//', '${X}'][kind - 3];
  }
  gap() { return this.one(['', '', '', ' ', '\n  ', '\r\n', '/* c */', '// c\n', '\t', '/*\n*/']); }
  spelled(value) {
    if (Array.isArray(value)) return `[${this.gap()}${this.list(value.map((item) => this.spelled(item)))}]`;
    if (value !== null && typeof value === 'object')
      return `{${this.gap()}${this.list(Object.entries(value).map(([key, inner]) =>
        this.name(key) + this.gap() + ':' + this.gap() + this.spelled(inner)))}}`;
    if (typeof value === 'string' && this.below(2)) return `'${JSON.stringify(value).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
    if (value === 0 && this.below(2)) return '+0x0';
    if (value === 1.5 && this.below(2)) return '+15.e-1';
    return JSON.stringify(value);
  }
  name(key) { return /^[a-zé$]+$/.test(key) && this.below(2) ? key : JSON.stringify(key); }
  list(parts) {
    return parts.map((part, at) => part + this.gap() + (at + 1 < parts.length || this.below(3) === 0 ? ',' + this.gap() : '')).join('');
  }
}

test('the text says what the reference says', { skip: probe ? false : 'MERGE_PROBE is not set' }, () => {
  const maker = new Maker(seed);
  const pairs = Array.from({ length: count }, () => {
    const before = maker.tree();
    const patch = maker.tree();
    return { before, patch, text: maker.gap() + maker.spelled(before) + maker.gap(), change: maker.spelled(patch) };
  });
  const base64 = (text) => Buffer.from(text).toString('base64');
  const done = spawnSync(probe, { input: pairs.map(({ text, change }) => `${base64(text)} ${base64(change)}\n`).join(''), maxBuffer: 1 << 30 });
  assert.equal(done.status, 0, String(done.stderr));
  const answers = done.stdout.toString().trimEnd().split('\n');
  assert.equal(answers.length, count);
  let changed = 0;
  pairs.forEach(({ before, patch, text, change }, at) => {
    assert.ok(!answers[at].startsWith('error'), `${answers[at]}\n${text}\n${change}`);
    const after = Buffer.from(answers[at], 'base64').toString();
    const want = merge.apply(structuredClone(before), structuredClone(patch));
    let seen;
    try { seen = JSON5.parse(after); } catch (error) { assert.fail(`${error}\n${text}\n${change}\n${after}`); }
    assert.deepEqual(seen, want, `${text}\n${change}\n${after}`);
    if (after !== text) changed++;
  });
  assert.ok(changed > count / 2, `${changed} changed`);
});
