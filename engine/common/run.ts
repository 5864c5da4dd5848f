import type { MeasuredLayer } from '../shared/protocol/report';
import type { OnProgress } from './progress';

export interface Run {
  onProgress?: OnProgress | undefined;
  /** Called with layers of the report to be, as they are measured. */
  onMeasured?: ((layers: MeasuredLayer[]) => void) | undefined;
  signal?: AbortSignal | undefined;
}
