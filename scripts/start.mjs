/**
 * `npm start`: builds what is stale and runs the server in this very process, so that signals,
 * standard streams and the exit code are the server's own. `npm start -- --name=a` passes flags.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { ensureBuilt, projectFolder } from "./ensure-built.mjs";
import { followParent } from "./follow-parent.mjs";

ensureBuilt();
followParent();
const program = join(projectFolder, "bin/etcdlet");
process.argv[1] = program;
createRequire(import.meta.url)(program);
