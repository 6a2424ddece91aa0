// Which schedule held when, by the changes of a job.
import { expect, it } from 'vitest';
import { eraAt, erasOf } from '#engine/eras';
import type { JobChange } from '#store/store';
import { MINUTE, T0 } from '../../support/ledger.ts';

const every = (text: string) => ({ kind: 'every', every: text, timezone: 'UTC', anchor: T0 });
const definition = (over: object = {}) => ({
  enabled: true,
  manualOnly: false,
  handler: 'noop',
  configHash: 'c',
  schedule: every('1m'),
  ...over,
});
const change = (minute: number, what: JobChange['what'], before: unknown, after: unknown): JobChange =>
  ({ jobUid: 'u', at: T0 + minute * MINUTE, what, before, after, by: 'test' }) as JobChange;
const created = (over: object = {}) => change(0, 'created', null, definition(over));

/** What holds in the middle of each of these minutes. */
const standing = (changes: JobChange[], minutes: readonly number[]) => {
  const eras = erasOf(changes.toReversed());
  return minutes.map((minute) => {
    const era = eraAt(eras, T0 + (minute + 0.5) * MINUTE);
    return era.off ?? (era.schedule as { every: string }).every;
  });
};

const table: [string, JobChange[], readonly number[], string[]][] = [
  ['before it was made', [created()], [-1, 0], ['not_created', '1m']],
  [
    'a changed schedule',
    [created(), change(5, 'schedule', definition(), definition({ schedule: every('2m') }))],
    [4, 5],
    ['1m', '2m'],
  ],
  [
    'a clock that was set back behind a changed schedule',
    [
      created(),
      change(5, 'schedule', definition(), definition({ schedule: every('2m') })),
      { ...change(2, 'clock', { at: T0 + 7 * MINUTE }, { at: T0 + 2 * MINUTE }), jobUid: null },
    ],
    [1, 2, 4, 6],
    ['1m', '2m', '2m', '2m'],
  ],
  [
    'disabled and enabled',
    [
      created(),
      change(5, 'enabled', definition(), definition({ enabled: false })),
      change(9, 'enabled', definition({ enabled: false }), definition()),
    ],
    [4, 5, 9],
    ['1m', 'disabled', '1m'],
  ],
  [
    'away and back',
    [
      created(),
      change(5, 'orphaned', definition(), null),
      change(9, 'returned', definition(), definition({ schedule: every('3m') })),
    ],
    [4, 5, 9],
    ['1m', 'orphaned', '3m'],
  ],
  [
    'complete, and more wanted',
    [created(), change(5, 'state', 'active', 'completed'), change(9, 'state', 'completed', 'active')],
    [4, 5, 9],
    ['1m', 'completed', '1m'],
  ],
  [
    'back, with nothing left to do',
    [
      created(),
      change(5, 'orphaned', definition(), null),
      change(9, 'returned', definition(), definition({ state: 'completed' })),
    ],
    [9],
    ['completed'],
  ],
  ['by hand only', [created({ manualOnly: true })], [1], ['by_hand_only']],
  ['without a schedule', [created({ schedule: { kind: 'manual', timezone: 'UTC' } })], [1], ['by_hand_only']],
  [
    'pauses, circuits and holes are no changes of the definition',
    [created(), change(5, 'paused', null, {}), change(6, 'circuit', null, {}), change(6, 'hole', null, {})],
    [7],
    ['1m'],
  ],
  ['deleted', [created(), change(5, 'deleted', definition(), null)], [4, 5], ['1m', 'deleted']],
  [
    'the first change that is kept tells what was before',
    [change(5, 'schedule', definition(), definition({ schedule: every('2m') }))],
    [1, 5],
    ['1m', '2m'],
  ],
  [
    'written later by a clock that was set back',
    [
      created(),
      change(20, 'schedule', definition(), definition({ schedule: every('2m') })),
      change(10, 'schedule', definition(), definition({ schedule: every('3m') })),
    ],
    [9, 10, 25],
    ['1m', '3m', '3m'],
  ],
  [
    'several changes at one instant: the last of them holds',
    [
      created(),
      change(5, 'enabled', definition(), definition({ schedule: every('2m') })),
      change(5, 'schedule', definition(), definition({ schedule: every('2m') })),
    ],
    [4, 5],
    ['1m', '2m'],
  ],
];

it.each(table)('%s', (_name, changes, minutes, expected) => {
  expect(standing(changes, minutes)).toEqual(expected);
});

it('a slot at the instant of a change belongs to what was before', () => {
  const eras = erasOf([
    change(5, 'schedule', definition(), definition({ schedule: every('5m') })),
    created(),
  ]);
  expect(eraAt(eras, T0 + 5 * MINUTE).schedule).toMatchObject({ every: '1m' });
  expect(eraAt(eras, T0 + 5 * MINUTE + 1).schedule).toMatchObject({ every: '5m' });
});

it('eras follow one another without a break, from ever to ever', () => {
  const eras = erasOf([change(5, 'orphaned', definition(), null), created()]);
  expect(eras[0]?.after).toBe(-Infinity);
  expect(eras.at(-1)?.upTo).toBe(Infinity);
  for (const [n, era] of eras.entries()) if (n > 0) expect(era.after).toBe(eras[n - 1]!.upTo);
});
