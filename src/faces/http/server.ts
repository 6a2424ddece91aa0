// The service over HTTP: every route performs one operation, for a caller who may, and answers in the envelope.

import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { z } from 'zod';
import { faultFields, SchedulerError, stackOf } from '#core/errors';
import type { Log } from '#core/log';
import { addMcp } from '../mcp/http.ts';
import { type OperationContext, perform, readInput } from '../operations/operation.ts';
import { OPERATIONS } from '../operations/table.ts';
import { type Caller, identify, isLoopback, refuseBeyondScope, type Token } from './access.ts';
import { inEventCodes, type Refusal, refusal, refusalOf } from './answer.ts';
import { addCalls, CALL } from './call.ts';
import { addDescription } from './described.ts';
import { type OwnRoute, typedQuery } from './own-route.ts';
import { addProbes, OPEN_PATHS } from './probes.ts';
import { inputOf, OWN_ROUTES, PREFIX, ROUTES, type Route } from './routes.ts';
import { keptToken } from './token-file.ts';
import { addTool } from './tool.ts';

export interface HttpParts extends Pick<OperationContext, 'installation' | 'clock'> {
  log: Log;
}

export interface HttpFace {
  /** With the port that was free, where 0 was asked for. */
  url: string;
  /** Takes nothing new; resolves when what was asked is answered. */
  close(): Promise<void>;
}

const BODY_LIMIT = 1024 * 1024;
/** A request that comes more slowly than this holds a socket for nothing. */
const REQUEST_TIMEOUT_MS = 30_000;
const MOST_CONNECTIONS = 1_000;
const MALFORMED = refusal(400, { code: 'INVALID_PARAMETERS', message: 'this is no HTTP request', fix: null });

/** Listens where the settings say. Throws CONFLICT for a port that is in use. */
export async function openHttp(parts: HttpParts): Promise<HttpFace> {
  const { stateDir, server } = parts.installation.settings;
  const isOpen = !isLoopback(server.host);
  const kept = isOpen && server.tokens.length === 0 ? await keptToken(stateDir) : null;
  const app = createApp(parts, kept ? [kept] : server.tokens);
  app.server.maxConnections = MOST_CONNECTIONS;
  const log = parts.log.at('http.listen');
  try {
    const url = await app.listen({ host: server.host, port: server.port });
    log.info(`listening on ${url}`, { ...(kept && { token_file: kept.file }) });
    return { url, close: () => app.close() };
  } catch (error) {
    await app.close();
    const { code } = error as { code?: unknown };
    throw new SchedulerError(
      'CONFLICT',
      `cannot listen on ${server.host} port ${server.port} (${String(code)})`,
      'stop what listens there, or set SCHEDULER_PORT or SCHEDULER_HOST and restart; jobs run meanwhile',
      { cause: error },
    );
  }
}

function createApp(parts: HttpParts, tokens: readonly Token[]): FastifyInstance {
  const app = fastify({
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    frameworkErrors: (error, _request, reply) =>
      void send(reply as unknown as FastifyReply, refusalOf(error)),
    clientErrorHandler(_error, socket) {
      const body = JSON.stringify(MALFORMED.body);
      const head = `HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`;
      if (socket.writable) socket.end(`${head}\r\nconnection: close\r\n\r\n${body}`);
    },
  });
  const callers = new WeakMap<FastifyRequest, Caller>();
  // Before the body is read: a stranger's is not.
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
    if (OPEN_PATHS.has(request.routeOptions.url ?? '')) return;
    const { host, origin, authorization } = request.headers;
    callers.set(request, identify({ address: request.ip, host, origin, authorization }, tokens));
  });
  app.setErrorHandler((error, request, reply) => {
    const isCall = request.url.startsWith(`${PREFIX}${CALL}/`);
    const answer = isCall ? refusalOf(error) : inEventCodes(refusalOf(error));
    if (answer.status === 500)
      parts.log.at('http.answer').error(`${request.method} ${request.routeOptions.url}`, {
        ...faultFields(error, 'http', 'EXECUTION_ERROR'),
        stack: stackOf(error),
      });
    return send(reply, answer);
  });
  app.setNotFoundHandler((request, reply) =>
    send(
      reply,
      refusal(404, {
        code: 'INVALID_PARAMETERS',
        message: `nothing answers to ${request.method} at this path`,
        fix: `paths begin with ${PREFIX}`,
      }),
    ),
  );
  const callerOf = (request: FastifyRequest) => callers.get(request)!;
  for (const route of ROUTES) addRoute(app, route, parts, callerOf);
  for (const route of OWN_ROUTES) addOwnRoute(app, route, parts, callerOf);
  addProbes(app, parts, callerOf);
  addDescription(app, parts, callerOf);
  addCalls(app, parts, callerOf);
  addTool(app, parts, callerOf);
  addMcp(app, parts, callerOf);
  return app;
}

function addRoute(
  app: FastifyInstance,
  route: Route,
  parts: HttpParts,
  callerOf: (request: FastifyRequest) => Caller,
): void {
  const operation = OPERATIONS.get(route.operation)!;
  const url = `${PREFIX}${route.path}`;
  app.route({
    method: route.method,
    url,
    onRequest: async (request) => refuseBeyondScope(callerOf(request), operation.effect),
    async handler(request, reply) {
      const gone = new AbortController();
      reply.raw.on('close', () => gone.abort());
      const { params, query, body } = request;
      const given = inputOf(route, {
        params: params as Record<string, string>,
        query: query as Record<string, unknown>,
        body,
      });
      const { by } = callerOf(request);
      const data = await perform(operation, { ...parts, by, signal: gone.signal }, given);
      return reply.status(route.status ?? 200).send({ success: true, data });
    },
  });
}

function addOwnRoute(
  app: FastifyInstance,
  route: OwnRoute,
  parts: HttpParts,
  callerOf: (request: FastifyRequest) => Caller,
): void {
  const { effect } = OPERATIONS.get(route.operation)!;
  app.route<{ Params: Record<string, string>; Querystring: Record<string, unknown> }>({
    method: route.method,
    url: `${PREFIX}${route.path}`,
    ...(route.bodyLimit !== undefined && { bodyLimit: route.bodyLimit }),
    onRequest: async (request) => refuseBeyondScope(callerOf(request), effect),
    async handler(request, reply) {
      const gone = new AbortController();
      reply.raw.on('close', () => gone.abort());
      const { by, token } = callerOf(request);
      const query = readInput(
        'the query',
        route.query ?? NO_QUERY,
        typedQuery(route.query ?? NO_QUERY, request.query),
      );
      const asked = { params: request.params, query, body: request.body, ifMatch: matchOf(request), token };
      const { status, body, revision } = await route.answer({ ...parts, by, signal: gone.signal }, asked);
      if (revision !== undefined) reply.header('etag', `"${revision}"`);
      return reply.status(status ?? route.status ?? 200).send({ success: true, ...body });
    },
  });
}

const NO_QUERY = z.strictObject({});

/** `*` = whatever is there: as without. */
function matchOf({ headers }: FastifyRequest): string | null {
  const given = headers['if-match']?.trim() ?? '*';
  return given === '*' ? null : given.replace(/^(?:W\/)?"(.*)"$/, '$1');
}

function send(reply: FastifyReply, { status, body }: Refusal): FastifyReply {
  return reply.status(status).send(body);
}
