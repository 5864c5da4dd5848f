import { badData } from '../samples/badData';
import type { Dataset } from '../samples/dataset';
import { agreementMetric } from './agreementMetric';
import { cosineMetric } from './cosineMetric';
import { ctcMetric } from './ctcMetric';
import { framesMetric } from './framesMetric';
import { iouMetric } from './iouMetric';
import type { Metric } from './metric';
import { segmentsMetric } from './segmentsMetric';
import { sqnrMetric } from './sqnrMetric';
import { topKMetric } from './topKMetric';

/**
 * The metric that a data set asks for; `all` are the model's outputs in its order.
 * @throws EngineError `bad-data` when the data names an output that the model does not have
 */
export function createMetric(
  { metric, alphabet, threshold, outputs }: Pick<Dataset, 'metric' | 'alphabet' | 'threshold' | 'outputs'>,
  all: readonly string[],
): Metric {
  const unknown = outputs?.find((name) => !all.includes(name));
  if (unknown !== undefined)
    throw badData(
      `The data's metric looks at output "${unknown}", which the model does not have.`,
      `Name ${all.join(', ')} under "outputs", or leave it out.`,
    );
  const outputNames = outputs ?? all;
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
