import * as vscode from 'vscode';
import type { AnalyzeSettings } from '../engine/protocol';

/** All that is set, not chosen: `data` is asked for per model. */
export type ConfiguredSettings = Omit<AnalyzeSettings, 'data'>;

/** Names under `quantscope.` in the settings; their defaults are package.json's alone. */
export const SETTING_NAMES = [
  'preset',
  'weights',
  'calibration',
  'samples',
  'profile',
  'targetDrop',
  'skipFailed',
] as const;

/** The user's settings for one model; a value the engine does not know is refused there, by name. */
export function readSettings(model: vscode.Uri): ConfiguredSettings {
  const configuration = vscode.workspace.getConfiguration('quantscope', model);
  const read = <N extends keyof ConfiguredSettings>(name: N) =>
    configuration.get<unknown>(name) as ConfiguredSettings[N];
  return {
    preset: read('preset'),
    weights: read('weights'),
    calibration: read('calibration'),
    samples: read('samples'),
    profile: read('profile'),
    targetDrop: read('targetDrop'),
    skipFailed: read('skipFailed') === true,
  };
}

/** The known settings in a command's arguments; menus pass objects of their own there. */
export function pickSettings(given: unknown): Partial<AnalyzeSettings> {
  if (typeof given !== 'object' || given === null) return {};
  const known = new Set<string>(['data', ...SETTING_NAMES]);
  return Object.fromEntries(Object.entries(given).filter(([name]) => known.has(name)));
}
