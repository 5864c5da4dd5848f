// The pipeline in a terminal. Exit 0: done; 1: the work failed; 2: wrong usage; 130: interrupted.
import { Command, CommanderError, Option } from 'commander';
import { dirname, join, basename, resolve } from 'node:path';
import { writePart } from './analysisPart';
import { writeCalibration } from './calibrationFile';
import { TerminalProgress } from './cliProgress';
import { dataText } from './dataText';
import { EngineError, errorText } from './engineError';
import { dataKinds, runsCode } from './feeds/dataKinds';
import { isSynthetic } from './feeds/openSynthetic';
import { presetNames } from './feeds/presets';
import { formatBytes, formatMilliseconds, formatScore } from './format';
import { fixesText } from './fixesText';
import { notebookText } from './notebookText';
import { checkOutput } from './onnx/checkOutput';
import { checkWritable, writeFileAtomically } from './onnx/model';
import { operatorsText } from './operatorsText';
import { openParts } from './openParts';
import { partText, processorsNote } from './partText';
import { Project } from './project';
import { readRecipe, recipeText, rulesOf } from './recipe';
import { readReport } from './reportCache';
import type {
  AnalyzeSettings,
  Budget,
  CalibrationChoice,
  LayerChoice,
  PresetName,
  ProfileChoice,
  Report,
  Resource,
  TradeOffSettings,
  WeightGranularity,
} from './protocol';
import {
  adviceText,
  basisText,
  blamedText,
  calibrationText,
  calibratorsText,
  comparisonText,
  floatNodesText,
  layersText,
  lintText,
  modelText,
  quantizedText,
} from './reportText';
import { interactionsText } from './interactionsText';
import { WorkerPool } from './runtime/workerPool';
import type { Shard } from './sensitivity/shareOf';
import {
  parseBudget,
  parseCalibration,
  parseDimension,
  parseGrids,
  parseSamples,
  parseShard,
  parseTargetDrop,
  profileChoices,
  resourceNames,
} from './settingsText';
import { tradeOffText } from './tradeOffText';

interface DimensionOptions {
  dim?: Record<string, number>;
}

interface DataOptions extends DimensionOptions {
  data: string;
  preset?: PresetName;
}

interface AnalyzeOptions extends DataOptions {
  samples?: number;
  weights: WeightGranularity;
  calibration: CalibrationChoice;
  profile: ProfileChoice;
  targetDrop?: number;
  skipFailed?: true;
  calibrated?: string;
  recipe?: string;
  json?: string;
}

interface AnalyzeShardOptions extends AnalyzeOptions {
  shard?: Shard;
  output?: string;
}

interface MergeOptions {
  output?: string;
  json?: string;
  model?: string;
  data?: string;
  calibrated?: string;
}

interface QuantizeOptions extends AnalyzeOptions {
  output: string;
  keepFloat?: string[];
  writeRecipe?: string;
}

interface PlanOptions extends AnalyzeOptions {
  budget?: Budget[];
  along?: Resource;
  grids: LayerChoice[];
  by: TradeOffSettings['by'];
  verify?: true;
  writeRecipe?: string;
}

interface CalibrateOptions extends DataOptions {
  output: string;
  samples?: number;
  shard?: Shard;
  skipFailed?: true;
}

const DEFAULT_DROP = 0.01;
const SKIP_FAILED = 'go on without samples that cannot be loaded or run, and name them';

const pool = new WorkerPool();
const terminal = new TerminalProgress();
const abort = new AbortController();
const run = { onProgress: terminal.onProgress, signal: abort.signal };

function print(text: string): void {
  terminal.stop();
  process.stdout.write(`${text}\n`);
}

async function writeJson(file: string, value: unknown): Promise<void> {
  await writeFileAtomically(file, `${JSON.stringify(value, null, 2)}\n`);
}

function dataFrom({ data, preset }: DataOptions): Pick<AnalyzeSettings, 'data' | 'preset'> {
  return { data: dataPath(data), preset: preset ?? null };
}

/** `synthetic` is no path. */
function dataPath(data: string): string {
  return isSynthetic(data) ? data : resolve(data);
}

/** What the command line says comes before what a recipe says, and that before what stands for neither. */
async function settingsFrom(
  options: AnalyzeOptions,
  command: Command,
): Promise<{ settings: AnalyzeSettings; hasTarget: boolean }> {
  const recipe = options.recipe === undefined ? undefined : await readRecipe(resolve(options.recipe));
  const either = <T>(key: string, option: T, said: T | undefined): T =>
    command.getOptionValueSource(key) === 'cli' ? option : (said ?? option);
  const targetDrop = options.targetDrop ?? recipe?.targetDrop;
  const settings = {
    ...dataFrom(options),
    samples: options.samples ?? null,
    weights: either('weights', options.weights, recipe?.weights),
    calibration: either('calibration', options.calibration, recipe?.calibration),
    profile: either('profile', options.profile, recipe?.profile),
    targetDrop: targetDrop ?? DEFAULT_DROP,
    ...(recipe === undefined ? {} : { recipe: rulesOf(recipe) }),
    ...(options.skipFailed === true ? { skipFailed: true } : {}),
    ...(options.calibrated === undefined ? {} : { calibrated: resolve(options.calibrated) }),
  };
  return { settings, hasTarget: targetDrop !== undefined };
}

