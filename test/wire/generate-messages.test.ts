import { readFile } from "node:fs/promises";
import t from "tap";
import { generateDescriptors } from "../../scripts/generate-descriptors.ts";
import { generateMessages } from "../../scripts/generate-messages.ts";

t.test("src/wire/messages/index.ts is what the generator makes of proto", async (t) => {
  const committed = await readFile("src/wire/messages/index.ts", "utf8");
  t.equal(committed === (await generateMessages()), true, "if not: npm run generate");
});

t.test("src/wire/messages/descriptors.ts is what the generator makes of proto", async (t) => {
  const committed = await readFile("src/wire/messages/descriptors.ts", "utf8");
  t.equal(committed === (await generateDescriptors()), true, "if not: npm run generate");
});
