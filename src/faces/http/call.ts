// Every operation by its name, in the words of the core: the way of programs of our own (command line, client).

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { closest } from '#core/did-you-mean';
import { type Operation, type OperationContext, perform } from '../operations/operation.ts';
import { OPERATIONS } from '../operations/table.ts';
import { type Caller, refuseBeyondScope } from './access.ts';
import { refusal } from './answer.ts';
import { PREFIX } from './routes.ts';

/** Below PREFIX; the body is the input of the operation. */
export const CALL = '/call';

export function addCalls(
  app: FastifyInstance,
  parts: Pick<OperationContext, 'installation' | 'clock'>,
  callerOf: (request: FastifyRequest) => Caller,
): void {
  app.route<{ Params: { operation: string } }>({
    method: 'POST',
    url: `${PREFIX}${CALL}/:operation`,
    // Before the body is read.
    onRequest: async (request, reply) => {
      const operation = OPERATIONS.get(request.params.operation);
      if (operation) return refuseBeyondScope(callerOf(request), operation.effect);
      const { status, body } = unknownOperation(request.params.operation);
      return reply.status(status).send(body);
    },
    async handler(request, reply) {
      const gone = new AbortController();
      reply.raw.on('close', () => gone.abort());
      const operation: Operation = OPERATIONS.get(request.params.operation)!;
      const { by } = callerOf(request);
      const data = await perform(operation, { ...parts, by, signal: gone.signal }, request.body ?? {});
      return reply.send({ success: true, data });
    },
  });
}

function unknownOperation(name: string) {
  const near = closest(name, [...OPERATIONS.keys()]);
  return refusal(404, {
    code: 'INVALID_PARAMETERS',
    message: `there is no operation ${name}`,
    fix: near ? `did you mean ${near}?` : `operations: ${[...OPERATIONS.keys()].join(', ')}`,
  });
}
