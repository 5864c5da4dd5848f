import { readdir, readFile, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';

const PICTURE = /\.(png|jpe?g|bmp)$/i;
const MANIFEST = 'quantscope.json';
/** As deep as the engine reads a folder of samples. */
const MAX_DEPTH = 4;
/** A home folder chosen by mistake must not be read whole. */
const MAX_ENTRIES = 100_000;
const MAX_MANIFEST_BYTES = 64e6;

/**
 * Whether somebody has to say how the pictures of a folder become tensors: `bare` where there is no manifest, `manifest`
 * where there is one that leaves it open, `null` where there are no pictures or the manifest says it. What is no absolute
 * path, as `synthetic`, has none.
 */
export async function pictureFolder(path: string): Promise<'bare' | 'manifest' | null> {
  if (!isAbsolute(path)) return null;
  const manifest = await readManifest(join(path, MANIFEST));
  if (manifest === 'decided' || !(await holdsPictures(path))) return null;
  return manifest === 'open' ? 'manifest' : 'bare';
}

/** What is wrong with a manifest, the engine says. */
async function readManifest(file: string): Promise<'none' | 'open' | 'decided'> {
  const size = await stat(file).then(
    (found) => found.size,
    () => null,
  );
  if (size === null) return 'none';
  if (size > MAX_MANIFEST_BYTES) return 'decided';
  try {
    const manifest: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (typeof manifest !== 'object' || manifest === null) return 'decided';
    return Object.hasOwn(manifest, 'preset') || Object.hasOwn(manifest, 'preprocess') ? 'decided' : 'open';
  } catch {
    return 'decided';
  }
}

/** Links to folders are not followed; what cannot be read holds none. */
async function holdsPictures(folder: string): Promise<boolean> {
  let level = [folder];
  let seen = 0;
  for (let depth = 0; depth <= MAX_DEPTH && level.length > 0; depth++) {
    const next: string[] = [];
    for (const path of level) {
      const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
      seen += entries.length;
      if (entries.some((entry) => !entry.isDirectory() && PICTURE.test(entry.name))) return true;
      if (seen > MAX_ENTRIES) return false;
      for (const entry of entries)
        if (entry.isDirectory() && !entry.name.startsWith('.')) next.push(join(path, entry.name));
    }
    level = next;
  }
  return false;
}
