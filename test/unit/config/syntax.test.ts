import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { faultsOf, folder, load, loadIn, said, settingsOf } from './harness.ts';

const JOB = 'scheduler:\n  jobs:\n    vault_sync:\n';

test.each([
  ['a star without quotes', `${JOB}      cron: */30 * * * *\n`, '4 QUOTE_IT scheduler.jobs.vault_sync.cron'],
  ['nothing but stars', `${JOB}      cron: * * * * *\n`, '4 QUOTE_IT scheduler.jobs.vault_sync.cron'],
  ['a star in braces', 'scheduler: { jobs: { vault_sync: { cron: */5 * * * * } } }\n', '1 QUOTE_IT'],
  ['a nickname without quotes', `${JOB}      cron: @daily\n`, '4 QUOTE_IT'],
  ['a reference without quotes', `${JOB}      input: { key: !ref:env:NAME }\n`, '4 QUOTE_IT'],
  ['a list that never ends', 'scheduler:\n  job_directories: [jobs\n', 'YAML_SYNTAX'],
  ['a quote that never ends', 'scheduler:\n  timezone: "UTC\n', 'YAML_SYNTAX'],
  ['a tab', 'scheduler:\n\ttimezone: UTC\n', '2 YAML_SYNTAX'],
  ['two documents', 'scheduler: {}\n---\npaths: {}\n', 'YAML_SYNTAX'],
  ['nothing at all', '', 'EMPTY_FILE'],
  ['comments only', '# paths: {}\n', 'EMPTY_FILE'],
  ['a list', '- scheduler\n', '1 INVALID_VALUE'],
])('%s is one fault with its line', async (_name, yaml, fault) => {
  const faults = await faultsOf(yaml);
  expect(faults).toHaveLength(1);
  expect(faults[0]).toContain(fault);
});

test('the fault of a star without quotes says what to write, and points at the star', async () => {
  const result = await load(`${JOB}      cron: */30 * * * *\n`);
  expect(result).toMatchObject({
    faults: [{ line: 4, column: 13, fix: expect.stringMatching(/^quote it.*"\*\/30 \* \* \* \*"/) }],
  });
});

test('stars without quotes do not hide the other faults of the file', async () => {
  const yaml = `${JOB}      cron: */30 * * * *\n      timout: 5\n    mine: { cron: */5 * * * *, enabled: true }\n    other: { enabled: 1, cron: "99 * * * *" }\n`;
  const faults = await faultsOf(yaml);
  expect(faults.filter((fault) => fault.includes('QUOTE_IT')).map((fault) => fault.split(' ')[0])).toEqual([
    '4',
    '6',
  ]);
  expect(faults.filter((fault) => !fault.includes('QUOTE_IT')).map((fault) => fault.split(' ')[0])).toEqual([
    '5',
    '7',
    '7',
  ]);
});

test('a key that is written twice is a fault beside the others, not instead of them', async () => {
  const yaml = 'scheduler:\n  timezone: UTC\n  enabled: 1\n  timezone: UTC\n';
  const result = await load(yaml);
  expect(result.kind === 'faults' && said(result.faults)).toEqual([
    '3 INVALID_VALUE scheduler.enabled',
    '4 DUPLICATE_KEY scheduler.timezone',
  ]);
  expect(result).toMatchObject({ faults: [{}, { message: expect.stringMatching(/line 2$/) }] });
});

test('an alias bomb is refused', async () => {
  const level = (name: string, of: string) => `${name}: &${name} [${Array(9).fill(`*${of}`).join(', ')}]\n`;
  const yaml = `a: &a [x, x, x, x, x, x, x, x, x]\n${level('b', 'a')}${level('c', 'b')}${level('d', 'c')}${level('e', 'd')}`;
  expect(await faultsOf(yaml)).toEqual(['1 YAML_SYNTAX a']);
});

test.each([
  ['in itself', 'a: &a { b: *a }\n'],
  ['in itself, where it is input', 'scheduler: { jobs: { vault_sync: { x: &x [*x] } } }\n'],
  ['a hundred thousand deep', `a: ${'['.repeat(100_000)}${']'.repeat(100_000)}\n`],
])('a value that is nested %s is refused', async (_name, yaml) => {
  expect(await faultsOf(yaml)).toEqual([expect.stringMatching(/^1 YAML_SYNTAX/)]);
});

test('anchors and merge keys work, and a fault in a merged key has the line where it is written', async () => {
  const yaml = (timeout: string) =>
    `x: &slow\n  timeout: ${timeout}\nscheduler:\n  jobs:\n    vault_sync:\n      <<: *slow\n      cron: "0 5 * * *"\n`;
  const settings = await settingsOf(yaml('2h'));
  expect(settings.jobs[0]?.policy.timeoutMs).toBe(7_200_000);
  expect(await faultsOf(yaml('8d'))).toEqual(['2 INVALID_VALUE scheduler.jobs.vault_sync.timeout']);
});

test('a password that YAML stumbles over is not shown', async () => {
  const secrets = ['*hunter2', '|hunter2', '@hunter2', '"hunter2', '&hunter2 *hunter2'];
  for (const secret of secrets) {
    const result = await load(`databases:\n  neo4j:\n    password: ${secret}\n`);
    expect(result.kind).toBe('faults');
    expect(JSON.stringify(result)).not.toContain('hunter2');
  }
});

test('a file that is not there, and one that cannot be read', async () => {
  const root = folder();
  const missing = await loadIn(root);
  expect(missing.kind === 'faults' && said(missing.faults)).toEqual(['- CONFIG_NOT_FOUND ']);
  mkdirSync(path.join(root, 'settings/aclarai.config.yaml'), { recursive: true });
  const directory = await loadIn(root);
  expect(directory.kind === 'faults' && said(directory.faults)).toEqual(['- CONFIG_UNREADABLE ']);
});
