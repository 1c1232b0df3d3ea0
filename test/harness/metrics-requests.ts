/** How clients ask for metrics, and what etcd makes of it. */

/** Accept fields, and the escaping in the answer's type. */
export const ACCEPTED_TYPES: readonly (readonly [accept: string, escaping: string])[] = [
  // Prometheus 2.
  [
    "application/openmetrics-text;version=1.0.0;q=0.5," +
      "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
    "underscores",
  ],
  // Prometheus 3.
  [
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6," +
      "application/openmetrics-text;version=0.0.1;q=0.5," +
      "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
    "allow-utf-8",
  ],
  ["text/plain", "underscores"],
  ["text/plain;version=0.0.4", "underscores"],
  ["text/plain;version=1.0.0;escaping=allow-utf-8", "allow-utf-8"],
  ["text/plain; version=0.0.4; escaping=values", "values"],
  ["text/plain;q=0.1;escaping=values, text/plain;escaping=dots", "dots"],
  ["text/plain;version=9;escaping=values, text/plain;q=0.5;escaping=dots", "dots"],
  ["text/plain;escaping=other", "underscores"],
  ["*/*;escaping=dots", "dots"],
  ["application/json", "underscores"],
  [";;,==,/,", "underscores"],
];

/** Accept-Encoding fields, and whether the answer is gzip. */
export const ACCEPTED_ENCODINGS: readonly (readonly [encoding: string, isGzip: boolean])[] = [
  ["gzip", true],
  ["gzip, zstd", true],
  ["deflate, gzip;q=1.0, *;q=0.5", true],
  ["gzip;q=0.5, identity;q=0.1", true],
  ["gzip;q=0", false],
  ["gzip;q=x", false],
  ["GZIP", false],
  ["identity, gzip", false],
  ["identity", false],
  ["zstd", false],
  ["*", false],
  ["", false],
];
