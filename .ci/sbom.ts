/**
 * Writes dist/sbom.cdx.json: what the built program is made of, by `npm sbom` in the form of CycloneDX 1.5.
 *
 * `npm sbom --omit=dev` leaves out whatever a package for development also needs, so all of it is asked for, and what
 * is marked as needed for development alone is taken out here.
 * https://cyclonedx.github.io/cyclonedx-property-taxonomy/npm.html
 */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import packageJson from "../package.json" with { type: "json" };

interface Component {
  readonly "bom-ref": string;
  readonly name: string;
  readonly properties?: readonly { readonly name: string; readonly value: string }[];
}

interface Bom {
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

const FOR_DEVELOPMENT = "cdx:npm:package:development";
const cwd = fileURLToPath(new URL("..", import.meta.url));

const asked = ["sbom", "--sbom-format=cyclonedx", "--sbom-type=application"];
const { stdout } = await promisify(execFile)("npm", asked, { cwd, maxBuffer: 64 * 1024 * 1024 });
const { metadata, components, dependencies, ...rest } = JSON.parse(stdout) as Bom;
const shipped = components.filter(({ properties = [] }) => !properties.some(({ name }) => name === FOR_DEVELOPMENT));
const root = metadata.component["bom-ref"];
const refs = new Set(shipped.map((component) => component["bom-ref"]));
const direct = shipped.filter(({ name }) => name in packageJson.dependencies).map((component) => component["bom-ref"]);
const bom = {
  ...rest,
  // npm names it after the folder that it lies in.
  metadata: { ...metadata, component: { ...metadata.component, name: packageJson.name } },
  components: shipped,
  dependencies: dependencies
    .filter(({ ref }) => ref === root || refs.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: ref === root ? direct : dependsOn.filter((on) => refs.has(on)) })),
};
await writeFile(fileURLToPath(new URL("../dist/sbom.cdx.json", import.meta.url)), `${JSON.stringify(bom, null, 2)}\n`);
