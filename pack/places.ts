// Where packing finds things.

import path from 'node:path';

export const root = path.join(import.meta.dirname, '..');
export const PACKAGE = 'package.json';
/** The checkout's own while the package's stands in its place. */
export const CHECKOUT_PACKAGE = 'package.checkout.json';

export interface PackageJson {
  name: string;
  version: string;
  /** Sources. */
  exports: Record<string, string>;
  imports: Record<string, string>;
  [key: string]: unknown;
}
