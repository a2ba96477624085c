import type { Random } from "../random.ts";
import type { Tenant } from "../tenant.ts";

/** The people, devices, apps and channels that the traffic is about. */
export interface Cast {
  readonly people: readonly Person[];
  readonly apps: readonly App[];
  readonly channels: readonly string[];
  readonly places: readonly Place[];
  readonly organisation: { readonly id: string; readonly name: string; readonly domain: string } | undefined;
}

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly fullName: string;
  readonly email: string;
  readonly teamId: string;
  readonly devices: readonly Device[];
}

export interface Device {
  readonly userAgent: string;
  readonly ip: string;
  readonly isp: string | null;
  readonly country: string | null;
  readonly region: string | null;
  /** A browser or a third-party app, as opposed to Slack's own. */
  readonly thin: boolean;
}

export interface App {
  readonly id: string;
  readonly name: string;
  readonly teamId: string;
  readonly functions: readonly { readonly id: string; readonly name: string }[];
  readonly workflow: { readonly id: string; readonly name: string };
}

export interface Place {
  readonly id: string;
  readonly name: string;
  readonly domain: string;
}

const NAMES = ["ada", "grace", "linus", "margaret", "dennis", "barbara", "edsger", "radia", "ken", "frances", "alan"];
const FAMILIES = ["berg", "costa", "dubois", "eriksen", "fischer", "garcia", "haddad", "ivanova", "jensen", "kaya"];
const APPS = ["Deploy Bot", "On-call", "Expense Helper", "Standup", "Incident Desk", "Feedback", "Room Finder"];
const FUNCTIONS = ["open_ticket", "reverse_text", "create_channel", "send_message", "look_up_user", "close_incident"];
const CLIENTS: readonly { readonly userAgent: string; readonly thin: boolean }[] = [
  { userAgent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Slack_SSB/4.45.60", thin: false },
  {
    userAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/144.0.0.0 Safari/537.36",
    thin: true,
  },
  { userAgent: "com.tinyspeck.chatlyio/25.11.10 (iPhone; iOS 19.1; Scale/3.00)", thin: false },
  { userAgent: "com.Slack/25.11.20.0 (google Pixel 9; Android 16)", thin: false },
  { userAgent: "ApiApp/A0SIMULATED python-requests/2.32.5", thin: true },
];
const ORIGINS: readonly Pick<Device, "isp" | "country" | "region">[] = [
  { isp: "BigCo ISP", country: "US", region: "CA" },
  { isp: "Deutsche Beispiel AG", country: "DE", region: "BE" },
  { isp: "Exemple Télécom", country: "FR", region: "11" },
  { isp: null, country: null, region: null },
  { isp: "Mobile Example", country: "GB", region: null },
];

export function createCast(random: Random, tenant: Tenant, peopleCount: number): Cast {
  const places = [...tenant.workspaces.values()];
  const people = Array.from({ length: peopleCount }, (_, index): Person => {
    const first = NAMES[index % NAMES.length] as string;
    const family = random.pick(FAMILIES);
    const name = index < NAMES.length ? first : `${first}${Math.floor(index / NAMES.length)}`;
    return {
      id: random.id(random.chance(0.5) ? "U0" : "W0", 9),
      name,
      fullName: `${capital(first)} ${capital(family)}`,
      email: `${name}.${family}@example.com`,
      teamId: random.pick(places).id,
      devices: Array.from({ length: random.between(1, 3) }, () => createDevice(random)),
    };
  });
  const apps = APPS.map((name): App => ({
    id: random.id("A0", 9),
    name,
    teamId: random.pick(places).id,
    functions: FUNCTIONS.map((functionName) => ({ id: random.id("Fn0", 9), name: functionName })),
    workflow: { id: random.id("Wf0", 9), name: `${name} workflow` },
  }));
  const channels = Array.from({ length: 12 }, () => random.id("C0", 9));
  return { people, apps, channels, places, organisation: tenant.organisation };
}

/** Addresses are those set aside for documentation. */
function createDevice(random: Random): Device {
  const host = random.between(1, 254);
  const ip = random.chance(0.2)
    ? `2001:db8::${host.toString(16)}`
    : `${random.pick(["198.51.100", "203.0.113"])}.${host}`;
  return { ...random.pick(CLIENTS), ...random.pick(ORIGINS), ip };
}

function capital(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}
