// The process: the only process.exit and process.env. Signals in, exit code out; everything else is the app's.

import { readFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { systemClock } from '#core/clock';
import { faultFields, toErrorRecord } from '#core/errors';

// Code as it was stripped and compiled at the last start, which halves a start: only for what is imported after this.
// Not in the temporary directory, where somebody else could put code of theirs; a read-only place is no fault.
enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/aclarai-scheduler', import.meta.url)));
const { asksForJson, commandOf, runCli } = await import('#faces/cli/cli');
const { createHost } = await import('./app.ts');
const { createLog } = await import('./log.ts');

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** The first asks for a clean end, the second ends at once (rule 23). */
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (interrupted.signal.aborted) process.exit(signal === 'SIGINT' ? 130 : 143);
    interrupted.abort();
  });
}
// A closed pipe (`… | head`) is the reader's choice, not a fault of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') return;
  if (serving) interrupted.abort();
  else process.exit(0);
});
// Nobody reads the complaints. Said as an error that nobody handles, it would be complained about for ever.
process.stderr.on('error', () => {});

const argv = process.argv.slice(2);
/** Log lines go to stdout for the service and to stderr for commands, whose stdout is the answer. */
const serving = commandOf(argv) === 'start';
const out = serving ? process.stdout : process.stderr;
/** A line of a command takes the place of its progress line, which is written again below. */
const lineStart = !serving && out.isTTY ? '\r\x1b[K' : '';
const log = createLog({
  clock: systemClock,
  level: serving ? 'info' : 'warn',
  sink: { write: (line) => void out.write(lineStart + line) },
  pretty: out.isTTY === true && !asksForJson(argv),
  colour: out.isTTY === true && process.env.NO_COLOR === undefined,
});
/** The answer of a command says what happened; its log beside it is only for who asks by LOG_LEVEL. */
const isQuiet = !serving && process.env.LOG_LEVEL === undefined;

// Job code runs in this process: what it leaves behind (a rejection nobody awaits, a throw in a timer) is told and ends
// no other run. `settings` → Result: nothing that a job does stops the service.
for (const event of ['unhandledRejection', 'uncaughtException'] as const) {
  process.on(event, (thrown: unknown) => {
    const { message } = toErrorRecord(thrown);
    log
      .at('main.stray')
      .error(
        `an error that nobody handles, probably of a job: ${message}`,
        faultFields(thrown, 'jobs', 'EXECUTION_ERROR'),
      );
    // Stands only where the command itself never answers.
    process.exitCode = 1;
  });
}
let isOver = false;
process.on('exit', (code) => {
  if (!isOver && serving && !interrupted.signal.aborted)
    log.at('main.exit').error(`something called process.exit(${code}): the service ends`);
});

const exitCode = await runCli(argv, {
  host: createHost({
    env: process.env,
    cwd: process.cwd(),
    clock: systemClock,
    log: isQuiet ? { ...log, setLevel: () => {} } : log,
    version,
    pid: process.pid,
    random: Math.random,
  }),
  clock: systemClock,
  log,
  user: process.env.USER ?? process.env.LOGNAME ?? 'cli',
  version,
  service: { url: process.env.SCHEDULER_URL || null, token: process.env.SCHEDULER_TOKEN || null },
  stdout: {
    write: (text) => void process.stdout.write(text),
    isTTY: process.stdout.isTTY === true,
    columns: process.stdout.columns ?? 80,
  },
  stderr: {
    write: (text) => void process.stderr.write(text),
    isTTY: process.stderr.isTTY === true,
    columns: process.stderr.columns ?? 80,
  },
  signal: interrupted.signal,
  onHangup: (reload) => void process.on('SIGHUP', reload),
});
isOver = true;
// A pipe takes what it can at once and the rest later: half an answer is none.
await Promise.all(
  [process.stdout, process.stderr].map((stream) => new Promise((done) => stream.write('', done))),
);
process.exit(exitCode);
