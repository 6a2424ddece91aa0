// Everything that must never be shown: found by where it stands, so that the log can cut it out wherever it turns up.

import { isMapping } from './tree.ts';

export const MASK = '********';
const URL_WITH_PASSWORD = /^([a-z][a-z0-9+.-]*:\/\/[^/@\s]*:)[^/@\s]+@/i;

/** True when a key of this name may hold something that must not be shown. */
export function namesSecret(key: string): boolean {
  return /(passw(or)?d|passphrase|secret|token|credential|(api|access|secret|private)[_-]?key)s?$/i.test(key);
}

/** Texts of the file under keys that name a secret, however deep. References are no secrets, what they name is. */
export function secretsOf(root: unknown, key = ''): string[] {
  if (typeof root === 'string')
    return namesSecret(key) && root !== '' && !root.startsWith('!ref:') ? [root] : passwordInUrl(root);
  if (Array.isArray(root)) return root.flatMap((item) => secretsOf(item, key));
  if (!isMapping(root)) return [];
  return Object.entries(root).flatMap(([inner, value]) => secretsOf(value, inner));
}

/** A value as it may be shown: texts under keys that name a secret and passwords in addresses are hidden. */
export function masked(value: unknown, key = ''): unknown {
  if (typeof value === 'string') return namesSecret(key) && value !== '' ? MASK : withoutPassword(value);
  if (Array.isArray(value)) return value.map((item) => masked(item, key));
  if (!isMapping(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([inner, item]) => [inner, masked(item, inner)]));
}

function withoutPassword(text: string): string {
  return text.replace(URL_WITH_PASSWORD, `$1${MASK}@`);
}

/** The password of `scheme://user:password@host`, as written and as meant. */
export function passwordInUrl(text: string): string[] {
  if (!URL_WITH_PASSWORD.test(text)) return [];
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
