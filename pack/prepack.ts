// Before `npm pack`: compiles what Node runs as it stands in the checkout, because it strips no types below node_modules.

import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { CHECKOUT_PACKAGE, PACKAGE, type PackageJson, root } from './places.ts';

const at = (name: string) => path.join(root, name);

// A pack that was cut off has left the package's own behind.
if (existsSync(at(CHECKOUT_PACKAGE))) renameSync(at(CHECKOUT_PACKAGE), at(PACKAGE));

rmSync(at('dist'), { recursive: true, force: true });
execFileSync('tsc', ['--project', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
for (const asset of globSync(['src/**/*', 'jobs/**/*'], { cwd: root, withFileTypes: true })) {
  const file = path.relative(root, path.join(asset.parentPath, asset.name));
  if (!asset.isFile() || file.endsWith('.ts')) continue;
  mkdirSync(path.dirname(at(`dist/${file}`)), { recursive: true });
  copyFileSync(at(file), at(`dist/${file}`));
}

const checkout = JSON.parse(readFileSync(at(PACKAGE), 'utf8')) as PackageJson;
const {
  name,
  version,
  exports,
  imports,
  devDependencies: _,
  scripts: __,
  allowScripts: ___,
  ...rest
} = checkout;
const compiled = (source: string) => source.replace(/\.ts$/, '.js');
const each = <T>(map: Record<string, string>, make: (source: string) => T): Record<string, T> =>
  Object.fromEntries(Object.entries(map).map(([key, source]) => [key, make(source)]));

/** What is compiled finds itself by the same names as what it was compiled from. */
write('dist/package.json', {
  ...{ name, version, type: 'module' },
  exports: each(exports, compiled),
  imports: each(imports, compiled),
});
renameSync(at(PACKAGE), at(CHECKOUT_PACKAGE));
write(PACKAGE, {
  ...{ name, version, ...rest },
  exports: each(exports, (source) => ({
    types: source.replace('./', './dist/').replace(/\.ts$/, '.d.ts'),
    default: compiled(source.replace('./', './dist/')),
  })),
});

function write(file: string, content: object): void {
  writeFileSync(at(file), `${JSON.stringify(content, null, 2)}\n`);
}
