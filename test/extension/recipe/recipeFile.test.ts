import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type * as vscode from 'vscode';

interface Place {
  scheme: 'file';
  path: string;
  fsPath: string;
  with: (change: { path: string }) => Place;
}

/** The editor around the part that writes, which is the real one: there is no document open. */
vi.mock('vscode', () => {
  class FileSystemError extends Error {
    readonly code = 'FileNotFound';
  }
  const heard = () => ({ dispose: () => undefined });
  return {
    FileSystemError,
    EventEmitter: class {
      event = heard;
      fire = () => undefined;
      dispose = () => undefined;
    },
    RelativePattern: class {
      readonly pattern = '';
    },
    Uri: { joinPath: (uri: Place) => uri },
    workspace: {
      textDocuments: [],
      createFileSystemWatcher: () => ({
        ...{ onDidChange: heard, onDidCreate: heard, onDidDelete: heard, dispose: () => undefined },
      }),
      onDidChangeTextDocument: heard,
      onDidCloseTextDocument: heard,
      fs: {
        readFile: ({ fsPath }: Place) =>
          readFile(fsPath).catch(() => Promise.reject(new FileSystemError('not there'))),
      },
    },
  };
});
const { RecipeFile } = await import('../../../extension/recipe/recipeFile');

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'quantscope-recipe-'));
  writeFileSync(join(folder, 'm.onnx'), 'the model');
});
afterEach(() => rmSync(folder, { recursive: true }));

const place = (path: string): Place => ({
  scheme: 'file',
  path,
  fsPath: path,
  with: (change) => place(change.path),
});

function recipe() {
  return new RecipeFile(place(join(folder, 'm.onnx')) as unknown as vscode.Uri);
}

test('a decision makes the file, and later ones keep its mode and the links to it', async () => {
  mkdirSync(join(folder, 'kept'));
  symlinkSync(join('kept', 'r.json'), join(folder, 'm.quant.json'));
  await recipe().decide({ part: 'data', value: 'mse' }, null);
  const target = join(folder, 'kept', 'r.json');
  expect(readFileSync(target, 'utf8')).toContain('"mse"');
  chmodSync(target, 0o600);
  await recipe().decide({ part: 'data', value: 'max' }, null);
  expect(readFileSync(target, 'utf8')).toContain('"max"');
  expect(statSync(target).mode & 0o777).toBe(0o600);
  expect(lstatSync(join(folder, 'm.quant.json')).isSymbolicLink()).toBe(true);
  expect(readdirSync(join(folder, 'kept'))).toEqual(['r.json']);
});

test.each([
  ['a symbolic', symlinkSync],
  ['a hard', linkSync],
])('%s link to the model takes no recipe', async (_, link) => {
  link(join(folder, 'm.onnx'), join(folder, 'm.quant.json'));
  await expect(recipe().replace('{}')).rejects.toMatchObject({
    data: { code: 'bad-option', message: expect.stringContaining('would be written over') as string },
  });
  expect(readFileSync(join(folder, 'm.onnx'), 'utf8')).toBe('the model');
});
