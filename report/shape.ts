/** Each status has a shape of its own: it is told without its colour. */
import type { Status } from "./reading/book.ts";

/** The path of a status's shape around a place, `r` in size. */
export function shape(status: Status, x: number, y: number, r: number): string {
  switch (status) {
    case "APPLIED":
      return circle(x, y, r * 0.9);
    case "FAILED": { // A cross of two bars.
      const a = r * 0.36;
      const b = r * 1.05;
      return `M${p(x, y - a)}l${p(b - a, a - b)}l${p(a, a)}L${p(x + a, y)}l${p(b - a, b - a)}` +
        `l${p(-a, a)}L${p(x, y + a)}l${p(a - b, b - a)}l${p(-a, -a)}L${p(x - a, y)}` +
        `l${p(a - b, a - b)}l${p(a, -a)}Z`;
    }
    case "UNKNOWN": { // A diamond.
      const a = r * 1.25;
      return `M${p(x, y - a)}l${p(a, a)}l${p(-a, a)}l${p(-a, -a)}Z`;
    }
    case "OPEN": // A ring.
      return circle(x, y, r) + circle(x, y, r * 0.55);
    case "INVALID": // A bar.
      return `M${p(x - r, y - r * 0.4)}h${n(2 * r)}v${n(r * 0.8)}h${n(-2 * r)}Z`;
  }
}

function circle(x: number, y: number, r: number): string {
  return `M${p(x - r, y)}a${p(r, r)} 0 1 0 ${p(2 * r, 0)}a${p(r, r)} 0 1 0 ${p(-2 * r, 0)}Z`;
}

function p(x: number, y: number): string {
  return `${n(x)} ${n(y)}`;
}

function n(value: number): string {
  return String(Math.round(value * 100) / 100);
}
