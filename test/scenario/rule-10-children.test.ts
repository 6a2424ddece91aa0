// Rule 10: processes of a dead service are ended and confirmed before their runs are tried again.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { systemClock } from '#core/clock';
import { factsOf } from '#runs/isolation/process-table';
import { endStray } from '#runs/isolation/stray-children';
import { openSqliteStore } from '#store/sqlite/open';
import { createScenario } from '../support/scenario.ts';

/** A process in a group of its own that has started another, and hears of nothing. */
async function orphan() {
  const child = spawn('sh', ['-c', 'sleep 600 & echo $!; wait'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => {
    try {
      process.kill(-child.pid!, 'SIGKILL');
    } catch {}
  });
  const [said] = await once(child.stdout, 'data');
  const pid = child.pid!;
  return { child, started: Number(said), known: { pid, group: pid, started: factsOf(pid)!.started } };
}

const isAlive = (pid: number) => factsOf(pid)?.isAlive === true;

it('the start after a crash ends what a dead boot has left, with all it has started', async () => {
  const { known, started } = await orphan();
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  report: { enabled: true, cron: "0 5 * * *" }',
    handlers: { report: () => ({}) },
  });
  await s.start();
  await s.stop();
  const store = await openSqliteStore({ stateDir: `${s.dir}/data` });
  await store.noteChild({ ...known, bootId: 'dead', jobId: 'report' });
  await store.close();
  const { up } = await s.begin();
  let isUp = false;
  void up.then(() => {
    isUp = true;
  });
  // It looks again and again until they are gone, by its own clock.
  while (!isUp) await s.clock.advance(50);
  expect([isAlive(known.pid), isAlive(started)]).toEqual([false, false]);
  expect(s.lines.map((line) => line.msg)).toContain(
    'a process of job report outlived the service: it is ended',
  );
  const after = await openSqliteStore({ stateDir: `${s.dir}/data` });
  onTestFinished(() => after.close());
  expect(await after.childrenOfOthers('')).toEqual([]);
});

it('what it has started is ended although the process itself is over', async () => {
  const { child, known, started } = await orphan();
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(isAlive(started)).toBe(true);
  expect(await endStray(known, systemClock)).toBe('ended');
  expect(isAlive(started)).toBe(false);
});

it.each([
  ['a pid that belongs to somebody else by now', (started: string) => started.replace(/\d+$/, '1')],
  ['a process of another boot of the machine', (started: string) => `x${started}`],
  ['a system that does not tell when processes begin', () => ''],
])('%s is left alone', async (_what, other) => {
  const { known } = await orphan();
  expect(await endStray({ ...known, started: other(known.started) }, systemClock)).toBe('gone');
  expect(isAlive(known.pid)).toBe(true);
});
