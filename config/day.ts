const form = /^(\d{4})-(\d{2})-(\d{2})$/;

/** Whether the text is a day of the Gregorian calendar, as `2025-03-31`, in the years 0001 to 9999. */
export function isDay(text: string): boolean {
  const found = form.exec(text);
  if (!found) return false;
  const [year, month, day] = found.slice(1).map(Number) as [number, number, number];
  if (year === 0 || month < 1 || month > 12 || day < 1) return false;
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day <= [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]!;
}
