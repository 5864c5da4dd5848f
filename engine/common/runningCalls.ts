let running = 0;

/** Notes that a thread of this process is at something that only it can end, until the answer is called. */
export function beginCall(): () => void {
  running++;
  let isOver = false;
  return () => {
    if (!isOver) running--;
    isOver = true;
  };
}

/** Whether a thread is at something that cannot be ended: Node would wait for it, or abort, if the process ended in Node's own way. */
export function hasRunningCalls(): boolean {
  return running > 0;
}
