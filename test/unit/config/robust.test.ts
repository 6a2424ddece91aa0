import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { JOB_KEYS } from '#config/job-keys';
import * as sections from '#config/sections';
import { folder, handler, loadIn } from './harness.ts';

const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(
    '*/5 * * * *',
    '@daily',
    '5m',
    '1mo',
    'Europe/Paris',
    '2026-01-01T10:00',
    'now',
    -1,
    1e300,
    '',
  ),
);
const keysOf = (section: object, ...more: string[]) =>
  fc.dictionary(fc.constantFrom(...Object.keys(section), ...more), anything, { maxKeys: 6 });
const jobs = fc.dictionary(
  fc.constantFrom('vault_sync', 'housekeeping', 'count', 'a b', '__proto__', 'constructor'),
  fc.oneof(anything, fc.dictionary(fc.constantFrom<string>(...JOB_KEYS, 'after', 'timout', 'x'), anything)),
);
const tree = fc.record(
  {
    paths: fc.oneof(keysOf(sections.PATHS), anything),
    databases: fc.oneof(
      fc.record({ neo4j: keysOf(sections.NEO4J, 'port'), rabbitmq: keysOf(sections.RABBITMQ) }),
      anything,
    ),
    vault: fc.oneof(keysOf(sections.VAULT), anything),
    scheduler: fc.oneof(
      fc.record({ jobs, defaults: fc.oneof(keysOf(sections.SCHEDULER), anything) }, { requiredKeys: [] }),
      keysOf(sections.SCHEDULER, 'jobs', 'defaults', 'tickInterval', 'retry_failed_events'),
      anything,
    ),
    housekeeper: fc.oneof(keysOf(sections.HOUSEKEEPER, 'rules'), anything),
    logging: anything,
  },
  { requiredKeys: [] },
);

test('whatever a tree says, the answer is settings, or faults with a place, and never an exception', async () => {
  const root = folder();
  await fc.assert(
    fc.asyncProperty(tree, async (settings) => {
      const result = await loadIn(root, { yaml: stringify(settings), handlers: [handler('count')] });
      if (result.kind === 'ok') return;
      expect(result.faults.length).toBeGreaterThan(0);
      for (const fault of result.faults) expect(fault.line, fault.path).toBeGreaterThan(0);
    }),
    { numRuns: 300 },
  );
});

test('a file that ends anywhere is settings or faults, and never an exception', async () => {
  const root = folder();
  const whole = readFileSync(new URL('../../../settings/aclarai.config.yaml', import.meta.url), 'utf8');
  for (let length = 0; length <= whole.length; length += 7) {
    const result = await loadIn(root, { yaml: whole.slice(0, length) });
    if (result.kind === 'faults') expect(result.faults.length).toBeGreaterThan(0);
  }
});

test('whatever a text says, it is read or refused', async () => {
  const root = folder();
  const pieces = fc.array(
    fc.oneof(
      fc.constantFrom(
        'scheduler:',
        '\n  ',
        'jobs:',
        ' *a',
        ' &a',
        '!x',
        '- ',
        '{',
        '}',
        '[',
        '"',
        '|',
        '#',
        '\t',
        '<<: ',
      ),
      fc.string(),
    ),
  );
  await fc.assert(
    fc.asyncProperty(pieces, async (parts) => {
      const result = await loadIn(root, { yaml: parts.join('') });
      expect(['ok', 'faults']).toContain(result.kind);
    }),
    { numRuns: 300 },
  );
});
