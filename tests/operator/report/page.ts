/** What a person reads of a page: its words without the markup, and a part of it. */

const entities: Readonly<Record<string, string>> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#39;": "'",
};

/** Words of the markup, those of each cell and paragraph apart. */
export const textOf = (page: string): string =>
  page
    .replace(/<(style|title|desc)\b[^>]*>[\s\S]*?<\/\1>/g, "")
    .replace(/<\/?(bdi|code)\b[^>]*>/g, "")
    .replace(/<[^>]*>/g, " ")
    .replace(/&(amp|lt|gt|quot|#39);/g, (entity) => entities[entity]!)
    .replace(/\s+/g, " ")
    .trim();

/** The markup of one section. */
export function sectionOf(page: string, id: string): string {
  const start = page.indexOf(`<section id="${id}"`);
  if (start < 0) throw new Error(`there is no section ${id}`);
  return page.slice(start, page.indexOf("</section>", start));
}

export const hasSection = (page: string, id: string): boolean => page.includes(`<section id="${id}"`);

/** The rows of a section's table, each cell as its words. */
export const rowsOf = (section: string): string[][] =>
  [...section.matchAll(/<tr\b[^>]*>([\s\S]*?)<\/tr>/g)].map(([, row]) =>
    [...row!.matchAll(/<t[hd]\b[^>]*>([\s\S]*?)<\/t[hd]>/g)].map(([, cell]) => textOf(cell!)),
  );
