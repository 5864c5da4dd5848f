import type { Command } from 'commander';
import { resolve } from 'node:path';
import { writePart } from '../sharding/shardFile';
import { writeCalibration } from '../calibrate/calibrationFile';
import { runsCode } from '../data/dataKinds';
import { EngineError } from '../shared/engineError';
import { writeOutput } from '../shared/node/writeFile';
import { notebookText } from './text/notebookText';
import { baseName, formatDate } from '../shared/format';
import { openParts } from '../sharding/openShards';
import { operatorsText, fixesText, interactionsText } from './text/findingsText';
import { partText, processorsNote } from './text/shardText';
import { measureScatters, pageParts } from '../project/pageParts';
import type { ReadFile, WrittenFile } from '../shared/node/runFiles';
import type { Project } from '../project/project';
import type { AnalyzeSettings } from '../shared/protocol/settings';
import type { OtherReport } from '../shared/protocol/page';
import type { Report } from '../shared/protocol/report';
import { loadReport, readReport } from '../report/cache/reportCache';
import { reportPage } from '../shared/node/reportPage';
import {
  adviceText,
  basisText,
  blamedText,
  calibratorsText,
  comparisonText,
  floatNodesText,
  layersText,
} from './text/reportText';
import type { Shard } from '../common/shards';
import { parseShard } from '../recipe/parseSettings';
import { printCalibration } from './measureCommands';
import {
  checkFiles,
  dataPath,
  openModel,
  optionError,
  parser,
  settingsFrom,
  withAnalyzeOptions,
  written,
  type AnalyzeOptions,
} from './options';
import { note, print, run, writeJson } from './terminal';

interface ReportFiles {
  json?: string;
  html?: string;
  compare?: string;
}

interface AnalyzeShardOptions extends AnalyzeOptions, ReportFiles {
  shard?: Shard;
  output?: string;
}

interface MergeOptions extends ReportFiles {
  output?: string;
  model?: string;
  data?: string;
  calibrated?: string;
}

function withReportFiles(command: Command): Command {
  return command
    .option('--json <file>', 'write the report of an analysis')
    .option('--html <file>', 'write it as a page that opens in any browser')
    .option('--compare <report>', 'with --html: compare it with another report, or with "previous" analysis');
}

export function addAnalyze(program: Command): void {
  withReportFiles(withAnalyzeOptions(program.command('analyze <model>')))
    .description('what int8 costs, layer by layer, and which layers to keep in float')
    .option(
      '--shard <i/n>',
      'measure only part i of n, for several machines; "merge" makes the report',
      parser(parseShard),
    )
    .option('-o, --output <file>', 'where to write the part, with --shard')
    .action(async (model: string, options: AnalyzeShardOptions, command: Command) => {
      const { json, shard, output } = options;
      if ((shard === undefined) !== (output === undefined))
        throw optionError(
          'Say both --shard and --output, or neither',
          'A part has no report: it is written.',
        );
      if (shard !== undefined && output !== undefined)
        return analyzeShard(model, shard, output, options, command);
      const { settings, reads } = await settingsFrom(model, options, command);
      const files = { settings, reads: [...reads, ...comparedFiles(options)], writes: reportFiles(options) };
      const project = await openModel(model, options, files);
      const page = await planPage(project, options);
      const report = await project.analyze(settings, run);
      if (json !== undefined) await writeJson(json, report);
      if (page !== null) await page(settings, report);
      printReport(report);
    });
}

function reportFiles({ json, html }: ReportFiles): WrittenFile[] {
  return [...written('--json', json), ...written('--html', html)];
}

function comparedFiles({ compare }: ReportFiles): ReadFile[] {
  const isFile = compare !== undefined && compare !== PREVIOUS;
  return isFile ? [{ path: resolve(compare), what: 'the report that is compared' }] : [];
}

/** Stands for the analysis that the last one of the same model took the place of. */
const PREVIOUS = 'previous';

async function otherReport(named: string, { summary }: Project): Promise<OtherReport> {
  if (named !== PREVIOUS) return { report: await readReport(resolve(named)), label: baseName(named) };
  const report = await loadReport(summary);
  if (report !== null) return { report, label: `analysis of ${formatDate(report.created)}` };
  throw new EngineError(
    'not-found',
    `There is no previous analysis of ${baseName(summary.path)} as it is now.`,
    'Name a report that "analyze --json" wrote.',
  );
}

/**
 * What writes the report as a page, with what can be told of the model itself, if that is wanted. The report to compare with is
 * read before the work: an analysis takes the place of the one before it, and errors need not wait for it.
 */
