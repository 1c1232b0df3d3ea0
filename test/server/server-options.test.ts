import t from "tap";
import { leaseTtlMin } from "../../src/server/index.ts";

t.test("leaseTtlMin() is one and a half elections in whole seconds, at least one", async (t) => {
  t.equal(leaseTtlMin(100, 1000), 2);
  t.equal(leaseTtlMin(10, 100), 1);
  t.equal(leaseTtlMin(100, 5000), 8);
  t.equal(leaseTtlMin(300, 1000), 2);
});
