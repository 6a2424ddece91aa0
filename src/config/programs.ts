// `scheduler.exec.allowed`: programs by name or path, and programs with arguments under a name of their own. Pure.

import { z } from 'zod';
import { type ExecSettings, isShell, type NamedProgram } from '#core/programs';
import type { Shape } from './field.ts';

const EXPECTS =
  'a list of programs by name or path, never a shell, and of named ones, e.g. - backup: [pg_dump, --file=/backup/db.dump, db]';
const NO_SHELL = 'a shell is never started: name the program itself, or an executable script';
const NO_REFERENCE = 'references are resolved in the input of a job, which the program reads on stdin';
const text = z.string().refine((value) => value.trim() !== '' && !value.includes('\0'));
const command = z.tuple([text], text);
const named = z.union([
  command.transform((command) => ({ command })),
  z.strictObject({
    command,
    cwd: text.optional(),
    env: z.record(z.string().regex(/^[A-Za-z_]\w*$/), z.string()).optional(),
  }),
]);
const names = z.record(z.string().regex(/^[A-Za-z0-9_.:-]{1,100}$/), named);
const entries = z.array(z.union([text, names]));
const zod: z.ZodType<ExecSettings> = entries.superRefine(refuse).transform((entries) => ({
  programs: entries.filter((entry) => typeof entry === 'string'),
  named: entries.flatMap((entry) => (typeof entry === 'string' ? [] : namedOf(entry))),
}));

/** In a list, because most entries have no name. */
export const programs: Shape<ExecSettings> = { zod, expects: EXPECTS, show: shown };

function refuse(written: z.output<typeof entries>, context: z.RefinementCtx): void {
  const seen = new Set<string>();
  const fault = (path: (string | number)[], message: string, fix: string) =>
    context.addIssue({ code: 'custom', path, message, params: { fix } });
  for (const [at, entry] of written.entries()) {
    if (typeof entry === 'string') {
      if (isShell(entry)) fault([at], 'is a shell', NO_SHELL);
      continue;
    }
    for (const { name, command, env } of namedOf(entry)) {
      const reference = Object.keys(env).find((key) => env[key]!.startsWith('!ref:'));
      if (reference !== undefined) fault([at, name, 'env', reference], 'is a reference', NO_REFERENCE);
      if (isShell(command[0])) fault([at, name, 0], 'is a shell', NO_SHELL);
      if (seen.has(name)) fault([at, name], 'is there twice', `give one of the two ${name} another name`);
      seen.add(name);
    }
  }
}

function namedOf(entry: z.output<typeof names>): NamedProgram[] {
  return Object.entries(entry).map(([name, value]) => {
    const { command, cwd = null, env = {} } = value as Partial<NamedProgram> & Pick<NamedProgram, 'command'>;
    return { name, command, cwd, env };
  });
}

/** Values of variables are not shown: they may be secrets. */
function shown({ programs, named }: ExecSettings): unknown {
  return [...programs, ...named.map(({ name, command }) => ({ [name]: command }))];
}
