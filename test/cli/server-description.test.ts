import t from "tap";
import { readConfiguration } from "../../src/cli/configuration.ts";
import { Settings } from "../../src/cli/flags.ts";
import { addressFields, startFields } from "../../src/cli/server-description.ts";

t.test("startFields() has etcd's names for what was configured", (t) => {
  const settings = new Settings();
  settings.set("name", "n1");
  settings.set("feature-gates", "InitialCorruptCheck=true");
  settings.set("election-timeout", "1500");
  const configuration = readConfiguration(settings, { isFile: false, unbuilt: [] });
  const fields = startFields(configuration, { isEmpty: true });
  t.match(fields, {
    "etcd-version": "3.7.3",
    "member-initialized": false,
    name: "n1",
    "data-dir": "n1.etcd",
    "heartbeat-interval": "100ms",
    "election-timeout": "1.5s",
    "listen-client-urls": ["http://localhost:2379"],
    "initial-cluster": "n1=http://localhost:2380",
    "quota-backend-bytes": 2_147_483_648,
    "initial-corrupt-check": true,
    "watch-progress-notify-interval": "10m0s",
  });
  t.match(fields, addressFields(configuration));
  t.end();
});
