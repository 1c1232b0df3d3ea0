/** The suite on our server, without a wire. */
import { inProcessTarget } from "./our-targets.ts";
import { runSuite } from "./run.ts";

await runSuite(inProcessTarget);