function optionError(said: string, hint: string): EngineError {
  return new EngineError('bad-option', `${said}.`, hint);
}

/** Turns our option errors into commander's, which exit with 2. */
function parser<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (thrown) {
      const line = thrown instanceof EngineError ? thrown.toLine() : errorText(thrown);
      throw new CommanderError(2, 'quantscope.option', line);
    }
  };
}

function withDimensions(command: Command): Command {
  return command.option(
    '--dim <name=size>',
    'fix a dimension that the model leaves open; may be given more than once',
    (text: string, before: Record<string, number> | undefined) => {
      const [name, size] = parser(parseDimension)(text);
      return { ...before, [name]: size };
    },
  );
}

function open(model: string, { dim }: DimensionOptions): Promise<Project> {
  return Project.open(resolve(model), pool, dim);
}

function withData(command: Command): Command {
  return withDimensions(command)
    .requiredOption('--data <path>', dataKinds())
    .addOption(
      new Option('--preset <name>', 'how the pictures of a folder become tensors').choices(presetNames),
    );
}

function withAnalyzeOptions(command: Command): Command {
  return withData(command)
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
    .option('--recipe <file>', 'decisions about layers and operators; the rest is chosen')
    .option('--skip-failed', SKIP_FAILED)
    .option('--calibrated <file>', 'take the histograms that "calibrate" or "merge" wrote');
}

