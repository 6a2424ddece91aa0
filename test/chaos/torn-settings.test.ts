// The settings file is cut anywhere in the middle of a write: what is no file is refused and told, what is whole is taken.

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { createScenario, type Scenario } from '../support/scenario.ts';
import { faultsOf } from './exactly-once.ts';
import type { LoadSchedule } from './slots.ts';

const START = Date.parse('2026-11-21T10:00:30Z');

const SETTINGS = `
jobs:
  first: { enabled: true, cron: "* * * * *", description: "every minute" }
  second: { enabled: true, every: 90s, anchor: "2020-01-01T00:00:00Z" }
  third: { enabled: true, cron: "*/2 * * * *", retries: 1 }
`;
const SCHEDULES: Record<string, LoadSchedule> = {
  first: { kind: 'cron', expression: '* * * * *' },
  second: { kind: 'every', seconds: 90 },
  third: { kind: 'cron', expression: '*/2 * * * *' },
};

async function started(): Promise<{ s: Scenario; file: string; whole: string }> {
  const done = () => ({});
  const s = await createScenario({
    at: new Date(START).toISOString(),
    scheduler: SETTINGS,
    handlers: { first: done, second: done, third: done },
  });
  await s.start();
  const file = path.join(s.dir, 'settings/aclarai.config.yaml');
  return { s, file, whole: readFileSync(file, 'utf8') };
}

it('the last good settings stay, config_error says why, and the whole file is applied', async () => {
  const { s, file, whole } = await started();
  const changed = whole.replace('"*/2 * * * *"', '"*/3 * * * *"');
  writeFileSync(file, changed.slice(0, changed.indexOf('"*/3') + 3));
  await s.installed.reload();
  expect((await s.installed.status()).config_error).toEqual([
    expect.stringMatching(/aclarai\.config\.yaml:\d+:\d+: /),
  ]);
  const jobs = await s.service.list();
  expect(jobs.find(({ id }) => id === 'third')).toMatchObject({ state: 'active' });
  expect(jobs.find(({ id }) => id === 'third')?.schedule.expression).toBe('*/2 * * * *');
  await s.clock.advance(120_000);
  expect(await s.ledger('third')).toEqual(['2026-11-21T10:02:00Z succeeded']);
  writeFileSync(file, changed);
  await s.installed.reload();
  expect((await s.installed.status()).config_error).toBeNull();
  expect((await s.service.find('third')).schedule.expression).toBe('*/3 * * * *');
});

it('cut at any place, no slot is lost and none runs twice once the file is whole again', async () => {
  const { s, file, whole } = await started();
  let refused = 0;
  let taken = 0;
  for (let cut = 1; cut < whole.length; cut += 7) {
    writeFileSync(file, whole.slice(0, cut));
    await s.installed.reload();
    const { config_error } = await s.installed.status();
    if (config_error === null) taken++;
    else refused++;
    await s.clock.advance(20_000);
    writeFileSync(file, whole);
    await s.installed.reload();
    await s.clock.advance(20_000);
  }
  // Between two jobs, it is a whole file with fewer of them.
  expect(refused).toBeGreaterThan(taken);
  expect(taken).toBeGreaterThan(0);
  expect((await s.installed.status()).config_error).toBeNull();
  expect(faultsOf(s.dir, SCHEDULES, [{ from: START, to: s.clock.now() }])).toEqual([]);
  const begun = s.calls.map(({ ctx, attempt }) => `${ctx.idempotencyKey} ${attempt}`);
  expect(new Set(begun).size).toBe(begun.length);
});
