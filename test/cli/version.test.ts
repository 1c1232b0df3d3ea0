import t from "tap";
import { goArchitecture, packageVersion, versionText } from "../../src/cli/version.ts";

t.test("versionText() begins with etcd's line and ends with this package's", (t) => {
  const lines = versionText().split("\n");
  t.equal(lines[0], "etcd Version: 3.7.3", "scripts take its third word");
  t.match(lines[1], /^Git SHA: /);
  t.match(lines[2], /^Go Version: /);
  t.match(lines[3], /^Go OS\/Arch: \w+\/\w+$/);
  t.equal(lines[4], `etcdlet Version: ${packageVersion()}`);
  t.match(packageVersion(), /^\d+\.\d+\.\d+/);
  t.end();
});

t.test("goArchitecture() names processors as Go does", (t) => {
  t.equal(goArchitecture("x64"), "amd64");
  t.equal(goArchitecture("arm64"), "arm64");
  t.end();
});
