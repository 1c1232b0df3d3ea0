/**
 * Measurements as an SVG: one line a load, and beside each other how many times etcd's operations
 * per second, the server's CPU for one, and the latency that one in a hundred exceeds.
 */
import type { Medians, Row } from "./measurements.ts";

const WIDTH = 1120;
const LABEL_WIDTH = 330;
const GAP = 36;
const PANEL_WIDTH = (WIDTH - LABEL_WIDTH - 3 * GAP) / 3;
const LINE_HEIGHT = 19;
const GROUP_GAP = 10;
const HEAD_HEIGHT = 96;
const FOOT_HEIGHT = 34;

const OURS = "#0b6e99";
const THEIRS = "#c2571a";
const WORSE = "#b03a48";
const GRID = "#dddddd";
const TEXT = "#222222";
const FAINT = "#666666";

/** A logarithmic scale from the least value to the most, across a panel. */
interface Scale {
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
}

interface Placed {
  readonly row: Row;
  /** Middle of its line. */
  readonly y: number;
}

/** The whole picture; `about` is small print. */
export function plot(rows: readonly Row[], about: string): string {
  const placed = place(rows);
  const bottom = (placed.at(-1)?.y ?? HEAD_HEIGHT) + LINE_HEIGHT;
  const panel = (index: number): number => LABEL_WIDTH + GAP + index * (PANEL_WIDTH + GAP);
  const parts = [
    rect({ x: 0, y: 0, width: WIDTH, height: bottom + FOOT_HEIGHT, fill: "#ffffff" }),
    text("etcdlet beside etcd", { x: 16, y: 30, size: 18, weight: 600 }),
    ...legend(),
    ...placed.map(({ row, y }) =>
      text(row.title, { x: LABEL_WIDTH + GAP - 12, y: y + 4, anchor: "end" }),
    ),
    ...ratios(placed, panel(0), bottom),
    ...dots(placed, { x: panel(1), bottom, title: "CPU µs per operation" }, (one) => one.cpuMicros),
    ...dots(placed, { x: panel(2), bottom, title: "p99 latency, ms" }, (one) => one.p99),
    text(about, { x: 16, y: bottom + FOOT_HEIGHT - 12, size: 11, fill: FAINT }),
  ];
  const size = `width="${String(WIDTH)}" height="${String(bottom + FOOT_HEIGHT)}"`;
  const box = `viewBox="0 0 ${String(WIDTH)} ${String(bottom + FOOT_HEIGHT)}"`;
  const font = `font-family="system-ui, sans-serif"`;
  const open = `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${box} ${font}>`;
  return [open, ...parts, "</svg>", ""].join("\n");
}

function place(rows: readonly Row[]): Placed[] {
  let y = HEAD_HEIGHT + LINE_HEIGHT / 2;
  return rows.map((row, index) => {
    if (index > 0) y += LINE_HEIGHT + (rows[index - 1]?.group === row.group ? 0 : GROUP_GAP);
    return { row, y };
  });
}

function legend(): string[] {
  return [
    circle({ x: 22, y: 50, fill: OURS }),
    text("etcdlet", { x: 32, y: 54 }),
    circle({ x: 102, y: 50, fill: THEIRS }),
    text("etcd", { x: 112, y: 54 }),
    text("All scales are logarithmic.", { x: 160, y: 54, fill: FAINT }),
  ];
}

/** Bars from 1 to the ratio: to the right is faster than etcd. */
function ratios(placed: readonly Placed[], x: number, bottom: number): string[] {
  const known = placed.flatMap(({ row, y }) =>
    row.ratio === undefined ? [] : [{ ratio: row.ratio, y }],
  );
  const scale = scaleOf([0.5, 2, ...known.map(({ ratio }) => ratio)], x);
  const one = scale.at(1);
  const bars = known.flatMap(({ ratio, y }) => {
    const end = scale.at(ratio);
    const fill = ratio >= 1 ? OURS : WORSE;
    const from = Math.min(one, end);
    const width = Math.max(1, Math.abs(end - one));
    return [
      rect({ x: from, y: y - 6, width, height: 12, fill }),
      text(ratio.toFixed(ratio < 10 ? 1 : 0), {
        x: Math.max(one, end) + 4,
        y: y + 4,
        size: 11,
      }),
    ];
  });
  return [
    ...axis(scale, { x, bottom, title: "operations per second, times etcd's" }),
    ...bars,
    vertical({ x: one, bottom, stroke: TEXT }),
  ];
}

