// Which operation answers at which path, and why the others do not.

import { z } from 'zod';
import type { Operation } from '../operations/operation.ts';
import { OPERATIONS } from '../operations/table.ts';

export interface Route {
  operation: string;
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below PREFIX; `:name` is a field of the input. */
  path: string;
  /** 201 for what was made, 202 for what was queued. */
  status?: 201 | 202;
  /** The field of the input that the body is; else the body is the input. */
  bodyField?: string;
}

export const PREFIX = '/api/v1/scheduler';

export const ROUTES: readonly Route[] = [
  { operation: 'status', method: 'GET', path: '/status' },
  { operation: 'stats', method: 'GET', path: '/stats' },
  { operation: 'audit', method: 'GET', path: '/audit' },
  { operation: 'reload', method: 'POST', path: '/reload' },
  { operation: 'next', method: 'GET', path: '/next' },
  { operation: 'why', method: 'GET', path: '/why' },
  { operation: 'validate_schedule', method: 'POST', path: '/schedules/validate' },
  { operation: 'list_runs', method: 'GET', path: '/executions' },
  { operation: 'get_run', method: 'GET', path: '/executions/:run' },
  { operation: 'get_run_log', method: 'GET', path: '/executions/:run/logs' },
  { operation: 'cancel_run', method: 'POST', path: '/executions/:run/cancel' },
  { operation: 'rerun', method: 'POST', path: '/executions/:run/rerun', status: 202 },
  { operation: 'backfill', method: 'POST', path: '/backfill' },
  { operation: 'pause', method: 'POST', path: '/pause' },
  { operation: 'resume', method: 'POST', path: '/resume' },
  { operation: 'list_cleanups', method: 'GET', path: '/cleanups' },
  { operation: 'register_cleanup', method: 'POST', path: '/cleanups', status: 201, bodyField: 'rule' },
  { operation: 'run_cleanup', method: 'POST', path: '/cleanups/run' },
  { operation: 'get_cleanup', method: 'GET', path: '/cleanups/:cleanup' },
  { operation: 'update_cleanup', method: 'PATCH', path: '/cleanups/:cleanup', bodyField: 'changes' },
  { operation: 'remove_cleanup', method: 'DELETE', path: '/cleanups/:cleanup' },
  { operation: 'list_queues', method: 'GET', path: '/queues' },
  { operation: 'queue_size', method: 'GET', path: '/queues/:queue/size' },
  { operation: 'peek_queue', method: 'GET', path: '/queues/:queue/peek' },
  { operation: 'put_message', method: 'POST', path: '/queues/:queue/messages', status: 201 },
  { operation: 'lease_messages', method: 'POST', path: '/queues/:queue/lease' },
  { operation: 'ack_messages', method: 'POST', path: '/queues/ack' },
  { operation: 'nack_messages', method: 'POST', path: '/queues/nack' },
  { operation: 'dead_letters', method: 'GET', path: '/queues/:queue/dead' },
  { operation: 'revive_dead', method: 'POST', path: '/queues/:queue/revive' },
  { operation: 'kv_list', method: 'GET', path: '/kv' },
  { operation: 'kv_get', method: 'GET', path: '/kv/:key' },
  { operation: 'kv_set', method: 'POST', path: '/kv/:key' },
  { operation: 'kv_delete', method: 'DELETE', path: '/kv/:key' },
  { operation: 'clear_queue', method: 'POST', path: '/queues/:queue/clear' },
];

const EVENTS = 'jobs are shown as events, in words that are not spoken yet';

/** Operations without a path of their own; each is answered at `/call/<name>` (call.ts). */
export const NOT_OFFERED: Readonly<Record<string, string>> = {
  list_jobs: EVENTS,
  get_job: EVENTS,
  create_job: EVENTS,
  update_job: EVENTS,
  delete_job: EVENTS,
  run_job: EVENTS,
  run_handler: 'offered to agents and to the command line only',
  simulate: 'a long one would hold up the slots of the service that answers',
  show_config: 'paths and variables of the machine are for those who sit at it',
};

/** What a request carries. */
export interface Given {
  params: Record<string, string>;
  query: Record<string, unknown>;
  body: unknown;
}

/** The input of an operation from a request; what is wrong with it is left to the operation. */
export function inputOf(route: Route, given: Given): unknown {
  const { params, query, body } = given;
  if (route.method === 'GET' || route.method === 'DELETE')
    return { ...typed(OPERATIONS.get(route.operation)!, query), ...params };
  if (route.bodyField !== undefined) return { [route.bodyField]: body ?? {}, ...params };
  const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
  return isObject || body === undefined || body === null ? { ...body, ...params } : body;
}

/** Texts of a query as the input wants them; a text that is no such value stays, for the fault that names it. */
function typed({ input }: Operation, query: Record<string, unknown>): Record<string, unknown> {
  const { properties = {} } = z.toJSONSchema(input, { io: 'input' });
  return Object.fromEntries(
    Object.entries(query).map(([key, value]) => {
      const schema = Object.hasOwn(properties, key) ? properties[key] : undefined;
      const type = typeof schema === 'object' ? schema.type : undefined;
      return [key, textAs(value, type)];
    }),
  );
}

function textAs(value: unknown, type: unknown): unknown {
  if (type === 'array') return typeof value === 'string' ? value.split(',') : value;
  if (typeof value !== 'string') return value;
  if (type === 'integer' && /^-?\d{1,15}$/.test(value)) return Number(value);
  return value;
}
