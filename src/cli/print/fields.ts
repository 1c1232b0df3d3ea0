/** Answers as `"Name" : value`, a line for each field. */
import { messages } from "../../wire/index.ts";
import { quoteBytes } from "../go-text.ts";
import type { Output, PrintOptions } from "./printer.ts";
import { alarmName, leaseName } from "./simple.ts";

type Field = readonly [name: string, value: string | number | bigint | boolean | undefined];

/** An empty line, which ends what belongs together. */
const GAP: Field = ["", ""];

/** The output as lines; undefined for what etcdctl has no fields of. */
export function fieldsOf(output: Output, { isHex }: PrintOptions): string | undefined {
  const fields = new Fields(isHex).of(output);
  return fields
    ?.map((field) => {
      const [name, value] = field;
      if (field === GAP) return "\n";
      return value === undefined ? `"${name}" :\n` : `"${name}" : ${value}\n`;
    })
    .join("");
}

class Fields {
  readonly #isHex: boolean;

  constructor(isHex: boolean) {
    this.#isHex = isHex;
  }

  of(output: Output): readonly Field[] | undefined {
    switch (output.kind) {
      case "range":
        return this.#range(output.response);
      case "put":
        return [...this.#header(output.response), ...this.#pair("Prev", output.response.prevKv)];
      case "delete":
        return this.#delete(output.response);
      case "txn":
        return [
          ...this.#header(output.response),
          ["Succeeded", output.response.succeeded],
          ...output.response.responses.flatMap((response) => this.#operation(response)),
        ];
      case "watch":
        return [
          ...this.#header(output.response),
          ...output.response.events.flatMap((event) => this.#event(event)),
        ];
      case "lease": {
        const { id, ttl } = output.response;
        return [...this.#header(output.response), ["ID", this.#lease(id)], ["TTL", ttl]];
      }
      case "timeToLive":
        return this.#timeToLive(output.response);
      case "leases": {
        const ids = output.response.leases.map(({ id }): Field => ["ID", this.#lease(id)]);
        return [...this.#header(output.response), ...ids];
      }
      case "memberList":
        return [
          ...this.#header(output.response),
          ...output.response.members.flatMap((member) => this.#member(member)),
        ];
      case "health":
        return output.list.flatMap(({ endpoint, health, took, error }): Field[] => [
          ["Endpoint", quoted(endpoint)],
          ["Health", health],
          ["Took", took],
          ["Error", error],
          GAP,
        ]);
      case "status":
        return output.list.flatMap(({ endpoint, response }) => this.#status(endpoint, response));
      case "hashKv":
        return output.list.flatMap(({ endpoint, response }) => [
          ...this.#header(response),
          ["Endpoint", quoted(endpoint)],
          ["Hash", response.hash],
          ["HashRevision", response.hashRevision],
          GAP,
        ]);
      case "database": {
        const { hash, revision, totalKey, totalSize, version } = output.status;
        return [
          ["Hash", hash],
          ["Revision", revision],
          ["Keys", totalKey],
          ["Size", totalSize],
          ["Version", version],
        ];
      }
      case "alarm":
        return [
          ...this.#header(output.response),
          ...output.response.alarms.flatMap(({ memberId, alarm }): Field[] => [
            ["MemberID", this.#id(memberId)],
            ["AlarmType", alarmName(alarm)],
            GAP,
          ]),
        ];
      case "role":
        return [
          ...this.#header(output.response),
          ...output.response.perm.flatMap(permissionFields),
        ];
      case "roleList": {
        const roles = output.response.roles.map(quoted).join(" ");
        return [...this.#header(output.response), ["Roles", roles === "" ? undefined : roles]];
      }
      case "done":
        return output.hasFields ? this.#header(output.response) : undefined;
      case "memberChange":
      case "user":
      case "userList":
      case "authStatus":
        return undefined;
    }
  }

  #header({ header }: { readonly header: messages.ResponseHeader | undefined }): Field[] {
    const { clusterId = 0n, memberId = 0n, revision = 0, raftTerm = 0 } = header ?? {};
    return [
      ["ClusterID", this.#id(clusterId)],
      ["MemberID", this.#id(memberId)],
      ...(revision > 0 ? [["Revision", revision] satisfies Field] : []),
      ["RaftTerm", raftTerm],
    ];
  }

  #id(id: bigint): string {
    return this.#isHex ? id.toString(16) : String(id);
  }

  #lease(id: bigint): string {
    return this.#isHex ? leaseName(id) : String(id);
  }

  #pair(prefix: string, pair: messages.KeyValue | undefined): Field[] {
    if (pair === undefined) return [];
    return [
      [`${prefix}Key`, quoteBytes(pair.key)],
      [`${prefix}CreateRevision`, pair.createRevision],
      [`${prefix}ModRevision`, pair.modRevision],
      [`${prefix}Version`, pair.version],
      [`${prefix}Value`, quoteBytes(pair.value)],
      [`${prefix}Lease`, this.#lease(pair.lease)],
    ];
  }

  #range(response: messages.RangeResponse): Field[] {
    return [
      ...this.#header(response),
      ...response.kvs.flatMap((pair) => this.#pair("", pair)),
      ["More", response.more],
      ["Count", response.count],
    ];
  }

  #delete(response: messages.DeleteRangeResponse): Field[] {
    return [
      ...this.#header(response),
      ["Deleted", response.deleted],
      ...response.prevKvs.flatMap((pair) => this.#pair("Prev", pair)),
    ];
  }

  #operation(answer: messages.ResponseOp): readonly Field[] {
    const { responseRange, responsePut, responseDeleteRange } = answer;
    if (responseRange !== undefined) return this.#range(responseRange);
    if (responseDeleteRange !== undefined) return this.#delete(responseDeleteRange);
    if (responsePut === undefined) return [["Unknown", '""']];
    return [...this.#header(responsePut), ...this.#pair("Prev", responsePut.prevKv)];
  }

  #event({ type, kv, prevKv }: messages.Event): Field[] {
    return [
      ["Type", type === messages.EventType.delete ? "DELETE" : "PUT"],
      ...this.#pair("Prev", prevKv),
      ...this.#pair("", kv),
    ];
  }

  #timeToLive(response: messages.LeaseTimeToLiveResponse): Field[] {
    return [
      ...this.#header(response),
      ["ID", this.#lease(response.id)],
      ["TTL", response.ttl],
      ["GrantedTTL", response.grantedTtl],
      ...response.keys.map((key): Field => ["Key", quoteBytes(key)]),
    ];
  }

  #member({ id, name, peerUrls, clientUrls, isLearner }: messages.Member): Field[] {
    return [
      ["ID", this.#id(id)],
      ["Name", quoted(name)],
      ...peerUrls.map((url): Field => ["PeerURL", quoted(url)]),
      ...clientUrls.map((url): Field => ["ClientURL", quoted(url)]),
      ["IsLearner", isLearner],
      GAP,
    ];
  }

  #status(endpoint: string, response: messages.StatusResponse): Field[] {
    return [
      ...this.#header(response),
      ["Version", quoted(response.version)],
      ["StorageVersion", quoted(response.storageVersion)],
      ["DBSize", response.dbSize],
      ["DBSizeInUse", response.dbSizeInUse],
      ["DBSizeQuota", response.dbSizeQuota],
      ["Leader", response.leader],
      ["IsLearner", response.isLearner],
      ["RaftIndex", response.raftIndex],
      ["RaftAppliedIndex", response.raftAppliedIndex],
      ["Errors", `[${response.errors.join(" ")}]`],
      ["Endpoint", quoted(endpoint)],
      ["DowngradeTargetVersion", quoted(response.downgradeInfo?.targetVersion ?? "")],
      ["DowngradeEnabled", response.downgradeInfo?.enabled ?? false],
      GAP,
    ];
  }
}

/** Two spaces before the type, as in etcdctl. */
function permissionFields({ permType, key, rangeEnd }: messages.Permission): Field[] {
  const [name = ""] =
    Object.entries(messages.PermissionType).find(([, value]) => value === permType) ?? [];
  return [
    ["PermType", ` ${name.toUpperCase()}`],
    ["Key", quoteBytes(key)],
    ["RangeEnd", quoteBytes(rangeEnd)],
  ];
}

function quoted(text: string): string {
  return quoteBytes(Buffer.from(text));
}
