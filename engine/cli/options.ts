import { CommanderError, Option, type Command } from 'commander';
import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { EngineError, errorText } from '../shared/engineError';
import { dataKinds, runsCode } from '../data/dataKinds';
import { isSynthetic } from '../data/openSynthetic';
import { presetNames } from '../data/manifest/presets';
import { checkRunFiles, type ReadFile, type WrittenFile } from '../shared/node/runFiles';
import { Project } from '../project/project';
import type { AnalyzeSettings } from '../shared/protocol/settings';
import type {
  CalibrationChoice,
  PresetName,
  ProfileChoice,
  WeightGranularity,
} from '../shared/protocol/choices';
import type { Recipe } from '../shared/protocol/recipe';
import { readRecipe } from '../recipe/parseRecipe';
import { recipePathOf, decidingRules } from '../shared/recipe/recipeText';
import {
  parseCalibration,
  parseDimension,
  parseSamples,
  parseTargetDrop,
  profileChoices,
} from '../recipe/parseSettings';
import { DEFAULT_DROP } from '../shared/accuracyTarget';
import { claimStdout, note, pool } from './terminal';

export interface DimensionOptions {
  dim?: Record<string, number>;
}

export interface DataOptions extends DimensionOptions {
  data: string;
  preset?: PresetName;
}

export interface AnalyzeOptions extends DimensionOptions, Partial<DataOptions> {
  samples?: number;
  weights: WeightGranularity;
  calibration: CalibrationChoice;
  profile: ProfileChoice;
  targetDrop?: number;
  skipFailed?: true;
  calibrated?: string;
  /** `false` for none; left out, the one beside the model. */
  recipe?: string | false;
  json?: string;
}

export const SKIP_FAILED = 'go on without samples that cannot be loaded or run, and name them';

export function dataFrom({
  data,
  preset,
}: {
  data: string;
  preset?: PresetName | undefined;
}): Pick<AnalyzeSettings, 'data' | 'preset'> {
  return { data: dataPath(data), preset: preset ?? null };
}

/** `synthetic` is no path. */
export function dataPath(data: string): string {
  return isSynthetic(data) ? data : resolve(data);
}

/** The recipe that a command goes by, which one that was not named for it is told of. */
async function recipeFor(
  model: string,
  named: string | false | undefined,
): Promise<{ path: string; recipe: Recipe } | undefined> {
  if (named === false) return undefined;
  const path = named === undefined ? recipePathOf(resolve(model)) : resolve(named);
  if (named === undefined && !existsSync(path)) return undefined;
  const recipe = await readRecipe(path);
  if (named === undefined)
    note(`By the recipe ${basename(path)}, which is beside the model; --no-recipe goes without.`);
  return { path, recipe };
}

/** What the command line says comes before what a recipe says, and that before what stands for neither. */
export async function settingsFrom(
  model: string,
  options: AnalyzeOptions,
  command: Command,
): Promise<{ settings: AnalyzeSettings; hasTarget: boolean; reads: ReadFile[] }> {
  const found = await recipeFor(model, options.recipe);
  const recipe = found?.recipe;
  const rules = decidingRules(recipe ?? null);
  const either = <T>(key: string, option: T, said: T | undefined): T =>
    command.getOptionValueSource(key) === 'cli' ? option : (said ?? option);
  const targetDrop = options.targetDrop ?? recipe?.targetDrop;
  const data = options.data ?? recipe?.data;
  if (data === undefined)
    throw optionError(
      "Required option '--data <path>' not specified",
      'Name it, or write "data" in the recipe.',
    );
  // A file that comes with a model may say where to read, and not what to run.
  if (options.data === undefined && runsCode(data))
    throw optionError(
      `The recipe names ${data}, which is run to be read`,
      'Name it with --data if you trust it.',
    );
  const settings = {
    ...dataFrom({ data, preset: options.preset ?? recipe?.preset }),
    samples: options.samples ?? recipe?.samples ?? null,
    weights: either('weights', options.weights, recipe?.weights),
    calibration: either('calibration', options.calibration, recipe?.calibration),
    profile: either('profile', options.profile, recipe?.profile),
    targetDrop: targetDrop ?? DEFAULT_DROP,
    ...(rules === null ? {} : { recipe: rules }),
    ...(options.skipFailed === true ? { skipFailed: true } : {}),
    ...(options.calibrated === undefined ? {} : { calibrated: resolve(options.calibrated) }),
  };
  const reads = found === undefined ? [] : [{ path: found.path, what: 'the recipe that is read' }];
  return { settings, hasTarget: targetDrop !== undefined, reads };
}