async function planPage(
  project: Project,
  { html, compare }: ReportFiles,
): Promise<((settings: AnalyzeSettings, report: Report) => Promise<void>) | null> {
  if (html === undefined) {
    if (compare === undefined) return null;
    throw optionError('Only a page compares with another report', 'Say --html too.');
  }
  const compared = compare === undefined ? null : await otherReport(compare, project);
  return async (settings, report) => {
    await measureScatters(project, settings, report, run);
    const contents = { report, parts: pageParts(project, report), tradeOff: null, compared };
    await writeOutput(html, await reportPage(contents, baseName(report.model.path)));
  };
}

async function analyzeShard(
  model: string,
  shard: Shard,
  to: string,
  options: AnalyzeShardOptions,
  command: Command,
): Promise<void> {
  if (options.compare !== undefined)
    throw optionError('A part compares nothing', 'Give --html and --compare to "merge".');
  const named = (['json', 'html'] as const).find((option) => options[option] !== undefined);
  if (named !== undefined)
    throw optionError(`A part has no report to write with --${named}`, `Write it with "merge --${named}".`);
  const output = resolve(to);
  const { settings, reads } = await settingsFrom(model, options, command);
  const project = await openModel(model, options, { settings, reads, writes: written('--output', output) });
  const changes = await project.files.watch(settings);
  const part = await project.analyzeShare(settings, shard, run);
  for (const warning of await changes()) note(`Note: ${warning}`);
  await writePart(output, part);
  print(([made, file]) => partText(made, file), [part, output] as const, { output });
}

export function addTable(program: Command): void {
  program
    .command('table <reports...>')
    .description('the scores of every calibrator: a row for each report that "analyze --json" wrote')
    .action(async (files: string[]) => {
      const reports = [];
      for (const file of files) reports.push(await readReport(resolve(file)));
      const tables = reports.map(({ model, calibrationTable }) => ({ model: model.path, calibrationTable }));
      print(
        (made) => calibratorsText(made) || 'No calibrators were tried. Analyze with --calibration auto.',
        reports,
        { tables },
      );
    });
}

export function addMerge(program: Command): void {
  withReportFiles(program.command('merge <parts...>'))
    .description('put the parts that "calibrate --shard" or "analyze --shard" wrote together')
    .option('-o, --output <file>', 'where to write the whole calibration')
    .option('--model <file>', 'where the model lies here, if elsewhere than for the parts of an analysis')
    .option('--data <path>', 'the same for the data')
    .option('--calibrated <file>', 'the same for the calibration')
    .action(async (files: string[], options: MergeOptions) => {
      const { output, json, html, compare, model, data, calibrated } = options;
      const writes = [...written('--output', output), ...reportFiles(options)];
      const read = files.map((file) => resolve(file));
      const parts = read.map((path) => ({ path, what: 'one of the parts that are merged' }));
      const reads = [...parts, ...comparedFiles(options)];
      await checkFiles({ reads, writes }, []);
      const opened = await openParts(read);
      if (opened.kind === 'calibration') {
        if (
          output === undefined ||
          [json, html, compare, model, data, calibrated].some((given) => given !== undefined)
        )
          throw optionError(
            'Parts of a calibration take --output, and nothing else',
            'Name the file to write.',
          );
        await writeCalibration(resolve(output), opened.record);
        printCalibration(opened.record, resolve(output));
        return;
      }
      if (output !== undefined)
        throw optionError(
          'Parts of an analysis make a report',
          'Write it with --json or --html instead of --output.',
        );
      const { parts: joined } = opened;
      // A part may say where to read, and not what to run.
      if (data === undefined && runsCode(joined.settings.data))
        throw optionError(
          `The parts were measured on ${joined.settings.data}, which is run to be read`,
          'Name it with --data if you trust it.',
        );
      const project = await openModel(model ?? joined.path, { dim: joined.dimensions });
      const places = {
        ...(data === undefined ? {} : { data: dataPath(data) }),
        ...(calibrated === undefined ? {} : { calibrated: resolve(calibrated) }),
      };
      const settings = { ...joined.settings, ...places };
      await checkFiles({ settings, reads, writes }, [project]);
      const page = await planPage(project, options);
      const report = await project.mergeAnalysis(joined, places, run);
      if (json !== undefined) await writeJson(json, report);
      if (page !== null) await page(settings, report);
      printReport(report, processorsNote(joined));
    });
}

function printReport(report: Report, note = ''): void {
  print(reportText, [report, note] as const, report);
}

function reportText([report, note]: readonly [Report, string]): string {
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
  return parts.filter((part) => part !== '').join('\n\n');
}
