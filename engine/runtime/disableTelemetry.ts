/**
 * What keeps onnxruntime's own telemetry from starting. `ORT_DISABLE_TELEMETRY` is its name in 1.30, `ORT_TELEMETRY_DISABLED` in
 * other versions. On Windows neither is read: there its events go to the system's tracing, and the only variable that its
 * library reads is the one that its own tests set.
 */
const OPT_OUT: Readonly<Record<string, string>> = {
  ORT_DISABLE_TELEMETRY: '1',
  ORT_TELEMETRY_DISABLED: '1',
  ...(process.platform === 'win32' ? { ORT_RUNNING_UNIT_TESTS: '1' } : {}),
};

/**
 * Switches it off for this process and for those that it starts. It counts only before the library is loaded, and only from the
 * main thread: a thread's `process.env` is a copy that native code does not see.
 */
export function disableTelemetry(): void {
  Object.assign(process.env, OPT_OUT);
}
