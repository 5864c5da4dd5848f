import type { Command } from 'commander';
import { resolve } from 'node:path';
import { writeCalibration } from '../calibrate/calibrationFile';
import { formatBytes, formatMilliseconds, formatScore } from '../shared/format';
import { calibrationText, verdictText } from './text/reportText';
import type { EvaluateResult } from '../shared/protocol/report';
import type { Calibration } from '../calibrate/calibrationPass';
import type { Shard } from '../common/shards';
import { parseSamples, parseShard } from '../recipe/parseSettings';
import { DEFAULT_DROP } from '../shared/accuracyTarget';
import { dataFrom, openModel, parser, SKIP_FAILED, withData, written, type DataOptions } from './options';
import { note, print, run, writeJson } from './terminal';

interface CalibrateOptions extends DataOptions {
  output: string;
  samples?: number;
  shard?: Shard;
  skipFailed?: true;
}

export function addCalibrate(program: Command): void {
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
      const { samples = null, skipFailed = false, shard = null } = options;
      const settings = { ...dataFrom(options), samples, skipFailed };
      const project = await openModel(model, options, { settings, writes: written('--output', output) });
      const changes = await project.files.watch(settings);
      const record = await project.calibrate(settings, shard, run);
      for (const warning of await changes()) note(`Note: ${warning}`);
      await writeCalibration(output, record);
      printCalibration(record, output);
    });
}

export function addEvaluate(program: Command): void {
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
        const { samples = null, skipFailed = false } = options;
        const settings = { ...dataFrom(options), samples, skipFailed };
        const files = { settings, writes: written('--json', options.json) };
        const project = await openModel(model, options, files);
        const against =
          options.against === undefined ? null : await openModel(options.against, options, files);
        const result = await project.evaluate(settings, against, run);
        if (options.json !== undefined) await writeJson(options.json, result);
        print(evaluationText, result, result);
      },
    );
}

/** Tells what a calibration counted. */
export function printCalibration(record: Calibration, output: string): void {
  print(([made, file]) => calibrationText(made, file), [record, output] as const, { output });
}

function evaluationText(result: EvaluateResult): string {
  const { metric, score, floatScore, latencyMs, bytes, samples, verdict, warnings } = result;
  const than = floatScore === null ? '' : ` (float ${formatScore(metric, floatScore)})`;
  const rest = `${formatBytes(bytes)}, ${formatMilliseconds(latencyMs)} a sample, ${samples} samples`;
  const line = `${metric}: ${formatScore(metric, score)}${than}, ${rest}.`;
  const judged = verdict === null ? [] : [verdictText({ metric, verdict }, { targetDrop: DEFAULT_DROP })];
  return [line, ...judged, ...warnings.map((warning) => `Note: ${warning}`)].join('\n');
}
