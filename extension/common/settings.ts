import * as vscode from 'vscode';
import type { AnalyzeSettings, EngineLimits } from '../../engine/shared/protocol/settings';
import type { PresetName } from '../../engine/shared/protocol/choices';

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

/** Names under `quantscope.` of what the engine may take; it is told when it starts. */
export const ENGINE_SETTINGS = ['threads', 'memory'] as const;

const GIGABYTE = 1e9;

/** What the engine may take of this machine. */
export function readLimits(): EngineLimits {
  const configuration = vscode.workspace.getConfiguration('quantscope');
  // What people type may be anything.
  const number = (name: (typeof ENGINE_SETTINGS)[number]) => {
    const value = configuration.get<unknown>(name);
    return typeof value === 'number' && value > 0 ? value : null;
  };
  const [threads, memory] = [number('threads'), number('memory')];
  return {
    threads: threads === null ? null : Math.max(1, Math.min(64, Math.floor(threads))),
    memory: memory === null ? null : memory * GIGABYTE,
  };
}

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

/** How the pictures of a folder become tensors for one model. */
interface ChosenPreset {
  data: string;
  /** `null` for none, whatever the settings say. */
  preset: PresetName | null;
}

const presetKey = (model: vscode.Uri) => `preset:${model.toString()}`;

/** Remembers what was chosen for a model. */
export async function choosePreset(
  model: vscode.Uri,
  chosen: ChosenPreset,
  memory: vscode.Memento,
): Promise<void> {
  await memory.update(presetKey(model), chosen);
}

/** The settings for one model with this data: a preset that was chosen with it comes before the setting's. */
export function settingsWith(model: vscode.Uri, data: string, memory: vscode.Memento): ConfiguredSettings {
  const settings = readSettings(model);
  const chosen = memory.get<ChosenPreset>(presetKey(model));
  return chosen?.data === data ? { ...settings, preset: chosen.preset } : settings;
}

/** The known settings in a command's arguments; menus pass objects of their own there. */
export function pickSettings(given: unknown): Partial<AnalyzeSettings> {
  if (typeof given !== 'object' || given === null) return {};
  const known = new Set<string>(['data', ...SETTING_NAMES]);
  return Object.fromEntries(Object.entries(given).filter(([name]) => known.has(name)));
}
