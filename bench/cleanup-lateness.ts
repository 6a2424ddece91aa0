// How late jobs start while the service deletes 100,000 files again and again: cleaning is not the engine's business.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Figure, figure } from './figure.ts';
import { LIGHT, latenessP99, secondAfter } from './support/light.ts';
import { makeFiles } from './support/many-files.ts';
import { Service } from './support/process.ts';

const FILES = 100_000;
const WARM_MS = 12_000;
/** So long before the first cleanup the same jobs are looked at, too: what the machine itself costs. */
const BEFORE_MS = 6_000;
const GIVE_UP_MS = 60_000;
/** After a slot its row is there. */
const SETTLED_MS = 500;
const LIMIT_MS = 50;
/** One cleanup is over in a second or two: a few of them, and the seconds in which they ran. */
const ROUNDS = 3;

export async function figures(): Promise<Figure[]> {
  const folders = await Promise.all(
    Array.from({ length: ROUNDS }, () => mkdtemp(path.join(tmpdir(), 'bench-late-'))),
  );
  for (const folder of folders) makeFiles(folder, FILES);
  const at = secondAfter(WARM_MS);
  const rules = folders.map((folder, n) => `    - { id: r${n}, directory: ${folder}, retention_days: 0 }\n`);
  const service = await Service.start({
    jobs: [
      ...LIGHT.jobs,
      `clean: { enabled: true, isolation: inline, at: "${new Date(at).toISOString()}", retries: 0 }`,
    ],
    code: { ...LIGHT.code, clean: cleanEach(ROUNDS) },
    sections: `housekeeper:\n  rules:\n${rules.join('')}`,
  });
  try {
    const upTo = await cleaned(service, at);
    return [
      figure({
        figure: 'cleanup-delete, others p99',
        value: latenessP99(service, at, upTo),
        unit: 'ms',
        yardstick: 'limit',
        yardstick_value: LIMIT_MS,
        better: 'lower',
        goal: 1,
      }),
      figure({
        figure: 'cleanup-delete, others beside',
        value: latenessP99(service, at, upTo),
        unit: 'ms',
        yardstick: 'the same before it began',
        yardstick_value: latenessP99(service, at - BEFORE_MS, at - 1_000),
        better: 'lower',
      }),
    ];
  } finally {
    await service.discard();
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  }
}

/** The body of a job: one rule after another, each of which must have deleted all its files. */
function cleanEach(rounds: number): string {
  return `for (let n = 0; n < ${rounds}; n++) {
    const { result } = await ctx.call('cleanup.run', { id: 'r' + n });
    if (result.files_deleted !== ${FILES}) throw new Error(JSON.stringify(result).slice(0, 500));
  }
  return {};`;
}

/** The last whole second in which it was still cleaning. */
async function cleaned(service: Service, at: number): Promise<number> {
  for (;;) {
    const run = service.runsIn(at - 1, at).find(({ job }) => job === 'clean');
    if (run?.endedAt) {
      if (run.state !== 'succeeded') throw new Error(`the cleanup ended ${run.state}`);
      const upTo = Math.max(at + 1_000, Math.floor(run.endedAt / 1_000) * 1_000);
      await sleep(Math.max(0, upTo + SETTLED_MS - Date.now()));
      return upTo;
    }
    if (Date.now() > at + GIVE_UP_MS) throw new Error(`it does not end: ${JSON.stringify(run)}`);
    await sleep(250);
  }
}
