// Job code found, loaded, loaded again when it changed, and explained when it cannot be.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { JobContext } from '#core/handler';
import type { Log } from '#core/log';
import { HandlerRegistry } from '#runs/handlers/registry';
import { handlerNameOf } from '#runs/handlers/shape';

interface Setup {
  registry: HandlerRegistry;
  lines: string[];
  write(name: string, text: string): Promise<string>;
  discover(): Promise<void>;
  call(name: string): Promise<unknown>;
}

async function setup(files: Record<string, string>): Promise<Setup> {
  const dir = await mkdtemp(path.join(tmpdir(), 'registry-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const lines: string[] = [];
  const tell = (message: string, fields: object = {}) =>
    void lines.push(`${message} ${JSON.stringify(fields)}`);
  const log: Log = { debug: () => {}, info: tell, warn: tell, error: tell, with: () => log, at: () => log };
  const registry = new HandlerRegistry(log);
  const write = async (name: string, text: string) => {
    const file = path.join(dir, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
    return file;
  };
  for (const [name, text] of Object.entries(files)) await write(name, text);
  const discover = () => registry.discover([dir]);
  const call = async (name: string) =>
    await (await registry.load(name)).call({ config: { n: 5 } } as unknown as JobContext);
  await discover();
  return { registry, lines, write, discover, call };
}

const answers = (value: unknown) =>
  `import { defineJob } from 'aclarai-scheduler';\nexport default defineJob({ run: () => (${JSON.stringify(value)}) });\n`;

it.each([
  ['jobs/word-count.ts', 'word_count'],
  ['jobs/WordCount.ts', 'word_count'],
  ['jobs/vault-sync/index.ts', 'vault_sync'],
  ['jobs/My Job.js', 'my_job'],
])('%s is %s', (file, name) => {
  expect(handlerNameOf(file)).toBe(name);
});

it('finds files and folders, .ts, .js and .mjs, and passes over the rest', async () => {
  const { registry, lines } = await setup({
    'a.ts': answers({}),
    'b.js': answers({}),
    'c.mjs': answers({}),
    'd/index.ts': answers({}),
    'd/helper.ts': 'export const x = 1;',
    'e.test.ts': 'throw new Error("a test is no job")',
    '_draft.ts': 'throw new Error("a draft is no job")',
    'f.d.ts': 'export declare const x: number;',
    'notes.md': '# notes',
  });
  expect(registry.names).toEqual(['a', 'b', 'c', 'd']);
  expect(lines).toEqual([]);
});

it('bare imports of a file outside the application resolve from it', async () => {
  const { call } = await setup({
    'z.ts': `import { z } from 'zod';\nimport { defineJob } from 'aclarai-scheduler';\nexport default defineJob({ run: () => ({ items_processed: z.number().parse(3) }) });`,
  });
  expect(await call('z')).toEqual({ items_processed: 3 });
});

it('its own folder comes first', async () => {
  const { call } = await setup({
    'node_modules/zod/package.json':
      '{"name":"zod","version":"0.0.1","type":"module","exports":"./index.js"}',
    'node_modules/zod/index.js': 'export const mine = true;',
    'own.js': `import { mine } from 'zod';\nimport { defineJob } from 'aclarai-scheduler';\nexport default defineJob({ run: () => ({ mine }) });`,
  });
  expect(await call('own')).toEqual({ mine: true });
});

it('the class of the setup guide, with runJob or runSync, gets the settings', async () => {
  const { call, registry } = await setup({
    'one.js':
      'export default class { constructor(config) { this.config = config; } async runJob() { return this.config; } }',
    'two.js':
      'export default class { static handler = "second"; static description = "two"; runSync() { return { ok: 2 }; } }',
  });
  expect(await call('one')).toEqual({ n: 5 });
  expect(await call('second')).toEqual({ ok: 2 });
  expect(registry.info('second')?.description).toBe('two');
});

it('changed code runs next time, the changed import of a file too, and the version is another', async () => {
  const s = await setup({
    'a.ts': `import { n } from './parts/n.ts';\nimport { defineJob } from 'aclarai-scheduler';\nexport default defineJob({ run: () => ({ n }) });`,
    'parts/n.ts': 'export const n: number = 1;',
  });
  const first = await s.registry.load('a');
  expect(await s.call('a')).toEqual({ n: 1 });
  await s.write('parts/n.ts', 'export const n: number = 22;');
  expect(await s.call('a')).toEqual({ n: 22 });
  expect((await s.registry.load('a')).codeHash).not.toBe(first.codeHash);
});

it('unloadable code keeps the last good version and says so', async () => {
  const s = await setup({ 'a.ts': answers({ n: 1 }) });
  await s.write('a.ts', 'export default defineJob({ // torn');
  expect(await s.call('a')).toEqual({ n: 1 });
  expect(s.lines.join('\n')).toContain('last good version');
});

it.each([
  ['enum', 'enum Color { Red }\nexport default Color;', 1, 'as const'],
  [
    'namespace',
    'export const x = 1;\nnamespace N { export const y = 1; }\nexport default N;',
    2,
    'plain exports',
  ],
  ['decorator', 'const d = () => {};\n@d\nexport default class { runJob() {} }', 2, 'decorators'],
])('%s is reported with file and line and what to write instead', async (_what, source, line, instead) => {
  const s = await setup({ 'bad.ts': source, 'good.ts': answers({}) });
  expect(s.registry.names).toEqual(['good']);
  expect(s.lines.join('\n')).toMatch(new RegExp(`bad\\.ts:${line}:`));
  await expect(s.registry.load('bad')).rejects.toMatchObject({
    code: 'HANDLER_NOT_FOUND',
    fix: expect.stringContaining(instead),
  });
});

it('a file without a job, a bad name and a missing package are named, the others stand', async () => {
  const s = await setup({
    'empty.ts': 'export const x = 1;',
    'named.ts': `import { defineJob } from 'aclarai-scheduler';\nexport default defineJob({ handler: 'not a name', run: () => ({}) });`,
    'needs.ts': `import 'no-such-package-anywhere';\nexport default {};`,
    'good.ts': answers({}),
  });
  expect(s.registry.names).toEqual(['good']);
  expect(s.lines).toHaveLength(3);
});

it('two files of one name: the first is used, the other is named', async () => {
  const s = await setup({
    'a.ts': answers({ n: 1 }),
    'b.ts': `import { defineJob } from 'aclarai-scheduler';\nexport default defineJob({ handler: 'a', run: () => ({}) });`,
  });
  expect(await s.call('a')).toEqual({ n: 1 });
  expect(s.lines.join()).toContain('already');
});

it('a file that is gone at the next discovery is no handler any more', async () => {
  const s = await setup({ 'a.ts': answers({}), 'b.ts': answers({}) });
  await rm(await s.write('a.ts', ''));
  await s.discover();
  expect(s.registry.names).toEqual(['b']);
  await expect(s.registry.load('bb')).rejects.toMatchObject({
    code: 'HANDLER_NOT_FOUND',
    fix: expect.stringContaining('did you mean b'),
  });
});

it('code that breaks keeps its last good version through a discovery, whatever its handler is called', async () => {
  const named = (n: number) =>
    `import { defineJob } from 'aclarai-scheduler';\nexport default defineJob({ handler: 'custom', run: () => ({ n: ${n} }) });`;
  const s = await setup({ 'other.ts': named(1) });
  await s.write('other.ts', 'export default {');
  await s.discover();
  expect(await s.call('custom')).toEqual({ n: 1 });
});

it('two runs at once after an edit both get the new code', async () => {
  const s = await setup({ 'a.ts': answers({ n: 1 }) });
  await s.write('a.ts', answers({ n: 22 }));
  expect(await Promise.all([s.call('a'), s.call('a')])).toEqual([{ n: 22 }, { n: 22 }]);
});

it('what is tried on a fork changes nothing until it is taken', async () => {
  const s = await setup({ 'a.ts': answers({}) });
  const fork = s.registry.fork();
  await fork.discover([]);
  expect(s.registry.names).toEqual(['a']);
  s.registry.take(fork);
  expect(s.registry.names).toEqual([]);
});

it.each([
  ['blocks for ever', 'for (;;) {}', 'does not finish loading within 10 s'],
  ['waits for ever', 'await new Promise(() => {});', 'does not finish loading, it waits for ever'],
  ['ends its process', 'process.exit(3);', 'calls process.exit(3) while it is loaded'],
  [
    'leaves a rejection in the air',
    "Promise.reject(new Error('no luck'));",
    'throws where nobody can catch it while it is loaded: no luck',
  ],
])(
  'a file that %s while it is loaded is named, and the others go on',
  async (_what, head, fault) => {
    const { registry, lines, call } = await setup({
      'a.ts': answers({ n: 1 }),
      'b.ts': `${head}\n${answers({})}`,
      'c.ts': answers({ n: 3 }),
    });
    expect(registry.names).toEqual(['a', 'c']);
    expect([await call('a'), await call('c')]).toEqual([{ n: 1 }, { n: 3 }]);
    expect(lines).toEqual([expect.stringContaining(fault)]);
    await expect(registry.load('b')).rejects.toMatchObject({
      code: 'HANDLER_NOT_FOUND',
      message: expect.stringContaining(fault),
    });
  },
  30_000,
);

it('changed code that blocks while it is loaded leaves the last good version in place', async () => {
  const { lines, call, write } = await setup({ 'a.ts': answers({ n: 1 }) });
  await write('a.ts', `process.exit(3);\n${answers({ n: 2 })}`);
  expect(await call('a')).toEqual({ n: 1 });
  expect(lines.join()).toContain('the last good version runs');
});
