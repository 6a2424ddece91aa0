// References in input: what they become, what is said of those that stand for nothing, what is masked.

import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Json, JsonObject } from '#core/handler';
import { readReferencedFile } from '#runs/reference-files';
import { Mask, type ReferenceSources, Refused, resolveReferences } from '#runs/references';
import { fastFolder } from '../../support/fast-folder.ts';

const SOURCES: ReferenceSources = {
  storage_kv: async (key) =>
    ({ time: '12:00', object: { deep: [1] }, reference: '!ref:env:TOKEN', null: null })[key],
  storage_fs: async (name) => {
    if (name === '/etc/shadow') throw new Refused('lies below no entry');
    throw new Error('EIO');
  },
  config: async (key) => (key === 'model' ? 'gpt' : undefined),
  env: async (name) => {
    if (name !== 'TOKEN') throw new Refused('is not named');
    return 'sesame-open';
  },
};

describe('a reference becomes', () => {
  const cases: [reference: Json, value: Json, warning: string | null][] = [
    ['!ref:storage_kv:time', '12:00', null],
    ['!ref:storage_kv:object', { deep: [1] }, null],
    ['!ref:storage_kv:null', null, null],
    ['!ref:config:model', 'gpt', null],
    ['!ref:env:TOKEN', 'sesame-open', null],
    // A value that looks like a reference is a value.
    ['!ref:storage_kv:reference', '!ref:env:TOKEN', null],
    ['!ref:storage_kv:gone', '<undefined:!ref:storage_kv:gone>', 'there is no key gone'],
    ['!ref:config:gone', '<undefined:!ref:config:gone>', 'there is no setting gone'],
    ['!ref:env:HOME', '<invalid_ref:!ref:env:HOME>', 'is not named'],
    ['!ref:storage_fs:/etc/shadow', '<invalid_ref:!ref:storage_fs:/etc/shadow>', 'lies below no entry'],
    ['!ref:storage_fs:/srv/bad', '<error:!ref:storage_fs:/srv/bad>', 'EIO'],
    ['!ref:storage_kv:', '<invalid_ref:!ref:storage_kv:>', 'is no reference'],
    ['!ref:redis:time', '<invalid_ref:!ref:redis:time>', 'is no reference'],
    ['!ref:time', '<invalid_ref:!ref:time>', 'is no reference'],
    ['see !ref:storage_kv:time', 'see !ref:storage_kv:time', null],
    ['', '', null],
    [7, 7, null],
  ];
  test.each(cases)('%j → %j', async (reference, value, warning) => {
    const { input, warnings } = await resolveReferences({ a: { b: [0, reference] } }, SOURCES);
    expect(input).toEqual({ a: { b: [0, value] } });
    expect(warnings).toEqual(warning === null ? [] : [expect.stringContaining(warning)]);
  });

  test('each is read once, and said once', async () => {
    const text = '!ref:storage_kv:gone';
    const { input, warnings } = await resolveReferences({ a: text, b: [text, text] }, SOURCES);
    const marker = `<undefined:${text}>`;
    expect(input).toEqual({ a: marker, b: [marker, marker] });
    expect(warnings).toHaveLength(1);
  });

  test('input without references is the input', async () => {
    const input = { a: [{ b: '!re' }] };
    expect((await resolveReferences(input, SOURCES)).input).toBe(input);
  });

  test('what a key is called is never resolved', async () => {
    const input: JsonObject = { '!ref:env:TOKEN': 1 };
    expect((await resolveReferences(input, SOURCES)).input).toEqual(input);
  });
});

describe('a mask', () => {
  test('puts the reference back wherever the secret would be seen, in keys too', async () => {
    const { mask } = await resolveReferences({ a: '!ref:env:TOKEN', b: '!ref:storage_kv:time' }, SOURCES);
    expect(mask.json({ 'x sesame-open': ['sesame-open', { at: '12:00 sesame-openx' }], n: 1 })).toEqual({
      'x !ref:env:TOKEN': ['!ref:env:TOKEN', { at: '12:00 !ref:env:TOKENx' }],
      n: 1,
    });
  });

  test('leaves no secret in any text', () => {
    const secret = fc.string({ minLength: 4, maxLength: 12 }).filter((text) => !'!ref:env:A'.includes(text));
    fc.assert(
      fc.property(secret, fc.string(), fc.string(), (secret, before, after) => {
        const masked = new Mask([[secret, '!ref:env:A']]).text(before + secret + after);
        expect(masked.split('!ref:env:A').some((part) => part.includes(secret))).toBe(false);
      }),
    );
  });

  test('of a short secret changes only texts that are nothing else', () => {
    const mask = new Mask([['a', '!ref:env:A']]);
    expect(mask.json(['a', 'bar'])).toEqual(['!ref:env:A', 'bar']);
  });
});

describe('a file', () => {
  async function folders() {
    const base = await fastFolder('references-');
    onTestFinished(() => rm(base, { recursive: true }));
    const root = path.join(base, 'root');
    await mkdir(path.join(root, 'state'), { recursive: true });
    await writeFile(path.join(base, 'outside.txt'), 'outside');
    await writeFile(path.join(root, 'a.txt'), 'täxt');
    await writeFile(path.join(root, 'state/token'), 'secret');
    await symlink('../outside.txt', path.join(root, 'link.txt'));
    await symlink('a.txt', path.join(root, 'inner.txt'));
    return { base, roots: [root], closed: [path.join(root, 'state')] };
  }

  test.each([
    ['root/a.txt', 'täxt'],
    ['root/inner.txt', 'täxt'],
    ['root/gone.txt', undefined],
  ])('%s is %j', async (name, text) => {
    expect(await readReferencedFile(name, await folders())).toBe(text);
  });

  test.each([
    'outside.txt',
    'gone.txt',
    'root/../outside.txt',
    'root/link.txt',
    'root',
    'root/state/token',
    '/etc/passwd',
  ])('%s is refused', async (name) => {
    await expect(readReferencedFile(name, await folders())).rejects.toBeInstanceOf(Refused);
  });

  test('that is too large is refused', async () => {
    const where = await folders();
    await writeFile(path.join(where.base, 'root/large'), 'x'.repeat(1_048_577));
    await expect(readReferencedFile('root/large', where)).rejects.toThrow('at most 1048576');
  });
});
