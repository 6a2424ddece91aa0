// logs: what a run has put out, at once or as it comes.

import type { Command } from 'commander';
import { sleep } from '#core/clock';
import { isFinal, type RunState } from '#core/run';
import type { RunLineShape } from '#service/run-lines';
import type { RunShape } from '#service/shapes';
import { type IdOptions, requiredId } from '../arguments.ts';
import { examples, type Perform } from '../command.ts';
import { runLogText } from '../render/run-log.ts';
import type { Answer, Session } from '../session.ts';
import { printable } from '../text.ts';

interface LogsOptions extends IdOptions {
  follow?: boolean;
}

/** Lines that are asked for at once; a run keeps 1 MB. */
const PAGE = 5_000;
/** Another process writes what its runs put out within a fifth of a second. */
const LOOK_MS = 300;

export function addLogsCommand(program: Command, perform: Perform): void {
  const command = program
    .command('logs')
    .argument('[run]', 'id of a run')
    .usage('<run> [options]')
    .option('--id <run>', 'the same as the run in its place')
    .option('--follow', 'go on with what comes, until the run has ended')
    .description('what a run has put out: its log, stdout and stderr')
    .action((run: string | undefined, options: LogsOptions) =>
      perform((session) => logs(session, requiredId(run, options, 'run'), options)),
    );
  examples(command, [
    ['aclarai-scheduler logs 0199aa30-7c5e-7d2e-b1de-3f2c1d0a9b11', 'what it has put out so far'],
    ['aclarai-scheduler logs 0199aa30-7c5e-7d2e-b1de-3f2c1d0a9b11 --follow', 'and what comes, until it ends'],
  ]);
}

async function logs(session: Session, runId: string, options: LogsOptions): Promise<Answer | null> {
  if (options.follow) return await follow(session, runId);
  const lines: RunLineShape[] = [];
  for (let after: number | undefined = 0; after !== undefined; ) {
    const page = await linesAfter(session, runId, after);
    lines.push(...page);
    after = page.length === PAGE ? page.at(-1)?.n : undefined;
  }
  const run = await session.ask<RunShape>('get_run', { run: runId });
  const text = lines.length > 0 ? runLogText(lines) : nothingText(run.state);
  return { data: lines, text };
}

/** Prints line by line; as JSON one object a line, because the list has no end yet. */
async function follow(session: Session, runId: string): Promise<null> {
  const { io, isJson } = session;
  let after = 0;
  let attempt = 0;
  for (let isLast = false; ; ) {
    const lines = await linesAfter(session, runId, after);
    const text = isJson
      ? lines.map((line) => `${JSON.stringify(line)}\n`).join('')
      : printable(runLogText(lines, attempt));
    if (text !== '') io.stdout.write(text);
    after = lines.at(-1)?.n ?? after;
    attempt = lines.at(-1)?.attempt ?? attempt;
    if (lines.length === PAGE) continue;
    if (isLast || io.signal.aborted) return null;
    // What it put out last may be written after its end.
    isLast = isFinal((await session.ask<RunShape>('get_run', { run: runId })).state);
    await sleep(io.clock, LOOK_MS, io.signal);
  }
}

async function linesAfter(session: Session, run: string, after: number): Promise<RunLineShape[]> {
  return await session.ask('get_run_log', { run, after, limit: PAGE });
}

function nothingText(state: RunState): string {
  return isFinal(state)
    ? 'Nothing is kept of what this run put out: it said nothing, or run_log of its job keeps other runs only.\n'
    : 'It has put out nothing yet.\n';
}
