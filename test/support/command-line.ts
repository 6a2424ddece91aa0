// The command line in this process, on a project of a test: what a terminal shows, without starting a program for it.

import { systemClock } from '#core/clock';
import { runCli } from '#faces/cli/cli';
import { createHost } from '../../src/app.ts';
import { createLog } from '../../src/log.ts';
import type { Answer, Project } from './service-process.ts';

export interface Reach {
  /** SCHEDULER_URL; left out = the store. */
  url?: string;
  token?: string;
}

export type CommandLine = (...args: string[]) => Promise<Answer>;

export function commandLine(project: Project, { url, token }: Reach = {}): CommandLine {
  const log = createLog({ clock: systemClock, level: 'error', sink: { write: () => {} }, pretty: false });
  const host = createHost({
    clock: systemClock,
    log: { ...log, setLevel: () => {} },
    cwd: project.dir,
    env: { ...project.env },
    version: 'test',
    pid: process.pid,
    random: () => 0.5,
  });
  return async (...args) => {
    const answer = { stdout: '', stderr: '' };
    const screen = (name: keyof typeof answer) => ({
      write: (text: string) => {
        answer[name] += text;
      },
      isTTY: false,
      columns: 80,
    });
    const code = await runCli(args, {
      host,
      clock: systemClock,
      log,
      user: 'anna',
      version: 'test',
      service: { url: url ?? null, token: token ?? null },
      stdout: screen('stdout'),
      stderr: screen('stderr'),
      signal: new AbortController().signal,
      onHangup: () => {},
    });
    return { code, ...answer };
  };
}
