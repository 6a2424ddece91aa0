// The description of the paths, served: for programs at /api/openapi.json, for people at /api/docs.

import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { OperationContext } from '../operations/operation.ts';
import { type Caller, refuseBeyondScope } from './access.ts';
import { openApi, pageOf } from './openapi.ts';

/** The page shows text: nothing on it is loaded or run, and nobody may frame it. */
const POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export function addDescription(
  app: FastifyInstance,
  { installation }: Pick<OperationContext, 'installation'>,
  callerOf: (request: FastifyRequest) => Caller,
): void {
  let made: ReturnType<typeof openApi> | null = null;
  const document = () => {
    made ??= openApi(installation.version);
    return made;
  };
  const mayRead = async (request: FastifyRequest) => refuseBeyondScope(callerOf(request), 'read');
  app.get('/api/openapi.json', { onRequest: mayRead }, async () => document());
  app.get('/api/docs', { onRequest: mayRead }, async (_request, reply) =>
    reply.header('content-security-policy', POLICY).type('text/html; charset=utf-8').send(pageOf(document())),
  );
}
