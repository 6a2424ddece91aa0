// `exec` and named programs against real children: arguments untouched, nothing inherited, all of a group ended.

import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '#core/clock';
import type { Handler, JobContext, JsonObject } from '#core/handler';
import type { HandlerHost, NamedProgram } from '#core/programs';
import { execHandler, namedProgram } from '#runs/programs/exec';
import { appConfig, jobContext } from '../../../support/job-context.ts';

const NODE = process.execPath;

async function folder(): Promise<string> {
  const dir = await realpath(await mkdtemp(path.join(tmpdir(), 'exec-')));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

interface Begun {
  result: Promise<Record<string, unknown>>;
  lines: string[];
  aborter: AbortController;
  end(): void;
  /** Resolves with the first line that matches. */
  said(text: RegExp): Promise<string>;
}

function begin(
  handler: Handler,
  input: JsonObject,
  dir: string,
  over: Partial<HandlerHost> & { dryRun?: boolean } = {},
): Begun {
  const lines: string[] = [];
  const waiting: { text: RegExp; heard(line: string): void }[] = [];
  const aborter = new AbortController();
  const options = { input, config: appConfig(dir), stateDir: dir };
  const ctx = jobContext({ ...options, signal: aborter.signal, dryRun: over.dryRun ?? false });
  const written = (stream: string, line: string) => {
    lines.push(`${stream}: ${line}`);
    for (const each of waiting) if (each.text.test(line)) each.heard(line);
  };
  const host: HandlerHost = {
    ...{ log: { ...ctx.log, written }, clock: systemClock, environment: { PATH: process.env.PATH! } },
    children: { onBegun: async () => {}, onGone: async () => {} },
    ...{ projectDir: dir, exec: { programs: [NODE], named: [] }, http: { privateNetworks: false } },
    ...over,
  };
  const work = handler.begin!(ctx as JobContext, host);
  onTestFinished(() => work.end());
  return {
    result: work.result as Begun['result'],
    ...{ lines, aborter, end: () => work.end() },
    said(text) {
      const { promise, resolve } = Promise.withResolvers<string>();
      const there = lines.map((line) => line.replace(/^\w+: /, '')).find((line) => text.test(line));
      if (there !== undefined) resolve(there);
      waiting.push({ text, heard: resolve });
      return promise;
    },
  };
}

const script = (code: string, ...args: string[]) => ({ program: NODE, args: ['-e', code, '--', ...args] });
const shown = 'console.log(JSON.stringify';

describe('a program', () => {
  it('gets its arguments as they are: nothing of a shell', async () => {
    const args = ['a b', '$(touch x)', '; rm -rf /', '*', '"', "'", '`id`', '\n', ''];
    const { result, lines } = begin(
      execHandler,
      script(`${shown}(process.argv.slice(1)))`, ...args),
      await folder(),
    );
    expect(await result).toEqual({
      ...{ success: true, exit_code: 0, signal: null, stdout_lines: 1, stderr_lines: 0 },
    });
    expect(JSON.parse(lines[0]!.replace('stdout: ', ''))).toEqual(args);
  });

  it('sees the variables it is given, those of its run, and no others', async () => {
    process.env.EXEC_TEST_SECRET = 'not for children';
    onTestFinished(() => void delete process.env.EXEC_TEST_SECRET);
    const { result, lines } = begin(
      execHandler,
      { ...script(`${shown}(process.env))`), env: { OWN: 'yes' } },
      await folder(),
      { environment: { HOME: '/nowhere' } },
    );
    await result;
    expect(JSON.parse(lines[0]!.replace('stdout: ', ''))).toEqual({
      ...{ HOME: '/nowhere', OWN: 'yes', ACLARAI_JOB: 'test', ACLARAI_RUN_ID: 'run-1' },
      ...{ ACLARAI_ATTEMPT: '1', ACLARAI_IDEMPOTENCY_KEY: 'test@0' },
    });
  });

  it('runs in the folder of the project, or where it is told to', async () => {
    const dir = await folder();
    await mkdir(path.join(dir, 'below'));
    const here = begin(execHandler, script(`${shown}(process.cwd()))`), dir);
    await here.result;
    const below = begin(execHandler, { ...script(`${shown}(process.cwd()))`), cwd: 'below' }, dir);
    await below.result;
    expect([...here.lines, ...below.lines]).toEqual([
      `stdout: ${JSON.stringify(dir)}`,
      `stdout: ${JSON.stringify(path.join(dir, 'below'))}`,
    ]);
  });

  it('reads what it is given on stdin, and may leave it', async () => {
    const echo = "process.stdin.on('data', (d) => process.stdout.write(d))";
    const read = begin(execHandler, { ...script(echo), stdin: 'one\ntwo' }, await folder());
    await read.result;
    expect(read.lines).toEqual(['stdout: one', 'stdout: two']);
    const left = begin(
      execHandler,
      { ...script('process.exit(0)'), stdin: 'x'.repeat(1_000_000) },
      await folder(),
    );
    expect(await left.result).toMatchObject({ success: true });
  });

  it('fails with its exit code and its last word, both lines in order of their streams', async () => {
    const { result, lines } = begin(
      execHandler,
      script("console.error('warming up'); console.error('no such table'); process.exitCode = 3"),
      await folder(),
    );
    expect(await result).toMatchObject({
      ...{ success: false, exit_code: 3, stderr_lines: 2 },
      error: expect.stringMatching(/ended with exit code 3: no such table$/),
    });
    expect(lines).toEqual(['stderr: warming up', 'stderr: no such table']);
  });

  it('may end with another code where the job says so', async () => {
    const input = { ...script('process.exitCode = 3'), success_codes: [0, 3] };
    const { result } = begin(execHandler, input, await folder());
    expect(await result).toMatchObject({ success: true, exit_code: 3 });
  });

  it('that a signal ended failed by it', async () => {
    const { result } = begin(execHandler, script("process.kill(process.pid, 'SIGKILL')"), await folder());
    expect(await result).toMatchObject({
      ...{ success: false, exit_code: null, signal: 'SIGKILL' },
      error: expect.stringContaining('was ended by SIGKILL'),
    });
  });

  it('is not started in a dry run', async () => {
    const dir = await folder();
    const input = script("require('fs').writeFileSync('made', '')");
    const { result, lines } = begin(execHandler, input, dir, { dryRun: true });
    expect(await result).toEqual({ dry_run: true });
    expect(lines).toEqual([]);
  });

  it('that prints without end keeps nothing waiting and ends when it is told to', async () => {
    const flood = "const b = Buffer.alloc(1 << 16, 'flood\\n'); for (;;) require('fs').writeSync(1, b)";
    const { result, aborter, said } = begin(execHandler, script(flood), await folder());
    await said(/^flood$/);
    aborter.abort(new Error('enough'));
    await expect(result).rejects.toThrow('enough');
  });
});

describe('the end', () => {
  /** A program that starts another one, neither of which minds SIGTERM if `stubborn`. */
  const family = (stubborn: boolean) => {
    const deaf = stubborn ? "process.on('SIGTERM', () => {});" : '';
    const child = `${deaf} console.log('child ' + process.pid); setInterval(() => {}, 1000)`;
    return script(
      `${deaf} require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], {stdio: 'inherit'});
       setInterval(() => {}, 1000)`,
    );
  };
  const isAlive = (pid: number) => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  };

  it('of an aborted program is that of all it has started', async () => {
    const { result, aborter, said } = begin(execHandler, family(false), await folder());
    const pid = Number((await said(/^child/)).split(' ')[1]);
    expect(isAlive(pid)).toBe(true);
    aborter.abort(new Error('the time limit'));
    await expect(result).rejects.toThrow('the time limit');
    // Its pipes are closed: it runs no more.
    expect(statusOf(pid)).toMatch(/^(gone|Z)$/);
  });

  it('of one that does not mind comes by `end`, for all of its group', async () => {
    const { result, aborter, said, end } = begin(execHandler, family(true), await folder());
    const pid = Number((await said(/^child/)).split(' ')[1]);
    aborter.abort(new Error('the time limit'));
    end();
    await expect(result).rejects.toThrow('the time limit');
    expect(statusOf(pid)).toMatch(/^(gone|Z)$/);
  });

  it('by itself takes along what it left in its group', async () => {
    const child = "console.log('child ' + process.pid); setInterval(() => {}, 1000)";
    // It waits for the word of its child, passes it on, and leaves.
    const left = `const child = require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}],
        { stdio: ['ignore', 'pipe', 'inherit'] });
      child.stdout.once('data', (word) => process.stdout.write(word, () => process.exit(0)));`;
    const { result, said } = begin(execHandler, script(left), await folder());
    expect(await result).toMatchObject({ success: true });
    expect(statusOf(Number((await said(/^child/)).split(' ')[1]))).toMatch(/^(gone|Z)$/);
  });
});

