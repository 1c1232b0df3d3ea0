/** The suite on our server, over gRPC by the reference transport. */
import { grpcJsTarget } from "./our-targets.ts";
import { runSuite } from "./run.ts";

await runSuite(grpcJsTarget);
