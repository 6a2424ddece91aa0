// How late light jobs start: beside bare timers aimed at the same instants, and beside a thread that computes.

import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Figure, figure } from './figure.ts';
import { LIGHT, LIGHT_JOBS, latenessP99, p99, secondAfter } from './support/light.ts';
import { Service } from './support/process.ts';

/** After the start: what the first runs load and compile they have by then. */
const WARM_MS = 3_000;
const ALONE_MS = 12_000;
const BESIDE_MS = 7_000;
/** The last runs are in the ledger by then. */
const RECORDED_MS = 500;
const LIMIT_MS = 50;

/** Chains of `setTimeout`, each aimed at every whole second; prints by how many milliseconds each wake was late. */
const BARE_CHAINS = `
  const [from, upTo, chains] = process.argv.slice(1).map(Number);
  const late = [];
  const aim = (slot) => {
    if (slot > upTo) return;
    setTimeout(() => { late.push(Math.max(0, Date.now() - slot)); aim(slot + 1000); }, slot - Date.now());
  };
  for (let chain = 0; chain < chains; chain++) aim(from + 1000);
  process.on('exit', () => console.log(JSON.stringify(late)));
`;

export async function* figures(): AsyncIterable<Figure> {
  const from = secondAfter(WARM_MS + 1_000);
  const upTo = from + ALONE_MS;
  const burnAt = upTo + 2_000;
  const service = await Service.start({
    jobs: [...LIGHT.jobs, burn(burnAt)],
    code: { ...LIGHT.code, burn: `const end = ${burnAt + BESIDE_MS + 1_500}; while (Date.now() < end);` },
  });
  try {
    // At the same time, so that both have the same neighbours on the machine.
    const bare = await bareLateness(from, upTo);
    yield figure({
      figure: 'light load, p99 lateness',
      value: latenessP99(service, from, upTo),
      unit: 'ms',
      yardstick: 'bare setTimeout chains',
      yardstick_value: p99(bare),
      better: 'lower',
      goal: 0.5,
    });
    const busyFrom = burnAt + 1_000;
    const busyTo = busyFrom + BESIDE_MS - 1_000;
    await sleep(Math.max(0, busyTo + RECORDED_MS - Date.now()));
    const [run] = service.runsIn(burnAt - 1, burnAt).filter(({ job }) => job === 'burn');
    if (run?.state !== 'running' || run.startedAt! > busyFrom)
      throw new Error(`nothing computed meanwhile: ${JSON.stringify(run)}`);
    yield figure({
      figure: 'beside a busy thread, p99',
      value: latenessP99(service, busyFrom, busyTo),
      unit: 'ms',
      yardstick: 'limit',
      yardstick_value: LIMIT_MS,
      better: 'lower',
      goal: 1,
    });
  } finally {
    await service.discard();
  }
}

function burn(at: number): string {
  return `burn: { enabled: true, isolation: thread, at: "${new Date(at).toISOString()}", timeout: 1m, retries: 0 }`;
}

async function bareLateness(from: number, upTo: number): Promise<number[]> {
  const args = ['-e', BARE_CHAINS, String(from), String(upTo), String(LIGHT_JOBS)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  await sleep(RECORDED_MS);
  return JSON.parse(stdout);
}
