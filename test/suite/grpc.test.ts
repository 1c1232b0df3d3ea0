/** The suite on our server, over gRPC. */
import { grpcTarget } from "./our-targets.ts";
import { runSuite } from "./run.ts";

await runSuite(grpcTarget);
