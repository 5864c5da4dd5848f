export interface ImageHeader {
  format: 'PNG' | 'JPEG' | 'BMP';
  width: number;
  height: number;
  /** Of one channel, or of one palette index. */
  bitDepth: number;
}

/** What a picture's first bytes say, without decoding it; `null` when it is no PNG, JPEG or BMP or is cut off. */
export function imageHeader(bytes: Uint8Array): ImageHeader | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    if (view.getUint32(0) === 0x89504e47) return pngHeader(view);
    if (view.getUint16(0) === 0xffd8) return jpegHeader(view);
    if (view.getUint16(0) === 0x424d) return bmpHeader(view);
  } catch (error) {
    // DataView reports the end of the bytes so.
    if (!(error instanceof RangeError)) throw error;
  }
  return null;
}

/** PNG specification, 11.2.1: IHDR is the first chunk. */
function pngHeader(view: DataView): ImageHeader {
  return {
    format: 'PNG',
    width: view.getUint32(16),
    height: view.getUint32(20),
    bitDepth: view.getUint8(24),
  };
}

/** BITMAPINFOHEADER; a negative height means that rows go from top to bottom. */
function bmpHeader(view: DataView): ImageHeader {
  const height = Math.abs(view.getInt32(22, true));
  return {
    format: 'BMP',
    width: view.getInt32(18, true),
    height,
    bitDepth: Math.min(8, view.getUint16(28, true)),
  };
}

/** ITU T.81, B.2.2: the size is in the start-of-frame segment, SOF0 to SOF15, that tables may precede. */
function jpegHeader(view: DataView): ImageHeader {
  let offset = 2;
  for (;;) {
    const marker = view.getUint16(offset);
    // Any number of 0xff may fill the space before a marker.
    if (marker === 0xffff) {
      offset += 1;
      continue;
    }
    const isFrame = marker >= 0xffc0 && marker <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(marker);
    if (isFrame) {
      const bitDepth = view.getUint8(offset + 4);
      return {
        format: 'JPEG',
        height: view.getUint16(offset + 5),
        width: view.getUint16(offset + 7),
        bitDepth,
      };
    }
    offset += 2 + view.getUint16(offset + 2);
  }
}
