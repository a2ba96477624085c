import { emptyTree, isTree, placeKey, type Layer, type Tree } from "./layer.ts";

/** A layer, or what depends on what the layers before it left open. */
type LaterLayer = Layer | ((soFar: Tree) => Layer | undefined);

/** Mappings that are one setting: the list of sources is not pieced together. */
const wholes = new Set([placeKey(["sources"])]);

/** Mappings of which one key is chosen: who beats the others has the choice. */
const choices = new Set([placeKey(["destination"]), placeKey(["state"])]);

/** Two keys for one setting: the base URL, and the URL with its path. */
const endpointKeys = ["endpoint", "logs_endpoint"];

/** Mappings whose keys are the same in any case. */
const headerMaps = new Set([placeKey(["destination", "otlp", "headers"])]);

/** Puts layers together, the first beats the second: the flags, then the file, then the environment. */
export function inOrderOfPrecedence(layers: readonly LaterLayer[]): Layer {
  const merged: Layer = { value: emptyTree(), places: new Map() };
  for (const later of layers) {
    const layer = typeof later === "function" ? later(merged.value) : later;
    if (layer !== undefined) fill(merged, merged.value, layer, layer.value, []);
  }
  return merged;
}

function fill(merged: Layer, over: Tree, layer: Layer, under: Tree, path: readonly string[]): void {
  const place = layer.places.get(placeKey(path));
  if (place !== undefined && !merged.places.has(placeKey(path))) merged.places.set(placeKey(path), place);
  const settled = Object.keys(over);
  for (const [key, value] of Object.entries(under)) {
    const at = [...path, key];
    const present = over[key];
    if (!(key in over)) {
      if (isTaken(path, key, settled)) continue;
      over[key] = isTree(value) ? emptyTree() : value;
      const place = layer.places.get(placeKey(at));
      if (place !== undefined) merged.places.set(placeKey(at), place);
      if (isTree(value)) fill(merged, over[key] as Tree, layer, value, at);
      else if (Array.isArray(value)) fillPlaces(merged, layer, at);
    } else if ((isTree(present) || Array.isArray(present)) && isTree(value) && !wholes.has(placeKey(at)))
      fill(merged, present as Tree, layer, value, at);
  }
}

/** A list is taken as it is, with the places of everything in it. */
function fillPlaces(merged: Layer, layer: Layer, path: readonly string[]): void {
  const prefix = `${placeKey(path)}\0`;
  for (const [key, place] of layer.places) if (key.startsWith(prefix)) merged.places.set(key, place);
}

/** Whether a key that is absent is settled all the same, by the keys that are there. */
function isTaken(path: readonly string[], key: string, settled: readonly string[]): boolean {
  if (choices.has(placeKey(path))) return settled.length > 0;
  if (path[0] === "destination" && path.length === 2 && endpointKeys.includes(key))
    return settled.some((other) => endpointKeys.includes(other));
  // The file's way to the token beats the environment's.
  if (placeKey(path) === "slack" && key === "token")
    return ["token_files", "rotation"].some((other) => settled.includes(other));
  if (headerMaps.has(placeKey(path))) return settled.some((other) => other.toLowerCase() === key.toLowerCase());
  return false;
}
