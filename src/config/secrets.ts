// Everything that must never be shown: found by where it stands, so that the log can cut it out wherever it turns up.

import { isMapping, namesSecret } from './findings.ts';

/** Texts of the file under keys that name a secret, however deep. References are no secrets, what they name is. */
export function secretsOf(root: unknown, key = ''): string[] {
  if (typeof root === 'string')
    return namesSecret(key) && root !== '' && !root.startsWith('!ref:') ? [root] : passwordInUrl(root);
  if (Array.isArray(root)) return root.flatMap((item) => secretsOf(item, key));
  if (!isMapping(root)) return [];
  return Object.entries(root).flatMap(([inner, value]) => secretsOf(value, inner));
}

/** The password of `scheme://user:password@host`, as written and as meant. */
export function passwordInUrl(text: string): string[] {
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^/@\s]*:[^/@\s]+@/i.test(text)) return [];
  const password = URL.parse(text)?.password;
  if (!password) return [];
  try {
    return [...new Set([password, decodeURIComponent(password)])];
  } catch {
    return [password];
  }
}

/** Frozen to the last leaf: nobody changes settings under another reader. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const inner of Object.values(value)) deepFreeze(inner);
  return value;
}
