import t from "tap";
import { writeNotes } from "../../src/cli/log-note.ts";
import { RecordingLogger } from "./recording-logger.ts";

t.test("writeNotes() writes notes in order, each at its level", (t) => {
  const logger = new RecordingLogger();
  writeNotes(logger, [
    { level: "warn", message: "a", fields: { x: 1 } },
    { level: "info", message: "b", fields: {} },
  ]);
  t.same(logger.lines, [
    { level: "warn", message: "a", fields: { x: 1 } },
    { level: "info", message: "b", fields: {} },
  ]);
  t.end();
});
