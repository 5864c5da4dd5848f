import type { KnownRatings } from '../sharding/mergedRatings';
import type { MeasuredLayer } from '../shared/protocol/report';
import type { OnProgress } from './progress';

export interface Run {
  onProgress?: OnProgress | undefined;
  /** Called with layers of the report to be, as they are measured. */
  onMeasured?: ((layers: MeasuredLayer[]) => void) | undefined;
  /** What machines that shared the work found of the layers; left out, these are measured here. */
  known?: KnownRatings | undefined;
  signal?: AbortSignal | undefined;
}
