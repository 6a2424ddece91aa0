import { expect, test } from 'vitest';
import { z } from 'zod';
import { faultsOf, handler, jobOf, load } from './harness.ts';

const COUNT = [handler('count')];
const withEntry = (...keys: string[]) =>
  `scheduler:\n  jobs:\n    count:\n      enabled: true\n${keys.map((key) => `      ${key}\n`).join('')}`;

test('keys that are not ours are input, as are those below `input:`', async () => {
  const job = await jobOf(
    '{ enabled: true, custom_param: value, count: null, input: { timeout: 5, after: x } }',
  );
  expect(job.input).toEqual({ custom_param: 'value', count: null, timeout: 5, after: 'x' });
  expect(job.policy.timeoutMs).toBe(3_600_000);
});

test.each([
  'timout',
  'corn',
  'Cron',
  'evry',
  'enabld',
  'misfire_polcy',
  'misfire_graec_tim',
  'max_instance',
  'retires',
  'timezones',
  'retryDelay',
  'notfy',
])('%s is nearly one of ours: a fault that names both ways out', async (key) => {
  const faults = await faultsOf(withEntry(`${key}: 1`), { handlers: COUNT });
  expect(faults).toEqual([`5 NEAR_MISS scheduler.jobs.count.${key}`]);
});

test.each(['cro', 'ats', 'count', 'metric', 'percent', 'tmout', 'entries', 'schedule', 'target_file'])(
  '%s is another word',
  async (key) => {
    expect(await faultsOf(withEntry(`${key}: 1`), { handlers: COUNT })).toEqual([]);
  },
);

test('a near miss is input where the class declares it, and below `input:`', async () => {
  const handlers = [handler('count', { input: z.object({ timout: z.number() }) })];
  expect((await jobOf('{ enabled: true, timout: 5 }', { handlers })).input).toEqual({ timout: 5 });
  expect((await jobOf('{ enabled: true, input: { timout: 5 } }')).input).toEqual({ timout: 5 });
});

test.each(['after', 'notify', 'ping_url', 'expect_success_within', 'run_if'])(
  '%s is reserved, declared or not',
  async (key) => {
    const handlers = [handler('count', { input: z.object({ [key]: z.any().optional() }) })];
    expect(await faultsOf(withEntry(`${key}: 1`), { handlers })).toEqual([
      `5 RESERVED_KEY scheduler.jobs.count.${key}`,
    ]);
  },
);

test('a parameter that is written loose and below `input:` must say the same', async () => {
  expect(await faultsOf(withEntry('folder: a', 'input: { folder: b }'), { handlers: COUNT })).toEqual([
    '6 TWO_SPELLINGS scheduler.jobs.count.input.folder',
  ]);
  expect(await faultsOf(withEntry('folder: a', 'input: { folder: a }'), { handlers: COUNT })).toEqual([]);
});

const STRICT = z.strictObject({
  folder: z.string(),
  limit: z.number().max(9).optional(),
  deep: z.strictObject({ list: z.array(z.number()) }).optional(),
  api_key: z.string().min(50).optional(),
});

test.each([
  ['folder: 5', '5 INVALID_INPUT scheduler.jobs.count.folder'],
  ['input: { folder: 5 }', '5 INVALID_INPUT scheduler.jobs.count.input.folder'],
  ['input: {}', '3 INVALID_INPUT scheduler.jobs.count'],
  ['{ folder: a, limit: 10 }', '5 INVALID_INPUT scheduler.jobs.count.input.limit'],
  ['{ folder: a, deep: { list: [1, x] } }', '5 INVALID_INPUT scheduler.jobs.count.input.deep.list.1'],
  ['{ folder: a, deep: { list: [], lst: 1 } }', '5 INVALID_INPUT scheduler.jobs.count.input.deep.lst'],
  ['{ folder: a, foldr: b }', '5 INVALID_INPUT scheduler.jobs.count.input.foldr'],
])('input is checked against the class, with its place: %s', async (entry, fault) => {
  const key = entry.startsWith('{') ? `input: ${entry}` : entry;
  const handlers = [handler('count', { input: STRICT })];
  expect(await faultsOf(withEntry(key), { handlers })).toEqual([fault]);
});

test('input of the class is a default of the job, and checked with it', async () => {
  const handlers = [handler('count', { input: STRICT, defaults: { input: { folder: 'a' }, limit: 3 } })];
  expect((await jobOf('{ enabled: true, limit: 4 }', { handlers })).input).toEqual({ folder: 'a', limit: 4 });
});

test('an input that does not fit is not shown where its name is that of a secret', async () => {
  const handlers = [handler('count', { input: STRICT })];
  const result = await load(withEntry('folder: a', 'api_key: hunter2'), { handlers });
  expect(result.kind).toBe('faults');
  expect(JSON.stringify(result)).not.toContain('hunter2');
});

test('what JSON cannot say is no input', async () => {
  expect(await faultsOf(withEntry('limit: .nan', 'list: [1, .inf]'), { handlers: COUNT })).toEqual([
    '5 INVALID_INPUT scheduler.jobs.count.limit',
    '6 INVALID_INPUT scheduler.jobs.count.list.1',
  ]);
});

test.each([
  ['optional', STRICT.optional()],
  ['refined', STRICT.refine(() => true)],
  ['piped', STRICT.transform((value) => value)],
  ['with a default', STRICT.default({ folder: 'a' })],
])('a schema that is %s declares its keys', async (_name, schema) => {
  const input = z.object({ timout: z.number() });
  const handlers = [
    handler('count', { input: _name === 'optional' ? input.optional() : input.pipe(z.any()) }),
  ];
  expect(await faultsOf(withEntry('timout: 1'), { handlers })).toEqual([]);
  const strict = [handler('count', { input: schema })];
  expect(await faultsOf(withEntry('folder: a', 'limit: 1'), { handlers: strict })).toEqual([]);
});
