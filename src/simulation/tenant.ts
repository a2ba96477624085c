export interface Workspace {
  readonly id: string;
  readonly name: string;
  readonly domain: string;
  /** Whether the organisation approved the app for it: what `auth.teams.list` shows. */
  approved: boolean;
  /** Whether the token's owner belongs to it; if not, `team.integrationLogs` says `invalid_auth`. */
  ownerIsMember: boolean;
  removed: boolean;
}

export interface Organisation {
  readonly id: string;
  readonly name: string;
  readonly domain: string;
}

export type Plan = "free" | "paid" | "enterprise";

/** Whose logs they are: one workspace, or an organisation with many. */
export interface Tenant {
  plan: Plan;
  readonly organisation: Organisation | undefined;
  /** Not to be changed from outside. */
  readonly workspaces: ReadonlyMap<string, Workspace>;
  /** Adds a workspace while running; one known by that id is replaced. */
  addWorkspace(workspace: NewWorkspace): Workspace;
  /** It leaves the listings and its own calls are refused; its entries stay in the organisation's logs. */
  removeWorkspace(id: string): void;
}

export interface NewWorkspace {
  readonly id: string;
  readonly name?: string;
  readonly domain?: string;
  /** True unless said. */
  readonly approved?: boolean;
  /** True unless said. */
  readonly ownerIsMember?: boolean;
}

export interface TenantOptions {
  /** `null`: a single workspace without an organisation. Default: an organisation. */
  readonly organisation?: Organisation | null;
  /** Default: two in an organisation, else one. */
  readonly workspaces?: readonly NewWorkspace[];
  /** Default: enterprise in an organisation, else paid. */
  readonly plan?: Plan;
}

const DEFAULT_ORGANISATION: Organisation = { id: "E0ACME00001", name: "Acme", domain: "acme" };
const DEFAULT_WORKSPACES: readonly NewWorkspace[] = [
  { id: "T0ACMEENG01", name: "Acme Engineering", domain: "acme-eng" },
  { id: "T0ACMEOPS01", name: "Acme Operations", domain: "acme-ops" },
];

export function createTenant(options: TenantOptions = {}): Tenant {
  const organisation = options.organisation === undefined ? DEFAULT_ORGANISATION : (options.organisation ?? undefined);
  const workspaces = new Map<string, Workspace>();
  const addWorkspace = (given: NewWorkspace): Workspace => {
    const workspace: Workspace = {
      id: given.id,
      name: given.name ?? given.id,
      domain: given.domain ?? given.id.toLowerCase(),
      approved: given.approved ?? true,
      ownerIsMember: given.ownerIsMember ?? true,
      removed: false,
    };
    workspaces.set(workspace.id, workspace);
    return workspace;
  };
  const defaults = organisation === undefined ? DEFAULT_WORKSPACES.slice(0, 1) : DEFAULT_WORKSPACES;
  for (const workspace of options.workspaces ?? defaults) addWorkspace(workspace);
  return {
    plan: options.plan ?? (organisation === undefined ? "paid" : "enterprise"),
    organisation,
    workspaces,
    addWorkspace,
    removeWorkspace(id) {
      const workspace = workspaces.get(id);
      if (workspace === undefined) throw new Error(`no workspace ${id}`);
      workspace.removed = true;
    },
  };
}