export function optionError(said: string, hint: string): EngineError {
  return new EngineError('bad-option', `${said}.`, hint);
}

/** Turns our option errors into commander's, which exit with 2. */
export function parser<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (thrown) {
      const line = thrown instanceof EngineError ? thrown.toLine() : errorText(thrown);
      throw new CommanderError(2, 'quantscope.option', line);
    }
  };
}

export function withDimensions(command: Command): Command {
  return command.option(
    '--dim <name=size>',
    'fix a dimension that the model leaves open; may be given more than once',
    (text: string, before: Record<string, number> | undefined) => {
      const [name, size] = parser(parseDimension)(text);
      return { ...before, [name]: size };
    },
  );
}

/** The files of a command besides its model. */
export interface CommandFiles {
  /** What names data and a calibration. */
  settings?: Pick<AnalyzeSettings, 'data' | 'calibrated'>;
  /** What is read besides. */
  reads?: readonly ReadFile[];
  writes?: readonly WrittenFile[];
}

/**
 * An output as {@link CommandFiles} take it.
 * @param option that names it; nothing where it was left out
 */
export function written(option: string, file: string | undefined, kind?: WrittenFile['kind']): WrittenFile[] {
  return file === undefined ? [] : [{ path: resolve(file), what: option, kind }];
}

/**
 * Opens the model of a command, and checks its outputs: now, not after minutes of measuring.
 * @throws EngineError as {@link checkFiles} and {@link Project.open} do
 */
export async function openModel(
  model: string,
  { dim }: DimensionOptions,
  files: CommandFiles = {},
): Promise<Project> {
  // Before the model is read, which may be large.
  await checkFiles({ writes: files.writes ?? [] }, []);
  const project = await Project.open(resolve(model), pool, dim);
  await checkFiles(files, [project]);
  return project;
}

/**
 * Refuses outputs that cannot be written, that are files which are read, or that are one file. Where one goes to the standard
 * output, text for people goes to stderr from now on.
 * @param projects models that are read
 * @throws EngineError `write-failed`, `bad-option`
 */
export async function checkFiles(
  { settings = { data: 'synthetic' }, reads = [], writes = [] }: CommandFiles,
  projects: readonly Project[],
): Promise<void> {
  if (writes.length === 0) return;
  const read = await Promise.all(projects.map((project) => project.files.read(settings)));
  const targets = await checkRunFiles([...read.flat(), ...reads], writes);
  if (targets.some((target) => target.kind === 'stream' && target.descriptor === 1)) claimStdout();
}

export function withData(command: Command): Command {
  return withDimensions(command).requiredOption('--data <path>', dataKinds()).addOption(presetOption());
}

function presetOption(): Option {
  return new Option('--preset <name>', 'how the pictures of a folder become tensors').choices(presetNames);
}

export function withAnalyzeOptions(command: Command): Command {
  return withDimensions(command)
    .option('--data <path>', dataKinds())
    .addOption(presetOption())
    .option('--samples <n>', 'use at most so many samples of each part', parser(parseSamples))
    .addOption(
      new Option('--weights <granularity>', 'one scale per output channel or per tensor')
        .choices(['per-channel', 'per-tensor'])
        .default('per-channel'),
    )
    .option(
      '--calibration <method>',
      'max, percentile:99.99, entropy, mse, mixed (the best for each tensor), or auto to try them all',
      parser(parseCalibration),
      'auto',
    )
    .addOption(
      new Option('--profile <target>', 'the integer forms that the target runs')
        .choices(profileChoices)
        .default('auto'),
    )
    .option('--target-drop <drop>', 'accepted relative drop, such as 1%', parser(parseTargetDrop))
    .option(
      '--recipe <file>',
      'decisions about layers and operators, in place of MODEL.quant.json beside the model; the rest is chosen',
    )
    .option('--no-recipe', 'go without the recipe beside the model')
    .option('--skip-failed', SKIP_FAILED)
    .option('--calibrated <file>', 'take the histograms that "calibrate" or "merge" wrote');
}
