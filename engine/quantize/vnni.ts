import { readFileSync } from 'node:fs';

/** Features that multiply bytes and add them up in 32 bits, as Linux calls them. */
const features = new Set(['avx512_vnni', 'avx_vnni', 'amx_int8']);

/**
 * Whether a processor adds products of bytes up in 32 bits (VNNI), by the text of Linux's /proc/cpuinfo. Without,
 * onnxruntime adds pairs of products of uint8 and int8 up in 16 bits, with saturation. `null` where the text has no flags.
 */
export function vnniIn(cpuinfo: string): boolean | null {
  const flags = /^flags\s*:(.*)$/m.exec(cpuinfo)?.[1];
  return flags === undefined ? null : flags.split(/\s+/).some((flag) => features.has(flag));
}

/** {@link vnniIn} of this processor; `null` where it cannot be told: on other systems than Linux, and not on x86. */
export function hasVnni(): boolean | null {
  if (process.platform !== 'linux' || process.arch !== 'x64') return null;
  try {
    return vnniIn(readFileSync('/proc/cpuinfo', 'utf8'));
  } catch {
    return null;
  }
}
