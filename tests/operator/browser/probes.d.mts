export interface Focused {
  readonly what: string;
  /** Pixels from the top of the page. */
  readonly top: number;
  /** Pixels. */
  readonly outline: number;
  readonly isInView: boolean;
}

export function focused(): Focused;
export function clashes(): string[];
export function overhang(): number;
