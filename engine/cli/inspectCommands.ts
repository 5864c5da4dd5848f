import { Option, type Command } from 'commander';
import { dataText } from './text/dataText';
import type { ProfileChoice } from '../shared/protocol/choices';
import { lintText, modelText } from './text/reportText';
import { profileChoices } from '../recipe/parseSettings';
import {
  dataFrom,
  openModel,
  withData,
  withDimensions,
  type DataOptions,
  type DimensionOptions,
} from './options';
import { endWith, print, printJson, run } from './terminal';

export function addInspect(program: Command): void {
  withDimensions(program.command('inspect <model>'))
    .description('what the model is and which layers can be quantized')
    .option('--json', 'print JSON')
    .option('--shapes', 'load it in onnxruntime and tell the shape of what every layer makes')
    .action(async (model: string, options: DimensionOptions & { json?: true; shapes?: true }) => {
      const project = await openModel(model, options);
      const summary = options.shapes === true ? await project.summaryWithShapes() : project.summary;
      if (options.json === true) printJson(summary, summary);
      else print(modelText, summary, summary);
    });
}

export function addLint(program: Command): void {
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
      const project = await openModel(model, options);
      const findings = await project.lint(options.profile);
      if (options.json === true) printJson(findings, { findings });
      else print(lintText, findings, { findings });
      if (findings.some((f) => f.severity === 'refuses')) endWith(1);
    });
}

export function addData(program: Command): void {
  withData(program.command('data <model>'))
    .description('what a data source holds for a model, and what looks wrong with it')
    .option('--json', 'print JSON')
    .action(async (model: string, options: DataOptions & { json?: true }) => {
      const project = await openModel(model, options);
      const summary = await project.describeData(dataFrom(options), run);
      if (options.json === true) printJson(summary, summary);
      else print(dataText, summary, summary);
    });
}