describe('what is not allowed', () => {
  const refused = async (input: JsonObject, over: Partial<HandlerHost> = {}) => {
    const dir = await folder();
    try {
      await begin(execHandler, input, dir, over).result;
      return null;
    } catch (error) {
      return error as { code: string; fix: string; retryable: boolean };
    }
  };

  it('is a program that the settings do not name, also by another spelling', async () => {
    for (const program of ['/bin/ls', path.basename(NODE), `${path.dirname(NODE)}/./${path.basename(NODE)}`])
      expect(await refused({ program })).toMatchObject({ code: 'FORBIDDEN', retryable: false });
  });

  it('is a shell, whatever the link to it is called', async () => {
    const dir = await folder();
    const tool = path.join(dir, 'tool');
    await symlink('/bin/sh', tool);
    const exec = { programs: [tool, 'sh'], named: [] };
    for (const program of [tool, 'sh'])
      expect(await refused({ program, args: ['-c', 'echo'] }, { exec })).toMatchObject({ code: 'FORBIDDEN' });
    const searched = { environment: { PATH: `${dir}:/bin` }, exec: { programs: ['tool'], named: [] } };
    expect(await refused({ program: 'tool' }, searched)).toMatchObject({ code: 'FORBIDDEN' });
  });

  it('is what is not there, or cannot be run', async () => {
    const dir = await folder();
    const text = path.join(dir, 'text');
    await writeFile(text, 'no program');
    const exec = { programs: ['/nowhere/x', text], named: [] };
    expect(await refused({ program: '/nowhere/x' }, { exec })).toMatchObject({
      ...{ code: 'EXECUTION_ERROR', retryable: false },
      message: expect.stringContaining('there is no program /nowhere/x'),
    });
    expect(await refused({ program: text }, { exec })).toMatchObject({ code: 'EXECUTION_ERROR' });
    expect(await refused({ program: NODE, cwd: 'nowhere' })).toMatchObject({ code: 'EXECUTION_ERROR' });
  });

  it.each<[string, JsonObject]>([
    ['no program', {}],
    ['one line for all', { program: NODE, args: '-e 1' }],
    ['a NUL', { program: NODE, args: ['a\0b'] }],
    ['a variable without a name', { program: NODE, env: { 'A=B': 'x' } }],
    ['an unknown key', { program: NODE, shell: true }],
  ])('%s in the input', async (_name, input) => {
    expect(await refused(input)).toMatchObject({ code: 'INVALID_PARAMETERS', retryable: false });
  });
});

