import { errorText } from '../shared/engineError';

/** Why stdout took no more: its reader is gone, or what the system says, such as `no space left on device`. */
export type StreamLoss = { isReaderGone: true } | { isReaderGone: false; why: string };

let isOutputLost = false;

/**
 * The one way that text takes out of this program, apart from the bar of progress. What a stream does not take is lost; see
 * {@link watchStreams}.
 */
export function writeText(stream: 'stdout' | 'stderr', text: string): void {
  if (stream === 'stdout' && isOutputLost) return;
  process[stream].write(text);
}

/**
 * Keeps streams that fail from ending the process with a stack trace.
 * @param onLost called once, when stdout takes no more; a loss of stderr there is nobody to tell of
 */
export function watchStreams(onLost: (loss: StreamLoss) => void): void {
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (isOutputLost) return;
    isOutputLost = true;
    onLost(error.code === 'EPIPE' ? { isReaderGone: true } : { isReaderGone: false, why: errorText(error) });
  });
}

/** Whether stderr shows a bar that is drawn over itself. */
export function drawsBars(): boolean {
  return process.stderr.isTTY && process.env['TERM'] !== 'dumb';
}
