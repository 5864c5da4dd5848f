import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { profileChoices } from '../../engine/settingsText';

// settings.ts and services.ts are read for their names only.
vi.mock('vscode', () => ({}));
const { SETTING_NAMES } = await import('../../extension/settings');
const { VIEW_TYPE } = await import('../../extension/services');

interface Setting {
  markdownDescription?: string;
  default?: unknown;
  enum?: unknown[];
  markdownEnumDescriptions?: string[];
}

interface Contributes {
  customEditors: { viewType: string; priority: string }[];
  languages: { id: string; extensions: string[]; configuration: string }[];
  grammars: { language: string; scopeName: string; path: string }[];
  commands: { command: string; category: string; icon?: string }[];
  menus: Record<string, { command: string; when?: string }[]>;
  configuration: { properties: Record<string, Setting> };
}

const manifest = JSON.parse(readFileSync(resolve('package.json'), 'utf8')) as { contributes: Contributes };
const { contributes } = manifest;
const sources = readdirSync(resolve('extension'))
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join('extension', name), 'utf8'))
  .join('\n');
const declared = contributes.commands.map(({ command }) => command).sort();

describe('package.json and the code agree', () => {
  test('on commands', () => {
    const registered = [...sources.matchAll(/registerCommand\(\s*'([^']+)'/g)]
      .map((match) => match[1])
      .sort();
    expect(registered).toEqual(declared);
    expect(contributes.commands.every(({ category }) => category === 'Quantscope')).toBe(true);
  });

  test('on the commands that menus offer', () => {
    const offered = Object.values(contributes.menus).flatMap((items) => items.map(({ command }) => command));
    expect(declared).toEqual(expect.arrayContaining(offered));
  });

  test('on settings, each described and with a default', () => {
    const { properties } = contributes.configuration;
    expect(Object.keys(properties).sort()).toEqual(SETTING_NAMES.map((name) => `quantscope.${name}`).sort());
    for (const [name, property] of Object.entries(properties)) {
      expect(property.markdownDescription, name).toBeTruthy();
      expect(property.default, name).not.toBe(undefined);
    }
  });

  test('on the targets that the engine knows, each explained', () => {
    const profile = contributes.configuration.properties['quantscope.profile'];
    expect([...(profile?.enum ?? [])].sort()).toEqual([...profileChoices].sort());
    expect(profile?.default).toBe('auto');
    for (const { enum: values, markdownEnumDescriptions } of Object.values(
      contributes.configuration.properties,
    ))
      expect(markdownEnumDescriptions?.length).toBe(values?.length);
  });

  test('on the language of models shown as text', () => {
    const [language] = contributes.languages;
    const [grammar] = contributes.grammars;
    expect(language).toMatchObject({ id: 'onnx-text', extensions: ['.onnxtxt'] });
    expect(grammar?.language).toBe('onnx-text');
    for (const path of [language?.configuration ?? '', grammar?.path ?? '']) {
      const content = JSON.parse(readFileSync(resolve(path), 'utf8')) as { scopeName?: string };
      if (path === grammar?.path) expect(content.scopeName).toBe(grammar.scopeName);
    }
    expect(sources).toContain('path: `${model.path}txt`');
  });

  test('on the custom editor', () => {
    expect(contributes.customEditors).toMatchObject([{ viewType: VIEW_TYPE, priority: 'default' }]);
  });
});
