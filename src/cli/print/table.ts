/** Members and endpoints in a frame. Source: the tables of etcdctl 3.7, by olekukonko/tablewriter. */
import type { Output } from "./printer.ts";
import { rowsOf } from "./rows.ts";
import type { Rows } from "./rows.ts";

/** The output in a frame; undefined for what is no table. */
export function tableOf(output: Output): string | undefined {
  const rows = rowsOf(output);
  return rows === undefined ? undefined : draw(rows);
}

/** Names in the middle, cells to the right. */
function draw({ header, rows }: Rows): string {
  const names = header.map((name) => name.toUpperCase().replaceAll("_", " "));
  const widths = names.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => (row[column] ?? "").length)),
  );
  const rule = (left: string, middle: string, right: string): string =>
    `${left}${widths.map((width) => "─".repeat(width + 2)).join(middle)}${right}\n`;
  const line = (cells: readonly string[]): string => `│ ${cells.join(" │ ")} │\n`;
  const lines = rows.map((row) =>
    line(widths.map((width, column) => (row[column] ?? "").padStart(width))),
  );
  const head = line(widths.map((width, column) => centered(names[column] ?? "", width)));
  return [rule("┌", "┬", "┐"), head, rule("├", "┼", "┤"), ...lines, rule("└", "┴", "┘")].join("");
}

function centered(text: string, width: number): string {
  const before = Math.floor((width - text.length) / 2);
  return `${" ".repeat(before)}${text}`.padEnd(width);
}
