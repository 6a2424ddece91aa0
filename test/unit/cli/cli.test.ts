import { describe, expect, it } from 'vitest';
import { SchedulerError } from '#core/errors';
import { asksForJson, commandOf, runCli } from '#faces/cli/cli';
import type { Installation, Note, Settings } from '#service/host';
import { type FakeIo, fakeIo, jobOf, runOf } from './support.ts';

const COMMANDS = [
  ['start'],
  ['run'],
  ['new'],
  ['mcp'],
  ['cancel-run'],
  ['rerun'],
  ['backfill'],
  ['list'],
  ['next'],
  ['status'],
  ['history'],
  ['why'],
  ['pause'],
  ['resume'],
  ['validate'],
  ['simulate'],
  ['plan'],
  ['cleanup'],
  ['cleanup', 'list'],
  ['cleanup', 'register'],
  ['cleanup', 'update'],
  ['cleanup', 'remove'],
  ['cleanup', 'run'],
  ['config'],
  ['config', 'show'],
  ['backup'],
  ['restore'],
  ['doctor'],
  ['create'],
  ['update'],
  ['delete'],
  ['stats'],
  ['audit'],
  ['reload'],
  ['queue'],
  ['kv'],
  ['logs'],
  ['mcp'],
];

const FAULTS: Note[] = [
  {
    file: 'settings.yaml',
    line: 3,
    column: 5,
    path: 'scheduler.jobs.a.cron',
    code: 'INVALID_SCHEDULE',
    message: 'found "x"',
    fix: 'write cron',
  },
  {
    file: 'settings.yaml',
    line: 9,
    column: 1,
    path: 'scheduler',
    code: 'UNKNOWN_KEY',
    message: 'found jbos',
    fix: null,
  },
];

/** An installation whose service answers `service`; counts how often it was closed. */
function withInstallation(parts: object, more: object = {}): { io: FakeIo; closed: () => number } {
  let closed = 0;
  const installation = {
    settings: { app: { databases: { neo4j: null }, vault: { graph: 'embedded' } }, jobs: [] },
    service: parts,
    prepareWrite: async () => {},
    close: async () => void closed++,
    ...more,
  } as unknown as Installation;
  const io = fakeIo({ load: async () => ({ kind: 'ok', installation }) });
  return { io, closed: () => closed };
}

describe('help', () => {
  it('is the answer where no command is named', async () => {
    const io = fakeIo();
    expect(await runCli([], io)).toBe(0);
    expect(io.stdout.text).toContain('Usage: aclarai-scheduler');
    expect(io.stderr.text).toBe('');
  });

  it.each(COMMANDS)('of %s %s ends with examples', async (...command) => {
    const io = fakeIo();
    expect(await runCli([...command.filter(Boolean), '--help'], io)).toBe(0);
    expect(io.stdout.text).toMatch(/\nExamples:\n {2}aclarai-scheduler \S/);
    expect(io.stdout.text).toContain('--format <format>');
  });

  it('names every command and nothing that is not there', async () => {
    const io = fakeIo();
    await runCli(['--help'], io);
    const commands = io.stdout.text.split('Commands:')[1]!.split('Examples:')[0]!;
    const listed = [...commands.matchAll(/^ {2}([a-z-]+)/gm)].map((match) => match[1]);
    const names = [...new Set(COMMANDS.map(([name]) => name))].sort();
    expect([...listed].sort()).toEqual([...names, 'help'].sort());
  });

  it('prints the version', async () => {
    const io = fakeIo();
    expect(await runCli(['--version'], io)).toBe(0);
    expect(io.stdout.text).toBe('1.2.3\n');
  });
});

