/** A picture of curves on two logarithmic axes, as SVG: closed orders against milliseconds. */
const COLORS: Record<string, string> = {
  folder: "#b45309",
  sqlite: "#1d4ed8",
  postgres: "#047857",
};

export function chart(
  curves: Record<string, [closed: number, ms: number][]>,
): string {
  const points = Object.values(curves).flat();
  const decades = (values: number[]): [number, number] => [
    Math.floor(Math.log10(Math.min(...values))),
    Math.ceil(Math.log10(Math.max(...values))),
  ];
  const [left, right] = decades(points.map(([closed]) => closed));
  const [bottom, top] = decades([...points.map(([, ms]) => ms), 1000]);
  const x = (closed: number) => 60 + (Math.log10(closed) - left) / (right - left) * 480;
  const y = (ms: number) => 300 - (Math.log10(ms) - bottom) / (top - bottom) * 260;
  const ticks = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i));
  const lines = [
    ...ticks(bottom, top).map((ms) =>
      `<path d="M60 ${y(ms).toFixed(1)}H540" stroke="#ddd"/>` +
      `<text x="52" y="${(y(ms) + 4).toFixed(1)}" text-anchor="end">${ms}</text>`
    ),
    ...ticks(left, right).map((closed) =>
      `<text x="${x(closed).toFixed(1)}" y="318" text-anchor="middle">${
        closed.toLocaleString("en")
      }</text>`
    ),
    ...Object.entries(curves).map(([name, curve]) => {
      const path = curve.map(([closed, ms]) => `${x(closed).toFixed(1)} ${y(ms).toFixed(1)}`);
      const [closed, ms] = curve.at(-1)!;
      const color = COLORS[name] ?? "#333";
      return `<path d="M${path.join("L")}" fill="none" stroke="${color}" stroke-width="2"/>` +
        `<text x="${x(closed) + 6}" y="${(y(ms) + 4).toFixed(1)}" fill="${color}">${name}</text>`;
    }),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 350" font-family="sans-serif" font-size="12">
<rect width="640" height="350" fill="white"/>
<text x="60" y="24">lost(), in milliseconds</text>
<text x="300" y="340" text-anchor="middle">closed orders</text>
${lines.join("\n")}
</svg>
`;
}
