import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { dataFiles } from '../data/openDataset';
import { FileStates, namesOf, stateOf } from '../common/fileStates';
import { checkOutput } from '../shared/node/outputTarget';
import { checkRunFiles, dataPathOf, type ReadFile } from '../shared/node/runFiles';
import { checkRoom, checkTempFolder } from '../common/tempFolder';
import type { DataFile } from '../onnx/tensors/externalData';
import type { AnalyzeSettings } from '../shared/protocol/settings';
import { recipePathOf } from '../shared/recipe/recipeText';

/** What names files in the settings of work on a model. */
type Sources = Partial<Pick<AnalyzeSettings, 'data' | 'calibrated'>>;

/** A quantized model has at least one byte for so many of the float one. */
const LEAST_OF_FLOAT = 8;

/** What one file of a model can have. */
const MOST_IN_ONE_FILE = 2 ** 31;

/** The files of an open model, and what work on it reads besides. */
export class ModelFiles {
  private readonly states: FileStates;

  /**
   * @param state of the model's file, from before it was read
   * @param dataFiles that hold weights, as they were found
   * @param bytes of all together
   */
  constructor(
    private readonly path: string,
    state: string,
    readonly dataFiles: readonly DataFile[],
    private readonly bytes: number,
  ) {
    const weights = dataFiles.filter((file) => file.path !== path);
    this.states = FileStates.of([
      { path, state },
      ...weights.map((file) => ({ path: file.path, state: stateOf(file.bytes, file.modified) })),
    ]);
  }

  /** Every file that work with these settings reads. The recipe beside the model is not for others to write over. */
  async read(settings: Sources): Promise<ReadFile[]> {
    const recipe = recipePathOf(this.path);
    const own = [this.path, ...this.dataFiles.map(({ path }) => path)];
    return [
      ...own.map((path) => ({ path, what: 'the model that is read' })),
      ...(existsSync(recipe) ? [{ path: recipe, what: 'the recipe of the model', isOldRecipe: true }] : []),
      ...(await filesOf(settings)),
    ];
  }

  /**
   * Checks before the work that a model can be written, and that nothing is lost by it.
   * @throws EngineError `write-failed`, `bad-option`
   */
  async checkOutput(output: string, settings: Sources): Promise<void> {
    const written = { path: output, what: 'the model', kind: 'model' as const };
    const [target] = await checkRunFiles(await this.read(settings), [written]);
    // Then the weights are likely to need a file, whose name is longer.
    if (this.bytes > MOST_IN_ONE_FILE) await checkOutput(dataPathOf(output));
    if (target !== undefined) await checkRoom(target.path, this.bytes / LEAST_OF_FLOAT);
  }

  /** @throws EngineError `write-failed` when there is no place for what onnxruntime writes of a model */
  checkTemp(): Promise<void> {
    return checkTempFolder(this.bytes / LEAST_OF_FLOAT);
  }

  /** Begins work that has onnxruntime write files: {@link checkTemp}, then {@link watch}. */
  async begin(settings: Sources): Promise<() => Promise<string[]>> {
    await this.checkTemp();
    return this.watch(settings);
  }

  /**
   * Notes how the files of the settings are now.
   * @param against another model that is read too
   * @returns what tells, in sentences, which of them and of the model's own have changed since
   */
  async watch(settings: Sources, against: ModelFiles | null = null): Promise<() => Promise<string[]>> {
    const data = await FileStates.now(await filesOf(settings));
    const models = against === null ? [this.states] : [this.states, against.states];
    return () => changeWarnings(models, data);
  }
}

/** Data that cannot be read has no files: what is wrong with it is told where it is opened. */
async function filesOf({ data, calibrated }: Sources): Promise<ReadFile[]> {
  const samples = data === undefined ? [] : await dataFiles(data).catch((): string[] => []);
  return [
    ...samples.map((path) => ({ path, what: `the data (${basename(path)})` })),
    ...(calibrated === undefined ? [] : [{ path: calibrated, what: 'the calibration that is read' }]),
  ];
}

async function changeWarnings(models: readonly FileStates[], data: FileStates): Promise<string[]> {
  const warnings: string[] = [];
  for (const model of models) {
    const changed = await model.changed();
    if (changed.length === 0) continue;
    const names = namesOf(changed);
    warnings.push(`${names} changed during the run: the result is of the model as it was before.`);
  }
  const changed = await data.changed();
  if (changed.length > 0)
    warnings.push(
      `The data changed during the run (${namesOf(changed)}): the result may be of what was there before, after, or both.`,
    );
  return warnings;
}
