// `scheduler.exec.allowed`: what it takes, and what it refuses with the place.

import { expect, it } from 'vitest';
import { programs } from '#config/programs';

it('takes programs by name or path, and named ones with arguments, folder and variables', () => {
  const written = [
    'rsync',
    '/usr/bin/pg_dump',
    { 'backup:database': ['pg_dump', '-Fc', 'main'] },
    { report: { command: ['make', 'report'], cwd: 'reports', env: { LANG: 'C' } } },
  ];
  expect(programs.zod.parse(written)).toEqual({
    programs: ['rsync', '/usr/bin/pg_dump'],
    named: [
      { name: 'backup:database', command: ['pg_dump', '-Fc', 'main'], cwd: null, env: {} },
      { name: 'report', command: ['make', 'report'], cwd: 'reports', env: { LANG: 'C' } },
    ],
  });
});

it('shows no variables of named programs', () => {
  const value = programs.zod.parse(['rsync', { report: { command: ['make'], env: { KEY: 'hidden' } } }]);
  expect(programs.show(value)).toEqual(['rsync', { report: ['make'] }]);
});

it.each<[string, unknown]>([
  ['a shell', ['bash']],
  ['a shell by its path', ['/bin/sh']],
  ['a shell under a name', [{ job: ['sh', '-c', 'echo'] }]],
  ['a line of text in place of a list', [{ job: 'pg_dump -Fc' }]],
  ['no program', [{ job: [] }]],
  ['a reference in a variable', [{ job: { command: ['a'], env: { KEY: '!ref:env:KEY' } } }]],
  ['a name twice', [{ job: ['a'] }, { job: ['b'] }]],
  ['a name with a blank', [{ 'my job': ['a'] }]],
  ['an empty text', ['']],
  ['a NUL', ['a\0b']],
  ['no list', 'rsync'],
])('refuses %s', (_name, written) => {
  expect(programs.zod.safeParse(written).success).toBe(false);
});
