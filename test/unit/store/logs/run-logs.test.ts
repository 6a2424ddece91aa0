// The file of run logs: what is put out is read back in order, masked, within its bounds, and never stands in the way.

import { existsSync, readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Log } from '#core/log';
import type { RunLine, RunLogs } from '#core/run-log';
import { FLUSH_MS, type RunLogsOptions, sqliteRunLogs } from '#store/logs/run-logs';
import { fastFolder } from '../../../support/fast-folder.ts';
import { aPolicy } from '../../../support/ledger.ts';
import { createManualClock } from '../../../support/manual-clock.ts';

const T0 = Date.parse('2026-11-21T10:00:00Z');
const MB = 1_048_576;

async function place(over: Partial<RunLogsOptions> = {}) {
  const stateDir = await fastFolder('run-logs-');
  onTestFinished(() => rm(stateDir, { recursive: true, force: true }));
  const clock = createManualClock(T0);
  const told: string[] = [];
  const log: Log = {
    ...{ debug: () => {}, error: () => {}, info: () => {} },
    warn: (_message, fields) => told.push(String((fields as { error?: string }).error)),
    with: () => log,
    at: () => log,
  };
  /** Another process on the same directory. */
  const open = (): RunLogs => {
    const options = { stateDir, clock, log, masked: (text: string) => text, maxBytes: () => 1024 * MB };
    const logs = sqliteRunLogs({ ...options, besides: [], ...over });
    onTestFinished(() => logs.close());
    return logs;
  };
  return { stateDir, file: path.join(stateDir, 'logs.sqlite'), clock, open, logs: open(), told };
}

const run = (runId: string, attempt = 1) => ({
  ...{ runId, jobId: 'job', attempt, input: {} },
  snapshot: { handler: 'h', policy: aPolicy({}), dryRun: false },
});
const messages = (lines: readonly RunLine[]) => lines.map(({ message }) => message);
const all = (logs: RunLogs, runId = 'r') => logs.read(runId, 0, 10_000);
const NO_END = async () => true;
const NONE_ABSENT = async () => [];

