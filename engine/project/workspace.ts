import { stat } from 'node:fs/promises';
import { EngineError, errorText } from '../shared/engineError';
import { indexNames } from '../report/reportIndex';
import type { DataFile } from '../onnx/tensors/externalData';
import { Project } from './project';
import type { EngineLimits } from '../shared/protocol/settings';
import type { ModelSummary } from '../shared/protocol/model';
import type { Report } from '../shared/protocol/report';
import { WorkerPool } from '../runtime/workerPool';

/** Models whose measurements are kept: what one keeps of its samples is a large part of what the engine may keep. */
const MEASURED_KEPT = 2;

/** The models that are open in one engine process, and their analyses. They share the workers, each taking its turn. */
export class Workspace {
  private readonly projects = new Map<string, { changed: number; project: Project }>();
  private readonly analyses = new Map<string, Report>();
  /** Those that were measured last, the last first. */
  private measured: Project[] = [];
  private pool: WorkerPool | undefined;
  private limits: EngineLimits = { threads: null, memory: null };

  /** What the workers may take, before the first model is opened. */
  limit(limits: EngineLimits): void {
    this.limits = limits;
  }

  /**
   * Opens a model, or answers the open one if neither the file nor those with its weights have changed since.
   * @throws EngineError as Project.open does
   */
  async open(path: string): Promise<Project> {
    const changed = await lastChange(path);
    const known = this.projects.get(path);
    if (known?.changed === changed && (await areUnchanged(known.project.files.dataFiles)))
      return known.project;
    this.analyses.delete(path);
    this.pool ??= new WorkerPool(this.limits.threads ?? undefined, this.limits.memory ?? undefined);
    const project = await Project.open(path, this.pool);
    this.projects.set(path, { changed, project });
    return project;
  }

  /** Opens a model to measure it; what was measured of models longer ago is let go. */
  async openToMeasure(path: string): Promise<Project> {
    const project = await this.open(path);
    const others = this.measured.filter((other) => other !== project);
    this.measured = [project, ...others.slice(0, MEASURED_KEPT - 1)];
    for (const other of others.slice(MEASURED_KEPT - 1)) other.forgetMeasured();
    return project;
  }

  /** The project's finished analysis, if there is one from now or from an earlier run. */
  async report(project: Project): Promise<Report | null> {
    const known = this.analyses.get(project.summary.path);
    if (known !== undefined) return known;
    const cached = await project.cachedReport();
    return cached === null ? null : this.remember(cached);
  }

  remember(report: Report): Report {
    this.analyses.set(report.model.path, report);
    indexNames(report);
    return report;
  }

  /**
   * Takes in what another process kept of these bytes since it was read here.
   * @returns the paths of the open models that have them
   */
  async takeIn(hash: string): Promise<string[]> {
    const open = [...this.projects.values()].filter(({ project }) => project.summary.hash === hash);
    for (const { project } of open) {
      const kept = await project.cachedReport();
      if (kept !== null) this.remember(kept);
    }
    return open.map(({ project }) => project.summary.path);
  }

  /** Every analysis that hovers may speak of. */
  reports(): Report[] {
    return [...this.analyses.values()];
  }

  /** Every model that is open. */
  summaries(): ModelSummary[] {
    return [...this.projects.values()].map(({ project }) => project.summary);
  }

  async dispose(): Promise<void> {
    await this.pool?.dispose();
  }
}

async function areUnchanged(files: readonly DataFile[]): Promise<boolean> {
  for (const { path, bytes, modified } of files) {
    const now = await stat(path).catch(() => null);
    if (now?.size !== bytes || now.mtimeMs !== modified) return false;
  }
  return true;
}

async function lastChange(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (thrown) {
    throw new EngineError(
      'not-found',
      `Cannot read the model ${path}: ${errorText(thrown)}.`,
      'Check the path.',
      {
        cause: thrown,
      },
    );
  }
}
