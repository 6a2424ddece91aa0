// The plan of the house, kept by machine: who may import whom and why, where time and the process may be touched.

import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import { factsOf, type ImportFact, type SourceFacts } from './support/source-facts.ts';

interface Rule {
  /** Files, as the start of their path from the project. */
  of: string;
  /** Files of ours that they may import, as the start of their path; the rest is banned. */
  may: readonly string[];
  because: string;
}

const STORE_INTERFACE = 'src/store/store.ts';
const THREE_LOOPS = ['src/core/', 'src/schedule/', STORE_INTERFACE];

const RULES: readonly Rule[] = [
  {
    of: 'src/core/',
    may: ['src/core/'],
    because: 'everything stands on the words, so they stand on nothing',
  },
  {
    of: 'src/schedule/',
    may: ['src/schedule/', 'src/core/'],
    because: 'when a job is due is pure time: no settings, no rows, no disk',
  },
  {
    of: 'src/config/',
    may: ['src/config/', 'src/core/', 'src/schedule/'],
    because: 'settings are checked before any part exists, so they know none',
  },
  {
    of: 'src/store/',
    may: ['src/store/', 'src/core/'],
    because: 'a store keeps rows; what they mean is decided by callers, or each store would decide otherwise',
  },
  {
    of: 'src/engine/',
    may: ['src/engine/', ...THREE_LOOPS],
    because: 'between engine and runs there is nothing but rows, so that either can be switched off',
  },
  {
    of: 'src/runs/',
    may: ['src/runs/', ...THREE_LOOPS],
    because: 'between runs and engine there is nothing but rows, so that either can be switched off',
  },
  {
    of: 'src/housekeeper/',
    may: ['src/housekeeper/', ...THREE_LOOPS],
    because: 'cleaning is called by a job like any other: it knows neither loops nor faces',
  },
  {
    of: 'src/service/',
    may: ['src/service/', 'src/config/', 'src/engine/', 'src/runs/', 'src/housekeeper/', ...THREE_LOOPS],
    because: 'the one API must work on every store, and never learn which face called it',
  },
  {
    of: 'src/faces/',
    may: ['src/faces/', 'src/core/', 'src/service/'],
    because: 'a face has no rules of its own: what it can do, every face can, because the service does it',
  },
  {
    of: 'src/main.ts',
    may: ['src/app.ts', 'src/log.ts', 'src/faces/cli/', 'src/core/clock.ts', 'src/core/errors.ts'],
    because: 'the process only hands itself over: signals, environment, exit code',
  },
  {
    of: 'src/app-options.ts',
    may: ['src/'],
    because: 'it names what the composition root is made of, and runs nothing',
  },
  {
    of: 'src/events.ts',
    may: ['src/index.ts', 'src/faces/'],
    because: 'a way into the library in the words of another system',
  },
  {
    of: 'src/client.ts',
    may: ['src/core/', 'src/faces/http/client.ts'],
    because: 'it asks a service elsewhere, and carries none with it',
  },
  {
    of: 'src/tasks.ts',
    may: ['src/index.ts', 'src/faces/'],
    because: 'a way into the library in the words of another system',
  },
  {
    of: 'src/library.ts',
    may: ['src/app.ts', 'src/log.ts', 'src/faces/library/', 'src/core/', 'src/service/'],
    because: 'a library only hands itself over: settings, log, place',
  },
  {
    of: 'src/log.ts',
    may: ['src/core/'],
    because: 'every part logs by the interface in core, none by pino',
  },
  {
    of: 'src/index.ts',
    may: ['src/core/', 'src/faces/library/', 'src/library.ts'],
    because: 'every thread of a job imports it: what runs a scheduler is loaded when a program makes one',
  },
  {
    of: 'src/testing.ts',
    may: ['src/testing/', 'src/core/'],
    because: 'tests of jobs get the contract of a handler and two ways to call it',
  },
  {
    of: 'src/testing/',
    may: [
      'src/testing/',
      'src/app.ts',
      'src/log.ts',
      'src/config/',
      'src/engine/',
      'src/runs/',
      'src/service/',
      'src/store/',
      ...THREE_LOOPS,
    ],
    because: 'a test scheduler is the whole application; but it has no face',
  },
];
/** Only here do parts meet. */
const COMPOSITION_ROOT = 'src/app.ts';
const PUBLIC_PACKAGE = packageJson.name;

const root = path.join(import.meta.dirname, '..');
const files = globSync(['src/**/*.ts', 'jobs/**/*.ts'], { cwd: root })
  .map((file) => file.replaceAll(path.sep, '/'))
  .sort();
const sources = new Map<string, SourceFacts>(
  files.map((file) => [file, factsOf(readFileSync(path.join(root, file), 'utf8'), file)]),
);

/** The file of ours that is imported; null = a package or a module of Node. */
function targetOf(file: string, specifier: string): string | null {
  if (specifier.startsWith('.')) return path.posix.join(path.posix.dirname(file), specifier);
  if (!specifier.startsWith('#')) return null;
  for (const [alias, to] of Object.entries(packageJson.imports)) {
    const [before = '', after] = alias.split('*');
    if (after === undefined ? specifier === alias : specifier.startsWith(before))
      return path.posix.normalize(to.replace('*', specifier.slice(before.length)));
  }
  return `${specifier} (no such alias)`;
}