describe('what cannot be understood', () => {
  it.each([
    [['lst'], "error: unknown command 'lst'\nfix: did you mean list?\n"],
    [['scheduler:lst'], "error: unknown command 'lst'\nfix: did you mean list?\n"],
    [['list', '--frmat', 'json'], "error: unknown option '--frmat'\nfix: did you mean --format?\n"],
    [['run', 'a', '--wiat'], "error: unknown option '--wiat'\nfix: did you mean --wait?\n"],
    [['config', 'shwo'], "error: unknown command 'shwo'\nfix: did you mean show?\n"],
  ])('%j is answered with what is nearest', async (argv, text) => {
    const io = fakeIo();
    expect(await runCli(argv, io)).toBe(2);
    expect(io.stderr.text).toBe(text);
    expect(io.stdout.text).toBe('');
  });

  it.each([
    [['list', '--format', 'xml']],
    [['list', 'one', 'two']],
    [['list', '--status', 'actve']],
    [['history', '--status', 'nope']],
    [['next', '--count', '0']],
    [['next', '--count', '1.5']],
    [['next', '--count']],
    [['history', '--limit', '-1']],
    [['history', '--limit', '1e9']],
    [['run']],
    [['run', '']],
    [['run', 'a', '--id', 'b']],
    [['run', 'a', '--input', '[1]']],
    [['run', 'a', '--input', 'null']],
    [['run', 'a', '--input', '{"a":']],
    [['cancel-run']],
    [['why', 'a']],
    [['why', '--at', '03:00']],
    [['pause', '--for', 'soon']],
    [['pause', '--for', '0']],
    [['resume', '--catch-up', 'all']],
    [['backfill', 'report']],
    [['rerun']],
  ])('%j ends with 2, a message and a fix, and opens nothing', async ([...argv]) => {
    const io = fakeIo();
    expect(await runCli(argv, io)).toBe(2);
    expect(io.stderr.text).toMatch(/^error: .+\nfix: .+\n$/);
  });

  it('is one JSON object on stderr where JSON is asked for, and nothing on stdout', async () => {
    for (const argv of [
      ['list', '--json', '--status', 'actve'],
      ['list', '--format=json', '--nope'],
      ['nope', '--format', 'json'],
    ]) {
      const io = fakeIo();
      expect(await runCli(argv, io)).toBe(2);
      expect(io.stdout.text).toBe('');
      expect(JSON.parse(io.stderr.text)).toEqual({
        success: false,
        error: { code: 'INVALID_PARAMETERS', message: expect.any(String), fix: expect.any(String) },
      });
    }
  });
});

describe('the command in the arguments', () => {
  it.each([
    [['start'], 'start'],
    [['scheduler:start', '--paused'], 'start'],
    [['--settings', 'start', 'list'], 'list'],
    [['--json', 'run', 'start'], 'run'],
    [['--settings=x', 'pause', 'start'], 'pause'],
    [['--help'], undefined],
    [[], undefined],
  ])('%j is %s', (argv, command) => expect(commandOf(argv)).toBe(command));

  it.each([
    [['list', '--json'], true],
    [['list', '--format', 'json'], true],
    [['--format=json', 'list'], true],
    [['list', '--format', 'table'], false],
    [['run', '--', '--json'], false],
  ])('%j asks for JSON: %s', (argv, json) => expect(asksForJson(argv)).toBe(json));
});

describe('exit codes of failures', () => {
  it.each([
    ['JOB_NOT_FOUND', 3],
    ['RUN_NOT_FOUND', 3],
    ['INVALID_PARAMETERS', 2],
    ['INVALID_SCHEDULE', 2],
    ['ALREADY_RUNNING', 1],
    ['EXECUTION_ERROR', 1],
    ['CONFLICT', 1],
    ['DATABASE_ERROR', 1],
  ] as const)('%s ends with %d, and closes what was opened', async (code, exit) => {
    const { io, closed } = withInstallation({
      history: async () => {
        throw new SchedulerError(code, 'what was found', 'how to mend it');
      },
    });
    expect(await runCli(['history'], io)).toBe(exit);
    expect(io.stderr.text).toBe('error: what was found\nfix: how to mend it\n');
    expect(closed()).toBe(1);
  });

  it('a fault of ours is one line without a stack', async () => {
    const { io } = withInstallation({
      history: async () => {
        throw new TypeError('x is not a function');
      },
    });
    expect(await runCli(['history'], io)).toBe(1);
    expect(io.stderr.text).toBe('error: x is not a function\n');
  });
});

describe('settings that do not hold', () => {
  const TEXT =
    'settings.yaml:3:5: scheduler.jobs.a.cron: found "x" (write cron)\nsettings.yaml:9:1: scheduler: found jbos\n2 faults in the settings; check again with: aclarai-scheduler validate\n';
  const refusing = (ledger: Installation | null = null) =>
    fakeIo({
      load: async () => ({ kind: 'faults', faults: FAULTS, warnings: [], ledger: async () => ledger }),
      check: async () => ({ kind: 'faults', faults: FAULTS, warnings: [] }),
    });
  const ledger = (state: string) =>
    ({
      service: {
        history: async () => [runOf()],
        pause: async () => ({ paused: true, job: null }),
        pauses: async () => [],
      },
      settings: { scheduler: { timezone: 'UTC' } },
      status: async () => ({ state, paused: [] }),
      prepareWrite: async () => {},
      close: async () => {},
    }) as unknown as Installation;

  it.each([['list'], ['start'], ['validate'], ['config', 'show'], ['pause']])(
    '%s %s lists every fault and their number on stderr, and ends with 78',
    async (...argv) => {
      const io = refusing();
      expect(await runCli(argv.filter(Boolean), io)).toBe(78);
      expect(io.stdout.text).toBe('');
      expect(io.stderr.text).toBe(TEXT);
    },
  );

  it.each([['start'], ['run', 'a']])('refuse %s %s whatever the ledger holds', async (...argv) => {
    const io = refusing(ledger('running'));
    expect(await runCli(argv.filter(Boolean), io)).toBe(78);
  });

  it.each([
    ['running', 0],
    ['stopped', 78],
  ])('still let people look into the ledger; beside a service that is %s with %d', async (state, exit) => {
    const io = refusing(ledger(state));
    expect(await runCli(['history'], io)).toBe(exit);
    expect(io.stdout.text).toContain('succeeded');
    expect(io.stderr.text).toBe(TEXT);
  });

  it('do not keep a pause from being made', async () => {
    const io = refusing(ledger('stopped'));
    expect(await runCli(['pause', '--json'], io)).toBe(0);
    expect(JSON.parse(io.stdout.text)).toMatchObject({ paused: true });
    expect(io.stderr.text).toBe('');
  });

  it('carries the faults as details in JSON', async () => {
    const io = refusing();
    expect(await runCli(['list', '--json'], io)).toBe(78);
    expect(JSON.parse(io.stderr.text).error).toMatchObject({ code: 'VALIDATION_ERROR', details: FAULTS });
  });

  it('is what validate was asked about: its JSON is an answer', async () => {
    const io = refusing();
    expect(await runCli(['validate', '--json'], io)).toBe(78);
    expect(JSON.parse(io.stdout.text)).toEqual({ ok: false, errors: FAULTS, warnings: [], jobs: [] });
    expect(io.stderr.text).toBe('');
  });
});

