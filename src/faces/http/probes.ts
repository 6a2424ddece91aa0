// What orchestrators and monitors ask, outside the prefix: alive, ready, how well, and figures for Prometheus.

import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { OperationContext } from '../operations/operation.ts';
import { type Caller, refuseBeyondScope } from './access.ts';
import { refusal } from './answer.ts';
import { Metrics } from './metrics.ts';

/** Answered to anybody, as orchestrators have no token: they say only yes or no. */
export const OPEN_PATHS: ReadonlySet<string> = new Set(['/livez', '/readyz']);

export function addProbes(
  app: FastifyInstance,
  { installation }: Pick<OperationContext, 'installation'>,
  callerOf: (request: FastifyRequest) => Caller,
): void {
  for (const [url, key, wrong] of [
    ['/livez', 'live', 'the loop does not tick'],
    ['/readyz', 'ready', 'not ready'],
  ] as const)
    app.get(url, async (_request, reply) => {
      const { [key]: isWell } = await installation.vitalSigns();
      if (isWell) return { success: true, data: { [key]: true } };
      const fix = 'GET /health says why';
      const { status, body } = refusal(503, { code: 'NOT_INITIALIZED', message: wrong, fix });
      return reply.status(status).send(body);
    });

  const mayRead = async (request: FastifyRequest) => refuseBeyondScope(callerOf(request), 'read');
  app.get('/health', { onRequest: mayRead }, async () => {
    const [signs, status] = [await installation.vitalSigns(), await installation.status()];
    const ofJobs = (await installation.service.list()).flatMap(({ id, warnings }) =>
      warnings.map((warning) => `${id}: ${warning}`),
    );
    const warnings = [...status.warnings, ...ofJobs];
    return { success: true, data: { ...signs, ...status, warnings } };
  });

  const metrics = new Metrics(installation);
  app.addHook('onClose', async () => metrics.close());
  app.get('/metrics', { onRequest: mayRead }, async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.collect()),
  );
}