describe('lines', () => {
  it('are read back with number, time, attempt, stream, level and fields', async () => {
    const { logs, clock } = await place();
    const output = logs.open(run('r'));
    output.line('info', 'begins', { files: 3 });
    await clock.advance(1_000);
    output.line('warn', 'no such file', undefined, 'stderr');
    output.end(true);
    expect(await all(logs)).toEqual([
      {
        ...{ n: 1, at: T0, attempt: 1, stream: 'log', level: 'info' },
        ...{ message: 'begins', fields: { files: 3 } },
      },
      {
        ...{ n: 2, at: T0 + 1_000, attempt: 1, stream: 'stderr', level: 'warn' },
        ...{ message: 'no such file', fields: null },
      },
    ]);
  });

  it('go on with their numbers in the next attempt, also in another process', async () => {
    const { logs, open } = await place();
    const first = logs.open(run('r', 1));
    first.line('info', 'one');
    first.end(true);
    const second = logs.open(run('r', 2));
    second.line('info', 'two');
    second.end(true);
    await logs.close();
    const other = open();
    other.open(run('r', 3)).line('info', 'three');
    const lines = await all(other);
    expect(lines.map(({ n, attempt, message }) => [n, attempt, message])).toEqual([
      [1, 1, 'one'],
      [2, 2, 'two'],
      [3, 3, 'three'],
    ]);
  });

  it('are asked for behind a line and up to a number of them', async () => {
    const { logs } = await place();
    const output = logs.open(run('r'));
    for (let n = 1; n <= 2_000; n++) output.line('info', `line ${n} ${'.'.repeat(100)}`);
    const lines = await logs.read('r', 1_234, 3);
    expect(lines.map(({ n }) => n)).toEqual([1_235, 1_236, 1_237]);
    expect((await all(logs)).length).toBe(2_000);
    expect(await logs.read('r', 2_000, 3)).toEqual([]);
    expect(await logs.read('another', 0, 3)).toEqual([]);
  });

  it('of a run that says too much are cut in the middle, with a mark that counts them', async () => {
    const { logs } = await place();
    const output = logs.open(run('r'));
    for (let n = 1; n <= 3_000; n++) output.line('info', `${n} ${'.'.repeat(900)}`, undefined, 'stdout');
    const lines = await all(logs);
    const at = lines.findIndex(({ stream }) => stream === 'cut');
    const cut = lines[at]!;
    const gone = lines[at + 1]!.n - lines[at - 1]!.n - 1;
    expect(cut).toMatchObject({ n: lines[at + 1]!.n - 1, level: 'warn' });
    expect(cut.message).toMatch(new RegExp(`^${gone} lines \\(1\\.\\d MB\\) are not kept`));
    expect([lines[0]!.n, lines.at(-1)!.n]).toEqual([1, 3_000]);
    const kept = lines.filter(({ stream }) => stream !== 'cut');
    expect(kept.length + gone).toBe(3_000);
    expect(Buffer.byteLength(kept.map((line) => JSON.stringify(line)).join('\n'))).toBeLessThanOrEqual(MB);
    // Whoever has read up to the mark, or into the tail, does not meet it again.
    expect((await logs.read('r', cut.n, 2)).map(({ n }) => n)).toEqual([cut.n + 1, cut.n + 2]);
    expect((await logs.read('r', 2_998, 9)).map(({ stream }) => stream)).toEqual(['stdout', 'stdout']);
  });

  it('hold no secret: known values, and what stands under telling keys, however deep', async () => {
    const { logs, file } = await place({ masked: (text) => text.replaceAll('hunter2', '[redacted]') });
    const output = logs.open(run('r'));
    output.line('info', 'with hunter2', { deep: { password: 'other', note: 'hunter2' } });
    output.line('info', `${'x'.repeat(16_380)}hunter2`, undefined, 'stdout');
    await logs.flush();
    const [first, second] = await all(logs);
    expect(first).toMatchObject({
      message: 'with [redacted]',
      fields: { deep: { password: '[redacted]', note: '[redacted]' } },
    });
    expect(second!.message).not.toContain('hunt');
    await logs.close();
    const bytes = readFileSync(file, 'latin1');
    expect(bytes).not.toContain('hunter2');
    expect(bytes).not.toContain('other');
  });

  it.each<[string, object, unknown]>([
    ['a bigint', { n: 10n }, { n: '10' }],
    ['an error', { error: new TypeError('boo') }, { error: { name: 'TypeError', message: 'boo' } }],
    ['nothing', {}, null],
    ['a list', [1], [1]],
    ['too much', { text: 'y'.repeat(20_000) }, { fields: expect.stringMatching(/… \(20011 characters\)$/) }],
  ])('fields with %s become plain data', async (_name, fields, expected) => {
    const { logs } = await place();
    logs.open(run('r')).line('info', 'x', fields);
    const [line] = await all(logs);
    if (expected === null) expect(line!.fields).toBeNull();
    else expect(line!.fields).toMatchObject(expected as object);
  });

  it('fields that JSON cannot hold are named, and the line stands', async () => {
    const { logs } = await place();
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    logs.open(run('r')).line('info', 'x', circle);
    expect(await all(logs)).toMatchObject([{ message: 'x', fields: { fields: /^not JSON/ } }]);
  });
});

