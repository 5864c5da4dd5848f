import type { ErrorData } from '../../engine/shared/protocol/error';
import { describeExit, type EngineExit } from './engineProcess';

/** The engine ended while it owed an answer. */
export class EngineStopped extends Error {
  readonly data: ErrorData;
  /** Whether it ended as a program does that has no memory left. */
  readonly isMemory: boolean;

  /** @param work what it was at, such as `rec.onnx (10.8 MB, largest weight 3.2 MB), Measuring each layer` */
  constructor(
    readonly exit: EngineExit,
    work: string | null,
  ) {
    const { how, isMemory } = describeExit(exit);
    const message = `${how}${work === null ? '' : `, at work on ${work}`}.`;
    super(message);
    this.isMemory = isMemory;
    this.data = {
      code: 'runtime',
      message,
      hint: isMemory
        ? 'It starts again by itself. Fewer threads or samples need less memory.'
        : 'It starts again by itself; the log says why it stopped.',
    };
  }
}

/** Whether a failure says that memory ran short. */
export function isOutOfMemory(thrown: unknown, { message, hint }: ErrorData): boolean {
  if (thrown instanceof EngineStopped) return thrown.isMemory;
  return /fewer threads/i.test(hint) || /out of memory|bad_alloc/i.test(message);
}
