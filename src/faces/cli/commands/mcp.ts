// mcp: the scheduler for an agent on this machine, over standard input and output.

import type { Command } from 'commander';
import { examples, type Perform } from '../command.ts';

export function addMcpCommand(program: Command, perform: Perform): void {
  const mcp = program
    .command('mcp')
    .description(
      'speak the Model Context Protocol over stdin and stdout, until stdin ends; log lines go to stderr',
    )
    .action(() =>
      perform(async (session) => {
        session.refuseUrl('mcp');
        const installation = await session.open();
        const { io } = session;
        const { serveStdio } = await import('../../mcp/stdio.ts');
        const caller = { by: `mcp:${io.user}`, owner: io.user, scope: 'admin' } as const;
        await serveStdio({ installation, clock: io.clock, log: io.log }, caller, io.signal);
        return null;
      }),
    );
  examples(mcp, [['aclarai-scheduler mcp', 'started by a client, see docs/agents.md']]);
}
