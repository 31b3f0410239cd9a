import { expect } from "chai";
import { dark, light } from "../../../operator/report/palette.ts";
import { ticks } from "../../../operator/report/timeline.ts";
import { bytes, share } from "../../../operator/report/units.ts";

const second = 1000;
const hour = 3_600_000;

describe("the report's numbers", () => {
  it("give sizes in decimal units", () => {
    expect([0, 1, 999, 1000, 88_231, 2_528_257, 12_900_000_000].map(bytes)).to.deep.equal([
      "0 bytes",
      "1 byte",
      "999 bytes",
      "1.0 kB",
      "88.2 kB",
      "2.5 MB",
      "12.9 GB",
    ]);
  });

  it("never call a part nothing or all that is not", () => {
    const parts = [0, 1, 47, 19_455, 999_999, 1_000_000] as const;
    expect(parts.map((part) => share(part, 1_000_000))).to.deep.equal([
      "0 %",
      "< 0.01 %",
      "< 0.01 %",
      "1.9 %",
      "> 99.99 %",
      "100 %",
    ]);
    expect(share(47, 20_000)).to.equal("0.23 %");
    expect(share(0, 0)).to.equal("–");
  });

  it("put a handful of lines at round distances on an axis of any length", () => {
    expect(ticks(105 * second)).to.deep.equal([0, 30_000, 60_000, 90_000]);
    expect(ticks(26 * hour)).to.deep.equal([0, 6, 12, 18, 24].map((count) => count * hour));
    expect(ticks(0)).to.deep.equal([0]);
    for (let span = 1; span < 1e12; span *= 1.7) expect(ticks(span)).to.have.length.within(1, 5);
  });
});

describe("the report's colours", () => {
  /** As the Web Content Accessibility Guidelines define it. */
  const luminance = (colour: string): number => {
    const [red, green, blue] = [1, 3, 5].map((at) => {
      const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    }) as [number, number, number];
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (one: string, other: string): number => {
    const [dim, bright] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
    return (bright + 0.05) / (dim + 0.05);
  };

  for (const [scheme, palette] of Object.entries({ light, dark })) {
    it(`let every text be read, ${scheme}`, () => {
      const { back, ground, ink, soft, link, tones, layers } = palette;
      const onLayers = Object.values(layers).flatMap(([, tint]) => [
        [ink, tint],
        [soft, tint],
      ]);
      const texts = [[ink, back], [ink, ground], [soft, back], [soft, ground], [link, back], ...onLayers];
      const faint = [...texts, ...Object.values(tones)].filter(([text, on]) => contrast(text!, on!) < 4.5);
      expect(faint).to.deep.equal([]);
    });

    it(`let every bar, line and mark be seen, ${scheme}`, () => {
      const { back, edge, focus, kept, duplicate, rules, layers, tones } = palette;
      const drawn = [edge, focus, kept, duplicate, ...rules];
      const lines = [...Object.values(layers), ...Object.values(tones)].map(([line]) => line);
      expect([...drawn, ...lines].filter((colour) => contrast(colour, back) < 3)).to.deep.equal([]);
    });
  }
});
