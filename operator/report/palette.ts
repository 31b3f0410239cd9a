export interface Palette {
  readonly back: string;
  readonly ground: string;
  readonly ink: string;
  readonly soft: string;
  readonly line: string;
  readonly edge: string;
  readonly link: string;
  readonly focus: string;
  /** Text and background of what is good, bad, waiting or under way. */
  readonly tones: Readonly<Record<"good" | "bad" | "wait" | "busy", readonly [ink: string, ground: string]>>;
  readonly layers: Readonly<Record<"bronze" | "silver" | "gold", readonly [line: string, ground: string]>>;
  readonly kept: string;
  readonly duplicate: string;
  /** In the order of the rules that reject. */
  readonly rules: readonly [string, string, string, string, string];
}

/** The colours of the pictures in docs/, in both schemes; every text reaches a contrast of 4.5, every bar of 3. */
export const light: Palette = {
  back: "#ffffff",
  ground: "#f6f8fa",
  ink: "#1f2328",
  soft: "#57606a",
  line: "#d6dce3",
  edge: "#868f99",
  link: "#0550ae",
  focus: "#0969da",
  tones: {
    good: ["#116329", "#e2f6e7"],
    bad: ["#a40e26", "#ffebe9"],
    wait: ["#7a4b00", "#fdf3cf"],
    busy: ["#0550ae", "#e3f0ff"],
  },
  layers: { bronze: ["#b2622a", "#fbeee3"], silver: ["#64748b", "#e9eef3"], gold: ["#a87900", "#fdf3cf"] },
  kept: "#3b74b4",
  duplicate: "#868f99",
  rules: ["#cf222e", "#bc4c00", "#bf3989", "#9a6700", "#8250df"],
};

export const dark: Palette = {
  back: "#0d1117",
  ground: "#141a21",
  ink: "#e6edf3",
  soft: "#9da7b1",
  line: "#2b333d",
  edge: "#6e7681",
  link: "#79b8ff",
  focus: "#79b8ff",
  tones: {
    good: ["#7ee2a0", "#11271a"],
    bad: ["#ffa198", "#331718"],
    wait: ["#e3b341", "#2a2410"],
    busy: ["#79b8ff", "#10233d"],
  },
  layers: { bronze: ["#e09a62", "#2a1d12"], silver: ["#a9b8c9", "#1c242e"], gold: ["#e3b341", "#2a2410"] },
  kept: "#5b9bdc",
  duplicate: "#7d8691",
  rules: ["#ff7b72", "#f0883e", "#f778ba", "#d8a326", "#bc8cff"],
};

/** How many rules have their own colour; later rules use the colours again. */
export const ruleColours = light.rules.length;
