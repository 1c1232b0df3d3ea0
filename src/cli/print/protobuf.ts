/** Answers as they are on the wire, without anything around them. */
import { messages } from "../../wire/index.ts";
import type { Output } from "./printer.ts";

/** The message's bytes; undefined for what is more than one message. */
export function protobufOf(output: Output): Uint8Array | undefined {
  switch (output.kind) {
    case "range":
      return messages.encodeRangeResponse(output.response);
    case "put":
      return messages.encodePutResponse(output.response);
    case "delete":
      return messages.encodeDeleteRangeResponse(output.response);
    case "txn":
      return messages.encodeTxnResponse(output.response);
    case "watch":
      return messages.encodeWatchResponse({ ...output.response, cancelReason: "" });
    case "lease":
    case "timeToLive":
    case "leases":
      // In etcdctl these are structures whose only message is the header.
      return messages.encodeResponseHeader(output.response.header ?? {});
    case "memberList":
      return messages.encodeMemberListResponse(output.response);
    case "memberChange":
      return output.response.member === undefined
        ? messages.encodeMemberRemoveResponse(output.response)
        : messages.encodeMemberAddResponse(output.response);
    case "alarm":
      return messages.encodeAlarmResponse(output.response);
    case "role":
      return messages.encodeAuthRoleGetResponse(output.response);
    case "roleList":
      return messages.encodeAuthRoleListResponse(output.response);
    case "user":
      return messages.encodeAuthUserGetResponse(output.response);
    case "userList":
      return messages.encodeAuthUserListResponse(output.response);
    case "authStatus":
      return messages.encodeAuthStatusResponse(output.response);
    case "done":
      // All such answers are a header in their first field, and one has a version behind it.
      return messages.encodeDowngradeResponse(output.response);
    case "health":
    case "status":
    case "hashKv":
    case "database":
      return undefined;
  }
}
