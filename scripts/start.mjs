/**
 * `npm start`: builds what is stale and runs the server in this very process, so that signals,
 * standard streams and the exit code are the server's own. `npm start -- --name=a` passes flags.
 */
import { join } from "node:path";
import { ensureBuilt, projectFolder } from "./ensure-built.mjs";
import { followParent } from "./follow-parent.mjs";

ensureBuilt();
process.argv[1] = join(projectFolder, "bin/etcdlet");
const { main } = await import("../dist/src/cli/main.js");
followParent();
await main();
