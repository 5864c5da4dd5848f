import { beforeEach, expect, test, vi } from 'vitest';
import type { LogOutputChannel, Uri } from 'vscode';

const { stat, applyEdit } = vi.hoisted(() => ({
  stat: vi.fn<(uri: Uri) => Promise<{ type: number }>>(),
  applyEdit: vi.fn<() => Promise<boolean>>(),
}));
vi.mock('vscode', () => ({
  FileType: { Directory: 2 },
  WorkspaceEdit: class {
    renameFile = () => undefined;
  },
  workspace: { fs: { stat }, applyEdit },
}));
const { recipeMover } = await import('../../../extension/recipe/recipeMoves');

const at = (path: string): Uri =>
  ({
    path,
    toString: () => `file://${path}`,
    with: (change: { path: string }) => at(change.path),
  }) as unknown as Uri;
const model = { oldUri: at('/a/m.onnx'), newUri: at('/b/m.onnx') };
const recipe = { oldUri: at('/a/other.txt'), newUri: at('/b/m.quant.json') };
const error = vi.fn();
const log = { error } as unknown as LogOutputChannel;

beforeEach(() => {
  vi.clearAllMocks();
  stat.mockImplementation(({ path }) =>
    path === '/a/m.quant.json' ? Promise.resolve({ type: 1 }) : Promise.reject(new Error('not there')),
  );
});

/** Whether a move to where the recipe went is taken for the user's. */
async function isHeeded(move: ReturnType<typeof recipeMover>): Promise<boolean> {
  stat.mockClear();
  await move([recipe]);
  return stat.mock.calls.some(([{ path }]) => path === recipe.newUri.path);
}

test.each([
  ['moved', () => Promise.resolve(true), false],
  ['refused', () => Promise.resolve(false), true],
  ['failed', () => Promise.reject(new Error('the disk is full')), true],
])('where the move of a recipe was %s, the next one there is heeded: %#', async (_, answer, heeded) => {
  applyEdit.mockImplementation(answer);
  const move = recipeMover(log);
  await move([model]);
  expect(applyEdit).toHaveBeenCalledOnce();
  expect(await isHeeded(move)).toBe(heeded);
});