const packageOf = (specifier: string) => /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
const isForeign = (specifier: string) => !/^([.#]|node:)/.test(specifier);

function each<T>(look: (file: string, facts: SourceFacts) => readonly T[]): T[] {
  return [...sources].flatMap(([file, facts]) => look(file, facts));
}

const places = (
  found: keyof SourceFacts & ('realTime' | 'process' | 'notErasable'),
  allowed: readonly string[],
) =>
  each((file, facts) =>
    allowed.includes(file) ? [] : facts[found].map(({ what, line }) => `${file}:${line} ${what}`),
  );

describe('who may import whom', () => {
  test.each(RULES)('$of: $because', ({ of, may }) => {
    const own = files.filter((file) => file.startsWith(of));
    expect(own).not.toEqual([]);
    const banned = own.flatMap((file) => bannedImports(file, may));
    expect(banned).toEqual([]);
  });

  test('jobs import the public package and their own folder: what a built-in job can do, anyone can', () => {
    const banned = files
      .filter((file) => file.startsWith('jobs/'))
      .flatMap((file) => bannedImports(file, ownFolder(file)));
    expect(banned).toEqual([]);
  });

  test('nobody imports the composition root but the process, the library and the test scheduler, or parts would meet anywhere', () => {
    const importers = each((file, { imports }) =>
      imports.filter(({ specifier }) => targetOf(file, specifier) === COMPOSITION_ROOT).map(() => file),
    );
    expect(importers).toEqual(['src/library.ts', 'src/main.ts', 'src/testing/scheduler.ts']);
  });

  test('every file of src is under a rule', () => {
    const known = [COMPOSITION_ROOT, ...RULES.map((rule) => rule.of)];
    const free = files.filter(
      (file) => file.startsWith('src/') && !known.some((start) => file.startsWith(start)),
    );
    expect(free).toEqual([]);
  });

  test('every import of ours names a file, with its ending', () => {
    const lost = each((file, { imports }) =>
      imports.flatMap(({ specifier, line }) => {
        const target = targetOf(file, specifier);
        return target === null || sources.has(target) ? [] : [`${file}:${line} ${specifier}`];
      }),
    );
    expect(lost).toEqual([]);
  });

  test('no cycles of imports that run: in one of them something is used before it is there', () => {
    expect(cycles()).toEqual([]);
  });
});

describe('packages', () => {
  const used = (kinds: readonly ImportFact['kind'][]) =>
    each((file, { imports }) =>
      imports
        .filter(({ specifier, kind }) => isForeign(specifier) && kinds.includes(kind))
        .map(({ specifier, line }) => ({ name: packageOf(specifier), at: `${file}:${line} ${specifier}` })),
    ).filter(({ name }) => name !== PUBLIC_PACKAGE);

  test('what runs is a dependency, not a dev dependency: the container has no others', () => {
    const absent = used(['value', 'late']).filter(({ name }) => !(name in packageJson.dependencies));
    expect(absent.map(({ at }) => at)).toEqual([]);
  });

  test('every dependency is used', () => {
    const names = new Set(used(['value', 'late']).map(({ name }) => name));
    expect(Object.keys(packageJson.dependencies).filter((name) => !names.has(name))).toEqual([]);
  });
});

describe('places', () => {
  test('the real clock is in one file: all others can be tested on a clock moved by hand', () => {
    expect(places('realTime', ['src/core/clock.ts'])).toEqual([]);
  });

  test('the process is in one file: environment and exit code are handed in, so that tests can', () => {
    // Inside a worker the environment is that of the job.
    expect(places('process', ['src/main.ts', 'src/runs/isolation/withheld.ts'])).toEqual([]);
  });

  test('types can be stripped: there is no build step', () => {
    expect(places('notErasable', [])).toEqual([]);
  });

  test('no barrels but the public package: they hide who uses what, and make cycles', () => {
    const barrels = each((file, facts) => (facts.isBarrel ? [file] : []));
    expect(
      barrels.filter(
        (file) =>
          !['src/index.ts', 'src/testing.ts', 'src/events.ts', 'src/tasks.ts', 'src/client.ts'].includes(
            file,
          ),
      ),
    ).toEqual([]);
  });

  test('no file without a subject', () => {
    expect(files.filter((file) => /(^|\/)(utils?|helpers?|misc|common)\.ts$/.test(file))).toEqual([]);
  });

  test('no file over 300 lines', () => {
    expect(each((file, { lines }) => (lines > 300 ? [`${file} ${lines}`] : []))).toEqual([]);
  });

  test('every file opens with a sentence: its place in the flow', () => {
    expect(
      each((file, { firstLine }) => (/^\/\/ \S.{15,}/.test(firstLine) ? [] : [`${file} ${firstLine}`])),
    ).toEqual([]);
  });
});

function bannedImports(file: string, may: readonly string[]): string[] {
  return sources.get(file)!.imports.flatMap(({ specifier, line }) => {
    const target = targetOf(file, specifier);
    const allowed = target === null || may.some((start) => target.startsWith(start));
    return allowed ? [] : [`${file}:${line} ${specifier}`];
  });
}

/** A job of one file has only itself; a job of a folder has the folder. */
function ownFolder(file: string): string[] {
  const [jobs, folder, ...rest] = file.split('/');
  return rest.length > 0 ? [`${jobs}/${folder}/`] : [file];
}

function cycles(): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const walk = (file: string, way: readonly string[]) => {
    if (way.includes(file)) found.push([...way.slice(way.indexOf(file)), file].join(' → '));
    if (way.includes(file) || done.has(file)) return;
    for (const { specifier, kind } of sources.get(file)?.imports ?? []) {
      const target = kind === 'value' ? targetOf(file, specifier) : null;
      if (target !== null) walk(target, [...way, file]);
    }
    done.add(file);
  };
  for (const file of files) walk(file, []);
  return found;
}
