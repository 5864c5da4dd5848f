import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { profileChoices } from '../../engine/recipe/parseSettings';

// settings.ts and services.ts are read for their names only.
vi.mock('vscode', () => ({}));
const { HOVER_SETTINGS } = await import('../../extension/common/hoverSettings');
const { ENGINE_SETTINGS, SETTING_NAMES } = await import('../../extension/common/settings');
const { MODELS_VIEW, VIEW_TYPE } = await import('../../extension/common/contributionIds');
const { PROBLEMS_OWNER } = await import('../../extension/session/analysisProblems');
const { PROBLEM_MATCHER, TASK_TYPE } = await import('../../extension/commands/taskCommand');

interface Setting {
  markdownDescription?: string;
  default?: unknown;
  enum?: unknown[];
  markdownEnumDescriptions?: string[];
}

/** Names under which VS Code shows a string to people. */
const TOLD = new Set([
  ...['title', 'description', 'markdownDescription', 'displayName', 'name', 'contextualTitle', 'altText'],
  ...['contents', 'label', 'aliases', 'markdownEnumDescriptions', 'enumDescriptions', 'detail'],
]);
/** Names that are a brand's or a program's, and so the same in every language. */
const NAMED_ALIKE = /^(\/displayName|\/name|\/contributes\/problemMatchers\/\d+\/name)$/;

/** Every string that people read, with its place. */
function toldIn(value: unknown, place = '', isTold = false): [place: string, text: string][] {
  if (typeof value === 'string') return isTold && !NAMED_ALIKE.test(place) ? [[place, value]] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, part]) =>
    toldIn(part, `${place}/${name}`, Array.isArray(value) ? isTold : TOLD.has(name)),
  );
}

interface Contributes {
  customEditors: { viewType: string; priority: string }[];
  languages: { id: string; extensions: string[]; configuration: string }[];
  grammars: { language: string; scopeName: string; path: string }[];
  commands: { command: string; category: string; icon?: string }[];
  menus: Record<string, { command: string; when?: string }[]>;
  configuration: { properties: Record<string, Setting> };
  views: Record<string, { id: string }[]>;
  viewsContainers: { activitybar: { icon: string }[] };
  walkthroughs: { steps: { media: { svg: string } }[] }[];
  taskDefinitions: { type: string }[];
  problemMatchers: { name: string; owner: string }[];
}

const manifest = JSON.parse(readFileSync(resolve('package.json'), 'utf8')) as {
  activationEvents: string[];
  contributes: Contributes;
};
const { activationEvents, contributes } = manifest;
const sources = readdirSync(resolve('extension'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join('extension', name), 'utf8'))
  .join('\n');
const nls = JSON.parse(readFileSync(resolve('package.nls.json'), 'utf8')) as Record<string, string>;
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

  test('on models on a disk: nothing is offered for others', () => {
    const items = ['explorer/context', 'editor/title'].flatMap((menu) => contributes.menus[menu] ?? []);
    expect(items.length).toBeGreaterThan(8);
    for (const { command, when } of items) expect(when, command).toContain('resourceScheme == file');
  });

  test('on what starts the extension: a model in the folder, and JSON with comments, which recipes are', () => {
    expect(activationEvents).toEqual(['workspaceContains:**/*.onnx', 'onLanguage:jsonc']);
    expect(contributes.languages).toContainEqual({ id: 'jsonc', filenamePatterns: ['*.quant.json'] });
  });

  test('on settings, each described and with a default', () => {
    const { properties } = contributes.configuration;
    const read = [...SETTING_NAMES, ...ENGINE_SETTINGS, ...HOVER_SETTINGS].map(
      (name) => `quantscope.${name}`,
    );
    expect(Object.keys(properties).sort()).toEqual(read.sort());
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

  test('on strings: each is in package.nls.json, and none there is unused', () => {
    const told = toldIn(manifest);
    expect(told.length).toBeGreaterThan(50);
    for (const [place, text] of told) expect(text, place).toMatch(/^%[\w.:-]+%$/);
    const used = new Set(told.map(([, text]) => text.slice(1, -1)));
    expect([...used].sort()).toEqual(Object.keys(nls).sort());
    for (const [key, text] of Object.entries(nls)) expect(text.trim(), key).not.toBe('');
  });

  test('on the commands that texts lead to', () => {
    const linked = Object.values(nls).flatMap((text) =>
      [...text.matchAll(/command:(quantscope\.\w+)/g)].map((match) => match[1]),
    );
    expect(linked.length).toBeGreaterThan(4);
    expect(declared).toEqual(expect.arrayContaining(linked));
  });

  test('on the view, the walkthrough and their pictures', () => {
    expect(contributes.views['quantscope']?.map(({ id }) => id)).toEqual([MODELS_VIEW]);
    const [container] = contributes.viewsContainers.activitybar;
    const pictures = contributes.walkthroughs.flatMap(({ steps }) => steps.map(({ media }) => media.svg));
    for (const path of [container?.icon ?? '', ...pictures])
      expect(readFileSync(resolve(path), 'utf8'), path).toContain('<svg');
  });

  test('on tasks', () => {
    expect(contributes.taskDefinitions.map(({ type }) => type)).toEqual([TASK_TYPE]);
    expect(contributes.problemMatchers.map(({ name }) => `$${name}`)).toEqual([PROBLEM_MATCHER]);
    // A task that ends takes away all problems of its matcher's owner, and analyses have some of their own.
    expect(contributes.problemMatchers.map(({ owner }) => owner)).not.toContain(PROBLEMS_OWNER);
  });

  test('on the custom editor', () => {
    expect(contributes.customEditors).toMatchObject([{ viewType: VIEW_TYPE, priority: 'default' }]);
  });
});
