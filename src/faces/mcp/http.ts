// MCP over streamable HTTP at `/mcp`: one session for each client, known by its id and held to the token that began it.

import { randomUUID } from 'node:crypto';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { SchedulerError } from '#core/errors';
import type { Caller } from '../http/access.ts';
import { createMcpServer, type McpParts } from './server.ts';

export const MCP_PATH = '/mcp';
/** Clients that go without a word leave theirs behind: the one that was used longest ago makes room. */
const MOST_SESSIONS = 100;

interface Session {
  transport: StreamableHTTPServerTransport;
  by: string;
}

export function addMcp(
  app: FastifyInstance,
  parts: McpParts,
  callerOf: (request: FastifyRequest) => Caller,
): void {
  const sessions = new Map<string, Session>();
  app.addHook('preClose', async () => {
    await Promise.all([...sessions.values()].map(({ transport }) => transport.close()));
  });
  app.route({
    method: ['GET', 'POST', 'DELETE'],
    url: MCP_PATH,
    async handler(request, reply) {
      const transport = await transportOf(request, callerOf(request), sessions, parts);
      return await handOver(transport, request, reply);
    },
  });
}

async function transportOf(
  request: FastifyRequest,
  caller: Caller,
  sessions: Map<string, Session>,
  parts: McpParts,
): Promise<StreamableHTTPServerTransport> {
  const id = request.headers['mcp-session-id'];
  if (typeof id !== 'string') return await begin(caller, sessions, parts);
  const session = sessions.get(id);
  // Another token's session is none of its business, whether it is there or not.
  if (!session || nameOf(session.by) !== nameOf(caller.by))
    throw new SchedulerError('RUN_NOT_FOUND', `there is no session ${id}`, 'begin a new one: initialize');
  sessions.delete(id);
  sessions.set(id, session);
  return session.transport;
}

async function begin(
  caller: Caller,
  sessions: Map<string, Session>,
  parts: McpParts,
): Promise<StreamableHTTPServerTransport> {
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized(id) {
      sessions.set(id, { transport, by: caller.by });
      const [oldest] = sessions.keys();
      if (sessions.size > MOST_SESSIONS) void sessions.get(oldest!)?.transport.close();
    },
  });
  const name = nameOf(caller.by);
  const server = createMcpServer(parts, {
    by: caller.by.replace(/^api:/, 'mcp:'),
    owner: name,
    scope: caller.scope,
  });
  const forget = server.onclose;
  server.onclose = () => {
    forget?.();
    if (transport.sessionId !== undefined) sessions.delete(transport.sessionId);
  };
  await server.connect(transport as Transport);
  return transport;
}

/** The token's name, wherever it is used from. */
function nameOf(by: string): string {
  return by.replace(/^api:/, '').replace(/@.*$/, '');
}

/** From here on the answer is the protocol's, event streams included. */
async function handOver(
  transport: StreamableHTTPServerTransport,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  reply.hijack();
  await transport.handleRequest(request.raw, reply.raw, request.body);
  return reply;
}
