// Ten thousand jobs due at one instant: how late they start, each recorded, beside croner in memory on the same instant.

import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cron } from 'croner';
import { systemClock } from '#core/clock';
import { type Figure, figure } from './figure.ts';
import { addJobs, aJob, inFolder, startService } from './service.ts';

const JOBS = 10_000;
/** Until the instant: enough to write the jobs and to start. */
const AHEAD_MS = 12_000;
const LIMIT_MS = 40_000;

export async function figures(): Promise<Figure[]> {
  const own = await inFolder((dir) => serviceLateness(dir));
  const other = await cronerLateness();
  const p99 = { value: quantile(own, 0.99), unit: 'ms', better: 'lower' } as const;
  return [
    figure({
      ...p99,
      figure: 'burst-10k, p99 lateness',
      yardstick: 'croner, 10,000 in memory',
      yardstick_value: quantile(other, 0.99),
      goal: 2,
    }),
    figure({
      ...p99,
      figure: 'burst-10k, median lateness',
      value: quantile(own, 0.5),
      yardstick: 'croner, 10,000 in memory',
      yardstick_value: quantile(other, 0.5),
    }),
  ];
}

/** Milliseconds between the slot and the start that the ledger has on record, of every job. */
async function serviceLateness(dir: string): Promise<number[]> {
  const instant = Math.ceil((Date.now() + AHEAD_MS) / 1000) * 1000;
  const once = { kind: 'every', every: '1d', timezone: 'UTC', anchor: instant - 86_400_000 } as const;
  await addJobs(
    dir,
    Array.from({ length: JOBS }, (_, n) => aJob(String(n), once, instant - 1)),
  );
  let started = 0;
  const service = await startService(dir, systemClock, () => started++);
  if (Date.now() > instant) throw new Error('the service was not up in time');
  while (started < JOBS && Date.now() < instant + LIMIT_MS) await sleep(100);
  await service.installed.idle();
  const db = new DatabaseSync(service.file, { readOnly: true });
  const rows = db.prepare(`SELECT started_at - slot AS late FROM runs WHERE state = 'succeeded'`).all();
  db.close();
  await service.stop();
  if (rows.length !== JOBS) throw new Error(`${rows.length} runs are on record, not ${JOBS}`);
  return rows.map((row) => Number(row.late));
}

async function cronerLateness(): Promise<number[]> {
  const instant = new Date(Math.ceil((Date.now() + 2_000 + 2 * cronerSetUpMs()) / 1000) * 1000);
  const expression = `${instant.getUTCSeconds()} ${instant.getUTCMinutes()} ${instant.getUTCHours()} * * *`;
  const late: number[] = [];
  const crons: Cron[] = [];
  try {
    while (crons.length < JOBS)
      crons.push(
        new Cron(expression, { timezone: 'UTC', unref: true }, async () => {
          late.push(Date.now() - instant.getTime());
        }),
      );
    if (Date.now() > instant.getTime()) throw new Error('croner was not up in time');
    while (late.length < JOBS && Date.now() < instant.getTime() + LIMIT_MS) await sleep(100);
  } finally {
    for (const cron of crons) cron.stop();
  }
  if (late.length !== JOBS) throw new Error(`croner ran ${late.length} of ${JOBS}`);
  return late;
}

/** How long croner takes to make so many, from a few of them. */
function cronerSetUpMs(): number {
  const some = JOBS / 50;
  const started = performance.now();
  for (let n = 0; n < some; n++) new Cron('0 0 1 1 *', { timezone: 'UTC', unref: true }, () => {}).stop();
  return (performance.now() - started) * 50;
}

function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return Math.max(1, sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!);
}
