import type { Dataset } from '../dataset';
import { agreementMetric } from './agreementMetric';
import { cosineMetric } from './cosineMetric';
import { ctcMetric } from './ctcMetric';
import { framesMetric } from './framesMetric';
import { iouMetric } from './iouMetric';
import type { Metric } from './metric';
import { segmentsMetric } from './segmentsMetric';
import { sqnrMetric } from './sqnrMetric';
import { topKMetric } from './topKMetric';

/** The metric that a data set asks for; `outputNames` in the model's order. */
export function createMetric(
  { metric, alphabet, threshold }: Pick<Dataset, 'metric' | 'alphabet' | 'threshold'>,
  outputNames: readonly string[],
): Metric {
  switch (metric) {
    case 'top1':
      return topKMetric(1, outputNames);
    case 'top5':
      return topKMetric(5, outputNames);
    case 'ctc':
      return ctcMetric(alphabet, outputNames);
    case 'frames':
      return framesMetric(threshold ?? 0.5, outputNames);
    case 'iou':
      return iouMetric(threshold ?? 0.3, outputNames);
    case 'segments':
      return segmentsMetric(threshold ?? 0.2, outputNames);
    case 'sqnr':
      return sqnrMetric(outputNames);
    case 'cosine':
      return cosineMetric(outputNames);
    case 'agreement':
      return agreementMetric(outputNames);
  }
}
