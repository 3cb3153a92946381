// The JSON Schema that is made from the rows, held against a validator that others wrote: over trees made at random
// from the schema itself, some of them spoiled in one place, ajv and our own checker give the same verdict, and a
// spoiled place is named by both. config.example.json5 is valid as it is and with every key alive. SCHEMA_SEED and
// SCHEMA_TREES choose others.
//
// Left out, because the two differ on purpose: null, which means "not set" to us; texts with ${NAME}, whose length is
// known only later; numbers beyond 2^53.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import Ajv from 'ajv';
import JSON5 from 'json5';
import { Dice } from './support/dice.mjs';

const seed = Number(process.env.SCHEMA_SEED ?? 20250719);
const count = Number(process.env.SCHEMA_TREES ?? 4000);

function ask(trees) {
  const done = spawnSync(process.env.SCHEMA_PROBE, {
    input: trees.map((tree) => JSON.stringify(tree) + '\n').join(''), encoding: 'utf8', maxBuffer: 1 << 30,
  });
  assert.equal(done.status, 0, done.stderr);
  const [schema, ...answers] = done.stdout.trim().split('\n').map((line) => JSON.parse(line));
  return { schema, answers };
}

class Maker extends Dice {
  value(schema) {
    if (schema.anyOf) return this.value(this.one(schema.anyOf));
    if (schema.enum) return this.one(schema.enum);
    switch (schema.type) {
      case 'boolean': return this.next() < 0.5;
      case 'integer': return this.number(schema, Math.floor);
      case 'number': return this.number(schema, (n) => n);
      case 'string': return this.text(schema);
      case 'array': {
        const least = schema.minItems ?? 0;
        const length = Math.min(least + this.below(3), schema.maxItems ?? 9);
        return Array.from({ length }, () => this.value(schema.items ?? {}));
      }
      case 'object': return this.object(schema);
      default: return this.one([1, 'x', true, [1, 'a'], { a: 1 }]);
    }
  }
  number(schema, round) {
    const least = schema.minimum ?? (schema.exclusiveMinimum !== undefined ? 1e-3 : -1000);
    const most = Math.min(schema.maximum ?? 1000, Math.max(least, 0) + 1000);
    if (this.next() < 0.2) return schema.exclusiveMinimum !== undefined ? 5e-324 : least;
    if (this.next() < 0.2 && schema.maximum !== undefined) return schema.maximum;
    return Math.max(least, round(least + this.next() * (most - least)));
  }
  text(schema) {
    if (schema.pattern?.includes('fA-F')) return this.one(['#1a2B3c', 'ABCDEF', '000000']);
    if (schema.pattern) return this.one(['30m', '1h30m', '1.5h', '90', '0m', ' 2 H ', '250ms', '1d']);
    return 'text'.repeat(20).slice(0, Math.min(this.below(60) + (schema.minLength ?? 0), schema.maxLength ?? 80));
  }
  object(schema) {
    const out = {};
    const names = Object.keys(schema.properties ?? {});
    for (let i = Math.min(names.length, 1 + this.below(4)); i > 0; --i) {
      const name = this.one(names);
      out[name] = this.value(schema.properties[name]);
    }
    for (const name of schema.required ?? []) out[name] ??= this.value(schema.properties[name]);
    const more = schema.additionalProperties;
    if (typeof more === 'object')
      for (let i = this.below(3); i > 0; --i) {
        const name = this.one(['joe', '*', 'a.b', 'é', '+43 1', 'constructor']);
        if (!names.includes(name)) out[name] = this.value(more);
      }
    return out;
  }

  // Changes one place, or adds a key.
  spoil(tree) {
    const places = [];
    const walk = (value, holder, key) => {
      if (holder !== undefined) places.push([holder, key]);
      if (value !== null && typeof value === 'object')
        for (const inner of Object.keys(value)) walk(value[inner], value, inner);
    };
    walk(tree);
    if (places.length === 0) return void (tree.bogus = 1);
    const [holder, key] = this.one(places);
    const value = holder[key];
    if (!Array.isArray(value) && value !== null && typeof value === 'object' && this.next() < 0.5)
      return void (value[this.one(['bogus', 'Enabled', ''])] = this.one([1, 'x']));
    holder[key] = this.one([
      'text', '', 'x'.repeat(500), 0, -1, 1.5, 70000, 2 ** 40, true, [], {}, [1], ['a', {}], { bogus: { deep: 1 } },
      'soon', '#12345', '5x', '1..5h',
    ]);
  }
}

test('ajv and our checker agree', () => {
  const { schema } = ask([]);
  const validate = new Ajv({ strict: false, allErrors: true }).compile(schema);
  const maker = new Maker(seed);
  const trees = [];
  for (let i = 0; i < count; ++i) {
    const tree = maker.object(schema);
    if (i % 2 === 1) maker.spoil(tree);
    trees.push(tree);
  }
  const { answers } = ask(trees);
  assert.equal(answers.length, trees.length);
  let good = 0;
  trees.forEach((tree, i) => {
    const fine = validate(tree);
    good += fine;
    if (i % 2 === 0) assert.ok(fine, JSON.stringify([tree, validate.errors]));
    assert.equal(answers[i].length === 0, fine, JSON.stringify([tree, answers[i], validate.errors]));
    if (fine) return;
    // Every place that we complain about is one that ajv complains about, or one around it.
    const theirs = validate.errors.map((error) => error.instancePath.slice(1).split('/').join('.')
      .replaceAll('~1', '/').replaceAll('~0', '~'));
    for (const { path } of answers[i]) {
      const plain = decodeURI(path);
      assert.ok(theirs.some((other) => other === plain || other.startsWith(plain) || plain.startsWith(other)),
        JSON.stringify([tree, answers[i], validate.errors]));
    }
  });
  assert.ok(good > count / 2 && count - good > count / 4, `${good} of ${count} are good`);
});

test('the example file is valid', () => {
  const text = readFileSync(new URL('../../config.example.json5', import.meta.url), 'utf8');
  const { schema, answers } = ask([JSON5.parse(text)]);
  const validate = new Ajv({ strict: false }).compile(schema);
  assert.ok(validate(JSON5.parse(text)));
  assert.deepEqual(answers, [[]]);
});

test('words that people rely on', () => {
  const { answers } = ask([
    { agents: { list: [{ id: 'a' }, { name: 'x' }] } }, { bogusKey: 1 }, { gateway: { port: 'x' } }, { gateway: { port: 0, bogus: 1, other: 2 } }, { ui: { seamColor: '#123456' } },
  ]);
  assert.deepEqual(answers, [
    [{ path: 'agents.list.1.id', message: 'Invalid input: expected string, received undefined' }],
    [{ path: '', message: 'Unrecognized key: "bogusKey"' }],
    [{ path: 'gateway.port', message: 'Invalid input: expected number, received string' }],
    [{ path: 'gateway.port', message: 'Too small: expected number to be >0' },
      { path: 'gateway', message: 'Unrecognized keys: "bogus", "other"' }],
    [],
  ]);
});