function splitNames(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

const program = new Command('quantscope')
  .description('Shows what int8 quantization does to an ONNX model, layer by layer, and fixes it.')
  .exitOverride()
  .configureOutput({ writeErr: () => undefined });

withDimensions(program.command('inspect <model>'))
  .description('what the model is and which layers can be quantized')
  .option('--json', 'print JSON')
  .option('--shapes', 'load it in onnxruntime and tell the shape of what every layer makes')
  .action(async (model: string, options: DimensionOptions & { json?: true; shapes?: true }) => {
    const project = await open(model, options);
    const summary = options.shapes === true ? await project.summaryWithShapes() : project.summary;
    print(options.json === true ? JSON.stringify(summary, null, 2) : modelText(summary));
  });

withDimensions(program.command('lint <model>'))
  .description(
    'what a target would refuse, run in float or run slowly; exits with 1 when something is refused',
  )
  .addOption(
    new Option('--profile <target>', 'the integer forms that the target runs')
      .choices(profileChoices)
      .default('auto'),
  )
  .option('--json', 'print JSON')
  .action(async (model: string, options: DimensionOptions & { profile: ProfileChoice; json?: true }) => {
    const project = await open(model, options);
    const findings = await project.lint(options.profile);
    print(options.json === true ? JSON.stringify(findings, null, 2) : lintText(findings));
    if (findings.some((f) => f.severity === 'refuses')) process.exitCode = 1;
  });

withData(program.command('data <model>'))
  .description('what a data source holds for a model, and what looks wrong with it')
  .option('--json', 'print JSON')
  .action(async (model: string, options: DataOptions & { json?: true }) => {
    const project = await open(model, options);
    const summary = await project.describeData(dataFrom(options), run);
    print(options.json === true ? JSON.stringify(summary, null, 2) : dataText(summary));
  });

withAnalyzeOptions(program.command('analyze <model>'))
  .description('what int8 costs, layer by layer, and which layers to keep in float')
  .option('--json <file>', 'write the report')
  .option(
    '--shard <i/n>',
    'measure only part i of n, for several machines; "merge" makes the report',
    parser(parseShard),
  )
  .option('-o, --output <file>', 'where to write the part, with --shard')
  .action(async (model: string, options: AnalyzeShardOptions, command: Command) => {
    const { json, shard, output } = options;
    if ((shard === undefined) !== (output === undefined))
      throw optionError('Say both --shard and --output, or neither', 'A part has no report: it is written.');
    if (shard !== undefined && output !== undefined)
      return analyzeShard(model, shard, output, options, command);
    if (json !== undefined) await checkWritable(json);
    const { settings } = await settingsFrom(options, command);
    const project = await open(model, options);
    return finishReport(await project.analyze(settings, run), json);
  });

async function analyzeShard(
  model: string,
  shard: Shard,
  to: string,
  options: AnalyzeShardOptions,
  command: Command,
): Promise<void> {
  if (options.json !== undefined)
    throw optionError('A part has no report to write with --json', 'Say that to "merge".');
  const output = resolve(to);
  await checkOutput(output, [resolve(model)]);
  await checkWritable(output);
  const { settings } = await settingsFrom(options, command);
  const project = await open(model, options);
  const part = await project.analyzeShare(settings, shard, run);
  await writePart(output, part);
  print(partText(part, output));
}

async function finishReport(report: Report, json: string | undefined, note = ''): Promise<void> {
  if (json !== undefined) await writeJson(json, report);
  const parts = [
    comparisonText([report]),
    calibratorsText([report]),
    notebookText(report.notebook, report.float.metric, report.settings),
    layersText(report),
    operatorsText(report),
    interactionsText(report),
    fixesText(report),
    blamedText(report, report.float),
    floatNodesText(report.advised),
    ...[adviceText(report), basisText(report), note],
  ];
  print(parts.filter((part) => part !== '').join('\n\n'));
}

withAnalyzeOptions(program.command('quantize <model>'))
  .description('write an int8 model that was loaded, run and scored')
  .requiredOption('-o, --output <file>', 'where to write it')
  .option('--keep-float <names>', 'layers to keep in float, separated by commas', splitNames)
  .option('--write-recipe <file>', 'write what was decided as a recipe, which makes the same network again')
  .option('--json <file>', 'write the result')
  .action(async (model: string, options: QuantizeOptions, command: Command) => {
    const { json, writeRecipe } = options;
    for (const file of [json, writeRecipe]) if (file !== undefined) await checkWritable(file);
    const { settings, hasTarget } = await settingsFrom(options, command);
    const project = await open(model, options);
    // Without a target every layer is quantized; with one, the layers to keep are found by measuring.
    const keepFloat = options.keepFloat ?? (hasTarget ? null : []);
    const result = await project.quantize({ ...settings, output: resolve(options.output), keepFloat }, run);
    if (json !== undefined) await writeJson(json, result);
    if (writeRecipe !== undefined) await writeFileAtomically(writeRecipe, recipeText(result.recipe));
    if (hasTarget) print(`${notebookText(result.notebook, result.int8.metric, result.settings)}\n`);
    print(quantizedText(result));
  });

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
    for (const file of [json, writeRecipe]) if (file !== undefined) await checkWritable(file);
    const { settings } = await settingsFrom(options, command);
    const project = await open(model, options);
    const along = options.along ?? budgets[0]?.resource ?? 'bytes';
    const verifyAll = options.verify === true;
    const plan = await project.plan({ ...settings, budgets, along, grids, by, verifyAll }, run);
    if (json !== undefined) await writeJson(json, plan);
    if (writeRecipe !== undefined) await writeFileAtomically(writeRecipe, recipeText(plan.recipe));
    print(tradeOffText(plan));
  });

withData(program.command('calibrate <model>'))
  .description('count the values of every tensor, once, for any calibrator to look at')
  .requiredOption('-o, --output <file>', 'where to write the histograms')
  .option('--samples <n>', 'use at most so many samples', parser(parseSamples))
  .option(
    '--shard <i/n>',
    'only part i of n, for several machines; "merge" puts the parts together',
    parser(parseShard),
  )
  .option('--skip-failed', SKIP_FAILED)
  .action(async (model: string, options: CalibrateOptions) => {
    const output = resolve(options.output);
    await checkOutput(output, [resolve(model)]);
    await checkWritable(output);
    const project = await open(model, options);
    const { samples = null, skipFailed = false, shard = null } = options;
    const settings = { ...dataFrom(options), samples, skipFailed };
    const record = await project.calibrate(settings, shard, run);
    await writeCalibration(output, record);
    print(calibrationText(record, output));
  });

program
  .command('table <reports...>')
  .description('the scores of every calibrator: a row for each report that "analyze --json" wrote')
  .action(async (files: string[]) => {
    const reports = [];
    for (const file of files) reports.push(await readReport(resolve(file)));
    const text = calibratorsText(reports);
    print(text === '' ? 'No calibrators were tried. Analyze with --calibration auto.' : text);
  });

