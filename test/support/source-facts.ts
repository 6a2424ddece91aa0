// Source text in, what the architecture test asks about it out: imports, real time, what type stripping refuses. Pure.

import { parseAst } from 'vitest/node';

export interface ImportFact {
  specifier: string;
  /** `type` vanishes before the program runs; `late` is an `import()` in the middle of it. */
  kind: 'value' | 'type' | 'late';
  line: number;
}

export interface Finding {
  what: string;
  line: number;
}

export interface SourceFacts {
  imports: ImportFact[];
  /** Uses of the real clock, of its timers, and of anything that waits by them. */
  realTime: Finding[];
  /** Uses of `process.env` and `process.exit`. */
  process: Finding[];
  /** Syntax that has to be compiled, not only stripped. */
  notErasable: Finding[];
  /** Nothing but re-exports. */
  isBarrel: boolean;
  lines: number;
  firstLine: string;
}

interface Node {
  type: string;
  start: number;
  [key: string]: unknown;
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';

export function factsOf(text: string, file: string): SourceFacts {
  const program = parseAst(text, { lang: 'ts', sourceType: 'module' }, file) as unknown as Node;
  const facts: SourceFacts = {
    imports: [],
    realTime: [],
    process: [],
    notErasable: [],
    isBarrel: isBarrel(program.body as Node[]),
    lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0),
    firstLine: text.split('\n', 1)[0] ?? '',
  };
  const lineOf = (node: Node) => text.slice(0, node.start).split('\n').length;
  visit(program, (node) => {
    const line = lineOf(node);
    const imported = importOf(node);
    if (imported) facts.imports.push({ ...imported, line });
    const time = realTimeIn(node) ?? (imported && realTimeFrom(imported.specifier));
    if (time) facts.realTime.push({ what: time, line });
    const use = processIn(node) ?? (imported?.specifier === 'node:process' ? 'node:process' : null);
    if (use) facts.process.push({ what: use, line });
    const syntax = NOT_ERASABLE[node.type];
    if (syntax && node.declare !== true) facts.notErasable.push({ what: syntax, line });
  });
  return facts;
}

/** Each node once, parents first. */
function visit(node: Node, look: (node: Node) => void): void {
  look(node);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visit(child, look);
  }
}

function importOf(node: Node): Omit<ImportFact, 'line'> | null {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration': {
      if (!isNode(node.source)) return null;
      const specifiers = (node.specifiers ?? []) as Node[];
      const typesOnly = specifiers.length > 0 && specifiers.every((one) => kindOf(one) === 'type');
      return { specifier: String(node.source.value), kind: typesOnly ? 'type' : kindOf(node) };
    }
    case 'ImportExpression': {
      const source = node.source as Node;
      return source.type === 'Literal' ? { specifier: String(source.value), kind: 'late' } : null;
    }
    case 'TSImportType':
      return { specifier: String((node.source as Node).value), kind: 'type' };
    default:
      return null;
  }
}

function kindOf(node: Node): 'value' | 'type' {
  return node.importKind === 'type' || node.exportKind === 'type' ? 'type' : 'value';
}

const TIMERS = new Set(['setTimeout', 'setInterval']);
const CLOCKS = new Set([
  'Date.now',
  'performance.now',
  'Temporal.Now',
  'AbortSignal.timeout',
  'Atomics.wait',
  'process.hrtime',
  'process.uptime',
  ...[...TIMERS].map((name) => `globalThis.${name}`),
]);
const TIME_MODULES = /^(node:)?(timers(\/promises)?|perf_hooks)$/;

function realTimeIn(node: Node): string | null {
  if (node.type === 'CallExpression' || node.type === 'NewExpression') {
    const callee = node.callee as Node;
    const name = callee.type === 'Identifier' ? String(callee.name) : '';
    if (TIMERS.has(name)) return name;
    if (name === 'Date' && (node.arguments as Node[]).length === 0) return 'Date()';
  }
  const member = memberOf(node);
  return member !== null && CLOCKS.has(member) ? member : null;
}

function realTimeFrom(specifier: string): string | null {
  return TIME_MODULES.test(specifier) ? specifier : null;
}

function processIn(node: Node): string | null {
  const member = memberOf(node);
  return member === 'process.env' || member === 'process.exit' ? member : null;
}

/** `a.b` of a member expression on a plain name. */
function memberOf(node: Node): string | null {
  if (node.type !== 'MemberExpression') return null;
  const { object, property } = node as unknown as { object: Node; property: Node };
  if (object.type !== 'Identifier') return null;
  const name = property.type === 'Literal' ? property.value : node.computed === true ? null : property.name;
  return name === null ? null : `${object.name}.${name}`;
}

const NOT_ERASABLE: Record<string, string> = {
  TSEnumDeclaration: 'enum',
  TSModuleDeclaration: 'namespace',
  TSParameterProperty: 'parameter property',
  TSImportEqualsDeclaration: 'import =',
  TSExportAssignment: 'export =',
  TSTypeAssertion: '<T>value',
  Decorator: 'decorator',
};

function isBarrel(body: readonly Node[]): boolean {
  const passesOn = (node: Node) =>
    node.type === 'ExportAllDeclaration' || (node.type === 'ExportNamedDeclaration' && isNode(node.source));
  return body.length > 0 && body.every(passesOn);
}
