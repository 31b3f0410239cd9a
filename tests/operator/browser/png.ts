import { crc32, deflateSync, inflateSync } from "node:zlib";

/** Just enough of PNG to make a browser's screenshot small, and to write a word about it into the file. */

const signature = Buffer.from("89504e470d0a1a0a", "hex");

interface Chunk {
  readonly type: string;
  readonly data: Buffer;
}

function* chunksOf(png: Buffer): Generator<Chunk> {
  if (!png.subarray(0, 8).equals(signature)) throw new Error("this is no PNG");
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    yield { type: png.toString("latin1", at + 4, at + 8), data: png.subarray(at + 8, at + 8 + length) };
    at += 12 + length;
  }
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

export interface Header {
  readonly width: number;
  readonly height: number;
  /** Of the tEXt chunks, by their keyword. */
  readonly texts: Readonly<Record<string, string>>;
}

export function headerOf(png: Buffer): Header {
  const chunks = [...chunksOf(png)];
  const header = chunks.find(({ type }) => type === "IHDR")!.data;
  const texts = chunks
    .filter(({ type }) => type === "tEXt")
    .map(({ data }) => data.toString("latin1").split("\0") as [string, string]);
  return { width: header.readUInt32BE(0), height: header.readUInt32BE(4), texts: Object.fromEntries(texts) };
}

/** Red, green and blue of each pixel, in one number. Of what browsers write: 8 bits a channel, not interlaced. */
function pixelsOf(png: Buffer): { width: number; height: number; pixels: Uint32Array } {
  const chunks = [...chunksOf(png)];
  const header = chunks.find(({ type }) => type === "IHDR")!.data;
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const channels = { 2: 3, 6: 4 }[header[9]!];
  if (header[8] !== 8 || channels === undefined || header[12] !== 0) throw new Error("this PNG is of another kind");
  const lines = inflateSync(Buffer.concat(chunks.filter(({ type }) => type === "IDAT").map(({ data }) => data)));
  const stride = width * channels;
  const pixels = new Uint32Array(width * height);
  let above = Buffer.alloc(stride);
  for (let y = 0; y < height; y++) {
    const filter = lines[y * (stride + 1)]!;
    const line = Buffer.from(lines.subarray(y * (stride + 1) + 1, (y + 1) * (stride + 1)));
    for (let x = 0; x < stride; x++) {
      const left = x >= channels ? line[x - channels]! : 0;
      const corner = x >= channels ? above[x - channels]! : 0;
      line[x] = line[x]! + predicted(filter, left, above[x]!, corner);
    }
    for (let x = 0; x < width; x++) pixels[y * width + x] = line.readUIntBE(x * channels, 3);
    above = line;
  }
  return { width, height, pixels };
}

function predicted(filter: number, left: number, above: number, corner: number): number {
  switch (filter) {
    case 0:
      return 0;
    case 1:
      return left;
    case 2:
      return above;
    case 3:
      return (left + above) >> 1;
    default: {
      const [a, b, c] = [left, above, corner].map((value) => Math.abs(left + above - corner - value)) as [
        number,
        number,
        number,
      ];
      return a <= b && a <= c ? left : b <= c ? above : corner;
    }
  }
}

const colours = 256;

/** The most frequent colours; each other one becomes the nearest of them. Flat pictures have few, and shades of text. */
function palette(pixels: Uint32Array): { readonly entries: readonly number[]; indexOf(pixel: number): number } {
  const counts = new Map<number, number>();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
  const entries = [...counts].sort(([a, many], [b, more]) => more - many || a - b).map(([pixel]) => pixel);
  entries.length = Math.min(colours, entries.length);
  const indices = new Map(entries.map((entry, index) => [entry, index]));
  const part = (pixel: number, shift: number) => (pixel >> shift) & 255;
  const distance = (a: number, b: number) =>
    [16, 8, 0].reduce((sum, shift) => sum + (part(a, shift) - part(b, shift)) ** 2, 0);
  return {
    entries,
    indexOf(pixel) {
      const known = indices.get(pixel);
      if (known !== undefined) return known;
      let nearest = 0;
      for (let index = 1; index < entries.length; index++)
        if (distance(entries[index]!, pixel) < distance(entries[nearest]!, pixel)) nearest = index;
      indices.set(pixel, nearest);
      return nearest;
    },
  };
}

/** The same picture with 256 colours, one byte a pixel, and the texts in it. */
export function smaller(png: Buffer, texts: Readonly<Record<string, string>>): Buffer {
  const { width, height, pixels } = pixelsOf(png);
  const { entries, indexOf } = palette(pixels);
  const lines = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) lines[y * (width + 1) + 1 + x] = indexOf(pixels[y * width + x]!);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8);
  const table = Buffer.alloc(entries.length * 3);
  for (const [index, entry] of entries.entries()) table.writeUIntBE(entry, index * 3, 3);
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    ...Object.entries(texts).map(([keyword, text]) => chunk("tEXt", Buffer.from(`${keyword}\0${text}`, "latin1"))),
    chunk("PLTE", table),
    chunk("IDAT", deflateSync(lines, { level: 9, memLevel: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}
