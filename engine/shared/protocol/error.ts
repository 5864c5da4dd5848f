export type Stage = 'calibrate' | 'choose' | 'evaluate' | 'local' | 'sensitivity' | 'select' | 'quantize';

export interface Progress {
  stage: Stage;
  /** What is being done, for people: `Measuring each layer`. */
  title: string;
  done: number;
  /** 0 while nobody knows it. */
  total: number;
  /** Estimated from this stage's pace; `null` until it is known. */
  secondsLeft: number | null;
}

export type ErrorCode =
  | 'bad-model'
  | 'bad-data'
  | 'bad-option'
  | 'not-found'
  | 'unsupported'
  | 'runtime'
  | 'cancelled'
  | 'write-failed';

/** What an EngineError becomes on the wire (`data` of a ResponseError). */
export interface ErrorData {
  code: ErrorCode;
  message: string;
  hint: string;
}
