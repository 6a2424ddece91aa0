// What `doctor` makes of facts: one finding for each thing that is not well, with how to mend it.

import { describe, expect, test } from 'vitest';
import { CHECKS, type DoctorFacts, findingsOf } from '#service/doctor';

const NOW = Date.UTC(2026, 2, 29, 12);

function facts(over: Partial<DoctorFacts> = {}): DoctorFacts {
  return {
    now: NOW,
    timezone: 'UTC',
    stateDir: '/srv/data',
    settings: { file: '/srv/settings/aclarai.config.yaml', faults: [], warnings: [], jobs: 2 },
    directory: { mode: 0o40700, isOurs: true, free: 5e9, size: 9e9, freeFiles: 1e6, files: 2e6 },
    secrets: [{ file: '/srv/data/token', mode: 0o100600 }],
    ledger: {
      file: '/srv/data/scheduler.db',
      bytes: 2e6,
      version: 8,
      newest: 8,
      faults: [],
      newestInstant: NOW - 1_000,
      copies: [],
    },
    graph: { name: 'embedded', fault: null },
    isServed: true,
    ...over,
  };
}

const ledger = (over: object) => ({
  ledger: { ...(facts().ledger as object), ...over } as DoctorFacts['ledger'],
});
const directory = (over: object) => ({ directory: { ...facts().directory!, ...over } });
const note = {
  file: 'a.yaml',
  line: 3,
  column: 5,
  path: 'scheduler',
  code: 'UNKNOWN_KEY',
  message: 'found jbos',
  fix: 'did you mean jobs?',
};

test('where all is well each check says so once, in its order', () => {
  const found = findingsOf(facts());
  expect(found.map(({ check }) => check)).toEqual([...CHECKS]);
  expect(found.every(({ level, fix }) => level === 'ok' && fix === null)).toBe(true);
});

test('a first look, before anything was made, finds no fault', () => {
  const found = findingsOf(facts({ directory: null, ledger: null, isServed: false }));
  expect(found.filter(({ level }) => level === 'fault')).toEqual([]);
});

describe('what is not well is found with its fix', () => {
  test.each<[string, Partial<DoctorFacts>, string, string, RegExp, RegExp]>([
    [
      'a fault of the settings',
      { settings: { ...facts().settings, faults: [note] } },
      'settings',
      'fault',
      /a\.yaml:3:5.*jbos/,
      /did you mean jobs/,
    ],
    [
      'a warning of the settings',
      { settings: { ...facts().settings, warnings: [note] } },
      'settings',
      'warning',
      /jbos/,
      /jobs/,
    ],
    ['a directory of others', directory({ isOurs: false }), 'permissions', 'fault', /not ours/, /chown/],
    [
      'a directory that others write',
      directory({ mode: 0o40777 }),
      'permissions',
      'warning',
      /mode 777/,
      /chmod go-w \/srv\/data/,
    ],
    [
      'a token that others read',
      { secrets: [{ file: '/srv/data/token', mode: 0o100644 }] },
      'permissions',
      'warning',
      /token.*mode 644/,
      /chmod 600 \/srv\/data\/token/,
    ],
    ['a full disk', directory({ free: 1e6 }), 'disk', 'fault', /full: 1\.0 MB of/, /free some space/],
    ['a disk that fills up', directory({ free: 1e8 }), 'disk', 'warning', /nearly full/, /free some space/],
    [
      'a disk without room for files',
      directory({ freeFiles: 3 }),
      'disk',
      'warning',
      /3 more files/,
      /remove files/,
    ],
    [
      'a damaged ledger',
      ledger({ faults: ['row 3 missing'] }),
      'ledger',
      'fault',
      /damaged: row 3/,
      /restore/,
    ],
    ['a newer ledger', ledger({ version: 9 }), 'ledger', 'fault', /newer version \(9/, /newer scheduler/],
    [
      'a ledger that cannot be read',
      { ledger: { code: 'DATABASE_ERROR', message: 'not a database', fix: 'mend' } },
      'ledger',
      'fault',
      /not a database/,
      /mend/,
    ],
    [
      'copies that take room',
      ledger({ copies: [{ file: '/srv/data/x', bytes: 9e8 }] }),
      'ledger',
      'warning',
      /1 earlier .* 900 MB/,
      /rm \/srv\/data\/x/,
    ],
    [
      'a clock that is behind',
      ledger({ newestInstant: NOW + 5 * 3_600_000 }),
      'clock',
      'fault',
      /5h behind/,
      /--accept-clock/,
    ],
    ['a clock that was never set', { now: 0 }, 'clock', 'fault', /1970-01-01/, /set the clock/],
    [
      'a graph that does not answer',
      { graph: { name: 'neo4j (bolt://x)', fault: { code: 'X', message: 'refused', fix: null } } },
      'graph',
      'fault',
      /bolt:\/\/x.*refused/,
      /NEO4J_PASSWORD/,
    ],
    ['no service', { isServed: false }, 'service', 'warning', /no service/, /start/],
  ])('%s', (_, over, check, level, message, fix) => {
    const bad = findingsOf(facts(over)).filter((each) => each.level !== 'ok');
    expect(bad).toMatchObject([{ check, level }]);
    expect(bad[0]!.message).toMatch(message);
    expect(bad[0]!.fix).toMatch(fix);
  });
});

test('an older ledger is well: the next start brings it up', () => {
  const found = findingsOf(facts(ledger({ version: 3, newestInstant: null })));
  expect(found.find(({ check }) => check === 'ledger')).toMatchObject({
    level: 'ok',
    message: expect.stringContaining('of version 3: the next start brings it to 8'),
  });
});
