import { Option, type Command } from 'commander';
import { basename, dirname, join, resolve } from 'node:path';
import { writeOutput } from '../shared/node/writeFile';
import { formatBytes } from '../shared/format';
import { notebookText } from './text/notebookText';
import type { AnalyzeSettings, TradeOffSettings } from '../shared/protocol/settings';
import type { Budget, LayerChoice, Resource } from '../shared/protocol/choices';
import { recipeText } from '../shared/recipe/recipeText';
import { adviceText, basisText, comparisonText, layersText, quantizedText } from './text/reportText';
import { parseBudget, parseGrids, resourceNames } from '../recipe/parseSettings';
import { DEFAULT_DROP } from '../shared/accuracyTarget';
import { tradeOffText } from './text/planText';
import {
  dataFrom,
  dataPath,
  openModel,
  optionError,
  parser,
  settingsFrom,
  withAnalyzeOptions,
  written,
  type AnalyzeOptions,
} from './options';
import { print, run, writeJson } from './terminal';

interface QuantizeOptions extends AnalyzeOptions {
  output: string;
  keepFloat?: string[];
  writeRecipe?: string;
  reproducible?: true;
}

interface PlanOptions extends AnalyzeOptions {
  budget?: Budget[];
  along?: Resource;
  grids: LayerChoice[];
  by: TradeOffSettings['by'];
  verify?: true;
  writeRecipe?: string;
}

export function addQuantize(program: Command): void {
  withAnalyzeOptions(program.command('quantize <model>'))
    .description('write an int8 model that was loaded, run and scored')
    .requiredOption('-o, --output <file>', 'where to write it')
    .option('--keep-float <names>', 'layers to keep in float, separated by commas', splitNames)
    .option('--write-recipe <file>', 'write what was decided as a recipe, which makes the same network again')
    .option(
      '--reproducible',
      'let times choose nothing: the same recipe, data and onnxruntime write the same bytes; --profile or the recipe names the target',
    )
    .option('--json <file>', 'write the result')
    .action(async (model: string, options: QuantizeOptions, command: Command) => {
      const { json, writeRecipe, reproducible = false } = options;
      const { settings, hasTarget, reads } = await settingsFrom(model, options, command);
      if (reproducible && settings.profile === 'auto')
        throw optionError(
          '--reproducible leaves nothing to the machine, and "auto" is what this one runs',
          'Name a target with --profile, or as "profile" in the recipe.',
        );
      const writes = [
        ...written('--output', options.output, 'model'),
        ...written('--json', json),
        ...written('--write-recipe', writeRecipe, 'recipe'),
      ];
      const project = await openModel(model, options, { settings, reads, writes });
      // Without a target every layer is quantized; with one, the layers to keep are found by measuring.
      const keepFloat = options.keepFloat ?? (hasTarget ? null : []);
      const asked = { ...settings, output: resolve(options.output), keepFloat, reproducible };
      const result = await project.quantize(asked, run);
      if (json !== undefined) await writeJson(json, result);
      if (writeRecipe !== undefined) await writeOutput(writeRecipe, recipeText(result.recipe));
      if (hasTarget)
        print((made) => `${notebookText(made.notebook, made.int8.metric, made.settings)}\n`, result);
      print(quantizedText, result, result);
    });
}

export function addPlan(program: Command): void {
  withAnalyzeOptions(program.command('plan <model>'))
    .description('choose a grid for each layer within budgets, or for a target, and verify the choice')
    .option(
      '--budget <resource=limit>',
      'such as bytes=30%, bops=12G or latency=9ms; may be given more than once; without one the target decides',
      (text: string, before: Budget[] | undefined) => [...(before ?? []), parser(parseBudget)(text)],
    )
    .addOption(
      new Option(
        '--along <resource>',
        'what the front runs along (default: what the first budget is of, or bytes)',
      ).choices(resourceNames),
    )
    .option(
      '--grids <names>',
      'what layers may be besides int8 and float, separated by commas; int16 gains accuracy and loses speed',
      parser(parseGrids),
      ['int4-block'],
    )
    .addOption(
      new Option(
        '--by <what>',
        "what layers are weighed by: the noise of each, measured, or OMPQ's orthogonality, which never looks at rounding",
      )
        .choices(['noise', 'orthogonality'])
        .default('noise'),
    )
    .option('--verify', 'score every network of the front')
    .option('--write-recipe <file>', 'write the choice as a recipe, for "quantize --recipe"')
    .option('--json <file>', 'write all that was measured')
    .action(async (model: string, options: PlanOptions, command: Command) => {
      const { json, writeRecipe, budget: budgets = [], grids, by } = options;
      const { settings, reads } = await settingsFrom(model, options, command);
      const writes = [...written('--json', json), ...written('--write-recipe', writeRecipe, 'recipe')];
      const project = await openModel(model, options, { settings, reads, writes });
      const along = options.along ?? budgets[0]?.resource ?? 'bytes';
      const verifyAll = options.verify === true;
      const plan = await project.plan({ ...settings, budgets, along, grids, by, verifyAll }, run);
      if (json !== undefined) await writeJson(json, plan);
      if (writeRecipe !== undefined) await writeOutput(writeRecipe, recipeText(plan.recipe));
      print(tradeOffText, plan, plan);
    });
}

export function addDemo(program: Command): void {
  program
    .command('demo <model> <data>')
    .description('analyze with both weight granularities, compare them, and write the better int8 model')
    .option('-o, --output <file>', 'where to write it (default: beside the model)')
    .action(async (path: string, data: string, options: { output?: string }) => {
      const model = resolve(path);
      const beside = join(dirname(model), `${basename(model, '.onnx')}.int8.onnx`);
      const output = resolve(options.output ?? beside);
      const project = await openModel(
        model,
        {},
        {
          settings: { data: dataPath(data) },
          writes: written('--output', output, 'model'),
        },
      );
      const { summary } = project;
      print(
        (made) =>
          `${basename(made.path)}: ${formatBytes(made.bytes)}, opset ${made.opset}, ${made.layers.length} quantizable layers.`,
        { ...summary, path: model },
      );
      const base: Omit<AnalyzeSettings, 'weights'> = {
        ...dataFrom({ data }),
        samples: null,
        calibration: 'auto',
        profile: 'auto',
        targetDrop: DEFAULT_DROP,
      };
      const perTensor = await project.analyze({ ...base, weights: 'per-tensor' }, run);
      // Last, so that the editor opens with it.
      const perChannel = await project.analyze({ ...base, weights: 'per-channel' }, run);
      const reports = [perTensor, perChannel];
      print(
        (made) => ['', comparisonText(made), '', ...made.flatMap((r) => [layersText(r), ''])].join('\n'),
        reports,
      );
      print((made) => [...made.flatMap((r) => [adviceText(r), basisText(r)]), ''].join('\n'), reports, {
        reports,
      });
      const { keepFloat } = perChannel;
      const result = await project.quantize({ ...base, weights: 'per-channel', output, keepFloat }, run);
      print(quantizedText, result, result);
    });
}

function splitNames(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