/** A dot for each server, joined by a line. */
function dots(
  placed: readonly Placed[],
  panel: { x: number; bottom: number; title: string },
  read: (one: Medians) => number,
): string[] {
  const values = placed.map(({ row, y }) => ({
    y,
    ours: valueOf(row.ours, read),
    theirs: valueOf(row.theirs, read),
  }));
  const all = values.flatMap(({ ours, theirs }) => [ours, theirs]).filter(isKnown);
  const scale = scaleOf(all, panel.x);
  const marks = values.flatMap(({ y, ours, theirs }) => {
    const both = isKnown(ours) && isKnown(theirs);
    return [
      ...(both ? [segment({ from: scale.at(ours), to: scale.at(theirs), y })] : []),
      ...(isKnown(theirs) ? [circle({ x: scale.at(theirs), y, fill: THEIRS })] : []),
      ...(isKnown(ours) ? [circle({ x: scale.at(ours), y, fill: OURS })] : []),
    ];
  });
  return [...axis(scale, panel), ...marks];
}

function valueOf(side: Medians | undefined, read: (one: Medians) => number): number | undefined {
  return side === undefined ? undefined : read(side);
}

/** A logarithm can be taken of it. */
function isKnown(value: number | undefined): value is number {
  return value !== undefined && value > 0;
}

function scaleOf(values: readonly number[], x: number): Scale {
  const least = Math.min(...values, 1);
  const most = Math.max(...values, least * 2);
  // Room at the ends, for what is written beside a bar.
  const [from, to] = [Math.log(least) - 0.2, Math.log(most) + 0.4];
  const at = (value: number): number => x + ((Math.log(value) - from) / (to - from)) * PANEL_WIDTH;
  const steps = most / least > 200 ? [1] : [1, 2, 5];
  const ticks: number[] = [];
  for (let power = -3; power < 7; power++) {
    for (const step of steps) {
      const tick = step * 10 ** power;
      if (tick >= Math.exp(from) && tick <= Math.exp(to)) ticks.push(tick);
    }
  }
  return { at, ticks };
}

function axis(scale: Scale, panel: { x: number; bottom: number; title: string }): string[] {
  return [
    text(panel.title, { x: panel.x, y: HEAD_HEIGHT - 26, weight: 600 }),
    ...scale.ticks.flatMap((tick) => [
      vertical({ x: scale.at(tick), bottom: panel.bottom, stroke: GRID }),
      text(String(Number(tick.toPrecision(1))), {
        x: scale.at(tick),
        y: HEAD_HEIGHT - 8,
        size: 11,
        anchor: "middle",
        fill: FAINT,
      }),
    ]),
  ];
}

function text(
  words: string,
  at: {
    x: number;
    y: number;
    size?: number;
    weight?: number;
    anchor?: "start" | "middle" | "end";
    fill?: string;
  },
): string {
  const escaped = words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return (
    `<text x="${digits(at.x)}" y="${digits(at.y)}" font-size="${String(at.size ?? 12)}" ` +
    `font-weight="${String(at.weight ?? 400)}" text-anchor="${at.anchor ?? "start"}" ` +
    `fill="${at.fill ?? TEXT}">${escaped}</text>`
  );
}

function rect(at: { x: number; y: number; width: number; height: number; fill: string }): string {
  return (
    `<rect x="${digits(at.x)}" y="${digits(at.y)}" width="${digits(at.width)}" ` +
    `height="${digits(at.height)}" fill="${at.fill}"/>`
  );
}

function circle(at: { x: number; y: number; fill: string }): string {
  return `<circle cx="${digits(at.x)}" cy="${digits(at.y)}" r="4.5" fill="${at.fill}"/>`;
}

function segment(at: { from: number; to: number; y: number }): string {
  const y = digits(at.y);
  return (
    `<line x1="${digits(at.from)}" y1="${y}" x2="${digits(at.to)}" y2="${y}" ` +
    `stroke="${FAINT}" stroke-width="1.5"/>`
  );
}

function vertical(at: { x: number; bottom: number; stroke: string }): string {
  const x = digits(at.x);
  return (
    `<line x1="${x}" y1="${String(HEAD_HEIGHT - 2)}" x2="${x}" y2="${digits(at.bottom - 6)}" ` +
    `stroke="${at.stroke}"/>`
  );
}

function digits(value: number): string {
  return value.toFixed(1);
}
