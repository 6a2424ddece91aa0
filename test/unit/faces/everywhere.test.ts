// Walks the table: each operation is asked for by a command and over HTTP, or it is said why not; the pages name what is there.

import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { NOT_COMMANDED } from '#faces/cli/offered';
import { buildProgram } from '#faces/cli/program';
import { NOT_OFFERED, OWN_ROUTES, ROUTES } from '#faces/http/routes';
import { OPERATIONS } from '#faces/operations/table';
import { fakeIo } from '../cli/support.ts';

const root = path.join(import.meta.dirname, '../../..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');

/** Operations that commands ask for, over HTTP as on the store. */
const asked = new Set(
  globSync('src/faces/cli/**/*.ts', { cwd: root })
    .map(read)
    .flatMap((text) => [
      ...text.matchAll(/\bask(?:<[^()]*>)?\(\s*'(\w+)'/g),
      // Of several commands that are made alike.
      ...text.matchAll(/'([a-z]+(?:_[a-z]+)+)'/g),
    ])
    .map((match) => match[1]!),
);

describe('every operation', () => {
  test.each([...OPERATIONS.keys()])('%s is a command, or it is said why not', (name) => {
    const isSaid = Object.hasOwn(NOT_COMMANDED, name);
    expect([name, asked.has(name) !== isSaid]).toEqual([name, true]);
    if (isSaid) expect(NOT_COMMANDED[name]!.length).toBeGreaterThan(10);
  });

  test.each([...OPERATIONS.keys()])(
    '%s has a path over HTTP, or it is said why it is only called by name',
    (name) => {
      const isRouted = [...ROUTES, ...OWN_ROUTES].some(({ operation }) => operation === name);
      expect([name, isRouted !== Object.hasOwn(NOT_OFFERED, name)]).toEqual([name, true]);
    },
  );

  test('reasons are given for operations that there are', () => {
    const reasons = [...Object.keys(NOT_COMMANDED), ...Object.keys(NOT_OFFERED)];
    expect(reasons.filter((name) => !OPERATIONS.has(name))).toEqual([]);
  });
});

const program = buildProgram(fakeIo(), async () => {});

function leaves(command: Command, before: readonly string[] = []): { words: string[]; command: Command }[] {
  return command.commands.flatMap((each) => {
    const words = [...before, each.name()];
    return each.commands.length > 0 ? leaves(each, words) : [{ words, command: each }];
  });
}

const commands = leaves(program);
const page = read('docs/cli.md');

describe('docs/cli.md', () => {
  test.each(commands.map(({ words }) => words.join(' ')))('shows %s', (words) => {
    const first = words.split(' ')[0]!;
    expect(page).toMatch(new RegExp(`^\\| .*\`${first}[ \`]|^\\| .*\`${words}\``, 'm'));
  });

  const lines = [...page.matchAll(/^\$ aclarai-scheduler (.+)$/gm)].map((match) => match[1]!);

  test('has examples', () => expect(lines.length).toBeGreaterThan(20));

  test.each([...new Set(lines)])('names what there is: %s', (line) => {
    const words = line.replace(/^scheduler:/, '').match(/'[^']*'|"[^"]*"|\S+/g)!;
    const found = commands.find(({ words: name }) => name.every((word, n) => words[n] === word));
    // A page also shows what a mistyped command is answered with.
    if (!found) return expect(page).toContain(`unknown command '${words[0]}'`);
    const known = [...found.command.options, ...program.options].flatMap(({ long, short }) => [long, short]);
    const given = words
      .filter((word) => word.startsWith('-') && word !== '--')
      .map((word) => word.split('=')[0]);
    expect(given.filter((option) => ![...known, '--help'].includes(option))).toEqual([]);
  });
});
