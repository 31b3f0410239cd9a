type Colour = keyof typeof codes;

export type Style = Readonly<Record<Colour, (text: string) => string>> & { readonly isOn: boolean };

/** Begin and end, as ECMA-48 numbers them. */
const codes = { bold: [1, 22], dim: [2, 22], green: [32, 39], red: [31, 39], yellow: [33, 39] } as const;

/** The pattern of what a style adds to a text. */
export const colourCode = `\\x1b\\[(${[...new Set(Object.values(codes).flat())].join("|")})m`;

/** Colours for a terminal; https://no-color.org turns them off. */
export function createStyle(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): Style {
  const isOn = stream.isTTY === true && !env.NO_COLOR && env.TERM !== "dumb";
  const code = (colour: Colour) => (text: string) => {
    const [start, end] = codes[colour];
    return isOn ? `\x1b[${start}m${text}\x1b[${end}m` : text;
  };
  return {
    isOn,
    bold: code("bold"),
    dim: code("dim"),
    green: code("green"),
    red: code("red"),
    yellow: code("yellow"),
  };
}