describe('a named program', () => {
  const named = (over: Partial<NamedProgram> = {}): NamedProgram => ({
    name: 'backup:database',
    command: [NODE, '-e', "process.stdin.on('data', (d) => process.stdout.write(d))", 'x'],
    ...{ cwd: null, env: {} },
    ...over,
  });

  it('is a handler of its name, and has the data of the job as JSON on stdin', async () => {
    const handler = namedProgram(named());
    expect(handler.info).toMatchObject({ name: 'backup:database', input: null });
    const { result, lines } = begin(handler, { db: 'main', full: true }, await folder());
    expect(await result).toMatchObject({ success: true });
    expect(lines).toEqual(['stdout: {"db":"main","full":true}']);
  });

  it('takes folder and variables from the settings, arguments from nowhere else', async () => {
    const dir = await folder();
    await mkdir(path.join(dir, 'below'));
    const code = `${shown}([process.cwd(), process.env.OWN, process.argv.length]))`;
    const handler = namedProgram(named({ command: [NODE, '-e', code], cwd: 'below', env: { OWN: 'yes' } }));
    const { result, lines } = begin(handler, { args: ['more'], cwd: '/', env: { OWN: 'no' } }, dir);
    await result;
    expect(lines).toEqual([`stdout: ${JSON.stringify([path.join(dir, 'below'), 'yes', 1])}`]);
  });
});

/** State letter of Linux, or `gone`. */
function statusOf(pid: number): string {
  try {
    const { readFileSync } = process.getBuiltinModule('node:fs');
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2)[0]!;
  } catch {
    return 'gone';
  }
}
