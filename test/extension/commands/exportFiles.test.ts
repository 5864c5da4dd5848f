import { lstatSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import type { ModelSession } from '../../../extension/session/modelSession';

interface Place {
  path: string;
  scheme?: string;
  fsPath?: string;
  with: (change: { path: string }) => Place;
}
const place = vi.hoisted(() => {
  const at = (path: string): Place => ({ path, with: (change) => at(change.path) });
  return at;
});
const editor = vi.hoisted(() => ({
  files: new Map<string, Uint8Array>(),
  asked: [] as { defaultUri: { path: string }; filters: Record<string, string[]> }[],
  answer: undefined as { path: string } | undefined,
  pressed: undefined as string | undefined,
  said: [] as string[],
  opened: [] as string[],
  broken: null as 'write' | 'rename' | null,
}));
vi.mock('vscode', () => ({
  Uri: {
    joinPath: ({ path }: { path: string }, ...parts: string[]) =>
      place(new URL(parts.join('/'), `file://${path}/`).pathname),
  },
  commands: {
    executeCommand: (name: string, { path }: { path: string }) =>
      Promise.resolve(void editor.opened.push(`${name} ${path}`)),
  },
  env: {
    openExternal: ({ path }: { path: string }) => Promise.resolve(editor.opened.push(`browser ${path}`)),
  },
  window: {
    showSaveDialog: (options: (typeof editor.asked)[number]) => {
      editor.asked.push(options);
      return Promise.resolve(editor.answer);
    },
    showInformationMessage: (message: string) => {
      editor.said.push(message);
      return Promise.resolve(editor.pressed);
    },
  },
  workspace: {
    fs: {
      writeFile: ({ path }: { path: string }, bytes: Uint8Array) => {
        editor.files.set(path, bytes);
        return editor.broken === 'write' ? Promise.reject(new Error('disk is full')) : Promise.resolve();
      },
      rename: (from: { path: string }, to: { path: string }, options: { overwrite: boolean }) => {
        if (editor.broken === 'rename') return Promise.reject(new Error('not allowed'));
        expect(options).toEqual({ overwrite: true });
        editor.files.set(to.path, editor.files.get(from.path) ?? new Uint8Array());
        editor.files.delete(from.path);
        return Promise.resolve();
      },
      delete: ({ path }: { path: string }) =>
        editor.files.delete(path) ? Promise.resolve() : Promise.reject(new Error('not there')),
    },
  },
}));
const { saveFromView } = await import('../../../extension/commands/exportFiles');

const checked: string[] = [];
const session = {
  uri: place('/m/rec.onnx'),
  checkOutput: (output: string) => {
    checked.push(output);
    return output.endsWith('rec.onnx')
      ? Promise.reject(new Error('would be written over'))
      : Promise.resolve();
  },
} as unknown as ModelSession;
const text = (path: string) => Buffer.from(editor.files.get(path) ?? []).toString();

beforeEach(() => {
  editor.files.clear();
  for (const list of [editor.asked, editor.said, editor.opened]) list.length = 0;
  editor.answer = place('/out/drawing.svg');
  editor.pressed = undefined;
  editor.broken = null;
});

test('a drawing is proposed beside the model, and written whole where the user says', async () => {
  await saveFromView({ type: 'save', name: 'conv1', kind: 'svg', data: '<svg>ü</svg>' }, session);
  expect(editor.asked).toMatchObject([
    { defaultUri: { path: '/m/conv1.svg' }, filters: { 'SVG Picture': ['svg'] } },
  ]);
  expect([...editor.files.keys()]).toEqual(['/out/drawing.svg']);
  expect(text('/out/drawing.svg')).toBe('<svg>ü</svg>');
  expect(editor.said).toEqual(['Wrote drawing.svg.']);
  expect(editor.opened).toEqual([]);
});

test('a picture comes as base64 and is written as what it is', async () => {
  editor.answer = place('/out/drawing.png');
  const bytes = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0, 255);
  const data = Buffer.from(bytes).toString('base64');
  await saveFromView({ type: 'save', name: 'conv1', kind: 'png', data }, session);
  expect(new Uint8Array(editor.files.get('/out/drawing.png') ?? [])).toEqual(bytes);
});

test('nothing is written where the dialog is closed', async () => {
  editor.answer = undefined;
  await saveFromView({ type: 'save', name: 'layers', kind: 'csv', data: 'a,b' }, session);
  expect(editor.files.size).toBe(0);
  expect(editor.said).toEqual([]);
});

test('what was written opens in the editor when asked for', async () => {
  editor.pressed = 'Open';
  await saveFromView({ type: 'save', name: 'layers', kind: 'csv', data: 'a,b' }, session);
  expect(editor.opened).toEqual(['vscode.open /out/drawing.svg']);
});

test.each(['write', 'rename'] as const)(
  'what was there stays when the %s fails, with nothing left beside it',
  async (step) => {
    editor.files.set('/out/drawing.svg', Buffer.from('before'));
    editor.broken = step;
    const saving = saveFromView({ type: 'save', name: 'conv1', kind: 'svg', data: 'after' }, session);
    await expect(saving).rejects.toMatchObject({
      data: {
        code: 'write-failed',
        message: expect.stringMatching(/^Cannot write drawing\.svg: (disk is full|not allowed)\.$/) as string,
      },
    });
    expect([...editor.files.keys()]).toEqual(['/out/drawing.svg']);
    expect(text('/out/drawing.svg')).toBe('before');
    expect(editor.said).toEqual([]);
  },
);

test('on a disk it is written as the engine writes, unless it is a file that is read', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'quantscope-export-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const saveTo = async (path: string) => {
    editor.answer = { ...place(path), scheme: 'file', fsPath: path } as Place;
    await saveFromView({ type: 'save', name: 'layers', kind: 'csv', data: 'a,b' }, session);
  };
  writeFileSync(join(folder, 'there.csv'), 'before', { mode: 0o600 });
  symlinkSync('there.csv', join(folder, 'link.csv'));
  await saveTo(join(folder, 'link.csv'));
  expect(readFileSync(join(folder, 'there.csv'), 'utf8')).toBe('a,b');
  expect(statSync(join(folder, 'there.csv')).mode & 0o777).toBe(0o600);
  expect(lstatSync(join(folder, 'link.csv')).isSymbolicLink()).toBe(true);
  writeFileSync(join(folder, 'rec.onnx'), 'the model');
  await expect(saveTo(join(folder, 'rec.onnx'))).rejects.toThrow('would be written over');
  expect(readFileSync(join(folder, 'rec.onnx'), 'utf8')).toBe('the model');
  expect(checked).toEqual([join(folder, 'link.csv'), join(folder, 'rec.onnx')]);
  await expect(saveTo('/dev/null')).rejects.toThrow('it is a device or a pipe');
  expect(editor.files.size).toBe(0);
});
