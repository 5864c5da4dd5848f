import { stat } from 'node:fs/promises';
import { EngineError, errorText } from './engineError';
import type { DataFile } from './onnx/externalData';
import { Project } from './project';
import type { ModelSummary, Report } from './protocol';
import { WorkerPool } from './runtime/workerPool';

/** The models that are open in one engine process, and their analyses. They share the workers. */
export class Workspace {
  private readonly projects = new Map<string, { changed: number; project: Project }>();
  private readonly analyses = new Map<string, Report>();
  private pool: WorkerPool | undefined;

  /**
   * Opens a model, or answers the open one if neither the file nor those with its weights have changed since.
   * @throws EngineError as Project.open does
   */
  async open(path: string): Promise<Project> {
    const changed = await lastChange(path);
    const known = this.projects.get(path);
    if (known?.changed === changed && (await areUnchanged(known.project.dataFiles))) return known.project;
    this.analyses.delete(path);
    this.pool ??= new WorkerPool();
    const project = await Project.open(path, this.pool);
    this.projects.set(path, { changed, project });
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
    return report;
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
