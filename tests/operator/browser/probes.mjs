// Functions that are run inside a page.

/** Where the keyboard is, and whether that can be seen. */
export function focused() {
  const element = document.activeElement;
  const { top, bottom, left } = element.getBoundingClientRect();
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  return {
    what: element.textContent.trim().split("\n")[0],
    top: Math.round(top + scrollY),
    outline: outlineStyle === "none" ? 0 : Number.parseFloat(outlineWidth),
    isInView: bottom > 0 && top < innerHeight && left >= 0,
  };
}

/** Texts of the flow that leave their box, or the picture, or lie over a box that is not theirs. */
export function clashes() {
  const svg = [...document.querySelectorAll("svg.flow")].find((one) => getComputedStyle(one).display !== "none");
  const frame = svg.getBoundingClientRect();
  const boxes = [...svg.querySelectorAll("rect")].map((rect) => rect.getBoundingClientRect());
  return [...svg.querySelectorAll("text")].flatMap((text) => {
    const isCount = text.classList.contains("count");
    const room = isCount ? frame : text.parentElement.querySelector("rect").getBoundingClientRect();
    const { left, right, top, bottom } = text.getBoundingClientRect();
    const isOut = left < room.left || right > room.right || top < room.top || bottom > room.bottom;
    const isOver = boxes.some((box) => left < box.right && right > box.left && top < box.bottom && bottom > box.top);
    return isOut || (isCount && isOver) ? [text.textContent] : [];
  });
}

/** Pixels by which the page is wider than its window. */
export function overhang() {
  return document.documentElement.scrollWidth - document.documentElement.clientWidth;
}
