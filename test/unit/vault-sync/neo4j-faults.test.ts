// What each error code of Neo4j means for a run, and which setting or right its fix names.

import neo4j from 'neo4j-driver';
import { expect, test } from 'vitest';
import { toGraphFault } from '../../../jobs/vault-sync/neo4j-faults.ts';

const security = (name: string) => `Neo.ClientError.Security.${name}`;

test.each([
  [security('Unauthorized'), 'refused', 'NEO4J_PASSWORD'],
  [security('CredentialsExpired'), 'refused', 'NEO4J_PASSWORD'],
  [security('AuthenticationRateLimit'), 'refused', 'NEO4J_PASSWORD'],
  // What a user with the role "reader" gets at the first write.
  [security('Forbidden'), 'refused', 'role architect or admin'],
  ['Neo.ClientError.Database.DatabaseNotFound', 'refused', 'NEO4J_DATABASE'],
  ['Neo.ClientError.General.WriteOnReadOnlyAccessDatabase', 'refused', 'NEO4J_DATABASE'],
  [neo4j.error.SERVICE_UNAVAILABLE, 'unreachable', 'NEO4J_URI'],
  ['Neo.TransientError.Transaction.DeadlockDetected', 'transient', null],
  ['Neo.ClientError.Schema.ConstraintValidationFailed', 'data', null],
])('%s is %s', (code, kind, fix) => {
  const fault = toGraphFault(new neo4j.Neo4jError('said by the server', code, '', ''), 'bolt://here', 'ann');
  expect(fault.kind).toBe(kind);
  expect(fault.message).toContain('bolt://here');
  if (fix === null) expect(fault.fix).toBeNull();
  else expect(fault.fix).toContain(fix);
});
