import { renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { house } from './house.ts';
import { put, type ruleWith, tree } from './support.ts';

describe('between plan and deletion', () => {
  const swapAtPlanning = async (
    swap: (root: string) => void,
    changes: Parameters<typeof ruleWith>[0] = {},
  ) => {
    const kit = house(({ message }) => message === 'planned' && swap(kit.root));
    put(kit.logs, 'a/x', 99);
    put(kit.logs, 'x', 99);
    put(kit.root, 'outside/x', 99);
    put(kit.root, 'vault/x', 99);
    kit.use({ rules: [kit.rule({ recursive: true, ...changes })] });
    return { ...kit, result: await kit.one('logs') };
  };

  test('the directory becomes a link: the rule fails, nothing goes', async () => {
    const { root, result } = await swapAtPlanning((root) => {
      renameSync(join(root, 'logs'), join(root, 'moved'));
      symlinkSync(join(root, 'outside'), join(root, 'logs'));
    });
    expect(result).toMatchObject({ success: false, files_deleted: 0, error: { code: 'CLEANUP_ERROR' } });
    expect(tree(root).filter((path) => path.endsWith('x'))).toEqual([
      'moved/a/x',
      'moved/x',
      'outside/x',
      'vault/x',
    ]);
  });

  test('it becomes a link into the vault: forbidden', async () => {
    const { root, result } = await swapAtPlanning((root) => {
      renameSync(join(root, 'logs'), join(root, 'moved'));
      symlinkSync(join(root, 'vault'), join(root, 'logs'));
    });
    expect(result.error?.code).toBe('FORBIDDEN');
    expect(tree(root).filter((path) => path.endsWith('x'))).toHaveLength(4);
  });

  test('a folder below becomes a link: its files are kept, the others go', async () => {
    const { root, result } = await swapAtPlanning((root) => {
      renameSync(join(root, 'logs/a'), join(root, 'moved'));
      symlinkSync(join(root, 'outside'), join(root, 'logs/a'));
    });
    expect(result).toMatchObject({ success: true, files_deleted: 1, files_kept: 1 });
    expect(tree(root).filter((path) => path.endsWith('x'))).toEqual(['moved/x', 'outside/x', 'vault/x']);
  });
});
