/** A line that both texts have, or only the old one (`-`), or only the new one (`+`). */
export interface DiffLine {
  readonly sign: " " | "-" | "+";
  readonly text: string;
}

/** The shortest difference between two texts, line by line. */
export function lineDiff(before: readonly string[], after: readonly string[]): DiffLine[] {
  // How many lines the two texts have in common from line `i` of the old and line `j` of the new one on.
  const common = Array.from({ length: before.length + 1 }, () => new Uint32Array(after.length + 1));
  for (let i = before.length - 1; i >= 0; i--)
    for (let j = after.length - 1; j >= 0; j--)
      common[i]![j] =
        before[i] === after[j] ? common[i + 1]![j + 1]! + 1 : Math.max(common[i + 1]![j]!, common[i]![j + 1]!);
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length)
    if (i < before.length && before[i] === after[j]) {
      lines.push({ sign: " ", text: before[i]! });
      i++;
      j++;
    } else if (j === after.length || (i < before.length && common[i + 1]![j]! >= common[i]![j + 1]!))
      lines.push({ sign: "-", text: before[i++]! });
    else lines.push({ sign: "+", text: after[j++]! });
  return lines;
}

/** Lines shown before and after a changed one. */
const context = 2;

/** The changed lines among their neighbours. Where lines are left out, it says which one of the new text is next. */
export function diffText(before: readonly string[], after: readonly string[]): string[] {
  const lines = lineDiff(before, after);
  const isShown = lines.map((_, index) =>
    lines.slice(Math.max(0, index - context), index + context + 1).some(({ sign }) => sign !== " "),
  );
  let number = 1;
  return lines.flatMap(({ sign, text }, index) => {
    const place = isShown[index] && index > 0 && !isShown[index - 1] ? [`@@ line ${number} @@`] : [];
    if (sign !== "-") number++;
    return isShown[index] ? [...place, `${sign}${text}`] : [];
  });
}