describe('writing', () => {
  it('makes no file before there is a line, and none for looking', async () => {
    const { logs, file } = await place();
    const output = logs.open(run('r'));
    expect(await all(logs)).toEqual([]);
    output.end(true);
    await logs.flush();
    expect(existsSync(file)).toBe(false);
  });

  it('follows a line within a fifth of a second, where others can read it', async () => {
    const { logs, open, clock } = await place();
    const reader = open();
    logs.open(run('r')).line('info', 'soon');
    expect(await all(reader)).toEqual([]);
    await clock.advance(FLUSH_MS);
    expect(messages(await all(reader))).toEqual(['soon']);
  });

  it('goes on with what comes while it is at it', async () => {
    const { logs, open, clock } = await place();
    const output = logs.open(run('r'));
    output.line('info', 'one');
    const flushed = logs.flush();
    output.line('info', 'two');
    await flushed;
    await clock.advance(FLUSH_MS);
    expect(messages(await all(open()))).toEqual(['one', 'two']);
  });

  it('ends with the last word at close', async () => {
    const { logs, open } = await place();
    logs.open(run('r')).line('info', 'last');
    await logs.close();
    expect(messages(await all(open()))).toEqual(['last']);
  });

  it('drops what is not to be kept, also of attempts before', async () => {
    const { logs } = await place();
    logs.open(run('r', 1)).line('info', 'one');
    await logs.flush();
    const second = logs.open(run('r', 2));
    second.end(false);
    const other = logs.open(run('s'));
    other.line('info', 'two');
    other.end(false);
    await logs.flush();
    expect([await all(logs), await all(logs, 's')]).toEqual([[], []]);
  });

  it('bears a file that takes nothing: told once, and what fits into memory is written when it does', async () => {
    const { logs, open, file, clock, told } = await place();
    const output = logs.open(run('r'));
    output.line('info', 'one');
    await logs.flush();
    const shell = new DatabaseSync(file);
    shell.exec('BEGIN IMMEDIATE');
    output.line('info', 'two');
    await clock.advance(FLUSH_MS);
    output.line('info', 'three');
    await clock.advance(60_000);
    output.end(true);
    expect(told).toEqual([expect.stringContaining('locked')]);
    shell.exec('ROLLBACK');
    shell.close();
    await clock.advance(60_000);
    expect(messages(await all(open()))).toEqual(['one', 'two', 'three']);
  });

  it('begins a new file where the old one is damaged, and keeps the old one aside', async () => {
    const { logs, file } = await place();
    await writeFile(file, 'no database at all, but long enough to look like one'.repeat(200));
    logs.open(run('r')).line('info', 'anew');
    await logs.flush();
    expect(messages(await all(logs))).toEqual(['anew']);
    expect(readFileSync(`${file}.aside`, 'utf8')).toMatch(/^no database/);
  });
});

describe('pruning', () => {
  it('takes what the ledger has no run for', async () => {
    const { logs } = await place();
    for (let n = 0; n < 250; n++) {
      const output = logs.open(run(`r${n}`));
      output.line('info', 'x');
      output.end(true);
    }
    await logs.flush();
    const removed = await logs.prune(async (ids) => ids.filter((id) => id !== 'r7'), NO_END);
    expect(removed).toBe(249);
    expect((await all(logs, 'r7')).length).toBe(1);
    expect(await all(logs, 'r8')).toEqual([]);
  });

  it('takes the oldest while the state is larger than it may be, never what is at work', async () => {
    const { logs, stateDir, clock } = await place({ maxBytes: () => 4 * MB });
    const atWork = logs.open(run('r0'));
    atWork.line('info', 'at work');
    await logs.flush();
    for (let n = 1; n <= 9; n++) {
      await clock.advance(1_000);
      const output = logs.open(run(`r${n}`));
      for (let i = 0; i < 900; i++) output.line('info', '.'.repeat(1_000));
      output.end(true);
      await logs.flush();
    }
    await logs.prune(NONE_ABSENT, NO_END);
    const counts = [];
    for (let n = 0; n <= 9; n++) counts.push((await all(logs, `r${n}`)).length);
    expect(counts).toEqual([1, 0, 0, 0, 0, 0, 900, 900, 900, 900]);
    await logs.close();
    const db = new DatabaseSync(path.join(stateDir, 'logs.sqlite'));
    const { page_count, page_size } = {
      ...db.prepare('PRAGMA page_count').get(),
      ...db.prepare('PRAGMA page_size').get(),
    } as Record<string, number>;
    db.close();
    // What was taken is given back to the disk.
    expect(page_count! * page_size!).toBeLessThanOrEqual(4 * MB);
  });

  it('happens by itself while much is written', async () => {
    const { logs } = await place({ maxBytes: () => 4 * MB });
    for (let n = 1; n <= 12; n++) {
      const output = logs.open(run(`r${n}`));
      for (let i = 0; i < 900; i++) output.line('info', '.'.repeat(1_000));
      output.end(true);
      await logs.flush();
    }
    expect(await all(logs, 'r1')).toEqual([]);
    expect((await all(logs, 'r12')).length).toBe(900);
  });

  it('counts the ledger too, and leaves it alone', async () => {
    const folder = await fastFolder('ledger-');
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const ledger = path.join(folder, 'scheduler.db');
    await writeFile(ledger, Buffer.alloc(5 * MB));
    const { logs } = await place({ maxBytes: () => 4 * MB, besides: [ledger] });
    const output = logs.open(run('r'));
    output.line('info', 'x');
    output.end(true);
    await logs.flush();
    await logs.prune(NONE_ABSENT, NO_END);
    expect(await all(logs)).toEqual([]);
    expect(readFileSync(ledger).length).toBe(5 * MB);
  });
});
