// The `scheduler` tool over HTTP: the body is its input, the answer its output itself, without the envelope.

import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { OperationContext } from '../operations/operation.ts';
import { runTool } from '../tool/tool.ts';
import type { Caller } from './access.ts';
import { statusOf } from './answer.ts';
import { PREFIX } from './routes.ts';

export function addTool(
  app: FastifyInstance,
  { installation }: Pick<OperationContext, 'installation'>,
  callerOf: (request: FastifyRequest) => Caller,
): void {
  app.post(`${PREFIX}/operations`, async (request, reply) => {
    const gone = new AbortController();
    reply.raw.on('close', () => gone.abort());
    const { by, scope } = callerOf(request);
    const context = { installation, by, scope, source: 'api', signal: gone.signal } as const;
    const output = await runTool(context, request.body ?? {});
    return reply.status(output.success ? 200 : statusOf(output.code)).send(output);
  });
}
