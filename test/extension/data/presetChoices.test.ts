import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { presetNames } from '../../../engine/data/manifest/presets';
import type { PresetName } from '../../../engine/shared/protocol/choices';
import { pictureFolder } from '../../../extension/data/pictureFolder';
import { presetChoices, type PresetSetting } from '../../../extension/data/presetChoices';

const home = mkdtempSync(join(tmpdir(), 'quantscope-pictures-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** A folder with these files, by their texts. */
function folderOf(name: string, files: Record<string, string>): string {
  const folder = join(home, name);
  mkdirSync(folder);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  return folder;
}

describe('a preset is asked for', () => {
  const asked = (name: string, files: Record<string, string>) => pictureFolder(folderOf(name, files));

  test('where pictures lie, in subfolders too', async () => {
    expect(await asked('flat', { 'a.PNG': '' })).toBe('bare');
    expect(await asked('classes', { 'cat/a.jpg': '', 'dog/b.jpg': '' })).toBe('bare');
    expect(await asked('deep', { '1/2/3/4/a.bmp': '' })).toBe('bare');
  });

  test('where a manifest leaves it open', async () => {
    expect(await asked('open', { 'quantscope.json': '{"version":1}', 'a.png': '' })).toBe('manifest');
  });

  test('not where a manifest says it, or cannot be read', async () => {
    const with_ = (manifest: string) => ({ 'quantscope.json': manifest, 'a.png': '' });
    expect(await asked('preset', with_('{"preset":"ocr"}'))).toBeNull();
    expect(await asked('steps', with_('{"preprocess":{}}'))).toBeNull();
    expect(await asked('broken', with_('{'))).toBeNull();
    expect(await asked('list', with_('null'))).toBeNull();
  });

  test('not where there are no pictures', async () => {
    expect(await asked('arrays', { 'a.npy': '', 'b.npz': '', '.git/c.png': '' })).toBeNull();
    expect(await asked('far', { '1/2/3/4/5/a.png': '' })).toBeNull();
    expect(await pictureFolder(join(home, 'nothing'))).toBeNull();
    expect(await pictureFolder(join(folderOf('file', { 'a.png': '' }), 'a.png'))).toBeNull();
    expect(await pictureFolder('synthetic')).toBeNull();
  });

  test('nor where a pipe stands for the manifest, which would be waited for', async () => {
    const folder = folderOf('pipe', { 'a.png': '' });
    execFileSync('mkfifo', [join(folder, 'quantscope.json')]);
    expect(await pictureFolder(folder)).toBeNull();
  });
});

describe('the answers', () => {
  const manifest = JSON.parse(readFileSync(resolve('package.json'), 'utf8')) as {
    contributes: { configuration: { properties: Record<string, PresetSetting> } };
  };
  const setting = manifest.contributes.configuration.properties['quantscope.preset'];
  const answers = (...[folder, inUse]: [folder: 'bare' | 'manifest', inUse: PresetName | null]) =>
    presetChoices(folder, inUse, setting ?? { enum: [], markdownEnumDescriptions: [] });

  test('are every preset that the engine has, and none, each explained', () => {
    for (const folder of ['bare', 'manifest'] as const) {
      const choices = answers(folder, null);
      expect(new Set(choices.map(({ preset }) => preset))).toEqual(new Set([...presetNames, null]));
      for (const { detail } of choices) expect(detail).toMatch(/^[^`]{20,}$/);
    }
  });

  test('begin with the one in use, and end with none', () => {
    const presets = (...asked: Parameters<typeof answers>) => answers(...asked).map(({ preset }) => preset);
    expect(presets('bare', '0-1')).toEqual(['0-1', 'imagenet', 'ocr', '-1-1', null]);
    expect(presets('bare', null)).toEqual(['imagenet', 'ocr', '0-1', '-1-1', null]);
    expect(presets('manifest', null)).toEqual([null, 'imagenet', 'ocr', '0-1', '-1-1']);
    expect(presets('manifest', 'ocr')).toEqual(['ocr', 'imagenet', '0-1', '-1-1', null]);
    const used = answers('manifest', null).filter(({ description }) => description === 'In use');
    expect(used.map(({ label }) => label)).toEqual(["The manifest's own"]);
  });
});
