/** The way to messages as JSON for who needs them: it takes some milliseconds to load. */
export function loadJson(): Promise<typeof import("./json/index.ts")> {
  return import("./json/index.ts");
}
