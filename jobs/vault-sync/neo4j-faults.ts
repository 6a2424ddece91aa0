// An error of the Neo4j driver in, what it means for the run and how to mend it out. Never a password.

import neo4j from 'neo4j-driver';
import { GraphFault } from './graph.ts';

/** Of the driver itself. `N/A`: it waited for a connection in vain, or the connection is closed. */
const NO_SERVER = new Set<string>([neo4j.error.SERVICE_UNAVAILABLE, neo4j.error.SESSION_EXPIRED, 'N/A']);

const READ_ONLY = 'Neo.ClientError.General.WriteOnReadOnlyAccessDatabase';

/** The whole database takes no writes, from whomever. */
export function isReadOnly(fault: GraphFault): boolean {
  return (fault.cause as { code?: string } | undefined)?.code === READ_ONLY;
}

/** Sorts by the server's and driver's error codes, never by texts. */
export function toGraphFault(cause: unknown, address: string, user: string): GraphFault {
  if (cause instanceof GraphFault) return cause;
  const { code = '', message = String(cause) } = cause as Error & { code?: string };
  if (code === 'Neo.ClientError.Security.AuthenticationRateLimit')
    return new GraphFault(
      'refused',
      `Neo4j at ${address} refuses user ${user} for a while after too many wrong passwords`,
      'correct NEO4J_PASSWORD and wait a moment',
      cause,
    );
  if (
    code === 'Neo.ClientError.Security.Unauthorized' ||
    code === 'Neo.ClientError.Security.CredentialsExpired'
  )
    return new GraphFault(
      'refused',
      `Neo4j at ${address} refused the password of user ${user}`,
      'correct NEO4J_PASSWORD or NEO4J_USER',
      cause,
    );
  if (code === 'Neo.ClientError.Database.DatabaseNotFound')
    return new GraphFault('refused', `Neo4j at ${address}: ${message}`, 'correct NEO4J_DATABASE', cause);
  if (code === READ_ONLY)
    return new GraphFault(
      'refused',
      `Neo4j at ${address} takes no writes: the database is read-only`,
      'take it out of server.databases.read_only on the server, or name another one in NEO4J_DATABASE',
      cause,
    );
  if (code.startsWith('Neo.ClientError.Security.'))
    return new GraphFault(
      'refused',
      `Neo4j at ${address}: ${message}`,
      `give user ${user} the rights to read, write and make indexes (role architect or admin), or another NEO4J_USER`,
      cause,
    );
  if (NO_SERVER.has(code))
    return new GraphFault(
      'unreachable',
      `Neo4j at ${address} cannot be reached: ${firstLine(message.split('Caused by: ').at(-1)!)}`,
      'start the server or correct NEO4J_URI; nothing is lost, the next run carries on',
      cause,
    );
  const kind = neo4j.isRetryableError(cause as Error) ? 'transient' : 'data';
  return new GraphFault(kind, `Neo4j at ${address}: ${firstLine(message)}`, null, cause);
}

function firstLine(message: string): string {
  const line = message.split('\n', 1)[0] ?? '';
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
