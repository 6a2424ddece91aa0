// Events into definitions of jobs, and changes of them; what does not fit together is named.

import { describe, expect, test } from 'vitest';
import { changesOfEvent, definitionOfEvent } from '#faces/compat/event-definition';
import type { EventShape } from '#faces/compat/event-words';

const EVENT = { name: 'Report', function_name: 'report' };
const FIRST = '2026-03-02T03:00:00Z';

describe('the schedule of an event', () => {
  test.each<[object, object]>([
    [{ next_execution: FIRST }, { at: FIRST }],
    [{ next_execution: FIRST, recurring: false, interval_type: null }, { at: FIRST }],
    [{ recurring: true, interval_type: 'days', interval_value: 1 }, { every: '1d' }],
    [
      { interval_type: 'months', interval_value: 2, next_execution: FIRST },
      { every: '2mo', starts_at: FIRST },
    ],
    [{ interval_type: 'minutes', interval_value: 90 }, { every: '90m' }],
    [
      { recurring: true, interval_type: 'cron', parameters: { _cron_expression: '0 3 * * 1', a: 1 } },
      { cron: '0 3 * * 1', input: { a: 1 } },
    ],
    [
      { cron: '0 3 * * 1', next_execution: FIRST },
      { cron: '0 3 * * 1', starts_at: FIRST },
    ],
    [
      { cron: '@daily', parameters: { _cron_expression: '@daily' } },
      { cron: '@daily', input: {} },
    ],
  ])('%j', (given, expected) => {
    expect(definitionOfEvent({ ...EVENT, ...given } as never)).toMatchObject({
      name: 'Report',
      handler: 'report',
      ...expected,
    });
  });

  test.each<[object, string, string]>([
    [{}, 'next_execution', 'INVALID_PARAMETERS'],
    [{ recurring: true }, 'interval_type', 'INVALID_PARAMETERS'],
    [{ recurring: true, interval_type: 'hours' }, 'interval_value', 'INVALID_PARAMETERS'],
    [{ recurring: false, interval_type: 'hours', interval_value: 1 }, 'interval_type', 'INVALID_PARAMETERS'],
    [{ recurring: false, cron: '@daily' }, 'cron', 'INVALID_PARAMETERS'],
    [{ interval_type: 'cron' }, 'parameters._cron_expression', 'MISSING_CRON_EXPRESSION'],
    [{ interval_type: 'hours', interval_value: 1, cron: '@daily' }, 'cron', 'INVALID_PARAMETERS'],
    [{ cron: '@daily', parameters: { _cron_expression: '@hourly' } }, 'cron', 'INVALID_PARAMETERS'],
    [{ parameters: { _cron_expression: 5 } }, 'parameters._cron_expression', 'INVALID_PARAMETERS'],
  ])('%j is refused at %s', (given, field, code) => {
    expect(() => definitionOfEvent({ ...EVENT, ...given } as never)).toThrow(
      expect.objectContaining({
        code,
        details: expect.arrayContaining([expect.objectContaining({ field })]),
      }),
    );
  });
});

describe('changes', () => {
  const shown = (fields: Partial<EventShape>) =>
    ({ parameters: {}, recurring: true, ...fields }) as EventShape;
  const cron = shown({
    interval_type: 'cron',
    interval_value: 1,
    parameters: { _cron_expression: '0 3 * * *', a: 1 },
  });
  const daily = shown({ interval_type: 'days', interval_value: 1 });
  const once = shown({ recurring: false, interval_type: null, interval_value: null });

  test.each<[string, EventShape, object, object]>([
    ['parameters without a cron keep the schedule', cron, { parameters: { b: 2 } }, { input: { b: 2 } }],
    [
      'the same cron is no change of it',
      cron,
      { parameters: { b: 2, _cron_expression: '0 3 * * *' } },
      { input: { b: 2 } },
    ],
    ['another is', cron, { parameters: { _cron_expression: '0 4 * * *' } }, { input: {}, cron: '0 4 * * *' }],
    ['as cron too', cron, { cron: '0 4 * * *' }, { cron: '0 4 * * *' }],
    ['from when on', cron, { next_execution: FIRST }, { cron: '0 3 * * *', starts_at: FIRST }],
    ['an interval in place of a cron', cron, { interval_type: 'hours', interval_value: 2 }, { every: '2h' }],
    ['how many', daily, { interval_value: 3 }, { every: '3d' }],
    ['how long each', daily, { interval_type: 'weeks' }, { every: '1w' }],
    ['a cron in place of an interval', daily, { cron: '@daily' }, { cron: '@daily' }],
    ['once in place of again and again', daily, { recurring: false, next_execution: FIRST }, { at: FIRST }],
    [
      'again and again in place of once',
      once,
      { interval_type: 'hours', interval_value: 2 },
      { every: '2h' },
    ],
    ['another time', once, { next_execution: FIRST }, { at: FIRST }],
    ['what is no schedule', once, { function_name: 'other', retries: 1 }, { handler: 'other', retries: 1 }],
  ])('%s', (_what, current, changes, expected) => {
    expect(changesOfEvent(current, changes as never)).toEqual(expected);
  });

  test('once needs to know when', () => {
    expect(() => changesOfEvent(daily, { recurring: false })).toThrow(
      expect.objectContaining({
        details: expect.arrayContaining([expect.objectContaining({ field: 'next_execution' })]),
      }),
    );
  });
});
