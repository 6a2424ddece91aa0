import { readFileSync } from 'node:fs';
import { parse } from 'dotenv';
import { expect, test } from 'vitest';
import type { Section } from '#config/field';
import { DEFAULTS, JOB, RESERVED_KEYS } from '#config/job-keys';
import { KEY_VARIABLES } from '#config/overrides';
import * as sections from '#config/sections';
import { settingsOf } from './harness.ts';

const root = new URL('../../../', import.meta.url);
const text = readFileSync(new URL('docs/configuration.md', root), 'utf8');
const lines = text.split('\n');

interface Row {
  start: string;
  spellings: string[];
}

function rowsOf(section: Section, prefix = ''): Row[] {
  return Object.entries(section).flatMap(([key, entry]) => {
    if (entry.kind === 'group') return rowsOf(entry.section, `${prefix}${key}.`);
    const { fallback } = entry;
    const written = typeof fallback === 'string' ? fallback : JSON.stringify(fallback);
    const start = `| \`${prefix}${key}\` | ${fallback === undefined ? '–' : `\`${written}\``} |`;
    return [{ start, spellings: entry.aliases.map((other) => other.path.split('.').at(-1)!) }];
  });
}

const tables: [string, Section][] = [
  ['paths', sections.PATHS],
  ['databases.neo4j', sections.NEO4J],
  ['databases.rabbitmq', sections.RABBITMQ],
  ['vault', sections.VAULT],
  ['scheduler', sections.SCHEDULER],
  ['housekeeper', sections.HOUSEKEEPER],
  ['a rule', sections.RULE],
  ['a job', JOB],
];

test.each(tables)('every key of %s is documented with its default and other spellings', (_name, section) => {
  for (const { start, spellings } of rowsOf(section)) {
    const rows = lines.filter((line) => line.startsWith(start)).join('\n');
    expect(rows, start).not.toBe('');
    for (const spelling of spellings) expect(rows).toMatch(new RegExp(`[.\`]${spelling}\``));
  }
});

test('so are the other spellings of defaults, reserved keys, settings without effect and variables', () => {
  const spellings = rowsOf(DEFAULTS).flatMap((row) => row.spellings);
  const names = [
    ...RESERVED_KEYS,
    ...sections.SETTINGS_WITHOUT_EFFECT.map(({ path }) => path.join('.')),
    ...KEY_VARIABLES.map(({ name }) => name),
  ];
  for (const name of names) expect(text).toContain(`\`${name}\``);
  for (const name of spellings) expect(text).toMatch(new RegExp(`\`${name}(: false)?\``));
});

test('the example of a .env file says what is true, and loads when all of it is taken', async () => {
  const example = readFileSync(new URL('.env.example', root), 'utf8');
  expect(parse(example)).toEqual({});
  const taken = example.replaceAll(/^# ([A-Z0-9_]+=)/gm, '$1').replace(/^NEO4J_PASSWORD_FILE=.*$/m, '');
  const { jobs, app } = await settingsOf('{}\n', { files: { 'settings/.env': taken } });
  expect(jobs[0]?.schedule).toMatchObject({ expression: '*/30 * * * *', timezone: 'Europe/Paris' });
  expect(app.databases.neo4j?.uri).toBe('bolt://neo4j:7687');
});
