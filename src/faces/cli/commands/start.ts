// start: runs the service in this process until it is told to stop.

import type { Command } from 'commander';
import { missingGraphPassword } from '#service/graph-password';
import { examples, type Perform } from '../command.ts';
import { SettingsRefused } from '../exit.ts';
import { ServedHttp } from '../served-http.ts';
import type { Session } from '../session.ts';

interface StartOptions {
  paused?: boolean;
  acceptClock?: boolean;
}

export function addStartCommand(program: Command, perform: Perform): void {
  const start = program
    .command('start')
    .description('run the service until Ctrl-C or SIGTERM; log lines go to stdout')
    .option('--paused', 'start with everything paused; resume lifts it')
    .option('--accept-clock', 'go on although the clock is hours behind the newest row of the ledger')
    .action((options: StartOptions) =>
      perform(async (session) => {
        await serve(session, options);
        return null;
      }),
    );
  examples(start, [
    ['aclarai-scheduler start', 'run all jobs that are enabled'],
    ['aclarai-scheduler start --paused', 'look around first, then: aclarai-scheduler resume'],
    ['aclarai-scheduler start --settings /etc/aclarai.yaml --state /var/lib/aclarai', 'other places'],
  ]);
}

async function serve(session: Session, options: StartOptions): Promise<void> {
  const { io, by } = session;
  session.refuseUrl('start');
  const installation = await session.open();
  const missing = missingGraphPassword(installation.settings);
  if (missing) throw new SettingsRefused([missing]);
  const { paused = false, acceptClock = false } = options;
  const { clock, log, signal, onHangup } = io;
  const http = new ServedHttp({ installation, clock, log }, signal);
  await installation.serve({ paused, acceptClock, by, signal, onHangup, onUp: () => http.open() });
  await http.closed();
}
