/**
 * The check of `--initial-cluster`, made once in the life of a data directory.
 * Source: etcd server/config/config.go, VerifyBootstrap and VerifyJoinExisting.
 */
import { ConfigurationError } from "./configuration-error.ts";
import { quote } from "./go-values.ts";
import { parseServiceUrls } from "./service-url.ts";
import type { ServiceUrl } from "./service-url.ts";

/** What is to be checked. */
export interface InitialCluster {
  /** Of this member. */
  readonly name: string;
  /** `name=url` for each peer URL of each member, with commas between them. */
  readonly members: string;
  readonly advertisePeerUrls: readonly ServiceUrl[];
  readonly state: string;
}

/**
 * Checks that a new data directory may become the only member of a new cluster.
 *
 * @throws ConfigurationError
 */
export function checkInitialCluster(cluster: InitialCluster): void {
  const urlsByName = parseMembers(cluster.members);
  const ownUrls = urlsByName.get(cluster.name);
  if (ownUrls === undefined) {
    throw refusal(
      `couldn't find local name ${quote(cluster.name)} in the initial cluster configuration`,
    );
  }
  if (urlsByName.size > 1) {
    const names = [...urlsByName.keys()].sort().map(quote).join(", ");
    throw refusal(
      `--initial-cluster names ${urlsByName.size} members (${names}), ` +
        "but a cluster of several members is not built yet: name only this one",
    );
  }
  if (cluster.state === "existing") {
    throw refusal(
      "cannot fetch cluster info from peer urls: " +
        "could not retrieve cluster information from the given URLs",
    );
  }
  checkAdvertisedUrls(cluster, ownUrls);
}

function parseMembers(members: string): ReadonlyMap<string, readonly ServiceUrl[]> {
  const textsByName = new Map<string, string[]>();
  for (const member of members.split(",")) {
    if (member !== "") {
      const equalsAt = member.indexOf("=");
      const name = equalsAt < 0 ? member : member.slice(0, equalsAt);
      const text = equalsAt < 0 ? "" : member.slice(equalsAt + 1);
      textsByName.set(name, [...(textsByName.get(name) ?? []), text]);
    }
  }
  const urlsByName = new Map<string, readonly ServiceUrl[]>();
  for (const [name, texts] of textsByName) {
    urlsByName.set(name, parseUrls(texts.join(",")));
  }
  return urlsByName;
}

function parseUrls(text: string): readonly ServiceUrl[] {
  try {
    return parseServiceUrls(text);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw refusal(`error setting up initial cluster: ${problem}`);
  }
}

function checkAdvertisedUrls(cluster: InitialCluster, ownUrls: readonly ServiceUrl[]): void {
  const { name, advertisePeerUrls } = cluster;
  const advertised = advertisePeerUrls.map((url) => url.text);
  const missing = without(ownUrls, advertisePeerUrls);
  if (missing.length > 0) {
    const resolved = `${quote(advertised.join(","))} != ${quote(missing.join(","))}`;
    throw refusal(
      `--initial-cluster has ${missing.map((url) => `${name}=${url}`).join(",")} ` +
        `but missing from --initial-advertise-peer-urls=${advertised.join(",")} ` +
        `(resolved urls: ${resolved})`,
    );
  }
  const unlisted = without(advertisePeerUrls, ownUrls);
  if (unlisted.length > 0) {
    throw refusal(
      `--initial-advertise-peer-urls has ${unlisted.join(",")} but missing from ` +
        `--initial-cluster=${advertised.map((url) => `${name}=${url}`).join(",")}`,
    );
  }
}

/** The texts of those URLs that lead nowhere where any of the others leads. */
function without(urls: readonly ServiceUrl[], others: readonly ServiceUrl[]): readonly string[] {
  const places = new Set(others.map(place));
  return urls.filter((url) => !places.has(place(url))).map((url) => url.text);
}

/** etcd asks the resolver which names mean one address; of these only localhost is ever used. */
function place(url: ServiceUrl): string {
  return url.text.replace("://localhost:", "://127.0.0.1:");
}

function refusal(message: string): ConfigurationError {
  return new ConfigurationError(message, "start");
}
