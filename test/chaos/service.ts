// The service as src/main.ts composes it, with one difference: its ledger has doors at which it can be killed.

import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

enableCompileCache(fileURLToPath(new URL('../../node_modules/.cache/aclarai-scheduler', import.meta.url)));
const { systemClock } = await import('#core/clock');
const { runCli } = await import('#faces/cli/cli');
const { openSqliteStore } = await import('#store/sqlite/open');
const { createHost } = await import('../../src/app.ts');
const { createLog } = await import('../../src/log.ts');
const { openMortal } = await import('./mortal-store.ts');
const { noteService, spring } = await import('./trap.ts');

const dir = process.cwd();
noteService(dir, process.pid);
const stop = new AbortController();
const course = { isUp: false, isStopping: false };
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    course.isStopping = true;
    stop.abort();
  });

const log = createLog({
  clock: systemClock,
  level: 'info',
  sink: {
    write(line) {
      course.isUp ||= line.includes('the scheduler is up');
      process.stdout.write(line);
    },
  },
  pretty: false,
  colour: false,
});
const screen = (stream: NodeJS.WriteStream) => ({
  write: (text: string) => void stream.write(text),
  isTTY: false,
  columns: 80,
});

process.exitCode = await runCli(['start'], {
  host: createHost({
    env: { ...process.env, SCHEDULER_PORT: '0' },
    cwd: dir,
    clock: systemClock,
    log,
    version: 'chaos',
    pid: process.pid,
    random: Math.random,
    openStore: (options) => openMortal(openSqliteStore, options, course, (point) => spring(dir, point)),
  }),
  clock: systemClock,
  log,
  service: { url: null, token: null },
  user: 'chaos',
  version: 'chaos',
  stdout: screen(process.stdout),
  stderr: screen(process.stderr),
  signal: stop.signal,
  onHangup: (reload) => void process.on('SIGHUP', reload),
});
process.exit();
