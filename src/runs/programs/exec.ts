// The handler `exec`, and one for each named program: a program of `scheduler.exec.allowed`, never a shell.

import path from 'node:path';
import { z } from 'zod';
import { closest } from '#core/did-you-mean';
import { SchedulerError, toErrorRecord } from '#core/errors';
import type { Handler, JobContext, JsonObject } from '#core/handler';
import type { BegunWork, HandlerHost, NamedProgram } from '#core/programs';
import { checkedInput } from '../input.ts';
import { type Program, type ProgramEnd, type ProgramSpec, startProgram } from './program.ts';

const text = z.string().refine((value) => !value.includes('\0'), 'holds a NUL');
const ExecInput = z.strictObject({
  program: text.min(1).describe('as it stands in scheduler.exec.allowed'),
  args: z.array(text).max(1_000).default([]),
  cwd: text.min(1).optional().describe('else the folder of the project'),
  env: z.record(z.string().regex(/^[A-Za-z_]\w*$/), text).default({}),
  stdin: z.string().default(''),
  success_codes: z.array(z.int().min(0).max(255)).nonempty().default([0]),
});

/** `ok` = exit codes that are no failure. */
interface Wanted extends Omit<ProgramSpec, 'env'> {
  env: Readonly<Record<string, string>>;
  ok: readonly number[];
}

export const execHandler: Handler = {
  info: {
    name: 'exec',
    description: 'Runs a program that scheduler.exec.allowed names, with arguments, without a shell',
    defaults: {},
    input: ExecInput,
    file: null,
    canBeEnded: true,
  },
  codeHash: null,
  call: refuseCall,
  begin(ctx, host) {
    const { program, args, cwd, env, stdin, success_codes } = checkedInput(
      execHandler.info,
      ctx.input,
    ) as z.output<typeof ExecInput>;
    const { programs } = host.exec;
    if (!programs.includes(program)) throw notAllowed(program, programs);
    const command = [program, ...args] as const;
    return begin({ command, cwd: folder(host, cwd), env, stdin, ok: success_codes }, ctx, host);
  },
};

/** The input of the job is its stdin, as JSON; arguments, folder and environment are those of the settings alone. */
export function namedProgram(named: NamedProgram): Handler {
  const { name, command, env } = named;
  return {
    info: {
      name,
      description: `Runs ${command[0]}`,
      defaults: {},
      input: null,
      file: null,
      canBeEnded: true,
    },
    codeHash: null,
    call: refuseCall,
    begin(ctx, host) {
      const stdin = `${JSON.stringify(ctx.input)}\n`;
      return begin({ command, cwd: folder(host, named.cwd ?? undefined), env, stdin, ok: [0] }, ctx, host);
    },
  };
}

function begin(wanted: Wanted, ctx: JobContext, host: HandlerHost): BegunWork {
  if (ctx.dryRun) {
    ctx.log.info('would run', { command: wanted.command, cwd: wanted.cwd });
    return { result: Promise.resolve({ dry_run: true }), end: () => {} };
  }
  ctx.signal.throwIfAborted();
  const program = startProgram({ ...wanted, env: environment(wanted, ctx, host) }, host);
  // Told to end by SIGTERM; whoever called kills it when it does not.
  const onAbort = () => program.terminate();
  ctx.signal.addEventListener('abort', onAbort, { once: true });
  const onRecord = keptOnRecord(program, ctx, host);
  const result = program.ended
    .finally(onRecord)
    .then((end) => resultOf(end, wanted, ctx.signal))
    .finally(() => ctx.signal.removeEventListener('abort', onAbort));
  return { result, end: () => program.kill() };
}

/** The answer takes it off again, once nothing of it runs. A ledger that takes nothing does not stop the program. */
function keptOnRecord({ child }: Program, ctx: JobContext, { children }: HandlerHost): () => Promise<void> {
  if (child === null) return async () => {};
  const told = (error: unknown) =>
    ctx.log.warn('the process of the program is not on record', { error: toErrorRecord(error).message });
  const begun = children.onBegun(child, ctx.job).catch(told);
  return async () => {
    await begun;
    await children.onGone(child).catch(told);
  };
}

/** What the program is told of its run, as variables. */
function environment({ env }: Wanted, ctx: JobContext, host: HandlerHost): Record<string, string> {
  return {
    ...host.environment,
    ACLARAI_JOB: ctx.job,
    ACLARAI_RUN_ID: ctx.runId,
    ACLARAI_ATTEMPT: String(ctx.attempt),
    ACLARAI_IDEMPOTENCY_KEY: ctx.idempotencyKey,
    ...(ctx.slot !== null && { ACLARAI_SLOT: new Date(ctx.slot).toISOString() }),
    ...env,
  };
}

function resultOf(end: ProgramEnd, { command, ok }: Wanted, signal: AbortSignal): JsonObject {
  const statistics = {
    exit_code: end.exitCode,
    signal: end.signal,
    stdout_lines: end.stdoutLines,
    stderr_lines: end.stderrLines,
  };
  if (end.exitCode !== null && ok.includes(end.exitCode)) return { success: true, ...statistics };
  // It was told to end, and did.
  signal.throwIfAborted();
  const how = end.exitCode === null ? `was ended by ${end.signal}` : `ended with exit code ${end.exitCode}`;
  const word = end.lastWord === null ? '' : `: ${end.lastWord}`;
  return { success: false, error: `${path.basename(command[0])} ${how}${word}`, ...statistics };
}

function folder({ projectDir }: HandlerHost, cwd = '.'): string {
  return path.resolve(projectDir, cwd);
}

function notAllowed(program: string, allowed: readonly string[]): Error {
  const near = closest(program, allowed);
  const fix = near
    ? `did you mean ${near}? Only what scheduler.exec.allowed names may run`
    : 'add it to scheduler.exec.allowed';
  return Object.assign(new SchedulerError('FORBIDDEN', `${program} is not among the allowed programs`, fix), {
    retryable: false,
  });
}

function refuseCall(): never {
  throw new SchedulerError('EXECUTION_ERROR', 'a program runs in the service only', 'schedule it as a job');
}
