/** The suite on our server, over gRPC by TLS. */
import { grpcTlsTarget } from "./our-targets.ts";
import { runSuite } from "./run.ts";

await runSuite(grpcTlsTarget);
