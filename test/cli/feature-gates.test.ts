import t from "tap";
import {
  FEATURE_GATES,
  FeatureGateError,
  formatFeatureGates,
  isFeatureEnabled,
  parseFeatureGates,
} from "../../src/cli/feature-gates.ts";

t.test("parseFeatureGates() reads gates, with blanks and empty parts", (t) => {
  const gates = parseFeatureGates(" InitialCorruptCheck = true ,,FastLeaseKeepAlive=F");
  t.same(
    [...gates],
    [
      ["InitialCorruptCheck", true],
      ["FastLeaseKeepAlive", false],
    ],
  );
  t.equal(formatFeatureGates(gates), "FastLeaseKeepAlive=false,InitialCorruptCheck=true");
  t.equal(parseFeatureGates("").size, 0);
  t.end();
});

t.test("parseFeatureGates() refuses with etcd's texts", (t) => {
  const refused = (text: string, message: string): void => {
    t.throws(() => parseFeatureGates(text), new FeatureGateError(message));
  };
  refused("Foo=true", "unrecognized feature gate: Foo");
  refused("LeaseCheckpoint", "missing bool value for LeaseCheckpoint");
  refused(
    "LeaseCheckpoint=maybe",
    "invalid value of LeaseCheckpoint=maybe, " +
      'err: strconv.ParseBool: parsing "maybe": invalid syntax',
  );
  t.end();
});

t.test("isFeatureEnabled() asks the gate, then its stage, then the default", (t) => {
  const isOn = (text: string, name: string): boolean =>
    isFeatureEnabled(parseFeatureGates(text), name);
  t.equal(isOn("", "FastLeaseKeepAlive"), true);
  t.equal(isOn("", "LeaseCheckpoint"), false);
  t.equal(isOn("AllAlpha=true", "LeaseCheckpoint"), true);
  t.equal(isOn("AllAlpha=true", "FastLeaseKeepAlive"), true);
  t.equal(isOn("AllBeta=false", "FastLeaseKeepAlive"), false);
  t.equal(isOn("AllAlpha=true,LeaseCheckpoint=false", "LeaseCheckpoint"), false);
  t.equal(FEATURE_GATES.size, 11);
  t.end();
});
