// MCP over standard input and output: for a client that starts the scheduler as its child.

import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { createMcpServer, type McpCaller, type McpParts } from './server.ts';

/** Until the client closes its end, or `signal` aborts. */
export async function serveStdio(parts: McpParts, caller: McpCaller, signal: AbortSignal): Promise<void> {
  const server = createMcpServer(parts, caller);
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const forget = server.onclose;
  server.onclose = () => {
    forget?.();
    resolve();
  };
  signal.addEventListener('abort', () => void server.close(), { once: true });
  const transport = new StdioServerTransport();
  await server.connect(transport as Transport);
  await over;
}