describe('a vault sync into Neo4j without a password', () => {
  const settings = {
    file: '/srv/settings/aclarai.config.yaml',
    app: {
      databases: { neo4j: { uri: 'bolt://graph:7687', user: 'neo4j', password: null, database: null } },
      vault: { graph: 'neo4j' },
    },
    jobs: [{ id: 'vault_sync', name: 'vault_sync', handler: 'vault_sync', enabled: true }],
  } as unknown as Settings;
  const installed = (state: string) =>
    withInstallation(
      { find: async () => jobOf() },
      {
        settings,
        status: async () => ({ state, paused: [] }),
        run: async () => ({ run: runOf({ job: 'vault_sync', state: 'queued' }), where: 'service' }),
      },
    );

  it.each([['start'], ['run', 'vault_sync']])(
    '%s %s names NEO4J_PASSWORD and ends with 78',
    async (...argv) => {
      const { io, closed } = installed('stopped');
      expect(await runCli(argv.filter(Boolean), io)).toBe(78);
      expect(io.stderr.text).toContain('NEO4J_PASSWORD');
      expect(closed()).toBe(1);
    },
  );

  it('is the business of the service where one is up', async () => {
    const { io } = installed('running');
    expect(await runCli(['run', 'vault_sync'], io)).toBe(0);
  });
});

describe('the same job by other spellings', () => {
  it.each([
    [['history', 'report']],
    [['history', '--id', 'report']],
    [['history', '--task', 'report']],
    [['scheduler:history', '--task', 'report']],
    [['--json', 'history', 'report', '--id', 'report']],
  ])('%j', async ([...argv]) => {
    let asked: unknown;
    const { io } = withInstallation({
      history: async (query: unknown) => {
        asked = query;
        return [];
      },
    });
    expect(await runCli(argv, io)).toBe(0);
    expect(asked).toEqual({ job: 'report', limit: 20 });
  });
});

describe('run', () => {
  const asked: unknown[] = [];
  const answering = (run: object, where = 'here') =>
    withInstallation(
      {},
      {
        run: async (_job: string, options: object) => {
          asked.push(options);
          return { run, where };
        },
      },
    ).io;

  it('hands over what was asked for', async () => {
    const argv = ['run', 'a', '--full', '--input', '{"month":"3"}', '--dry-run', '--force', '--retry'];
    expect(await runCli(argv, answering(runOf()))).toBe(0);
    expect(asked.at(-1)).toMatchObject({
      by: 'cli:anna',
      wait: false,
      force: true,
      retry: true,
      dryRun: true,
      input: { month: '3', full: true },
    });
  });

  it.each([
    ['succeeded', 'here', [], 0],
    ['skipped', 'here', [], 0],
    ['failed', 'here', [], 1],
    ['timed_out', 'here', [], 1],
    ['cancelled', 'here', [], 1],
    ['queued', 'service', [], 0],
    ['succeeded', 'service', ['--wait'], 0],
    ['failed', 'service', ['--wait'], 1],
    ['running', 'service', ['--wait'], 1],
  ])('%s %s %j ends with %d', async (state, where, flags, exit) => {
    const io = answering(runOf({ state: state as 'failed' }), where);
    expect(await runCli(['run', 'a', '--json', ...flags], io)).toBe(exit);
    expect(JSON.parse(io.stdout.text)).toMatchObject({ state });
    expect(io.stderr.text).toBe('');
  });
});