program
  .command('merge <parts...>')
  .description('put the parts that "calibrate --shard" or "analyze --shard" wrote together')
  .option('-o, --output <file>', 'where to write the whole calibration')
  .option('--json <file>', 'write the report of an analysis')
  .option('--model <file>', 'where the model lies here, if elsewhere than for the parts of an analysis')
  .option('--data <path>', 'the same for the data')
  .option('--calibrated <file>', 'the same for the calibration')
  .action(async (files: string[], options: MergeOptions) => {
    const { output, json, model, data, calibrated } = options;
    for (const file of [output, json]) if (file !== undefined) await checkWritable(resolve(file));
    const opened = await openParts(files.map((file) => resolve(file)));
    if (opened.kind === 'calibration') {
      if (output === undefined || Object.keys(options).length > 1)
        throw optionError(
          'Parts of a calibration take --output, and nothing else',
          'Name the file to write.',
        );
      await writeCalibration(resolve(output), opened.record);
      print(calibrationText(opened.record, resolve(output)));
      return;
    }
    if (output !== undefined)
      throw optionError('Parts of an analysis make a report', 'Write it with --json instead of --output.');
    const { parts } = opened;
    // A part may say where to read, and not what to run.
    if (data === undefined && runsCode(parts.settings.data))
      throw optionError(
        `The parts were measured on ${parts.settings.data}, which is run to be read`,
        'Name it with --data if you trust it.',
      );
    const project = await Project.open(resolve(model ?? parts.path), pool, parts.dimensions);
    const places = {
      ...(data === undefined ? {} : { data: dataPath(data) }),
      ...(calibrated === undefined ? {} : { calibrated: resolve(calibrated) }),
    };
    return finishReport(await project.mergeAnalysis(parts, places, run), json, processorsNote(parts));
  });

withData(program.command('evaluate <model>'))
  .description('score a model, float or int8')
  .option('--samples <n>', 'use at most so many samples', parser(parseSamples))
  .option('--against <float>', 'the float model to compare with')
  .option('--skip-failed', SKIP_FAILED)
  .option('--json <file>', 'write the result')
  .action(
    async (
      model: string,
      options: DataOptions & { samples?: number; against?: string; skipFailed?: true; json?: string },
    ) => {
      if (options.json !== undefined) await checkWritable(options.json);
      const project = await open(model, options);
      const against = options.against === undefined ? null : await open(options.against, options);
      const { samples = null, skipFailed = false } = options;
      const settings = { ...dataFrom(options), samples, skipFailed };
      const result = await project.evaluate(settings, against, run);
      if (options.json !== undefined) await writeJson(options.json, result);
      const { metric, score, floatScore, latencyMs, bytes, warnings } = result;
      const than = floatScore === null ? '' : ` (float ${formatScore(metric, floatScore)})`;
      const rest = `${formatBytes(bytes)}, ${formatMilliseconds(latencyMs)} a sample, ${result.samples} samples`;
      const line = `${metric}: ${formatScore(metric, score)}${than}, ${rest}.`;
      print([line, ...warnings.map((w) => `Note: ${w}`)].join('\n'));
    },
  );

program
  .command('demo <model> <data>')
  .description('analyze with both weight granularities, compare them, and write the better int8 model')
  .option('-o, --output <file>', 'where to write it (default: beside the model)')
  .action(async (path: string, data: string, options: { output?: string }) => {
    const model = resolve(path);
    const project = await Project.open(model, pool);
    const { summary } = project;
    print(
      `${basename(model)}: ${formatBytes(summary.bytes)}, opset ${summary.opset}, ${summary.layers.length} quantizable layers.`,
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
    print(['', comparisonText(reports), '', ...reports.flatMap((r) => [layersText(r), ''])].join('\n'));
    print([...reports.flatMap((r) => [adviceText(r), basisText(r)]), ''].join('\n'));
    const output = resolve(options.output ?? join(dirname(model), `${basename(model, '.onnx')}.int8.onnx`));
    const { keepFloat } = perChannel;
    print(quantizedText(await project.quantize({ ...base, weights: 'per-channel', output, keepFloat }, run)));
  });

process.once('SIGINT', () => abort.abort());

async function main(): Promise<number> {
  try {
    await program.parseAsync();
    return 0;
  } catch (thrown) {
    terminal.stop();
    if (thrown instanceof CommanderError) {
      if (thrown.exitCode === 0) return 0;
      // Without a command, commander throws what it calls its help.
      const said = thrown.code === 'commander.help' ? 'Say what to do.' : thrown.message;
      const line = said.replace(/^error: /, '').replace(/(?<![.?])$/, '.');
      process.stderr.write(`quantscope: ${line} See quantscope --help.\n`);
      return 2;
    }
    const line = thrown instanceof EngineError ? thrown.toLine() : `Unexpected: ${errorText(thrown)}`;
    process.stderr.write(`quantscope: ${line}\n`);
    if (!(thrown instanceof EngineError)) return 1;
    if (thrown.code === 'cancelled') return 130;
    return thrown.code === 'bad-option' ? 2 : 1;
  } finally {
    await pool.dispose();
  }
}

void main().then((code) => {
  if (code !== 0) process.exitCode = code;
});
